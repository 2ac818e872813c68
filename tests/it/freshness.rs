//! How old may the revocation list be, and does the gateway say whose fault it is? Lists by file and by HTTP.

use bawaba_tests::harness::{Harness, Plan};
use bawaba_tests::list_server::{ListServer, Says};
use bawaba_tests::program::{bawaba, run};
use gateway::config::Config;
use gateway::trust::Trust;
use time::{Duration, OffsetDateTime};
use toml::Value;

/// A list of the kingdom's country signer that names nobody.
fn list(town: &Harness, from: OffsetDateTime, until: OffsetDateTime) -> Vec<u8> {
    town.country_signer().issue_crl(&[], from, until).expect("a list")
}

/// Waits until the gateway's newest list is the one of that day.
async fn taken(town: &Harness, next_update: OffsetDateTime) {
    let next_update = next_update.replace_nanosecond(0).expect("a second");
    let there = async || {
        let lists = town.trust_store().revocation_lists(town.now());
        lists.iter().any(|list| list.next_update == next_update)
    };
    assert!(town.eventually(there).await, "{:?}", town.trust_store().revocation_lists(town.now()));
}

async fn asked(town: &Harness, purpose: &str) -> (u16, String, serde_json::Value) {
    let before = town.event_count().await;
    let answer = town.counter("hospital-1").open(&mut town.card("amina"), purpose).await;
    let kind = if answer.status.is_success() { "session-opened" } else { "session-refused" };
    let event = town.event_of_kind_after(before, kind).await;
    (answer.status.as_u16(), answer.code().to_owned(), event)
}

#[tokio::test]
async fn an_overdue_list_stops_ordinary_sessions_and_lets_emergencies_pass_for_a_week() {
    let town = Harness::healthy().await;
    let now = town.now();
    let (from, until) = (now - Duration::minutes(30), now - Duration::minutes(10));
    std::fs::write(town.files.csca_crl(), list(&town, from, until)).expect("a writable folder");
    taken(&town, until).await;
    let (status, code, event) = asked(&town, "TREAT").await;
    assert_eq!((status, code.as_str()), (503, "trust-unavailable"));
    assert_eq!((&event["code"], &event["outcome"]), (&"revocation-overdue".into(), &"error".into()));
    assert_eq!(event["detail"], "revocation list 0 h old, 1 h overdue");
    let (status, _, event) = asked(&town, "ETREAT").await;
    assert_eq!(status, 201);
    assert_eq!(event["detail"], "revocation list 0 h old, 1 h overdue", "an auditor sees what it rested on");
    town.clock.advance(Duration::days(8));
    let (status, code, event) = asked(&town, "ETREAT").await;
    assert_eq!((status, code.as_str()), (503, "trust-unavailable"));
    assert_eq!(event["code"], "revocation-long-overdue");
    let metrics = metrics_of(&town).await;
    assert!(metrics.contains("bawaba_csca_list_overdue_seconds{country=\"MA\""), "{metrics}");
}

#[tokio::test]
async fn without_any_list_nobody_gets_a_session_and_the_card_is_not_to_blame() {
    let town = without_own_list().start().await;
    for purpose in ["TREAT", "ETREAT"] {
        let (status, code, event) = asked(&town, purpose).await;
        assert_eq!((status, code.as_str()), (503, "trust-unavailable"), "{purpose}");
        assert_eq!(event["code"], "revocation-unknown", "{purpose}");
    }
}

fn without_own_list() -> Plan {
    Harness::new().configured(|config, _| config["trust"]["crl"] = Value::Array(Vec::new()))
}

