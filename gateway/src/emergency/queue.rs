//! Who broke the glass, how often lately, and is it on the queue for review? The same tables in both engines.
//!
//! An access is on the queue before its session exists, and it is counted by the very statement that writes it: whoever
//! asks at two nodes at once gets no more than one who asks at one. Each statement is safe to repeat.

use time::OffsetDateTime;
use uuid::Uuid;

use super::statement::Signed;
use crate::limits::EMERGENCY_WINDOW;
use crate::registry::RegistryError;
use crate::store::{Statement, Store};

/// How often the glass was broken in the window that ends now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Used {
    /// By the busier of the practitioners who sign.
    pub(super) by_practitioner: u32,
    /// At this establishment.
    pub(super) by_establishment: u32,
    /// Accesses of this establishment whose review is overdue.
    pub(super) overdue: u32,
}

/// How often it may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quota {
    pub(super) per_practitioner: u32,
    pub(super) per_establishment: u32,
}

/// What is written of an access before it is one.
pub(super) struct Entry<'a> {
    pub(super) id: Uuid,
    pub(super) session: Uuid,
    /// None: nobody enrolled has the number that was named.
    pub(super) subject: Option<&'a str>,
    pub(super) establishment: &'a str,
    pub(super) identified: &'a str,
    pub(super) reason: &'a str,
    pub(super) words: Vec<u8>,
    /// One or two, each with its sealed statement.
    pub(super) signed: Vec<(&'a Signed, Vec<u8>)>,
    pub(super) at: OffsetDateTime,
    pub(super) review_due: OffsetDateTime,
}

/// That an access stands on the queue for review, and in the notices of its patient (*file de revue*).
///
/// Only `enter` makes one, and no emergency session is opened without.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) id: Uuid,
    pub(super) session: Uuid,
}

const USED: &str = "SELECT \
    (SELECT count(*) FROM emergency_access WHERE establishment = $1 AND opened_at > $2) AS establishment, \
    (SELECT count(*) FROM emergency_practitioner WHERE practitioner = $3 AND at > $2) AS one, \
    (SELECT count(*) FROM emergency_practitioner WHERE practitioner = $4 AND at > $2) AS other, \
    (SELECT count(*) FROM emergency_access WHERE establishment = $1 AND outcome IS NULL AND review_due < $5) \
    AS overdue";

/// Locks the line of that name until the transaction ends, so that those who count the same quota count one after the
/// other; in SQLite they do anyway.
const TURN: &str = "INSERT INTO emergency_turn (name, last_at) VALUES ($1, $2) \
    ON CONFLICT (name) DO UPDATE SET last_at = excluded.last_at";

const ENTER: &str = "INSERT INTO emergency_access (id, session, subject, establishment, identified, reason, words, \
    opened_at, review_due) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 \
    WHERE (SELECT count(*) FROM emergency_access WHERE establishment = $4 AND opened_at > $10) < $11 \
    AND (SELECT count(*) FROM emergency_practitioner WHERE practitioner = $12 AND at > $10) < $13 \
    AND (SELECT count(*) FROM emergency_practitioner WHERE practitioner = $14 AND at > $10) < $13 \
    AND NOT EXISTS (SELECT 1 FROM emergency_practitioner WHERE practitioner = $12 AND statement = $15) \
    AND NOT EXISTS (SELECT 1 FROM emergency_practitioner WHERE practitioner = $14 AND statement = $16) \
    ON CONFLICT (id) DO NOTHING";

const SIGNED: &str = "INSERT INTO emergency_practitioner (practitioner, statement, access, signed, at) \
    SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT 1 FROM emergency_access WHERE id = $3) ON CONFLICT DO NOTHING";

const NOTICE: &str = "INSERT INTO notice (id, subject, kind, about, establishment, practitioners, reason, at) \
    SELECT $1, $2, 'emergency-access', $1, $3, $4, $5, $6 \
    WHERE EXISTS (SELECT 1 FROM emergency_access WHERE id = $1) ON CONFLICT DO NOTHING";

