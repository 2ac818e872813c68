//! How is a stored log read back, from either engine?

use super::{AuditFilter, AuditStoreError, EventKind, StoredEvent};
use crate::store::{Engine, Row, Statement};

const NEXT: &str = "SELECT coalesce(max(position) + 1, 0) AS position FROM audit_event";

pub(super) const READ_SQLITE: &str = "SELECT position, event FROM audit_event WHERE position >= $1 \
    AND ($2 IS NULL OR at >= $2) AND ($3 IS NULL OR at < $3) \
    AND ($4 IS NULL OR event ->> 'kind' = $4) AND ($5 IS NULL OR event ->> 'client' = $5) \
    AND ($6 IS NULL OR event ->> 'session' = $6) AND ($7 IS NULL OR event ->> 'request_id' = $7) \
    ORDER BY position LIMIT $8";

pub(super) const READ_POSTGRES: &str = "SELECT position, event FROM audit_event WHERE position >= $1 \
    AND ($2 IS NULL OR at >= $2) AND ($3 IS NULL OR at < $3) \
    AND ($4 IS NULL OR event::json ->> 'kind' = $4) AND ($5 IS NULL OR event::json ->> 'client' = $5) \
    AND ($6 IS NULL OR event::json ->> 'session' = $6) AND ($7 IS NULL OR event::json ->> 'request_id' = $7) \
    ORDER BY position LIMIT $8";

const AT_SQLITE: &str = "SELECT position, event FROM audit_event \
    WHERE position IN (SELECT value FROM json_each($1))";

const AT_POSTGRES: &str = "SELECT position, event FROM audit_event WHERE position = ANY($1)";

/// How many events one read gives when nothing is said.
const READ_EVENTS: u32 = 1_000;

/// The events that match, oldest first.
pub(super) async fn events(
    engine: &dyn Engine,
    sql: &'static str,
    filter: &AuditFilter,
) -> Result<Vec<StoredEvent>, AuditStoreError> {
    let limit = if filter.limit == 0 { READ_EVENTS } else { filter.limit };
    let read = Statement::new(sql)
        .bind(i64::try_from(filter.from).unwrap_or(i64::MAX))
        .bind(filter.since.map(super::unix_micros))
        .bind(filter.until.map(super::unix_micros))
        .bind(filter.kind.map(EventKind::code))
        .bind(filter.client.as_deref())
        .bind(filter.session.map(|id| id.to_string()))
        .bind(filter.request_id.as_deref())
        .bind(i64::from(limit))
        .slow();
    engine.read(read).await?.iter().map(stored_event).collect()
}

/// The events at these positions.
pub(super) async fn at(
    engine: &dyn Engine,
    positions: Vec<u64>,
) -> Result<Vec<StoredEvent>, AuditStoreError> {
    let positions: Vec<i64> = positions.into_iter().filter_map(|position| position.try_into().ok()).collect();
    let read = Statement::of_each(AT_SQLITE, AT_POSTGRES).bind(positions);
    engine.read(read).await?.iter().map(stored_event).collect()
}

/// The index of the next event.
pub(super) async fn next_index(engine: &dyn Engine) -> Result<u64, AuditStoreError> {
    position(&engine.read(Statement::new(NEXT)).await?)
}

/// The column `position` of the one row. The engines' integers are signed; no log reaches 2^63 events.
pub(super) fn position(rows: &[Row]) -> Result<u64, AuditStoreError> {
    let row = rows.first().ok_or(AuditStoreError::Unanswered)?;
    Ok(row.int("position")?.unsigned_abs())
}

fn stored_event(row: &Row) -> Result<StoredEvent, AuditStoreError> {
    let index = row.int("position")?.unsigned_abs();
    let event = serde_json::from_str(row.text("event")?).map_err(|_| AuditStoreError::Malformed { index })?;
    Ok(StoredEvent { index, event })
}