/// One server, and everything it may do to us; the gateway goes on with the list it has.
#[tokio::test]
async fn whatever_a_server_of_lists_does_the_list_in_use_stays_and_the_reason_has_a_name() {
    let server = ListServer::start(Says::Status(503)).await;
    let url = server.url();
    let fetching = url.clone();
    let town = without_own_list()
        .configured(move |config, _| {
            let mut fetch = toml::Table::new();
            fetch.insert("sources".to_owned(), Value::Array(vec![fetching.clone().into()]));
            fetch.insert("period_secs".to_owned(), 1.into());
            fetch.insert("timeout_secs".to_owned(), 2.into());
            config["trust"].as_table_mut().expect("a table").insert("fetch".to_owned(), fetch.into());
        })
        .start()
        .await;
    let failed = async |code: &str| {
        let known = || town.app().trust.fetched().first().and_then(|state| state.failure.clone());
        let there = async || known().is_some_and(|failed| failed.code == code);
        assert!(town.eventually(there).await, "{code}: {:?}", town.app().trust.fetched());
    };
    failed("fetch-status").await;
    assert_eq!(asked(&town, "TREAT").await.0, 503);

    let (now, day) = (town.now(), Duration::DAY);
    let good = list(&town, now - Duration::HOUR, now + day);
    server.say(Says::List(good.clone()));
    taken(&town, now + day).await;
    assert_eq!(asked(&town, "TREAT").await.0, 201);
    assert!(
        town.eventually(async || server.heard("not-modified") > 1).await,
        "it asks for what changed only"
    );
    assert_eq!(town.app().trust.fetched()[0].failure, None);

    let stranger = bawaba_tests::papers::Country::new("MA", -day..day * 365);
    let revoking = town.country_signer();
    let delta = pki::issuing::CrlOptions {
        this_update: now,
        next_update: Some(now + day),
        number: None,
        extension: Some(("2.5.29.27", true, vec![2, 1, 1])),
    };
    for (says, code) in [
        (Says::Endless, "fetch-too-large"),
        (Says::Huge, "fetch-too-large"),
        (Says::Slow(good.clone()), "fetch-timeout"),
        (Says::Lies(good.clone()), "fetch-truncated"),
        (Says::Redirects(url.clone()), "fetch-redirected"),
        (Says::Garbage, "fetch-empty"),
        (Says::List(vec![0x30; 400]), "malformed"),
        (Says::List(good[..good.len() / 2].to_vec()), "malformed"),
        (Says::List(stranger.crl()), "crl-untrusted"),
        (Says::List(list(&town, now - day, now + day)), "crl-rolled-back"),
        (Says::List(list(&town, now + Duration::HOUR, now + day)), "crl-from-the-future"),
        (Says::List(revoking.issue_crl_with(&[], &delta).expect("a list")), "crl-delta"),
    ] {
        server.say(says);
        failed(code).await;
        assert_eq!(asked(&town, "TREAT").await.0, 201, "{code}");
    }
    let metrics = metrics_of(&town).await;
    assert!(metrics.contains("outcome=\"crl-rolled-back\""), "{metrics}");

    // An operator sees the same without asking the gateway.
    let (_, shown) = said(&["pki", "crl"], &town);
    assert_eq!(shown["lists"][0]["standing"], "fresh", "{shown}");
    assert_eq!(shown["sources"][0]["failure"]["code"], "crl-delta", "{shown}");
    assert!(shown["sources"][0]["succeeded_at"].is_string(), "{shown}");
    let (_, diagnosis) = said(&["doctor"], &town);
    let finding =
        |check| diagnosis["findings"].as_array().into_iter().flatten().find(move |one| one["check"] == check);
    let source = finding("revocation-list-source").expect("a finding");
    assert!(source["detail"].as_str().is_some_and(|detail| detail.contains("crl-delta")), "{source}");

    // A restart with the server away begins with what was kept.
    drop(server);
    let config = Config::load(&town.files.config()).expect("a configuration");
    let again = Trust::load(&config.trust, &config.tls, town.clock.clone()).expect("trust");
    assert_eq!(again.documents().revocation_lists(town.now()).len(), 1);
}

#[tokio::test]
async fn a_signer_that_is_revoked_while_its_card_waits_opens_no_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let incoming = folder.path().to_owned();
    let town = Harness::new()
        .configured(move |config, _| {
            let mut fetch = toml::Table::new();
            fetch.insert("sources".to_owned(), Value::Array(vec![incoming.display().to_string().into()]));
            config["trust"].as_table_mut().expect("a table").insert("fetch".to_owned(), fetch.into());
        })
        .start()
        .await;
    let counter = town.counter("pharmacy-1");
    let mut card = town.card("amina");
    let answered = counter.challenge(&mut card).await.expect("a challenge");
    let serials = signers(&town);
    let serials: Vec<&[u8]> = serials.iter().map(Vec::as_slice).collect();
    let (from, until) = (town.now() - Duration::minutes(5), town.now() + Duration::DAY);
    let list = town.country_signer().issue_crl(&serials, from, until).expect("a list");
    std::fs::write(folder.path().join("morocco.crl"), list).expect("a writable folder");
    taken(&town, until).await;
    let before = town.event_count().await;
    let told = counter.prove(&answered.presence, &answered.responses, "TREAT").await;
    told.is_problem(422, "card-refused");
    assert_eq!(town.event_of_kind_after(before, "session-refused").await["code"], "signer-revoked");
}

/// The serial numbers of all document signers of the kingdom.
fn signers(town: &Harness) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let text = std::fs::read_to_string(town.files.csca_keys()).expect("the signers");
    let keys: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    ["documents", "revoked"]
        .map(|name| {
            let text = keys[name]["certificate"].as_str().expect("a text");
            let der = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
            pki::UntrustedCertificate::from_der(&der).expect("a certificate").serial().to_vec()
        })
        .into()
}

/// What a command says of this gateway as JSON, and how it ends.
fn said(words: &[&str], town: &Harness) -> (i32, serde_json::Value) {
    let config = town.files.config();
    let all = [words, &["--json", "--config", config.to_str().expect("UTF-8")]].concat();
    let output = run(&mut bawaba(&all), std::time::Duration::from_secs(30));
    let json = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().unwrap_or(-1), json)
}

async fn metrics_of(town: &Harness) -> String {
    town.app().metrics.csca_lists(&town.trust_store().revocation_lists(town.now()), town.now());
    town.app().metrics.encode()
}