const STANDS: &str = "SELECT \
    (SELECT count(*) FROM emergency_access WHERE id = $1) AS stands, \
    (SELECT count(*) FROM emergency_practitioner WHERE access <> $1 \
     AND (practitioner = $2 AND statement = $3 OR practitioner = $4 AND statement = $5)) AS spent";

/// What became of an entry.
#[derive(Debug)]
pub(super) enum Entered {
    /// It stands.
    Queued(Queued),
    /// Somebody was quicker with the last of the quota.
    Full,
    /// A statement served before.
    Spent,
}

/// How often the glass was broken lately, by whoever signs now and at this establishment.
pub(super) async fn used(
    store: &Store,
    establishment: &str,
    (one, other): (&str, &str),
    at: OffsetDateTime,
) -> Result<Used, RegistryError> {
    let asked =
        Statement::new(USED).bind(establishment).bind(at - EMERGENCY_WINDOW).bind(one).bind(other).bind(at);
    let found = store.read(asked).await?;
    let row = found.first().ok_or(RegistryError::Malformed("emergency quota"))?;
    let count = |column| row.int(column).map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    Ok(Used {
        by_practitioner: count("one")?.max(count("other")?),
        by_establishment: count("establishment")?,
        overdue: count("overdue")?,
    })
}

/// Puts it on the queue, if the quota still has room and no statement served before.
pub(super) async fn enter(store: &Store, entry: Entry<'_>, quota: Quota) -> Result<Entered, RegistryError> {
    let (Some((one, _)), Some((other, _))) = (entry.signed.first(), entry.signed.last()) else {
        return Err(RegistryError::Malformed("emergency without a practitioner"));
    };
    let (one_id, other_id) = (one.id(), other.id());
    let (one_statement, other_statement) = (one.statement(), other.statement());
    let mut turns = vec![
        format!("establishment {}", entry.establishment),
        format!("practitioner {one_id}"),
        format!("practitioner {other_id}"),
    ];
    // In one order everywhere: two who wait for each other would wait in vain.
    turns.sort();
    turns.dedup();
    let mut all: Vec<Statement> =
        turns.into_iter().map(|name| Statement::new(TURN).bind(name).bind(entry.at)).collect();
    all.push(
        Statement::new(ENTER)
            .bind(entry.id)
            .bind(entry.session)
            .bind(entry.subject)
            .bind(entry.establishment)
            .bind(entry.identified)
            .bind(entry.reason)
            .bind(entry.words.as_slice())
            .bind(entry.at)
            .bind(entry.review_due)
            .bind(entry.at - EMERGENCY_WINDOW)
            .bind(i64::from(quota.per_establishment))
            .bind(one_id)
            .bind(i64::from(quota.per_practitioner))
            .bind(other_id)
            .bind(one_statement)
            .bind(other_statement),
    );
    for (signed, sealed) in &entry.signed {
        all.push(
            Statement::new(SIGNED)
                .bind(signed.id())
                .bind(signed.statement())
                .bind(entry.id)
                .bind(sealed.as_slice())
                .bind(entry.at),
        );
    }
    if let Some(subject) = entry.subject {
        let practitioners: Vec<_> = entry.signed.iter().map(|(signed, _)| signed.id()).collect();
        all.push(
            Statement::new(NOTICE)
                .bind(entry.id)
                .bind(subject)
                .bind(entry.establishment)
                .bind(practitioners.join(" "))
                .bind(entry.reason)
                .bind(entry.at),
        );
    }
    store.transaction(all).await?;
    let stands = Statement::new(STANDS)
        .bind(entry.id)
        .bind(one_id)
        .bind(one_statement)
        .bind(other_id)
        .bind(other_statement);
    let found = store.read(stands).await?;
    let row = found.first().ok_or(RegistryError::Malformed("emergency access"))?;
    Ok(match (row.int("stands")?, row.int("spent")?) {
        (1, _) => Entered::Queued(Queued { id: entry.id, session: entry.session }),
        (_, 0) => Entered::Full,
        _ => Entered::Spent,
    })
}
