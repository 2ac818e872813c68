//! How do many waiting events share one fsync?
//!
//! The writer takes everything that waits, commits it as one batch, and only then answers those who wait.
//! While it commits, the next batch gathers by itself: the busier the gateway, the larger the batches.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{AuditError, AuditStore, BATCH_EVENTS_MAX, Batch, Waiting};
use crate::limits::DATABASE_PAUSE;

/// Commits batch after batch until nobody can send any more.
pub(super) async fn run(store: Arc<dyn AuditStore>, mut queue: mpsc::Receiver<Waiting>, patience: Duration) {
    // Ids of one writer follow each other, so that they lie side by side in the store's index.
    let (writer, _) = Uuid::new_v4().as_u64_pair();
    let mut number = 0;
    let mut batch = Batch { id: Uuid::nil(), events: Vec::with_capacity(BATCH_EVENTS_MAX) };
    let mut waiting = Vec::with_capacity(BATCH_EVENTS_MAX);
    let mut answers = Vec::with_capacity(BATCH_EVENTS_MAX);
    while queue.recv_many(&mut waiting, BATCH_EVENTS_MAX).await > 0 {
        for Waiting { event, answer } in waiting.drain(..) {
            batch.events.push(event);
            answers.push(answer);
        }
        number += 1;
        batch.id = Uuid::from_u64_pair(writer, number);
        let outcome = append(store.as_ref(), &batch, patience).await;
        if let Err(error) = &outcome {
            tracing::error!(code = error.code(), events = batch.events.len(), "audit events not recorded");
        }
        batch.events.clear();
        for (index, answer) in (outcome.unwrap_or(0)..).zip(answers.drain(..)) {
            // Who no longer waits has hung up; the event is in the log all the same.
            let _ = answer.send(outcome.map(|_| index));
        }
    }
}

/// Commits one batch; says the index of its first event.
///
/// INVARIANT (audit-once): a batch keeps its id from the first try to the last. Where an answer was lost, what the log
/// holds is unknown; the store knows the id, so the same batch is handed over again, and stored once.
async fn append(store: &dyn AuditStore, batch: &Batch, patience: Duration) -> Result<u64, AuditError> {
    let stored = timeout(patience, async {
        loop {
            match store.append(batch).await {
                Ok(first) => return Ok(first),
                Err(error) if error.may_pass() => tracing::debug!(%error, "audit store"),
                Err(error) => {
                    tracing::debug!(%error, "audit store");
                    return Err(AuditError::Store);
                }
            }
            sleep(DATABASE_PAUSE).await;
        }
    });
    stored.await.unwrap_or(Err(AuditError::Timeout))
}
