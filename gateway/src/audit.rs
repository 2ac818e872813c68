//! What happened, durably? No log, no access.
//!
//! A flow records its outcome and gets a [`Recorded`]; answers are built from that and from nothing else.

mod encoded;
mod event;
mod postgres;
mod reading;
mod sqlite;
mod store;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

pub use encoded::EncodedEvent;
pub(crate) use event::unix_micros;
pub use event::{AuditEvent, EventKind, Outcome};
pub use postgres::PostgresAuditStore;
pub use sqlite::SqliteAuditStore;
pub use store::{AuditFilter, AuditStore, AuditStoreError, Batch, StoredEvent};

/// How many events may wait for the store; more are refused at once.
pub const QUEUE_EVENTS_MAX: usize = 8_192;

/// How many events share one commit; more only lengthen everyone's wait.
pub const BATCH_EVENTS_MAX: usize = 512;

/// How long a commit may take before those who wait are told that there is no log.
pub const APPEND_TIMEOUT: Duration = Duration::from_secs(3);

/// Proof that an event is on stable storage, at a known position of the log.
///
/// Only [`Audit`] makes one:
///
/// ```compile_fail
/// let never_written = gateway::audit::Recorded { index: 7, at: time::OffsetDateTime::UNIX_EPOCH };
/// ```
#[derive(Debug)]
#[must_use = "an answer is built from this proof"]
pub struct Recorded {
    index: u64,
    at: OffsetDateTime,
}

impl Recorded {
    /// The position in the log, from 0.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// When the recorded thing happened.
    #[must_use]
    pub fn at(&self) -> OffsetDateTime {
        self.at
    }
}

/// Why an event is not on record: 503, and no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AuditError {
    /// Too many events wait already.
    #[error("the audit queue is full")]
    Overloaded,
    /// The store failed, or its writer has ended.
    #[error("the audit store failed")]
    Store,
    /// The store did not answer in time.
    #[error("the audit store did not answer in time")]
    Timeout,
}

impl AuditError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Overloaded => "audit-overloaded",
            Self::Store => "audit-store-failed",
            Self::Timeout => "audit-store-timeout",
        }
    }
}

/// The audit log of this process: a queue in front of one writer that commits for all who wait.
#[derive(Clone, Debug)]
pub struct Audit {
    queue: mpsc::Sender<Waiting>,
    store: Arc<dyn AuditStore>,
}

/// An event in the queue, and who waits for it.
#[derive(Debug)]
struct Waiting {
    event: EncodedEvent,
    answer: oneshot::Sender<Result<u64, AuditError>>,
}

/// An event that is on its way to the store; the writer has it even if nobody awaits this.
#[derive(Debug)]
#[must_use = "an event is recorded when this says so"]
pub struct Recording {
    at: OffsetDateTime,
    answer: oneshot::Receiver<Result<u64, AuditError>>,
}

impl Audit {
    /// Starts the writer. It ends when the last `Audit` is dropped and the queue is empty.
    #[must_use]
    pub fn start(store: Arc<dyn AuditStore>) -> Self {
        Self::start_with(store, APPEND_TIMEOUT)
    }

    /// As [`Audit::start`], with another patience for the store.
    #[must_use]
    pub fn start_with(store: Arc<dyn AuditStore>, patience: Duration) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_EVENTS_MAX);
        tokio::spawn(writer::run(store.clone(), waiting, patience));
        Self { queue, store }
    }

    /// Records one event and waits until it is durable.
    pub async fn record(&self, event: AuditEvent) -> Result<Recorded, AuditError> {
        self.begin(&event)?.recorded().await
    }

    /// Hands one event to the writer; other work may go on while it becomes durable.
    pub fn begin(&self, event: &AuditEvent) -> Result<Recording, AuditError> {
        let at = event.at;
        let event = EncodedEvent::new(event).map_err(|_| AuditError::Store)?;
        let (answer, receiver) = oneshot::channel();
        self.queue.try_send(Waiting { event, answer }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => AuditError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => AuditError::Store,
        })?;
        Ok(Recording { at, answer: receiver })
    }

    /// The events of the log, for those who read it.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn AuditStore> {
        &self.store
    }
}

impl Recording {
    /// Waits until the event is durable.
    pub async fn recorded(self) -> Result<Recorded, AuditError> {
        let index = self.answer.await.map_err(|_| AuditError::Store)??;
        Ok(Recorded { index, at: self.at })
    }
}
