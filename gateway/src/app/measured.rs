//! How large are the commits of the log, and how long do they take?

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;

use crate::audit::{AuditFilter, AuditStore, AuditStoreError, Batch, StoredEvent};
use crate::metrics::Metrics;

/// A store whose commits are counted.
pub(super) struct Measured {
    store: Arc<dyn AuditStore>,
    metrics: Arc<Metrics>,
}

impl Measured {
    /// Counts the commits of `store`.
    pub(super) fn new(store: Arc<dyn AuditStore>, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics }
    }
}

impl std::fmt::Debug for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.store.fmt(f)
    }
}

impl AuditStore for Measured {
    fn append<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<u64, AuditStoreError>> {
        Box::pin(async move {
            let started = Instant::now();
            let first = self.store.append(batch).await?;
            self.metrics.audit_committed(batch.events.len(), started.elapsed());
            Ok(first)
        })
    }

    fn next_index(&self) -> BoxFuture<'_, Result<u64, AuditStoreError>> {
        self.store.next_index()
    }

    fn read<'a>(
        &'a self,
        filter: &'a AuditFilter,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, AuditStoreError>> {
        self.store.read(filter)
    }

    fn at(&self, positions: Vec<u64>) -> BoxFuture<'_, Result<Vec<StoredEvent>, AuditStoreError>> {
        self.store.at(positions)
    }
}
