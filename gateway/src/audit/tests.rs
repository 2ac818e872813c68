use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use time::OffsetDateTime;

use super::*;
use crate::sqlite::Database;

/// Short enough for a test, long enough for a busy machine.
const PATIENCE: Duration = Duration::from_millis(400);

fn event(code: &'static str) -> AuditEvent {
    let at = OffsetDateTime::from_unix_timestamp_nanos(1_800_000_000_123_456_789).unwrap();
    let mut event = AuditEvent::new(EventKind::Access, Outcome::Permit, code, at);
    event.client = Some("pharmacy-1".to_owned());
    event
}

async fn store(folder: &tempfile::TempDir) -> SqliteAuditStore {
    SqliteAuditStore::new(Database::open(&folder.path().join("bawaba.db")).await.unwrap())
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
    inner: SqliteAuditStore,
    fault: Fault,
    at: usize,
    appends: AtomicUsize,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    AfterEffect,
    Hang,
    WithoutEffect,
}

impl AuditStore for Faulty {
    fn append<'a>(
        &'a self,
        first: u64,
        events: &'a [EncodedEvent],
    ) -> BoxFuture<'a, Result<(), AuditStoreError>> {
        let number = self.appends.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if number != self.at {
                return self.inner.append(first, events).await;
            }
            match self.fault {
                Fault::AfterEffect => {
                    self.inner.append(first, events).await?;
                    Err(AuditStoreError::Database(sqlx::Error::WorkerCrashed))
                }
                Fault::Hang => std::future::pending().await,
                Fault::WithoutEffect => Err(AuditStoreError::Database(sqlx::Error::WorkerCrashed)),
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
    (outcomes, codes(&inner).await)
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
async fn store_that_hangs_is_not_waited_for() {
    let (outcomes, stored) = with_fault(Fault::Hang).await;
    assert_eq!(outcomes, [Ok(0), Err(AuditError::Timeout), Ok(1)]);
    assert_eq!(stored, ["first", "third"]);
}

#[tokio::test]
async fn events_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let audit = Audit::start(Arc::new(store.clone()));
    let mut event = event("permitted");
    event.session = Some(uuid::Uuid::from_u128(7));
    event.detail = Some("\"quoted\" and ünusual".to_owned());
    let recorded = audit.record(event.clone()).await.unwrap();
    assert_eq!(recorded.at(), event.at);
    assert_eq!(event.at.nanosecond() % 1_000, 0, "microseconds are what every store keeps");
    assert_eq!(store.read(&AuditFilter::default()).await.unwrap(), [StoredEvent { index: 0, event }]);
}

#[tokio::test]
async fn filters_narrow() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let audit = Audit::start(Arc::new(store.clone()));
    for code in ["a", "b", "c"] {
        let mut event = event(code);
        event.request_id = Some(format!("request-{code}"));
        let _recorded = audit.record(event).await.unwrap();
    }
    let read = |filter: AuditFilter| {
        let store = store.clone();
        async move { store.read(&filter).await.unwrap().len() }
    };
    let at = event("a").at;
    assert_eq!(read(AuditFilter { from: 1, ..Default::default() }).await, 2);
    assert_eq!(read(AuditFilter { limit: 1, ..Default::default() }).await, 1);
    assert_eq!(read(AuditFilter { request_id: Some("request-b".into()), ..Default::default() }).await, 1);
    assert_eq!(read(AuditFilter { client: Some("pharmacy-2".into()), ..Default::default() }).await, 0);
    assert_eq!(read(AuditFilter { kind: Some(EventKind::Access), ..Default::default() }).await, 3);
    assert_eq!(read(AuditFilter { until: Some(at), ..Default::default() }).await, 0);
    assert_eq!(read(AuditFilter { since: Some(at), ..Default::default() }).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_wait_share_commits_and_nobody_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let audit = Audit::start(Arc::new(store.clone()));
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
async fn batch_that_does_not_follow_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let batch = [EncodedEvent::new(&event("first")).unwrap()];
    store.append(0, &batch).await.unwrap();
    assert!(store.append(0, &batch).await.is_err(), "overwrites");
    assert!(store.append(2, &batch).await.is_err(), "leaves a gap");
    assert_eq!(codes(&store).await, ["first"]);
}

#[tokio::test]
async fn stored_events_are_neither_edited_nor_removed() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    store.append(0, &[EncodedEvent::new(&event("first")).unwrap()]).await.unwrap();
    let database = Database::open(&folder.path().join("bawaba.db")).await.unwrap();
    assert!(sqlx::query("UPDATE audit_event SET event = '{}'").execute(&database.writer).await.is_err());
    assert!(sqlx::query("DELETE FROM audit_event").execute(&database.writer).await.is_err());
    assert_eq!(codes(&store).await, ["first"]);
}
