//! What does the audit log ask of a store?

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use time::OffsetDateTime;

use super::{AuditEvent, EncodedEvent, EventKind};

/// Where audit events are kept.
///
/// The contract, which the conformance tests run against every implementation:
///
/// 1. *Durable*: when [`append`](AuditStore::append) answers `Ok`, the whole batch survives a kill and a power cut.
/// 2. *All or nothing*: a batch is stored whole or not at all, in order, at `first`, `first + 1`, …
/// 3. *No gap, no overwrite*: a batch whose `first` is not the next index is refused and changes nothing.
/// 4. *An error promises nothing*: after `Err` the batch may be stored or not. Ask
///    [`next_index`](AuditStore::next_index) before appending again.
pub trait AuditStore: Debug + Send + Sync {
    /// Stores `events` at `first` and after.
    fn append<'a>(
        &'a self,
        first: u64,
        events: &'a [EncodedEvent],
    ) -> BoxFuture<'a, Result<(), AuditStoreError>>;

    /// The index that the next event will get: the number of events stored.
    fn next_index(&self) -> BoxFuture<'_, Result<u64, AuditStoreError>>;

    /// The events that match, oldest first.
    fn read<'a>(
        &'a self,
        filter: &'a AuditFilter,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, AuditStoreError>>;
}

/// Which events to read. Every field that is set must match.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// From this index on.
    pub from: u64,
    /// At most so many; 0 means 1,000.
    pub limit: u32,
    /// Not before.
    pub since: Option<OffsetDateTime>,
    /// Before.
    pub until: Option<OffsetDateTime>,
    /// Of this kind.
    pub kind: Option<EventKind>,
    /// Of this client.
    pub client: Option<String>,
    /// Of this session.
    pub session: Option<uuid::Uuid>,
    /// Of this request.
    pub request_id: Option<String>,
}

/// An event and its place in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// The position, from 0.
    pub index: u64,
    /// The event.
    pub event: AuditEvent,
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum AuditStoreError {
    /// The database refused or is away.
    #[error("the audit database failed")]
    Database(#[from] sqlx::Error),
    /// What is stored is not an audit event.
    #[error("stored event {index} cannot be read")]
    Malformed {
        /// Its position.
        index: u64,
    },
    /// The batch does not follow the last stored event.
    #[error("the log continues at another index")]
    NotNext,
}
