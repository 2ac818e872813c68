//! The audit log in SQLite: one statement and one fsync for a batch.

use futures_util::future::BoxFuture;

use super::reading::{self, READ_SQLITE};
use super::{AuditFilter, AuditStore, AuditStoreError, Batch, EncodedEvent, StoredEvent};
use crate::store::{DatabaseError, Engine, SqliteStore, Statement};

/// `json_each` numbers the elements itself: the database does the loop, not 500 bound statements.
const APPEND: &str = "INSERT INTO audit_event (position, at, event, batch) \
    SELECT (SELECT coalesce(max(position) + 1, 0) FROM audit_event) + key, json_extract(value, '$.at'), value, \
    CASE key WHEN 0 THEN $1 END FROM json_each($2) \
    WHERE NOT EXISTS (SELECT 1 FROM audit_event WHERE batch = $1)";

/// Where a batch is that was stored before.
const STORED: &str = "SELECT position FROM audit_event WHERE batch = $1";

/// The log in the embedded database. `synchronous = FULL` there makes a commit one fsync of the WAL.
#[derive(Clone, Debug)]
pub struct SqliteAuditStore {
    store: SqliteStore,
}

impl SqliteAuditStore {
    /// The log of this database.
    #[must_use]
    pub fn new(store: SqliteStore) -> Self {
        Self { store }
    }
}

impl AuditStore for SqliteAuditStore {
    fn append<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<u64, AuditStoreError>> {
        Box::pin(async move {
            let stored = sqlx::query(APPEND)
                .bind(batch.id.to_string())
                .bind(json_array(&batch.events))
                .execute(&self.store.writer)
                .await
                .map_err(DatabaseError::Statement)?;
            match stored.rows_affected() {
                0 => {
                    let asked = Statement::new(STORED).bind(batch.id);
                    reading::position(&self.store.write_returning(asked).await?)
                }
                // The last row has the last key; its position is its rowid.
                count => Ok((stored.last_insert_rowid().unsigned_abs() + 1).saturating_sub(count)),
            }
        })
    }

    fn next_index(&self) -> BoxFuture<'_, Result<u64, AuditStoreError>> {
        Box::pin(reading::next_index(&self.store))
    }

    fn read<'a>(
        &'a self,
        filter: &'a AuditFilter,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, AuditStoreError>> {
        Box::pin(reading::events(&self.store, READ_SQLITE, filter))
    }

    fn at(&self, positions: Vec<u64>) -> BoxFuture<'_, Result<Vec<StoredEvent>, AuditStoreError>> {
        Box::pin(reading::at(&self.store, positions))
    }
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
