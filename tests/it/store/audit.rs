//! The contract of the audit store, on both engines.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use gateway::audit::{
    Audit, AuditEvent, AuditFilter, AuditStore, Batch, EncodedEvent, EventKind, Outcome, StoredEvent,
};
use gateway::store::Statement;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::kingdom::Kingdom;

fn event(code: &str) -> AuditEvent {
    let at = OffsetDateTime::from_unix_timestamp_nanos(1_800_000_000_123_456_789).expect("a time");
    let mut event = AuditEvent::new(EventKind::Access, Outcome::Permit, code.to_owned(), at);
    event.client = Some("pharmacy-1".to_owned());
    event
}

pub(super) fn batch(codes: &[&str]) -> Batch {
    let events = codes.iter().map(|code| EncodedEvent::new(&event(code)).expect("JSON")).collect();
    Batch { id: Uuid::new_v4(), events }
}

/// All codes; the positions are 0, 1, 2 … without a gap.
pub(super) async fn codes(store: &dyn AuditStore) -> Vec<String> {
    let mut all: Vec<StoredEvent> = Vec::new();
    loop {
        let from = all.last().map_or(0, |stored| stored.index + 1);
        let page = store.read(&AuditFilter { from, ..AuditFilter::default() }).await.expect("a log");
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    assert!(all.iter().map(|stored| stored.index).eq(0..all.len() as u64), "a gap or an overwrite");
    all.into_iter().map(|stored| stored.event.code.into_owned()).collect()
}

#[tokio::test]
async fn a_batch_is_stored_once_whole_and_in_order_however_often_it_is_repeated() {
    for kingdom in Kingdom::both().await {
        let store = kingdom.store().await.audit();
        let (first, second) = (batch(&["a", "b", "c"]), batch(&["d"]));
        assert_eq!(store.append(&first).await.expect("stored"), 0, "{}", kingdom.engine());
        assert_eq!(store.append(&second).await.expect("stored"), 3);
        // An answer was lost on the way: the same batch again, now and much later, also by another process.
        assert_eq!(store.append(&first).await.expect("stored"), 0);
        assert_eq!(kingdom.store().await.audit().append(&second).await.expect("stored"), 3);
        assert_eq!(codes(store.as_ref()).await, ["a", "b", "c", "d"], "{}", kingdom.engine());
        assert_eq!(store.next_index().await.expect("an index"), 4);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_batch_on_two_connections_at_once_is_stored_once() {
    for kingdom in Kingdom::both().await {
        let (here, there) = (kingdom.store().await.audit(), kingdom.store().await.audit());
        for _ in 0..20 {
            let batch = batch(&["a", "b"]);
            let (one, other) = tokio::join!(here.append(&batch), there.append(&batch));
            assert_eq!(one.expect("stored"), other.expect("stored"), "{}", kingdom.engine());
        }
        assert_eq!(codes(here.as_ref()).await.len(), 40, "{}", kingdom.engine());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_gateways_write_one_log_without_a_gap_and_without_an_overwrite() {
    for kingdom in Kingdom::both().await {
        let mut writers = Vec::new();
        for gateway in 0..3 {
            let audit = Audit::start(kingdom.store().await.audit());
            writers.push(tokio::spawn(async move {
                let codes = (0..300).map(|number| format!("{gateway}-{number}"));
                join_all(codes.map(async |code| {
                    let recorded = audit.record(event(&code)).await.expect("recorded");
                    (recorded.index(), code)
                }))
                .await
            }));
        }
        let mut said = Vec::new();
        for writer in writers {
            said.extend(writer.await.expect("a writer that ends"));
        }
        said.sort();
        let indexes: BTreeSet<u64> = said.iter().map(|(index, _)| *index).collect();
        assert!(indexes.into_iter().eq(0..900), "{}: two were told the same place", kingdom.engine());
        let stored = codes(kingdom.store().await.audit().as_ref()).await;
        assert!(said.iter().map(|(_, code)| code).eq(&stored), "{}: not where it was said", kingdom.engine());
    }
}

#[tokio::test]
async fn events_come_back_as_they_were_and_outlive_the_process() {
    for kingdom in Kingdom::both().await {
        let mut event = event("permitted");
        event.session = Some(Uuid::from_u128(7));
        event.detail = Some("\"cited\", back\\slash, صيدلية الأمل, 💊, \u{1}".to_owned());
        let store = kingdom.store().await;
        let recorded = Audit::start(store.audit()).record(event.clone()).await.expect("recorded");
        assert_eq!(recorded.index(), 0);
        store.close().await;
        let again = kingdom.store().await.audit().read(&AuditFilter::default()).await.expect("a log");
        assert_eq!(again, [StoredEvent { index: 0, event }], "{}", kingdom.engine());
    }
}

#[tokio::test]
async fn a_caller_who_sends_a_nul_does_not_stop_the_log_from_being_searched() {
    for kingdom in Kingdom::both().await {
        let store = kingdom.store().await.audit();
        let mut spoiled = event("refused");
        spoiled.station = Some("a\0b".to_owned());
        let _recorded = Audit::start(store.clone()).record(spoiled).await.expect("recorded");
        let filter = AuditFilter { client: Some("pharmacy-1".to_owned()), ..AuditFilter::default() };
        assert_eq!(store.read(&filter).await.expect("a log").len(), 1, "{}", kingdom.engine());
    }
}

#[tokio::test]
async fn filters_narrow() {
    for kingdom in Kingdom::both().await {
        let store = kingdom.store().await.audit();
        let audit = Audit::start(store.clone());
        for code in ["a", "b", "c"] {
            let mut event = event(code);
            event.request_id = Some(format!("request-{code}"));
            event.session = (code == "c").then(|| Uuid::from_u128(3));
            let _recorded = audit.record(event).await.expect("recorded");
        }
        let read = async |filter: AuditFilter| store.read(&filter).await.expect("a log").len();
        let (at, all) = (event("a").at, AuditFilter::default);
        assert_eq!(read(all()).await, 3, "{}", kingdom.engine());
        assert_eq!(read(AuditFilter { from: 1, ..all() }).await, 2);
        assert_eq!(read(AuditFilter { from: u64::MAX, ..all() }).await, 0);
        assert_eq!(read(AuditFilter { limit: 1, ..all() }).await, 1);
        assert_eq!(read(AuditFilter { request_id: Some("request-b".into()), ..all() }).await, 1);
        assert_eq!(read(AuditFilter { session: Some(Uuid::from_u128(3)), ..all() }).await, 1);
        assert_eq!(read(AuditFilter { client: Some("pharmacy-2".into()), ..all() }).await, 0);
        assert_eq!(read(AuditFilter { kind: Some(EventKind::Access), ..all() }).await, 3);
        assert_eq!(read(AuditFilter { kind: Some(EventKind::SessionOpened), ..all() }).await, 0);
        assert_eq!(read(AuditFilter { until: Some(at), ..all() }).await, 0);
        assert_eq!(read(AuditFilter { since: Some(at), ..all() }).await, 3);
        assert_eq!(read(AuditFilter { since: Some(at + Duration::microseconds(1)), ..all() }).await, 0);
    }
}

#[tokio::test]
async fn the_gateways_own_role_can_neither_edit_nor_remove_nor_slip_in_an_event() {
    for kingdom in Kingdom::both().await {
        let store = kingdom.store().await;
        store.audit().append(&batch(&["a"])).await.expect("stored");
        for edit in ["UPDATE audit_event SET event = '{}'", "DELETE FROM audit_event"] {
            assert!(store.write(Statement::new(edit)).await.is_err(), "{}: {edit}", kingdom.engine());
        }
        assert_eq!(codes(store.audit().as_ref()).await, ["a"]);
    }
    let mut kingdom = Kingdom::postgres().await;
    let store = kingdom.store().await;
    for edit in [
        "TRUNCATE audit_event",
        "INSERT INTO audit_event (position, at, event) VALUES (7, 0, '{}')",
        "UPDATE audit_head SET next = 7",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "DROP TABLE audit_event",
        "UPDATE schema_serves SET programs_from = 0",
    ] {
        assert!(store.write(Statement::new(edit)).await.is_err(), "{edit}");
    }
    // Even the owner meets the trigger, before having to lift it in sight of all.
    let removed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        kingdom.server().sql("bawaba", "DELETE FROM audit_event")
    }));
    assert!(removed.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_wait_share_commits_and_nobody_is_lost() {
    for kingdom in Kingdom::both().await {
        let store = kingdom.store().await.audit();
        let audit = Audit::start(Arc::clone(&store));
        let recorded = join_all((0..2_000).map(|_| audit.record(event("permitted")))).await;
        let mut indexes: Vec<u64> =
            recorded.into_iter().map(|outcome| outcome.expect("recorded").index()).collect();
        indexes.sort_unstable();
        assert!(indexes.into_iter().eq(0..2_000), "{}", kingdom.engine());
        assert_eq!(store.next_index().await.expect("an index"), 2_000);
    }
}
