//! Where is it kept what was billed, once on all nodes and over every crash?
//!
//! The row of a presence is taken before the claim is sent. It is given back only where the back-end said no to the
//! first attempt; where an answer was lost, nobody knows, and the row stays with that claim: it alone, by the number of
//! its care sheet, may be sent again. Every statement is safe to repeat.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::limits::CLAIM_ON_ITS_WAY;
use crate::store::{DatabaseError, Row, Statement, Store};

const FIND: &str = "SELECT presence, establishment, fse, held_until, accepted_at FROM billed_presence \
    WHERE presence = $1 OR fse = $2";

/// A repetition of the same attempt is no new attempt.
const TAKE: &str = "INSERT INTO billed_presence (presence, establishment, fse, attempt, taken_at, held_until) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (presence) DO UPDATE SET \
    doubtful = billed_presence.doubtful OR billed_presence.attempt <> excluded.attempt, \
    attempt = excluded.attempt, taken_at = excluded.taken_at, held_until = excluded.held_until \
    WHERE billed_presence.accepted_at IS NULL AND billed_presence.establishment = excluded.establishment \
    AND billed_presence.fse = excluded.fse \
    AND (billed_presence.held_until <= excluded.taken_at OR billed_presence.attempt = excluded.attempt)";

const ACCEPTED: &str = "UPDATE billed_presence SET accepted_at = $3 WHERE presence = $1 AND attempt = $2";

const GIVE_BACK: &str = "DELETE FROM billed_presence \
    WHERE presence = $1 AND attempt = $2 AND accepted_at IS NULL AND NOT doubtful";

const LET_GO: &str =
    "UPDATE billed_presence SET held_until = $3 WHERE presence = $1 AND attempt = $2 AND accepted_at IS NULL";

const BILLED: [&str; 2] = [
    "SELECT presence, accepted_at FROM billed_presence \
     WHERE accepted_at IS NOT NULL AND presence IN (SELECT value FROM json_each($1))",
    "SELECT presence, accepted_at FROM billed_presence WHERE accepted_at IS NOT NULL AND presence = ANY($1)",
];

/// What a claim is taken by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) presence: Uuid,
    pub(super) establishment: String,
    pub(super) fse: Option<String>,
}

/// Whether a claim may be sent (*disponibilité*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing was billed on it, or it is this claim whose answer was lost.
    Free,
    /// This claim was sent a moment ago.
    OnItsWay,
    /// Something was billed on the presence or on the care sheet, or may have been.
    Billed,
}

/// How it stands with a claim, without taking anything.
pub(super) async fn standing(
    store: &Store,
    key: &Key,
    at: OffsetDateTime,
) -> Result<Standing, DatabaseError> {
    let rows = store.read(Statement::new(FIND).bind(key.presence).bind(key.fse.as_deref())).await?;
    let mut standing = Standing::Free;
    for row in &rows {
        match of_row(row, key, at)? {
            Standing::Billed => return Ok(Standing::Billed),
            Standing::OnItsWay => standing = Standing::OnItsWay,
            Standing::Free => {}
        }
    }
    Ok(standing)
}

fn of_row(row: &Row, key: &Key, at: OffsetDateTime) -> Result<Standing, DatabaseError> {
    let same = row.text("presence")? == key.presence.to_string()
        && row.text("establishment")? == key.establishment
        && key.fse.is_some()
        && row.optional_text("fse")? == key.fse.as_deref();
    let on_its_way = row.int("held_until")? > crate::audit::unix_micros(at);
    Ok(match row.optional_int("accepted_at")? {
        None if same && on_its_way => Standing::OnItsWay,
        None if same => Standing::Free,
        _ => Standing::Billed,
    })
}

/// Takes the row for this attempt, durably; of all nodes one gets it.
pub(super) async fn take(
    store: &Store,
    key: &Key,
    attempt: Uuid,
    at: OffsetDateTime,
) -> Result<Standing, DatabaseError> {
    let taken = Statement::new(TAKE)
        .bind(key.presence)
        .bind(key.establishment.as_str())
        .bind(key.fse.as_deref())
        .bind(attempt)
        .bind(at)
        .bind(at + CLAIM_ON_ITS_WAY);
    match store.write(taken).await {
        Ok(1..) => Ok(Standing::Free),
        Ok(0) => or_free_no_more(standing(store, key, at).await?),
        // Another presence has that care sheet: both engines then refuse the row.
        Err(DatabaseError::Statement(error)) => match standing(store, key, at).await? {
            Standing::Free => Err(DatabaseError::Statement(error)),
            taken => Ok(taken),
        },
        Err(error) => Err(error),
    }
}

/// It was not free when it was to be taken; whoever asks again a moment later finds out more.
fn or_free_no_more(standing: Standing) -> Result<Standing, DatabaseError> {
    Ok(if standing == Standing::Free { Standing::OnItsWay } else { standing })
}

/// The back-end has the claim.
pub(super) async fn accepted(
    store: &Store,
    presence: Uuid,
    attempt: Uuid,
    at: OffsetDateTime,
) -> Result<(), DatabaseError> {
    store.write(Statement::new(ACCEPTED).bind(presence).bind(attempt).bind(at)).await.map(drop)
}

/// The back-end said no: the presence may be billed by a better claim, unless an earlier answer was lost.
pub(super) async fn refused(
    store: &Store,
    presence: Uuid,
    attempt: Uuid,
    at: OffsetDateTime,
) -> Result<(), DatabaseError> {
    store.write(Statement::new(GIVE_BACK).bind(presence).bind(attempt)).await?;
    unknown(store, presence, attempt, at).await
}

/// Nobody knows whether the back-end has it: the same claim may be sent again at once, and no other ever.
pub(super) async fn unknown(
    store: &Store,
    presence: Uuid,
    attempt: Uuid,
    at: OffsetDateTime,
) -> Result<(), DatabaseError> {
    store.write(Statement::new(LET_GO).bind(presence).bind(attempt).bind(at)).await.map(drop)
}

/// Which of these presences were billed, and when (microseconds since 1970).
pub(super) async fn billed(
    store: &Store,
    presences: Vec<String>,
) -> Result<Vec<(String, i64)>, DatabaseError> {
    let asked = Statement::of_each(BILLED[0], BILLED[1]).bind(presences);
    let rows = store.read(asked).await?;
    rows.iter().map(|row| Ok((row.text("presence")?.to_owned(), row.int("accepted_at")?))).collect()
}
