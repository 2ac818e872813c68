//! What does the audit log ask of a store?

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{AuditEvent, EncodedEvent, EventKind};
use crate::store::DatabaseError;

/// Events that are committed together (*lot*).
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its own id: what was stored under it is not stored again.
    pub id: Uuid,
    /// At least one event.
    pub events: Vec<EncodedEvent>,
}

/// Where audit events are kept, by one gateway or by several.
///
/// The contract, which the conformance tests run against every implementation:
///
/// 1. *Durable*: when [`append`](AuditStore::append) answers `Ok`, the whole batch survives a kill and a power cut.
/// 2. *All or nothing*: a batch is stored whole or not at all, in order, at consecutive positions.
/// 3. *No gap, no overwrite*: the store gives the place. Two that append at once get places one after the other.
/// 4. *An error promises nothing*: after `Err` the batch may be stored or not. Append it again under the same id: it is
///    then stored once, and the answer is the place that it has.
pub trait AuditStore: Debug + Send + Sync {
    /// Stores the events of `batch`; says the index of the first.
    fn append<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<u64, AuditStoreError>>;

    /// The index that the next event will get: the number of events stored.
    fn next_index(&self) -> BoxFuture<'_, Result<u64, AuditStoreError>>;

    /// The events that match, oldest first.
    fn read<'a>(
        &'a self,
        filter: &'a AuditFilter,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, AuditStoreError>>;

    /// The events at these positions, as far as there are any, in any order: of receipts that name their place.
    fn at(&self, positions: Vec<u64>) -> BoxFuture<'_, Result<Vec<StoredEvent>, AuditStoreError>>;
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
    pub session: Option<Uuid>,
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
    #[error("the audit database failed: {0}")]
    Database(#[from] DatabaseError),
    /// What is stored is not an audit event.
    #[error("stored event {index} cannot be read")]
    Malformed {
        /// Its position.
        index: u64,
    },
    /// The database answered without saying where the batch is.
    #[error("the audit database did not say where it stored")]
    Unanswered,
}

impl AuditStoreError {
    /// Whether the same batch may be taken a moment later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Database(error) if error.may_pass())
    }
}
