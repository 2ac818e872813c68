//! Who may speak on the API port? Certificates, their revocation, and what is open to anyone.

use bawaba_tests::harness::Harness;
use bawaba_tests::raw::{Wire, client_config};

#[tokio::test]
async fn without_a_certificate_nothing_is_answered() {
    let town = Harness::healthy().await;
    assert!(!town.counter_with(None).is_heard("/v1/sessions/none").await);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let town = Harness::healthy().await;
    let stranger = bawaba_tests::papers::self_signed_client("pharmacy-1");
    assert!(!town.counter_with(Some(&stranger)).is_heard("/v1/sessions/none").await);
}

#[tokio::test]
async fn a_genuine_certificate_of_nobody_in_the_register_is_refused_and_recorded() {
    let town = Harness::healthy().await;
    let nobody = town.issue_client("pharmacy-999");
    let before = town.event_count().await;
    let answer = town.counter_with(Some(&nobody)).present(&town.card("amina").transcript()).await;
    answer.is_problem(403, "client-unknown");
    assert_eq!(town.event_after(before, "client-unknown").await["outcome"], "refused");
}

#[tokio::test]
async fn a_client_revoked_since_its_last_connection_is_refused_even_when_it_resumes() {
    let town = Harness::healthy().await;
    let config =
        client_config(&town.files.ca_certificate(), Some(&town.identity("pharmacy-2")), &["http/1.1"]);
    let request = "GET /v1/sessions/none HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut open = Wire::connect(town.api, &config).await.expect("a connection");
    assert_eq!(open.ask(request).await.status, 404);
    town.revoke("pharmacy-2").await;

    let before = town.event_count().await;
    let mut kept = open.ask(request).await;
    assert!(kept.status == 0 || kept.code().as_deref() == Some("client-revoked"), "kept alive: {kept:?}");
    let mut resumed = Wire::connect(town.api, &config).await;
    if let Ok(wire) = &mut resumed {
        kept = wire.ask(request).await;
        assert!(kept.status == 0 || kept.code().as_deref() == Some("client-revoked"), "resumed: {kept:?}");
    }
    let events = town.events_after(before).await;
    assert!(
        events.iter().any(|event| event["code"].as_str().is_some_and(|code| code.contains("revoked"))),
        "{events:#?}"
    );
    assert_eq!(
        town.counter("pharmacy-1").get("/v1/sessions/none", "x").await.status,
        404,
        "the others notice"
    );
}

#[tokio::test]
async fn with_a_revocation_list_too_old_to_know_nobody_is_let_in_and_the_gateway_is_at_fault() {
    let town = Harness::healthy().await;
    town.clock.advance(time::Duration::days(4_000));
    let before = town.event_count().await;
    let answer = town.counter("pharmacy-1").get("/v1/sessions/none", "x").await;
    answer.is_problem(503, "trust-unavailable");
    assert_eq!(answer.json["party"], "gateway");
    assert_eq!(town.event_after(before, "client-crl-stale").await["outcome"], "error");
    assert_eq!(town.public("/readyz").await.json["checks"]["trust"], "client-crl-stale");
}

#[tokio::test]
async fn tls_13_with_post_quantum_key_exchange_is_what_both_sides_agree_on() {
    let town = Harness::healthy().await;
    let config = client_config(&town.files.ca_certificate(), Some(&town.identity("pharmacy-1")), &["h2"]);
    let wire = Wire::connect(town.api, &config).await.expect("a connection");
    assert_eq!(wire.protocol(), Some(rustls::ProtocolVersion::TLSv1_3));
    assert_eq!(wire.key_exchange(), Some(rustls::NamedGroup::X25519MLKEM768));
}

#[tokio::test]
async fn health_keys_and_metadata_are_open_to_anyone() {
    let town = Harness::healthy().await;
    for path in ["/livez", "/readyz", "/metrics"] {
        town.public(path).await.is(200);
    }
    let metadata = town.public("/.well-known/oauth-authorization-server").await;
    metadata.is(200);
    let keys = town.public("/.well-known/jwks.json").await;
    assert!(keys.json["keys"].as_array().is_some_and(|keys| keys.iter().all(|key| key["d"].is_null())));
    assert!(metadata.json["jwks_uri"].as_str().is_some_and(|uri| uri.ends_with("/.well-known/jwks.json")));
    for path in ["/dossier/Patient", "/v1/sessions/x"] {
        assert_eq!(town.public(path).await.status, 401, "{path} is served without a certificate or a proof");
    }
    assert_eq!(town.public("/v1/authorize").await.status, 404, "proxies have a certificate");
}

#[tokio::test]
async fn plain_http_is_sent_to_https_but_for_health() {
    let town = Harness::healthy().await;
    let ask = async |path: &str| {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut tcp = tokio::net::TcpStream::connect(town.public_port).await.expect("a listener");
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        tcp.write_all(request.as_bytes()).await.expect("a listener");
        let mut answer = String::new();
        let _ = tcp.read_to_string(&mut answer).await;
        answer
    };
    assert!(ask("/livez").await.starts_with("HTTP/1.1 200"));
    let sent = ask("/.well-known/jwks.json").await;
    assert!(
        sent.starts_with("HTTP/1.1 308") && sent.to_ascii_lowercase().contains("location: https://"),
        "{sent}"
    );
}
