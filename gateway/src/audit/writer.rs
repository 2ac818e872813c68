//! How do many waiting events share one fsync?
//!
//! The writer takes everything that waits, commits it as one batch, and only then answers those who wait.
//! While it commits, the next batch gathers by itself: the busier the gateway, the larger the batches.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{AuditError, AuditStore, BATCH_EVENTS_MAX, EncodedEvent, Waiting};

/// Commits batch after batch until nobody can send any more.
pub(super) async fn run(store: Arc<dyn AuditStore>, mut queue: mpsc::Receiver<Waiting>, patience: Duration) {
    let mut next = None;
    let mut waiting = Vec::with_capacity(BATCH_EVENTS_MAX);
    let mut events = Vec::with_capacity(BATCH_EVENTS_MAX);
    let mut answers = Vec::with_capacity(BATCH_EVENTS_MAX);
    while queue.recv_many(&mut waiting, BATCH_EVENTS_MAX).await > 0 {
        for Waiting { event, answer } in waiting.drain(..) {
            events.push(event);
            answers.push(answer);
        }
        let outcome = append(store.as_ref(), &mut next, &events, patience).await;
        if let Err(error) = &outcome {
            tracing::error!(code = error.code(), events = events.len(), "audit events not recorded");
        }
        events.clear();
        for (index, answer) in (outcome.unwrap_or(0)..).zip(answers.drain(..)) {
            // Who no longer waits has hung up; the event is in the log all the same.
            let _ = answer.send(outcome.map(|_| index));
        }
    }
}

/// Commits one batch; says the index of its first event.
///
/// INVARIANT (audit-order): `next` is known only between two commits that both answered. From the moment a
/// batch is handed to the store until the store says yes, what the log holds is unknown, so `next` is
/// forgotten first; a batch that failed *after* taking effect is then never overwritten nor acknowledged.
async fn append(
    store: &dyn AuditStore,
    next: &mut Option<u64>,
    events: &[EncodedEvent],
    patience: Duration,
) -> Result<u64, AuditError> {
    let first = match next.take() {
        Some(first) => first,
        None => ask(patience, store.next_index()).await?,
    };
    ask(patience, store.append(first, events)).await?;
    *next = u64::try_from(events.len()).ok().and_then(|count| first.checked_add(count));
    Ok(first)
}

/// One question to the store, with a bound on the wait.
async fn ask<T>(
    patience: Duration,
    question: impl Future<Output = Result<T, super::AuditStoreError>>,
) -> Result<T, AuditError> {
    match timeout(patience, question).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            tracing::debug!(%error, "audit store");
            Err(AuditError::Store)
        }
        Err(_) => Err(AuditError::Timeout),
    }
}
