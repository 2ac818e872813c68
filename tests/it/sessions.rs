//! `GET` and `DELETE /v1/sessions/{id}`: one's own, and nobody else's.

use bawaba_tests::harness::{Harness, Opened};
use reqwest::Method;

fn path(opened: &Opened) -> String {
    format!("/v1/sessions/{}", opened.json["session"]["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn a_counter_sees_its_session() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let seen = town.counter("pharmacy-1").get(&path(&opened), &opened.token).await;
    seen.is(200);
    assert_eq!(seen.json["id"], opened.json["session"]["id"]);
    assert_eq!(seen.json["subject"], opened.json["session"]["subject"]);
}

#[tokio::test]
async fn a_session_says_what_the_counter_needs_and_no_more() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let session = &opened.json["session"];
    for name in ["id", "subject", "acr", "purpose", "expires_at", "coverage"] {
        assert!(!session[name].is_null(), "{name} is missing in {session}");
    }
    let text = opened.json.to_string();
    for secret in ["ZZ104217", "990000000101", "204417", "X10A4217Q"] {
        assert!(!text.contains(secret), "the answer gives {secret} away");
    }
}

#[tokio::test]
async fn nobody_ends_or_sees_anothers_session() {
    let town = Harness::healthy().await;
    let mine = town.session("amina", "pharmacy-1").await;
    let theirs = town.session("youssef", "pharmacy-2").await;
    let counter = town.counter("pharmacy-1");
    for method in [Method::GET, Method::DELETE] {
        let before = town.event_count().await;
        let answer = counter.ask(method, &path(&theirs), Some(&mine.token), None).await;
        answer.is_problem(404, "session-unknown");
        assert_eq!(town.event_after(before, "session-unknown").await["client"], "pharmacy-1");
    }
    town.counter("pharmacy-2").get("/prescription/MedicationRequest", &theirs.token).await.is(200);
}

#[tokio::test]
async fn an_ended_session_stays_ended_after_a_restart() {
    let mut town = Harness::new().start_as_program().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    let ended = counter.ask(Method::DELETE, &path(&opened), Some(&opened.token), None).await;
    assert!(ended.status.is_success(), "{}", ended.json);
    town.kill();
    town.restart().await;
    let answer = town.counter("pharmacy-1").get("/prescription/MedicationRequest", &opened.token).await;
    answer.is_problem(401, "session-ended");
    assert_eq!(town.event_after(0, "session-ended").await["client"], "pharmacy-1");
}

#[tokio::test]
async fn a_running_request_is_finished_before_the_gateway_stops() {
    let mut town = Harness::new().start_as_program().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    // The back-end has our keys from here on.
    counter.get("/prescription/MedicationRequest", &opened.token).await.is(200);
    let requests: Vec<_> = (0..20)
        .map(|_| {
            let (counter, token) = (counter.clone(), opened.token.clone());
            tokio::spawn(async move { counter.try_get("/prescription/MedicationRequest", &token).await })
        })
        .collect();
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    town.terminate();
    for request in requests {
        if let Some(answer) = request.await.expect("no panic") {
            answer.is(200);
        }
    }
    assert!(town.stopped_with_success().await, "SIGTERM is an orderly end");
}
