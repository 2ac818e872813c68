//! Too much, too slow, too strange: bounded, and the others do not notice.

use std::time::{Duration, Instant};

use bawaba_tests::harness::Harness;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The others: a session opened and used while something goes on.
async fn others_are_served(town: &Harness) {
    let whole = async {
        let opened = town.session("youssef", "pharmacy-2").await;
        town.counter("pharmacy-2").get("/prescription/MedicationRequest", &opened.token).await.is(200);
    };
    tokio::time::timeout(Duration::from_secs(20), whole).await.expect("the others wait");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_early_and_recorded() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let before = town.event_count().await;
    let head = |path: &str, length: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{length}\r\n\
             Authorization: Bearer {}\r\n\r\n",
            opened.token
        )
    };
    let announced = head("/v1/presences", "Content-Length: 1000000000");
    let answer = town.wire("pharmacy-1").await.ask(&announced).await;
    assert_eq!((answer.status, answer.code().as_deref()), (413, Some("body-too-large")), "{answer:?}");
    assert_eq!(town.event_after(before, "body-too-large").await["outcome"], "refused");

    let before = town.event_count().await;
    let mut wire = town.wire("pharmacy-1").await;
    wire.send(head("/v1/presences", "Transfer-Encoding: chunked").as_bytes()).await.expect("a listener");
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    let mut sent = 0;
    while sent < 2_000 && wire.send(chunk.as_bytes()).await.is_ok() {
        sent += 1;
    }
    assert!(sent < 2_000, "it took {} MiB of a body that never ends", sent / 16);
    assert_eq!(town.event_after(before, "body-too-large").await["outcome"], "refused");
    others_are_served(&town).await;
}

#[tokio::test]
async fn a_header_bomb_is_refused() {
    let town = Harness::healthy().await;
    let many: String = (0..5_000).map(|number| format!("X-Bomb-{number}: {number}\r\n")).collect();
    let long = format!("X-Bomb: {}\r\n", "a".repeat(1 << 20));
    let target = format!("/prescription/MedicationRequest?{}", "a=b&".repeat(20_000));
    let host = "Host: localhost\r\n";
    for request in [
        format!("GET /prescription/MedicationRequest HTTP/1.1\r\n{host}{many}\r\n"),
        format!("GET /prescription/MedicationRequest HTTP/1.1\r\n{host}{long}\r\n"),
        format!("GET {target} HTTP/1.1\r\n{host}\r\n"),
    ] {
        let answer = town.wire("pharmacy-1").await.ask(&request).await;
        assert!(matches!(answer.status, 0 | 400 | 414 | 431), "{answer:?}");
    }
    others_are_served(&town).await;
}

#[tokio::test]
async fn a_slow_loris_is_cut_off() {
    let town = Harness::healthy().await;
    let start = Instant::now();
    let mut wire = town.wire("pharmacy-1").await;
    wire.send(b"GET /prescription/MedicationRequest HTTP/1.1\r\nHost: localhost\r\n")
        .await
        .expect("a listener");
    let mut alive = true;
    while alive && start.elapsed() < Duration::from_secs(60) {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // A reset shows one write late.
        alive = wire.send(b"X-A: b\r\n").await.is_ok();
    }
    assert!(!alive, "one header line at a time keeps a connection for a minute");
    others_are_served(&town).await;
}

#[tokio::test]
async fn a_body_that_stalls_is_cut_off_and_recorded() {
    let town = Harness::healthy().await;
    let before = town.event_count().await;
    let mut wire = town.wire("pharmacy-1").await;
    let head = "POST /v1/presences HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
    let answer = wire.ask(head).await;
    assert_eq!((answer.status, answer.code().as_deref()), (408, Some("request-timeout")), "{answer:?}");
    assert_eq!(town.event_after(before, "request-timeout").await["outcome"], "refused");
    others_are_served(&town).await;
}

#[tokio::test]
async fn a_half_closed_connection_is_answered_or_closed_but_never_kept() {
    let town = Harness::healthy().await;
    let mut wire = town.wire("pharmacy-1").await;
    wire.send(b"GET /prescription/MedicationRequest HTTP/1.1\r\nHost: localhost\r\n")
        .await
        .expect("a listener");
    wire.half_close().await.expect("a listener");
    let answer = tokio::time::timeout(Duration::from_secs(20), wire.answer()).await.expect("an end");
    assert!(matches!(answer.status, 0 | 400..=499), "{answer:?}");
    others_are_served(&town).await;
}

#[tokio::test]
async fn garbage_instead_of_tls_is_hung_up_on() {
    let town = Harness::healthy().await;
    let mut noise = 0x2545_f491_u32;
    for length in [1, 5, 300, 20_000] {
        let garbage: Vec<u8> = std::iter::repeat_with(|| {
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            noise as u8
        })
        .take(length)
        .collect();
        let mut tcp = TcpStream::connect(town.api).await.expect("a listener");
        let _ = tcp.write_all(&garbage).await;
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(30), tcp.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{length} octets of noise keep a connection");
        assert!(!rest.starts_with(b"HTTP"), "it spoke HTTP without TLS");
    }
    let mut plain = TcpStream::connect(town.api).await.expect("a listener");
    let _ = plain.write_all(b"GET /v1/presences HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let mut rest = Vec::new();
    let _ =
        tokio::time::timeout(Duration::from_secs(30), plain.read_to_end(&mut rest)).await.expect("an end");
    assert!(!rest.starts_with(b"HTTP/1.1 2"), "the API answered without TLS");
    others_are_served(&town).await;
}

#[tokio::test]
async fn ten_thousand_idle_connections_do_not_keep_the_others_out() {
    let mut town = Harness::new().start_as_program().await;
    let mut idle = Vec::new();
    for _ in 0..10_000 {
        match TcpStream::connect(town.api).await {
            Ok(connection) => idle.push(connection),
            // This process may not open so many: said, not hidden.
            Err(error) => {
                println!("only {} idle connections: {error}", idle.len());
                break;
            }
        }
    }
    assert!(idle.len() >= 900, "not enough descriptors to say anything: {}", idle.len());
    // The first to come are cut off at the handshake deadline, which makes room for whoever means it.
    let served =
        town.eventually(async || town.counter("pharmacy-2").is_heard("/v1/sessions/none").await).await;
    assert!(served, "idle connections keep everyone out");
    drop(idle);
    others_are_served(&town).await;
    town.kill();
}

#[tokio::test]
async fn a_client_that_asks_too_often_is_slowed_down_alone() {
    let town = Harness::new().limit("requests_per_second", 20).limit("requests_burst", 20).start().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let before = town.event_count().await;
    let counter = town.counter("pharmacy-1");
    let burst = (0..100).map(|_| counter.get("/prescription/MedicationRequest", &opened.token));
    let answers = futures_util::future::join_all(burst).await;
    let limited: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(!limited.is_empty(), "a hundred at once and no limit");
    assert!(
        limited
            .iter()
            .all(|answer| answer.code() == "rate-limited" && !answer.header("retry-after").is_empty())
    );
    assert_eq!(town.event_after(before, "rate-limited").await["client"], "pharmacy-1");
    others_are_served(&town).await;
}
