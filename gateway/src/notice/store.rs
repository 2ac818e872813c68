//! With which statements are notices kept? The same in both engines, each safe to repeat.

use policies::EmergencyReason;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Notice;
use crate::emergency::review::{ReviewOutcome, instant};
use crate::limits::NOTICE_DAYS;
use crate::registry::RegistryError;
use crate::store::{Row, Statement, Store};

const OF: &str = "SELECT id, establishment, practitioners, reason, outcome, at, read_at FROM notice \
    WHERE subject = $1 AND at > $2 ORDER BY at DESC, id LIMIT $3";
const UNTOLD: &str = "SELECT id, establishment, practitioners, reason, outcome, at, read_at FROM notice \
    WHERE subject = $1 AND at > $2 AND read_at IS NULL ORDER BY at, id LIMIT $3";
const TOLD: &str = "UPDATE notice SET read_at = $3, read_where = $4 \
    WHERE id = $1 AND subject = $2 AND establishment <> $4 AND read_at IS NULL";
const FIND: &str = "SELECT establishment FROM notice WHERE id = $1 AND subject = $2";

/// What became of saying that a patient was told.
pub(super) enum Told {
    /// They were, now or before.
    Now,
    /// No such notice of this patient.
    Unknown,
    /// It is about the very establishment that says so.
    OfThisEstablishment,
}

/// The notices of a patient: oldest first where they were not told yet, else newest first.
pub(super) async fn of(
    store: &Store,
    subject: &str,
    (untold, limit): (bool, u32),
    at: OffsetDateTime,
) -> Result<Vec<Notice>, RegistryError> {
    let sql = if untold { UNTOLD } else { OF };
    let since = at - Duration::days(NOTICE_DAYS);
    let found = store.read(Statement::new(sql).bind(subject).bind(since).bind(i64::from(limit))).await?;
    found.iter().map(notice).collect()
}

/// Says that the patient was told, at that establishment.
pub(super) async fn told(
    store: &Store,
    id: Uuid,
    subject: &str,
    establishment: &str,
    at: OffsetDateTime,
) -> Result<Told, RegistryError> {
    let found = store.read(Statement::new(FIND).bind(id).bind(subject)).await?;
    let Some(row) = found.first() else { return Ok(Told::Unknown) };
    if row.text("establishment")? == establishment {
        return Ok(Told::OfThisEstablishment);
    }
    let told = Statement::new(TOLD).bind(id).bind(subject).bind(at).bind(establishment);
    store.write(told).await?;
    Ok(Told::Now)
}

fn notice(row: &Row) -> Result<Notice, RegistryError> {
    let malformed = |column| move || RegistryError::Malformed(column);
    let outcome = row.optional_text("outcome")?;
    let outcome = outcome.map(|text| ReviewOutcome::parse(text).ok_or_else(malformed("notice.outcome")));
    Ok(Notice {
        id: Uuid::parse_str(row.text("id")?).map_err(|_| RegistryError::Malformed("notice.id"))?,
        establishment: row.text("establishment")?.to_owned(),
        practitioners: row.text("practitioners")?.split_ascii_whitespace().map(str::to_owned).collect(),
        reason: EmergencyReason::parse(row.text("reason")?).ok_or_else(malformed("notice.reason"))?,
        outcome: outcome.transpose()?,
        at: instant(row.int("at")?)?,
        read_at: row.optional_int("read_at")?.map(instant).transpose()?,
    })
}
