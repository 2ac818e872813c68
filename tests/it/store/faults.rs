//! What goes wrong with PostgreSQL, on a real one: away, killed, frozen, replaced by its standby.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bawaba_tests::harness::Harness;
use bawaba_tests::postgres::{DATABASE, Postgres};
use bawaba_tests::program::{bawaba, run, text};
use gateway::audit::{Audit, AuditEvent, EventKind, Outcome};
use gateway::store::{Statement, Store, StorePlace};
use time::OffsetDateTime;

use super::audit::codes;
use super::kingdom::Kingdom;

const LIST: &str = "/prescription/MedicationRequest";

/// Far beyond every bound of the gateway, and far below "for ever".
const BOUNDED: Duration = Duration::from_secs(20);

fn event(code: String) -> AuditEvent {
    AuditEvent::new(EventKind::Access, Outcome::Permit, code, OffsetDateTime::UNIX_EPOCH)
}

/// Appends from several tasks until told to stop; the code of each acknowledged event and its place.
struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
    writers: Vec<tokio::task::JoinHandle<Vec<(u64, String)>>>,
}

impl Load {
    fn start(stores: &[Store]) -> Self {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut writers = Vec::new();
        for (gateway, store) in stores.iter().enumerate() {
            let audit = Audit::start(store.audit());
            for task in 0..8 {
                let (audit, stop, acknowledged) = (audit.clone(), stop.clone(), acknowledged.clone());
                writers.push(tokio::spawn(async move {
                    let mut said = Vec::new();
                    for number in 0.. {
                        if stop.load(Ordering::SeqCst) {
                            break;
                        }
                        let code = format!("{gateway}-{task}-{number}");
                        if let Ok(recorded) = audit.record(event(code.clone())).await {
                            said.push((recorded.index(), code));
                            acknowledged.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                    said
                }));
            }
        }
        Self { stop, acknowledged, writers }
    }

    /// Waits until so many more are acknowledged.
    async fn progress(&self, by: usize) {
        let (start, goal) = (Instant::now(), self.acknowledged.load(Ordering::SeqCst) + by);
        while self.acknowledged.load(Ordering::SeqCst) < goal {
            assert!(start.elapsed() < Duration::from_secs(60), "the log takes no events any more");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn end(self) -> BTreeMap<u64, String> {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = BTreeMap::new();
        for writer in self.writers {
            for (index, code) in writer.await.expect("a writer that ends") {
                assert!(all.insert(index, code).is_none(), "two were told place {index}");
            }
        }
        all
    }
}

/// Every acknowledged event is at the place that was told, and nothing is there twice.
async fn kept(store: &Store, acknowledged: &BTreeMap<u64, String>) {
    let stored = codes(store.audit().as_ref()).await;
    for (index, code) in acknowledged {
        let found = usize::try_from(*index).ok().and_then(|index| stored.get(index));
        assert_eq!(found, Some(code), "acknowledged at {index}");
    }
    let mut once = stored.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), stored.len(), "an event is there twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_kill_9_of_the_server_under_load_every_acknowledged_event_is_there_and_none_twice() {
    let mut kingdom = Kingdom::postgres().await;
    let stores = [kingdom.store().await, kingdom.store().await];
    let load = Load::start(&stores);
    for _ in 0..3 {
        load.progress(200).await;
        kingdom.server().kill();
        kingdom.server().restart();
    }
    load.progress(200).await;
    let acknowledged = load.end().await;
    kept(&stores[0], &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promoted_standby_takes_over_and_no_acknowledged_event_is_lost() {
    let mut primary = Postgres::start();
    primary.migrate().await;
    let mut standby = primary.standby();
    // An answer waits for the standby too: what the primary acknowledged survives it.
    primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
    primary.sql("postgres", "SELECT pg_reload_conf()");
    let mut place = standby.place();
    place.hosts.extend(primary.place().hosts);
    // The standby comes first in the list, and is passed over as long as it takes no writes.
    let place = StorePlace::Postgres(place);
    let stores = [Store::open(&place).await.expect("the primary"), Store::open(&place).await.expect("it")];
    let load = Load::start(&stores);
    load.progress(300).await;
    primary.kill();
    standby.promote();
    load.progress(300).await;
    // The old one comes back as it was: nobody who was moved away may go back to it unseen.
    primary.restart();
    load.progress(300).await;
    let acknowledged = load.end().await;
    kept(&stores[0], &acknowledged).await;
    standby.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_not_waited_for_and_is_used_again_when_it_thaws() {
    let mut kingdom = Kingdom::postgres().await;
    let store = kingdom.store().await;
    let audit = Audit::start(store.audit());
    let mut known = vec![audit.record(event("before".to_owned())).await.expect("recorded").index()];
    kingdom.server().pause();
    let start = Instant::now();
    let lost = audit.record(event("during".to_owned())).await.expect_err("no answer");
    assert!(["audit-store-timeout", "audit-store-failed"].contains(&lost.code()), "{lost:?}");
    assert!(store.read(Statement::new("SELECT 1")).await.expect_err("no answer").may_pass());
    assert!(start.elapsed() < BOUNDED, "{:?}", start.elapsed());
    kingdom.server().resume();
    known.push(audit.record(event("after".to_owned())).await.expect("recorded").index());
    let stored = codes(store.audit().as_ref()).await;
    assert_eq!(stored.iter().filter(|code| *code == "before" || *code == "after").count(), 2);
    // What got no answer may have been stored when the server thawed, once and no more.
    assert!(stored.iter().filter(|code| *code == "during").count() <= 1, "{stored:?}");
    assert!(known.iter().all(|index| *index < stored.len() as u64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_requests_leave_no_broken_connection_behind() {
    let mut kingdom = Kingdom::postgres().await;
    let store = kingdom.store().await;
    let counted = || Statement::new("UPDATE registry_change SET version = version + 1 WHERE what = 'client'");
    for round in 0..300_u64 {
        let (store, patience) = (store.clone(), Duration::from_micros(round * 20));
        let asked = async move {
            match round % 3 {
                0 => drop(store.transaction(vec![counted(), counted()]).await),
                1 => drop(store.read(Statement::new("SELECT pg_sleep(0.001)")).await),
                _ => drop(store.write(counted()).await),
            }
        };
        let _ = tokio::time::timeout(patience, asked).await;
    }
    // All of them end by themselves; then every connection of the pool is asked.
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bawaba' AND state <> 'idle'";
    let start = Instant::now();
    while kingdom.server().sql(DATABASE, busy) != "0" {
        assert!(start.elapsed() < BOUNDED, "a connection is left in the middle of something");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let asked = (0..64).map(|number: i64| {
        let store = store.clone();
        async move {
            let rows = store.read(Statement::new("SELECT $1::bigint AS n").bind(number)).await.expect("rows");
            assert_eq!(rows[0].int("n").expect("a number"), number, "an answer to another question");
        }
    });
    futures_util::future::join_all(asked).await;
}

#[tokio::test]
async fn over_a_network_the_server_must_show_a_certificate_of_the_named_authority() {
    let mut server = Postgres::start();
    server.migrate().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let authority = |name: &str| {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        let path = folder.path().join(name);
        std::fs::write(&path, certificate.pem()).expect("a writable folder");
        (path, rcgen::Issuer::new(params, key))
    };
    let ((ours, issuer), (other, _)) = (authority("ours.pem"), authority("other.pem"));
    let mut place = server.place();
    for (name, ca, sound) in [
        ("127.0.0.1", Some(&ours), true),
        ("127.0.0.1", Some(&other), false),
        ("127.0.0.1", None, false),
        ("db.example.ma", Some(&ours), false),
    ] {
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        server.use_tls(&certificate.pem(), &key.serialize_pem());
        place.ca = ca.cloned();
        match Store::open(&StorePlace::Postgres(place.clone())).await {
            Ok(store) => {
                assert!(sound, "{name}, {ca:?}: believed");
                let asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
                let rows = store.read(Statement::new(asked)).await.expect("rows");
                assert!(rows[0].bool("ssl").expect("a truth"), "no TLS");
                store.close().await;
            }
            Err(error) => assert!(!sound, "{name}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_server_that_forgets_what_it_acknowledged_is_refused() {
    let server = Postgres::start_with("fsync = off\n");
    let refused = Store::open(&StorePlace::Postgres(server.place())).await.expect_err("refused");
    assert!(refused.to_string().contains("fsync = off"), "{refused}");
}

#[tokio::test]
async fn what_a_role_was_told_to_forget_is_kept_all_the_same() {
    let mut kingdom = Kingdom::postgres().await;
    kingdom.server().sql(DATABASE, "ALTER ROLE bawaba_gateway SET synchronous_commit = off");
    let store = kingdom.store().await;
    let asked = Statement::new("SELECT current_setting('synchronous_commit') AS kept");
    assert_eq!(store.read(asked).await.expect("rows")[0].text("kept").expect("a text"), "on");
}

#[tokio::test]
async fn without_its_database_a_gateway_does_not_start_and_says_what_to_do() {
    let mut server = Postgres::start();
    let town = Harness::new().postgres(&server).prepare().await;
    server.stop();
    let config = town.files.config();
    let words = ["serve", "--config", config.to_str().expect("UTF-8")];
    let output = run(&mut bawaba(&words), Duration::from_secs(30));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains(&format!("127.0.0.1:{}", server.port())), "{said}");
    assert!(said.contains("remedy: start PostgreSQL"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_nothing_is_answered_without_its_event_and_then_all_is_well() {
    let mut server = Postgres::start();
    let town = Harness::new().postgres(&server).start().await;
    let counter = town.counter("pharmacy-1");
    let opened = town.session("amina", "pharmacy-1").await;
    counter.get(LIST, &opened.token).await.is(200);
    let known = town.events().await;
    server.stop();
    let access = counter.get(LIST, &opened.token).await;
    assert_eq!(access.status, 503, "{}", access.json);
    assert!(["audit-unavailable", "registry-unavailable"].contains(&access.code()), "{}", access.json);
    assert!(
        ["gateway", "registry"].contains(&access.json["party"].as_str().unwrap_or_default()),
        "{}",
        access.json
    );
    assert!(!access.header("retry-after").is_empty());
    assert!(!access.json.to_string().contains("Metformine"), "data left without a record");
    let session = counter.open(&mut town.card("youssef"), "TREAT").await;
    assert_eq!(session.status, 503, "{}", session.json);
    assert!(session.json["token"].is_null(), "a token left without a record");
    let ready = town.public("/readyz").await;
    assert_eq!(ready.status, 503, "{}", ready.json);
    assert_ne!(ready.json["checks"]["registry"], "ok", "{}", ready.json);
    assert_ne!(ready.json["checks"]["audit"], "ok", "{}", ready.json);
    server.restart();
    let healthy = town.eventually(async || counter.get(LIST, &opened.token).await.status == 200).await;
    assert!(healthy, "it does not recover by itself");
    assert!(town.eventually(async || town.public("/readyz").await.status == 200).await, "not ready again");
    let after = town.events().await;
    assert_eq!(after[..known.len()], known[..], "what was acknowledged changed");
    let indices: Vec<u64> = after.iter().filter_map(|event| event["index"].as_u64()).collect();
    assert!(indices.iter().copied().eq(0..indices.len() as u64), "a gap or an overwrite");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_database_is_not_noticed_at_the_counter() {
    let mut server = Postgres::start();
    let town = Harness::new().postgres(&server).start().await;
    let counter = town.counter("pharmacy-1");
    let opened = town.session("amina", "pharmacy-1").await;
    for _ in 0..3 {
        server.kill();
        server.restart();
        counter.get(LIST, &opened.token).await.is(200);
        counter.open(&mut town.card("youssef"), "TREAT").await.is(201);
    }
}
