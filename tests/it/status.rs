//! A back-end that asks nobody learns from the status lists which sessions ended early: from any node, by any library.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bawaba_tests::back_end::Manner;
use bawaba_tests::counter::Counter;
use bawaba_tests::harness::{Harness, Opened};
use bawaba_tests::program::{self, Running};
use gateway::clock::{Clock as _, SystemClock};
use gateway::withdrawal::Withdrawn;
use reqwest::Method;
use serde_json::{Value, json};

/// Somebody else's library: PyJWT checks the list (draft §8.3), zlib and two operators read the place.
const FOREIGN: &str = r#"
import base64, json, sys, zlib, jwt
told = json.load(sys.stdin)
def unpadded(text): return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
header = jwt.get_unverified_header(told["list"])
assert header["typ"] == "statuslist+jwt", header
key = jwt.PyJWKSet.from_dict(told["jwks"])
key = next(one.key for one in key.keys if one.key_id == header["kid"])
claims = jwt.decode(told["list"], key, algorithms=["ES256"], leeway=90, options={"require": ["sub", "iat", "exp"]})
assert claims["sub"] == told["uri"], claims
assert 0 < claims["ttl"] <= 60, claims
bits = zlib.decompress(unpadded(claims["status_list"]["lst"]))
assert claims["status_list"]["bits"] == 1 and len(bits) * 8 >= 100000, len(bits)
place = told["idx"]
print(json.dumps({"status": bits[place // 8] >> (place % 8) & 1, "withdrawn": sum(bin(octet).count("1") for octet in bits)}))
"#;

/// The place that a token names.
fn place(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice::<Value>(&payload).expect("JSON")["status"]["status_list"].clone()
}

/// The list of that place, as this node publishes it.
async fn list(town: &Harness, place: &Value) -> reqwest::Response {
    let uri = place["uri"].as_str().expect("a place");
    let path = uri.rsplit_once("/status/").expect("the path of a list").1;
    get(town, &format!("/status/{path}")).await
}

async fn get(town: &Harness, path: &str) -> reqwest::Response {
    Counter::new(town.public_port, &town.files.ca_certificate(), None).stream(path, "nobody").await
}

/// What PyJWT and zlib make of the list of that place: the status there, and how many are withdrawn in all.
async fn judged(town: &Harness, place: &Value) -> (u64, u64) {
    let list = list(town, place).await;
    assert_eq!(list.status(), 200);
    assert_eq!(list.headers()["content-type"], "application/statuslist+jwt");
    let list = list.text().await.expect("a text");
    assert!(list.len() < 4_096, "{} octets for a handful of sessions", list.len());
    let jwks = town.public("/.well-known/jwks.json").await.json;
    let told = json!({ "list": list, "jwks": jwks, "uri": place["uri"], "idx": place["idx"] });
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", FOREIGN]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = python.spawn().expect("python3");
    child.stdin.take().expect("a pipe").write_all(told.to_string().as_bytes()).expect("a reader");
    let done = Running::over(child).finish(Duration::from_secs(60));
    assert!(done.status.success(), "{}", program::text(&done.stderr));
    let said: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    (said["status"].as_u64().expect("a status"), said["withdrawn"].as_u64().expect("a number"))
}

/// Whether this node says within a while that the session of that place was withdrawn.
async fn is_withdrawn(town: &Harness, place: &Value) -> bool {
    town.eventually(async || judged(town, place).await.0 == 1).await
}

fn id(opened: &Opened) -> &str {
    opened.json["session"]["id"].as_str().expect("an id")
}

#[tokio::test]
async fn an_ended_session_is_in_the_list_of_every_node_and_no_other_session_is() {
    let here = Harness::new().back_end("prescription", Manner::Answers).start().await;
    let there = here.beside().await;
    let (ended, other) =
        (here.session("amina", "pharmacy-1").await, there.session("amina", "pharmacy-1").await);
    let (its, others) = (place(&ended.token), place(&other.token));
    assert_ne!(its, others, "two nodes never give the same place");
    for town in [&here, &there] {
        assert_eq!(judged(town, &its).await, (0, 0));
    }
    // What comes of a session names the same place.
    here.counter("pharmacy-1").get("/prescription/MedicationRequest", &ended.token).await.is(200);
    let heard = here.heard("prescription").join("\n");
    let lines = heard.lines().find_map(|line| line.split_once("earer ")).expect("a token").1.to_owned();
    assert_eq!(place(lines.trim()), its);

    let path = format!("/v1/sessions/{}", id(&ended));
    here.counter("pharmacy-1").ask(Method::DELETE, &path, Some(&ended.token), None).await.is(204);
    for town in [&here, &there] {
        assert!(is_withdrawn(town, &its).await);
        assert_eq!(judged(town, &its).await, (1, 1));
        assert_eq!(judged(town, &others).await.0, 0);
    }
}

#[tokio::test]
async fn sessions_of_a_card_a_client_or_a_patient_are_marked_though_their_node_was_killed() {
    let mut here = Harness::new().start_as_program().await;
    let there = here.beside().await;
    let opened = [
        here.session("amina", "pharmacy-1").await,
        here.session("youssef", "pharmacy-1").await,
        here.session("youssef", "pharmacy-2").await,
        here.session("amina", "clinic-1").await,
    ];
    let places: Vec<Value> = opened.iter().map(|one| place(&one.token)).collect();
    here.kill();
    let (app, at) = (there.app(), there.now());
    let subject = |of: &Opened| of.json["session"]["subject"].as_str().expect("a subject").to_owned();
    let withdraw = async |what| {
        let expires_at = at + time::Duration::minutes(20);
        let done = app.withdrawals.withdraw(what, "ended-by-operator", expires_at, there.now()).await;
        done.expect("a database");
    };
    let withdrawn = async || {
        let mut all = Vec::new();
        for place in &places {
            all.push(judged(&there, place).await.0);
        }
        all
    };
    assert_eq!(withdrawn().await, [0, 0, 0, 0]);
    // The program's clock is the machine's, and has run on; PyJWT's is the machine's too.
    there.clock.set(SystemClock.now());
    withdraw(Withdrawn::Client("pharmacy-2".to_owned())).await;
    assert!(is_withdrawn(&there, &places[2]).await);
    assert_eq!(withdrawn().await, [0, 0, 1, 0]);
    let establishment = "pharmacy-1".to_owned();
    withdraw(Withdrawn::Consent { subject: subject(&opened[0]), establishment }).await;
    assert!(is_withdrawn(&there, &places[0]).await);
    assert_eq!(withdrawn().await, [1, 0, 1, 0]);
    withdraw(Withdrawn::Patient(subject(&opened[1]))).await;
    assert!(is_withdrawn(&there, &places[1]).await);
    let events = there.events().await;
    let event = events.iter().find(|event| event["session"] == opened[3].json["session"]["id"]);
    let card = event.expect("an event")["card"].as_str().expect("the card's name").to_owned();
    withdraw(Withdrawn::Card(card)).await;
    assert!(is_withdrawn(&there, &places[3]).await);
}

#[tokio::test]
async fn a_list_is_kept_by_caches_and_asked_for_again_cheaply() {
    let town = Harness::healthy().await;
    let there = town.beside().await;
    let place = place(&town.session("amina", "pharmacy-1").await.token);
    let first = list(&town, &place).await;
    let tag = first.headers()["etag"].clone();
    assert_eq!(first.headers()["cache-control"], "public, max-age=10, must-revalidate");
    assert_eq!(list(&there, &place).await.headers()["etag"], tag, "both nodes say the same");
    let ask = format!(
        "GET /status/0 HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: {}\r\n\r\n",
        tag.to_str().unwrap()
    );
    let config = bawaba_tests::raw::client_config(&town.files.ca_certificate(), None, &["http/1.1"]);
    let mut wire = bawaba_tests::raw::Wire::connect(town.public_port, &config).await.expect("a connection");
    assert_eq!(wire.ask(&ask).await.status, 304);
    // Its date is renewed long before it is worth nothing.
    town.clock.advance(time::Duration::seconds(61));
    let later = list(&town, &place).await;
    assert_ne!(later.headers()["etag"], tag);
    let all = town.public("/status").await;
    assert_eq!(all.json["status_lists"], json!([place["uri"]]), "{}", all.json);
    let metadata = town.public("/.well-known/oauth-authorization-server").await.json;
    let endpoint = metadata["status_list_aggregation_endpoint"].as_str().unwrap_or_default();
    assert!(endpoint.ends_with("/status"), "{metadata}");
}

#[tokio::test]
async fn a_list_that_nobody_began_is_not_there() {
    let town = Harness::healthy().await;
    for path in ["/status/1", "/status/4294967295", "/status/4294967296", "/status/-1", "/status/x"] {
        town.public(path).await.is_problem(404, "not-found");
    }
}
