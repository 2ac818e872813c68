//! The audit log in SQLite: one statement and one fsync for a batch.

use futures_util::future::BoxFuture;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{AuditFilter, AuditStore, AuditStoreError, EncodedEvent, StoredEvent, unix_micros};
use crate::sqlite::Database;

/// `json_each` numbers the elements itself: the database does the loop, not 500 bound statements.
const APPEND: &str = "INSERT INTO audit_event (position, at, event) \
    SELECT ?1 + key, json_extract(value, '$.at'), value FROM json_each(?2) \
    WHERE ?1 = (SELECT coalesce(max(position) + 1, 0) FROM audit_event)";

const NEXT: &str = "SELECT coalesce(max(position) + 1, 0) FROM audit_event";

const READ: &str = "SELECT position, event FROM audit_event WHERE position >= ?1 \
    AND (?2 IS NULL OR at >= ?2) AND (?3 IS NULL OR at < ?3) \
    AND (?4 IS NULL OR event ->> 'kind' = ?4) AND (?5 IS NULL OR event ->> 'client' = ?5) \
    AND (?6 IS NULL OR event ->> 'session' = ?6) AND (?7 IS NULL OR event ->> 'request_id' = ?7) \
    ORDER BY position LIMIT ?8";

/// How many events one read gives when nothing is said.
const READ_EVENTS: u32 = 1_000;

/// The log in the embedded database. `synchronous = FULL` there makes a commit one fsync of the WAL.
#[derive(Clone, Debug)]
pub struct SqliteAuditStore {
    database: Database,
}

impl SqliteAuditStore {
    /// The log of this database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

impl AuditStore for SqliteAuditStore {
    fn append<'a>(
        &'a self,
        first: u64,
        events: &'a [EncodedEvent],
    ) -> BoxFuture<'a, Result<(), AuditStoreError>> {
        Box::pin(async move {
            let stored = sqlx::query(APPEND)
                .bind(position(first))
                .bind(json_array(events))
                .execute(&self.database.writer)
                .await?
                .rows_affected();
            if usize::try_from(stored) == Ok(events.len()) { Ok(()) } else { Err(AuditStoreError::NotNext) }
        })
    }

    fn next_index(&self) -> BoxFuture<'_, Result<u64, AuditStoreError>> {
        Box::pin(async move {
            let next: i64 = sqlx::query_scalar(NEXT).fetch_one(&self.database.writer).await?;
            Ok(next.unsigned_abs())
        })
    }

    fn read<'a>(
        &'a self,
        filter: &'a AuditFilter,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, AuditStoreError>> {
        Box::pin(async move {
            let limit = if filter.limit == 0 { READ_EVENTS } else { filter.limit };
            let rows = sqlx::query(READ)
                .bind(position(filter.from))
                .bind(filter.since.map(unix_micros))
                .bind(filter.until.map(unix_micros))
                .bind(filter.kind.map(super::EventKind::code))
                .bind(filter.client.as_deref())
                .bind(filter.session.map(|id| id.to_string()))
                .bind(filter.request_id.as_deref())
                .bind(limit)
                .fetch_all(&self.database.readers)
                .await?;
            rows.iter().map(stored_event).collect()
        })
    }
}

fn stored_event(row: &SqliteRow) -> Result<StoredEvent, AuditStoreError> {
    let index = row.try_get::<i64, _>(0)?.unsigned_abs();
    let event = serde_json::from_str(row.try_get(1)?).map_err(|_| AuditStoreError::Malformed { index })?;
    Ok(StoredEvent { index, event })
}

/// The batch as one JSON text.
fn json_array(events: &[EncodedEvent]) -> String {
    let bytes = events.iter().map(|event| event.json().len() + 1).sum::<usize>() + 2;
    let mut array = String::with_capacity(bytes);
    array.push('[');
    for (place, event) in events.iter().enumerate() {
        if place > 0 {
            array.push(',');
        }
        array.push_str(event.json());
    }
    array.push(']');
    array
}

/// SQLite's integers are signed; no log reaches 2^63 events.
fn position(index: u64) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}
