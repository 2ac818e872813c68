//! With which statements is the review queue read and worked off? The same in both engines, each safe to repeat.

use time::OffsetDateTime;
use uuid::Uuid;

use super::ReviewOutcome;
use crate::registry::RegistryError;
use crate::store::{DatabaseError, Row, Statement, Store};

/// An access as it stands in the queue.
pub(in crate::emergency) struct AccessRow {
    pub(in crate::emergency) id: Uuid,
    pub(in crate::emergency) session: Uuid,
    pub(in crate::emergency) subject: Option<String>,
    pub(in crate::emergency) establishment: String,
    pub(in crate::emergency) identified: String,
    pub(in crate::emergency) reason: String,
    pub(in crate::emergency) words: Vec<u8>,
    pub(in crate::emergency) opened_at: OffsetDateTime,
    pub(in crate::emergency) review_due: OffsetDateTime,
    pub(in crate::emergency) outcome: Option<ReviewOutcome>,
    pub(in crate::emergency) reviewer: Option<String>,
    pub(in crate::emergency) reviewed_at: Option<OffsetDateTime>,
}

/// What one practitioner signed, sealed.
pub(in crate::emergency) struct SignedRow {
    pub(in crate::emergency) practitioner: String,
    pub(in crate::emergency) signed: Vec<u8>,
}

/// What waits, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::emergency) struct Waiting {
    pub(in crate::emergency) waiting: i64,
    pub(in crate::emergency) overdue: i64,
    /// When the oldest was opened.
    pub(in crate::emergency) oldest: Option<OffsetDateTime>,
}

const QUEUE: &str = "SELECT id, session, subject, establishment, identified, reason, words, opened_at, review_due, \
    outcome, reviewer, reviewed_at FROM emergency_access WHERE outcome IS NULL ORDER BY review_due, id LIMIT $1";
const LATELY: &str = "SELECT id, session, subject, establishment, identified, reason, words, opened_at, review_due, \
    outcome, reviewer, reviewed_at FROM emergency_access ORDER BY opened_at DESC, id LIMIT $1";
const FIND: &str = "SELECT id, session, subject, establishment, identified, reason, words, opened_at, review_due, \
    outcome, reviewer, reviewed_at FROM emergency_access WHERE id = $1";
const SIGNED: &str =
    "SELECT practitioner, signed FROM emergency_practitioner WHERE access = $1 ORDER BY practitioner";
const REVIEW: &str = "UPDATE emergency_access SET outcome = $2, reviewer = $3, reviewed_at = $4, review = $5 \
    WHERE id = $1 AND (outcome IS NULL OR review = $5)";
/// Of what was not justified the patient is told again.
const TELL: &str = "UPDATE notice SET outcome = $2, read_at = CASE WHEN $3 = 1 THEN NULL ELSE read_at END \
    WHERE about = $1 AND EXISTS (SELECT 1 FROM emergency_access WHERE id = $1 AND review = $4) \
    AND (outcome IS NULL OR outcome <> $2)";
const WAITING: &str = "SELECT count(*) AS waiting, \
    coalesce(sum(CASE WHEN review_due < $1 THEN 1 ELSE 0 END), 0) AS overdue, min(opened_at) AS oldest \
    FROM emergency_access WHERE outcome IS NULL";
const ESCALATE: &str = "UPDATE emergency_access SET escalated_at = $1 \
    WHERE outcome IS NULL AND escalated_at IS NULL AND review_due < $1 RETURNING id, establishment, reason";

pub(in crate::emergency) async fn queue(
    store: &Store,
    reviewed_too: bool,
    limit: u32,
) -> Result<Vec<AccessRow>, RegistryError> {
    let sql = if reviewed_too { LATELY } else { QUEUE };
    let found = store.read(Statement::new(sql).bind(i64::from(limit)).slow()).await?;
    found.iter().map(access).collect()
}

