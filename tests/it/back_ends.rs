//! Back-ends that are down, slow or dying: named as the party at fault, and never half an answer that looks whole.

use bawaba_tests::back_end::Manner;
use bawaba_tests::harness::Harness;
use bawaba_tests::raw::Answer;

const LIST: &str = "/prescription/MedicationRequest";

async fn asked(town: &Harness) -> Answer {
    let token = town.session("amina", "pharmacy-1").await.token;
    let request = format!(
        "GET {LIST} HTTP/1.1\r\nHost: localhost\r\nAccept-Language: en\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    town.wire("pharmacy-1").await.ask(&request).await
}

/// The answer is this problem of the back-end, and the event has the same code.
async fn blamed(manner: Manner, status: u16, code: &str) {
    let town = Harness::new().back_end("prescription", manner).start().await;
    let answer = asked(&town).await;
    assert_eq!(
        (answer.status, answer.code().as_deref()),
        (status, Some(code)),
        "{manner:?}: {}",
        answer.text()
    );
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(problem["party"], "back-end", "{manner:?}");
    // The permit came first, and was on record; the failure is an event of its own.
    let event = town.event_after(0, code).await;
    assert_eq!((&event["kind"], &event["service"]), (&"access".into(), &"prescription".into()), "{manner:?}");
    assert_eq!(event["outcome"], "error", "{manner:?}: {event}");
}

#[tokio::test]
async fn a_back_end_that_is_down_is_a_502_that_names_it() {
    let town = Harness::new().absent_back_end("prescription").start().await;
    let answer = asked(&town).await;
    assert_eq!((answer.status, answer.code().as_deref()), (502, Some("back-end-unreachable")));
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(problem["party"], "back-end");
    assert_eq!(town.event_after(0, "back-end-unreachable").await["outcome"], "error");
}

#[tokio::test]
async fn a_back_end_that_hangs_up_is_a_502_that_names_it() {
    blamed(Manner::HangsUp, 502, "back-end-unreachable").await;
}

#[tokio::test]
async fn a_back_end_that_is_no_http_server_is_a_502_that_names_it() {
    blamed(Manner::Babbles, 502, "back-end-invalid").await;
}

#[tokio::test]
async fn a_back_end_that_never_answers_is_a_504_that_names_it() {
    blamed(Manner::Silent, 504, "back-end-timeout").await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_never_looks_whole() {
    for manner in [Manner::DiesMidBody, Manner::DiesMidChunk, Manner::StallsMidBody] {
        let town = Harness::new().back_end("prescription", manner).start().await;
        let answer = asked(&town).await;
        let honest = matches!(answer.status, 502 | 504) || !answer.complete;
        assert!(honest, "{manner:?} was passed on as if it were whole: {answer:?}");
    }
}

#[tokio::test]
async fn one_back_end_that_hangs_does_not_hold_up_the_others() {
    let town = Harness::new().back_end("dossier", Manner::Silent).start().await;
    let opened = town.session("amina", "hospital-1").await;
    let counter = town.counter("hospital-1");
    let waiting = (0..50).map(|_| {
        let (counter, token) = (counter.clone(), opened.token.clone());
        tokio::spawn(async move { counter.get("/dossier/AllergyIntolerance", &token).await })
    });
    let waiting: Vec<_> = waiting.collect();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let answer =
        tokio::time::timeout(std::time::Duration::from_secs(5), counter.get(LIST, &opened.token)).await;
    answer.expect("an answer while the dossier hangs").is(200);
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}
