//! Sessions, audit appends, decisions: each by itself.

use std::time::{Duration, Instant};

use anyhow::Result;
use bawaba_tests::harness::Harness;
use bawaba_tests::postgres::Postgres;
use gateway::audit::{Audit, AuditEvent, EventKind, Outcome};
use gateway::clock::{Clock, SystemClock};
use gateway::store::{Store, StorePlace};

use crate::load::Cell;
use crate::process::cpu_seconds;

/// The whole counter flow, PACE and chip included, by eight counters at once.
pub(crate) async fn sessions(seconds: f64) -> Result<()> {
    let town = Harness::new().limit("requests_per_second", 10_000_000).start_as_program_on_core(0).await;
    println!("\nSessions, whole counter flow with simulated chips (PACE, reading, proof), 8 counters");
    println!(
        "{:<22} {:>11} {:>9} {:>9} {:>19} {:>22}",
        "chip", "sessions/s", "p50 ms", "p99 ms", "gateway CPU ms each", "server side /s/core"
    );
    for (card, chip) in [("amina", "Chip Authentication"), ("youssef", "Active Authentication")] {
        let before = cpu_seconds(town.program_id());
        let start = Instant::now();
        let end = start + Duration::from_secs_f64(seconds);
        let workers = (0..8).map(|_| async {
            let counter = town.counter("pharmacy-1");
            let mut card = town.card(card);
            let mut times = Vec::new();
            while Instant::now() < end {
                let asked = Instant::now();
                counter.open(&mut card, "TREAT").await.is(201);
                times.push(asked.elapsed());
            }
            times
        });
        let times = futures_util::future::join_all(workers).await.concat();
        let cell = Cell::of(times, start.elapsed());
        let each = (cpu_seconds(town.program_id()) - before) * 1_000.0 / cell.count.max(1) as f64;
        println!(
            "{chip:<22} {:>11.0} {:>9.1} {:>9.1} {each:>19.2} {:>22.0}",
            cell.rate,
            cell.p50.as_secs_f64() * 1e3,
            cell.p99.as_secs_f64() * 1e3,
            1_000.0 / each
        );
    }
    Ok(())
}

/// Durable appends by many who wait, one commit for all that wait at the same time; on PostgreSQL also by three nodes
/// that write one log.
pub(crate) async fn audit(seconds: f64) -> Result<()> {
    println!("\nAudit events, durable");
    println!("{:<36} {:>9} {:>10} {:>9} {:>9}", "engine", "who wait", "events/s", "p50 µs", "p99 µs");
    for waiting in [1, 32, 512] {
        let folder = tempfile::tempdir()?;
        let store = Store::open(&StorePlace::Sqlite(folder.path().join("bawaba.db"))).await?;
        appends("SQLite, synchronous=FULL", &[store], waiting, seconds).await?;
    }
    let server = Postgres::start();
    server.migrate().await;
    let place = StorePlace::Postgres(server.place());
    let stores = [Store::open(&place).await?, Store::open(&place).await?, Store::open(&place).await?];
    for waiting in [1, 32, 512] {
        appends("PostgreSQL, synchronous_commit=on", &stores[..1], waiting, seconds).await?;
    }
    appends("PostgreSQL, three nodes, one log", &stores, 512, seconds).await
}

async fn appends(engine: &str, stores: &[Store], waiting: usize, seconds: f64) -> Result<()> {
    let audits: Vec<Audit> = stores.iter().map(|store| Audit::start(store.audit())).collect();
    let start = Instant::now();
    let end = start + Duration::from_secs_f64(seconds);
    let workers = audits.iter().cycle().take(waiting).map(|audit| {
        let audit = audit.clone();
        tokio::spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let asked = Instant::now();
                if audit.record(event()).await.is_ok() {
                    times.push(asked.elapsed());
                }
            }
            times
        })
    });
    let mut times = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        times.extend(worker.await?);
    }
    let cell = Cell::of(times, start.elapsed());
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let (p50, p99) = (micros(cell.p50), micros(cell.p99));
    println!("{engine:<36} {waiting:>9} {:>10.0} {p50:>9.0} {p99:>9.0}", cell.rate);
    Ok(())
}

fn event() -> AuditEvent {
    let mut event = AuditEvent::new(EventKind::Access, Outcome::Permit, "permitted", SystemClock.now());
    event.client = Some("pharmacy-1".to_owned());
    event.service = Some("prescription".to_owned());
    event.resource_type = Some("MedicationRequest".to_owned());
    event.subject = Some("0123456789abcdef0123456789abcdef".to_owned());
    event
}
