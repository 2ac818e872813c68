//! What if the audit store fails? A store in front of the real one that fails with or without taking effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use futures_util::future::BoxFuture;
use gateway::audit::{AuditFilter, AuditStore, AuditStoreError, Batch, StoredEvent};

/// What goes wrong at the next append, and at every one after it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Fault {
    /// Nothing.
    None = 0,
    /// The append fails, and nothing was stored.
    WithoutEffect = 1,
    /// The append fails, yet everything was stored.
    AfterEffect = 2,
    /// The append never answers.
    Hangs = 3,
}

/// Says what goes wrong from now on; a handle that can be kept by the test.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<AtomicU8>);

impl Faults {
    /// From now on.
    pub fn fail(&self, fault: Fault) {
        self.0.store(fault as u8, Ordering::SeqCst);
    }

    fn now(&self) -> u8 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A real store that can be told to fail.
#[derive(Debug)]
pub struct FaultyStore {
    real: Arc<dyn AuditStore>,
    faults: Faults,
}

impl FaultyStore {
    /// Healthy until told otherwise.
    pub fn new(real: Arc<dyn AuditStore>, faults: Faults) -> Self {
        Self { real, faults }
    }
}

impl AuditStore for FaultyStore {
    fn append<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<u64, AuditStoreError>> {
        let fault = self.faults.now();
        Box::pin(async move {
            match fault {
                1 => Err(AuditStoreError::Unanswered),
                2 => self.real.append(batch).await.and(Err(AuditStoreError::Unanswered)),
                3 => std::future::pending().await,
                _ => self.real.append(batch).await,
            }
        })
    }

    fn next_index(&self) -> BoxFuture<'_, Result<u64, AuditStoreError>> {
        match self.faults.now() {
            3 => Box::pin(std::future::pending()),
            _ => self.real.next_index(),
        }
    }

    fn read<'a>(
        &'a self,
        filter: &'a AuditFilter,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, AuditStoreError>> {
        self.real.read(filter)
    }

    fn at(&self, positions: Vec<u64>) -> BoxFuture<'_, Result<Vec<StoredEvent>, AuditStoreError>> {
        match self.faults.now() {
            3 => Box::pin(std::future::pending()),
            _ => self.real.at(positions),
        }
    }
}
