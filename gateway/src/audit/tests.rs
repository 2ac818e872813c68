use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use time::OffsetDateTime;

use super::*;
use crate::store::{Away, DatabaseError, Statement, Store, StorePlace};

/// Short enough for a test, long enough for a busy machine.
const PATIENCE: Duration = Duration::from_millis(400);

fn event(code: &'static str) -> AuditEvent {
    let at = OffsetDateTime::from_unix_timestamp_nanos(1_800_000_000_123_456_789).unwrap();
    let mut event = AuditEvent::new(EventKind::Access, Outcome::Permit, code, at);
    event.client = Some("pharmacy-1".to_owned());
    event
}

async fn database(folder: &tempfile::TempDir) -> Store {
    Store::open(&StorePlace::Sqlite(folder.path().join("bawaba.db"))).await.unwrap()
}

async fn store(folder: &tempfile::TempDir) -> Arc<dyn AuditStore> {
    database(folder).await.audit()
}

async fn codes(store: &dyn AuditStore) -> Vec<String> {
    let stored = store.read(&AuditFilter::default()).await.unwrap();
    let expected: Vec<u64> = (0..).take(stored.len()).collect();
    assert_eq!(stored.iter().map(|stored| stored.index).collect::<Vec<_>>(), expected, "a gap");
    stored.into_iter().map(|stored| stored.event.code.into_owned()).collect()
}

/// A store around a real one that misbehaves at the appends of the given numbers, from 0.
#[derive(Debug)]
struct Faulty {
    inner: Arc<dyn AuditStore>,
    fault: Fault,
    at: usize,
    appends: AtomicUsize,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    AfterEffect,
    Hang,
    /// The answer is lost on the way; the store is well.
    Lost,
    WithoutEffect,
}

impl AuditStore for Faulty {
    fn append<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<u64, AuditStoreError>> {
        let number = self.appends.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if number != self.at {
                return self.inner.append(batch).await;
            }
            match self.fault {
                Fault::AfterEffect => {
                    self.inner.append(batch).await?;
                    Err(DatabaseError::Statement(sqlx::Error::WorkerCrashed).into())
                }
                Fault::Lost => {
                    self.inner.append(batch).await?;
                    Err(DatabaseError::Away(Away::Lost).into())
                }
                Fault::Hang => std::future::pending().await,
                Fault::WithoutEffect => Err(DatabaseError::Statement(sqlx::Error::WorkerCrashed).into()),
            }
        })
    }

    fn next_index(&self) -> BoxFuture<'_, Result<u64, AuditStoreError>> {
        self.inner.next_index()
    }

    fn read<'a>(
        &'a self,
        filter: &'a AuditFilter,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, AuditStoreError>> {
        self.inner.read(filter)
    }

    fn at(&self, positions: Vec<u64>) -> BoxFuture<'_, Result<Vec<StoredEvent>, AuditStoreError>> {
        self.inner.at(positions)
    }
}

/// Records three events of which the second meets the fault.
async fn with_fault(fault: Fault) -> (Vec<Result<u64, AuditError>>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let inner = store(&folder).await;
    let faulty = Faulty { inner: inner.clone(), fault, at: 1, appends: AtomicUsize::new(0) };
    let audit = Audit::start_with(Arc::new(faulty), PATIENCE);
    let mut outcomes = Vec::new();
    for code in ["first", "second", "third"] {
        outcomes.push(audit.record(event(code)).await.map(|recorded| recorded.index()));
    }
    (outcomes, codes(inner.as_ref()).await)
}

#[tokio::test]
async fn failure_without_effect_is_told_and_leaves_no_gap() {
    let (outcomes, stored) = with_fault(Fault::WithoutEffect).await;
    assert_eq!(outcomes, [Ok(0), Err(AuditError::Store), Ok(1)]);
    assert_eq!(stored, ["first", "third"]);
}

#[tokio::test]
async fn failure_after_effect_is_told_and_overwrites_nothing() {
    let (outcomes, stored) = with_fault(Fault::AfterEffect).await;
    assert_eq!(outcomes, [Ok(0), Err(AuditError::Store), Ok(2)]);
    assert_eq!(stored, ["first", "second", "third"]);
}

#[tokio::test]
async fn batch_whose_answer_was_lost_is_repeated_and_stored_once() {
    let (outcomes, stored) = with_fault(Fault::Lost).await;
    assert_eq!(outcomes, [Ok(0), Ok(1), Ok(2)]);
    assert_eq!(stored, ["first", "second", "third"]);
}

#[tokio::test]
async fn store_that_hangs_is_not_waited_for() {
    let (outcomes, stored) = with_fault(Fault::Hang).await;
    assert_eq!(outcomes, [Ok(0), Err(AuditError::Timeout), Ok(1)]);
    assert_eq!(stored, ["first", "third"]);
}

#[tokio::test]
async fn events_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let audit = Audit::start(store.clone());
    let mut event = event("permitted");
    event.session = Some(uuid::Uuid::from_u128(7));
    event.detail = Some("\"quoted\" and ünusual".to_owned());
    let recorded = audit.record(event.clone()).await.unwrap();
    assert_eq!(recorded.at(), event.at);
    assert_eq!(event.at.nanosecond() % 1_000, 0, "microseconds are what every store keeps");
    assert_eq!(store.read(&AuditFilter::default()).await.unwrap(), [StoredEvent { index: 0, event }]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_wait_share_commits_and_nobody_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let audit = Audit::start(store.clone());
    let recorded = join_all((0..2_000).map(|_| audit.record(event("permitted")))).await;
    let mut indexes: Vec<u64> = recorded.into_iter().map(|outcome| outcome.unwrap().index()).collect();
    indexes.sort_unstable();
    assert_eq!(indexes, (0..2_000).collect::<Vec<_>>());
    assert_eq!(store.next_index().await.unwrap(), 2_000);
}

#[tokio::test]
async fn queue_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let inner = store(&folder).await;
    let faulty = Faulty { inner, fault: Fault::Hang, at: 0, appends: AtomicUsize::new(0) };
    let audit = Audit::start_with(Arc::new(faulty), Duration::from_secs(60));
    let mut refused = 0;
    for _ in 0..QUEUE_EVENTS_MAX + 10 {
        if audit.begin(&event("permitted")).err() == Some(AuditError::Overloaded) {
            refused += 1;
        }
    }
    assert!(refused > 0, "memory grows with a store that hangs");
}

#[tokio::test]
async fn stored_events_are_neither_edited_nor_removed() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder).await;
    let _recorded = Audit::start(database.audit()).record(event("first")).await.unwrap();
    for edit in ["UPDATE audit_event SET event = '{}'", "DELETE FROM audit_event"] {
        assert!(database.write(Statement::new(edit)).await.is_err(), "{edit}");
    }
    assert_eq!(codes(database.audit().as_ref()).await, ["first"]);
}

#[test]
fn a_nul_in_a_text_of_a_caller_does_not_reach_a_database_that_has_none() {
    let mut spoiled = event("first");
    spoiled.station = Some("desk\0one".to_owned());
    let encoded = EncodedEvent::new(&spoiled).unwrap();
    assert!(encoded.json().contains("desk\\ufffdone"), "{}", encoded.json());
}