pub(in crate::emergency) async fn find(store: &Store, id: Uuid) -> Result<Option<AccessRow>, RegistryError> {
    let found = store.read(Statement::new(FIND).bind(id)).await?;
    found.first().map(access).transpose()
}

pub(in crate::emergency) async fn signed(store: &Store, id: Uuid) -> Result<Vec<SignedRow>, RegistryError> {
    let found = store.read(Statement::new(SIGNED).bind(id)).await?;
    let signed = |row: &Row| {
        let (practitioner, signed) = (row.text("practitioner")?.to_owned(), row.bytes("signed")?.to_owned());
        Ok(SignedRow { practitioner, signed })
    };
    found.iter().map(signed).collect::<Result<_, DatabaseError>>().map_err(RegistryError::from)
}

/// Whether it is this review that stands; the patient's notice says the outcome with it.
pub(in crate::emergency) async fn review(
    store: &Store,
    id: Uuid,
    (outcome, reviewer): (ReviewOutcome, &str),
    sealed: &[u8],
    at: OffsetDateTime,
) -> Result<bool, RegistryError> {
    let review = Statement::new(REVIEW).bind(id).bind(outcome.as_str()).bind(reviewer).bind(at).bind(sealed);
    let tell = Statement::new(TELL)
        .bind(id)
        .bind(outcome.as_str())
        .bind(i64::from(outcome != ReviewOutcome::Justified))
        .bind(sealed);
    let done = store.transaction(vec![review, tell]).await?;
    Ok(done.first() == Some(&1))
}

pub(in crate::emergency) async fn waiting(
    store: &Store,
    at: OffsetDateTime,
) -> Result<Waiting, RegistryError> {
    let found = store.read(Statement::new(WAITING).bind(at)).await?;
    let row = found.first().ok_or(RegistryError::Malformed("emergency queue"))?;
    Ok(Waiting {
        waiting: row.int("waiting")?,
        overdue: row.int("overdue")?,
        oldest: row.optional_int("oldest")?.map(instant).transpose()?,
    })
}

/// Those whose review has become overdue, each to one node and once.
pub(in crate::emergency) async fn escalate(
    store: &Store,
    at: OffsetDateTime,
) -> Result<Vec<(Uuid, String, String)>, RegistryError> {
    let found = store.write_returning(Statement::new(ESCALATE).bind(at)).await?;
    let told = |row: &Row| {
        let id = uuid(row.text("id")?)?;
        Ok((id, row.text("establishment")?.to_owned(), row.text("reason")?.to_owned()))
    };
    found.iter().map(told).collect()
}

fn access(row: &Row) -> Result<AccessRow, RegistryError> {
    let outcome = row.optional_text("outcome")?;
    let outcome = outcome.map(|text| ReviewOutcome::parse(text).ok_or(RegistryError::Malformed("outcome")));
    Ok(AccessRow {
        id: uuid(row.text("id")?)?,
        session: uuid(row.text("session")?)?,
        subject: row.optional_text("subject")?.map(str::to_owned),
        establishment: row.text("establishment")?.to_owned(),
        identified: row.text("identified")?.to_owned(),
        reason: row.text("reason")?.to_owned(),
        words: row.bytes("words")?.to_owned(),
        opened_at: instant(row.int("opened_at")?)?,
        review_due: instant(row.int("review_due")?)?,
        outcome: outcome.transpose()?,
        reviewer: row.optional_text("reviewer")?.map(str::to_owned),
        reviewed_at: row.optional_int("reviewed_at")?.map(instant).transpose()?,
    })
}

fn uuid(text: &str) -> Result<Uuid, RegistryError> {
    Uuid::parse_str(text).map_err(|_| RegistryError::Malformed("emergency id"))
}

pub(crate) fn instant(micros: i64) -> Result<OffsetDateTime, RegistryError> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
        .map_err(|_| RegistryError::Malformed("emergency time"))
}
