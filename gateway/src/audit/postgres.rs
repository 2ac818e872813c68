//! The audit log in PostgreSQL: one statement and one commit for a batch, whoever else writes the same log.

use futures_util::future::BoxFuture;

use super::reading::{self, READ_POSTGRES};
use super::{AuditFilter, AuditStore, AuditStoreError, Batch, EncodedEvent, StoredEvent, unix_micros};
use crate::store::{Engine, PostgresStore, Statement};

/// See the function in `migrations/postgres/0003_store.sql`.
const APPEND: &str = "SELECT audit_append($1::uuid, $2, $3) AS position";

/// The log in PostgreSQL. `synchronous_commit = on` in every session makes an answer a promise.
#[derive(Clone, Debug)]
pub struct PostgresAuditStore {
    store: PostgresStore,
}

impl PostgresAuditStore {
    /// The log of this database.
    #[must_use]
    pub fn new(store: PostgresStore) -> Self {
        Self { store }
    }
}

impl AuditStore for PostgresAuditStore {
    fn append<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<u64, AuditStoreError>> {
        Box::pin(async move {
            let ats: Vec<i64> = batch.events.iter().map(|event| unix_micros(event.at())).collect();
            let events: Vec<String> =
                batch.events.iter().map(EncodedEvent::json).map(str::to_owned).collect();
            let append = Statement::new(APPEND).bind(batch.id).bind(ats).bind(events);
            reading::position(&self.store.write_returning(append).await?)
        })
    }

    fn next_index(&self) -> BoxFuture<'_, Result<u64, AuditStoreError>> {
        Box::pin(reading::next_index(&self.store))
    }

    fn read<'a>(
        &'a self,
        filter: &'a AuditFilter,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, AuditStoreError>> {
        Box::pin(reading::events(&self.store, READ_POSTGRES, filter))
    }

    fn at(&self, positions: Vec<u64>) -> BoxFuture<'_, Result<Vec<StoredEvent>, AuditStoreError>> {
        Box::pin(reading::at(&self.store, positions))
    }
}
