//! Requests: the same back-end directly, through the gateway, and through HAProxy.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use bawaba_tests::back_end::Manner;
use bawaba_tests::harness::Harness;
use bawaba_tests::papers::claims_of;
use bawaba_tests::raw::client_config;

use crate::load::{Cell, Load};
use crate::peers::{Haproxy, Setup};
use crate::process::{cpu_seconds, median};

struct Row {
    name: &'static str,
    load: Load,
    pid: Option<u32>,
    cells: Vec<(Cell, f64)>,
}

/// Prints the table of requests.
pub(crate) async fn table(seconds: f64) -> Result<()> {
    let town = Harness::new()
        .limit("requests_per_second", 10_000_000)
        .back_end("prescription", Manner::Answers)
        .start_as_program_on_core(0)
        .await;
    let opened = town.session("amina", "pharmacy-1").await;
    let ca = town.files.ca_certificate();
    let tls = client_config(&ca, Some(&town.identity("pharmacy-1")), &["http/1.1"]);
    let request = |path: &str| {
        let text = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
            opened.token
        );
        text.into()
    };
    let back_end = town.back_end("prescription");
    let folder = tempfile::tempdir()?;
    let issuer = claims_of(&opened.token)["iss"].as_str().unwrap_or_default().to_owned();
    let haproxy = Haproxy::start(&Setup {
        folder: folder.path(),
        server: (&town.files.server_certificate(), &town.files.server_key()),
        ca: &ca,
        token_key: &town.token_key_pem(),
        issuer: &issuer,
        back_end_port: back_end.port(),
    })?;
    let mut rows = vec![
        Row {
            name: "back-end, directly",
            load: load(back_end.port(), &tls, request("/MedicationRequest")),
            pid: None,
            cells: vec![],
        },
        Row {
            name: "Bawaba: mTLS, token, policy, durable audit",
            load: Load {
                address: town.api,
                tls: tls.clone(),
                request: request("/prescription/MedicationRequest"),
            },
            pid: Some(town.program_id()),
            cells: vec![],
        },
    ];
    match &haproxy {
        Some(haproxy) => rows.push(Row {
            name: "HAProxy: mTLS, jwt_verify, no policy, no log",
            load: load(haproxy.port, &tls, request("/prescription/MedicationRequest")),
            pid: Some(haproxy.id()),
            cells: vec![],
        }),
        None => println!("(HAProxy is not installed: no row for it)"),
    }
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    println!(
        "(Directly means: without any process in between. Load and back-end share one thread, so nobody has to be woken up.)"
    );
    for connections in [1, 32] {
        for row in &mut rows {
            row.cells.clear();
        }
        for _ in 0..3 {
            for row in &mut rows {
                let before = row.pid.map(cpu_seconds);
                let cell = row.load.run(connections, seconds).await?;
                let spent =
                    row.pid.map(cpu_seconds).zip(before).map_or(0.0, |(after, before)| after - before);
                row.cells.push((cell, spent));
            }
        }
        print(connections, &rows);
    }
    Ok(())
}

fn load(port: u16, tls: &std::sync::Arc<rustls::ClientConfig>, request: std::sync::Arc<str>) -> Load {
    Load { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), tls: tls.clone(), request }
}

fn print(connections: usize, rows: &[Row]) {
    println!("\nRequests, {connections} connection(s)");
    println!(
        "{:<46} {:>9} {:>8} {:>9} {:>9} {:>12}",
        "", "req/s", "of direct", "p50 µs", "p99 µs", "CPU-s/10k"
    );
    let middle = |row: &Row, of: fn(&(Cell, f64)) -> f64| median(row.cells.iter().map(of).collect());
    let direct = rows.first().map_or(1.0, |row| middle(row, |(cell, _)| cell.rate));
    for row in rows {
        let rate = middle(row, |(cell, _)| cell.rate);
        let cpu = row.pid.map(|_| middle(row, |(cell, spent)| spent * 10_000.0 / cell.count.max(1) as f64));
        println!(
            "{:<46} {rate:>9.0} {:>8.2} {:>9.0} {:>9.0} {:>12}",
            row.name,
            rate / direct,
            middle(row, |(cell, _)| cell.p50.as_secs_f64() * 1e6),
            middle(row, |(cell, _)| cell.p99.as_secs_f64() * 1e6),
            cpu.map_or("-".to_owned(), |cpu| format!("{cpu:.2}")),
        );
    }
}
