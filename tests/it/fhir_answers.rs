//! Answers of a back-end that says too much: what leaves, and what is on record?

use bawaba_tests::back_end::Manner;
use bawaba_tests::harness::{Harness, Opened};
use bawaba_tests::source;
use serde_json::Value;

/// A dossier that says what it is told to, behind policies that oblige to look through its answers.
async fn town() -> (Harness, Opened) {
    let plan = Harness::new().back_end("dossier", Manner::Answers).configured(|config, files| {
        let folder = files.config().with_file_name("policies");
        std::fs::create_dir_all(&folder).expect("a writable folder");
        for file in std::fs::read_dir(source::root().join("policies/cedar")).expect("the shipped policies") {
            let file = file.expect("a file");
            let mut text = std::fs::read_to_string(file.path()).expect("UTF-8");
            let (plain, checked) = ("narrow-to-patient hide", "narrow-to-patient check-answer hide");
            text = text.replace(plain, checked);
            std::fs::write(folder.join(file.file_name()), text).expect("a writable folder");
        }
        config.insert("policies".to_owned(), toml::toml! { dir = "policies" }.into());
    });
    let town = plan.start().await;
    let opened = town.session("amina", "hospital-1").await;
    (town, opened)
}

fn json(head: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\n{head}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn read(town: &Harness, opened: &Opened, answer: String) -> (u16, String, Value) {
    town.back_end("dossier").becomes(Manner::Writes(answer.leak()));
    let before = town.event_count().await;
    let reply = town.counter("hospital-1").get("/dossier/Observation?_elements=code", &opened.token).await;
    let events = town.events_after(before).await;
    (reply.status.as_u16(), reply.json.to_string(), events.into_iter().next_back().expect("an event"))
}

#[tokio::test]
async fn an_answer_about_the_patient_passes_octet_by_octet() {
    let (town, hers) = town().await;
    let mine = hers.patient_at("dossier");
    let body = format!(
        r#"{{"resourceType":"Bundle","entry":[{{"resource":{{"resourceType":"Observation","subject":{{"reference":"Patient/{mine}"}},"valueQuantity":{{"value":0.10}}}}}}]}}"#
    );
    town.back_end("dossier").becomes(Manner::Writes(json("etag: W/\"7\"\r\n", &body).leak()));
    let request = format!(
        "GET /dossier/Observation?_elements=code HTTP/1.1\r\nHost: localhost\r\nAccept: application/fhir+xml\r\n\
         Accept-Encoding: gzip\r\nRange: bytes=0-1\r\nAuthorization: Bearer {}\r\n\r\n",
        hers.token
    );
    let answer = town.wire("hospital-1").await.ask(&request).await;
    assert_eq!((answer.status, answer.text()), (200, body), "{answer:?}");
    assert_eq!(answer.header("etag"), Some("W/\"7\""));
    let heard = town.heard("dossier").pop().expect("a request");
    for wanted in ["accept: application/fhir+json", "accept-encoding: identity", "prefer: handling=strict"] {
        assert!(heard.contains(wanted), "{wanted}: {heard}");
    }
    assert!(!heard.contains("_elements") && !heard.contains("range:"), "{heard}");
}

#[tokio::test]
async fn an_answer_about_somebody_else_is_withheld_and_on_record() {
    let (town, hers) = town().await;
    let mine = hers.patient_at("dossier");
    let own = format!(
        r#"{{"resource":{{"resourceType":"Observation","subject":{{"reference":"Patient/{mine}"}}}}}}"#
    );
    for other in [
        r#"{"resource":{"resourceType":"Observation","subject":{"reference":"Patient/somebody"},"note":[{"text":"SECRET"}]}}"#,
        r#"{"resource":{"resourceType":"Patient","id":"somebody","name":[{"text":"SECRET"}]}}"#,
        r#"{"resource":{"resourceType":"Observation","note":[{"text":"SECRET"}]}}"#,
    ] {
        let body = format!(r#"{{"resourceType":"Bundle","entry":[{own},{other}]}}"#);
        let (status, text, event) = read(&town, &hers, json("", &body)).await;
        assert_eq!(status, 502, "{text}");
        assert!(text.contains("back-end-foreign") && !text.contains("SECRET"), "{text}");
        assert_eq!(
            (&event["code"], &event["outcome"]),
            (&"answer-foreign".into(), &"error".into()),
            "{event}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_looked_through_is_withheld() {
    let (town, hers) = town().await;
    for (how, answer) in [
        (
            "no FHIR",
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\nSECRET".to_owned(),
        ),
        ("no JSON", json("", "SECRET")),
        ("compressed", json("content-encoding: gzip\r\n", "SECRET")),
        ("said twice", json("", r#"{"resourceType":"OperationOutcome","id":"SECRET","id":"2"}"#)),
    ] {
        let (status, text, event) = read(&town, &hers, answer).await;
        assert_eq!(status, 502, "{how}: {text}");
        assert!(text.contains("back-end-invalid") && !text.contains("SECRET"), "{how}: {text}");
        assert_eq!(event["code"], "answer-not-understood", "{how}: {event}");
    }
    let elsewhere =
        json("location: /Patient/somebody/_history/1\r\n", r#"{"resourceType":"OperationOutcome"}"#);
    assert_eq!(read(&town, &hers, elsewhere).await.0, 502);
    let page = "HTTP/1.1 500 Oops\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\nSECRET".to_owned();
    let (status, text, _) = read(&town, &hers, page).await;
    assert!(status == 500 && !text.contains("SECRET"), "{status} {text}");
}

/// Nothing but the request brings these along, so they are looked at whatever policy says.
#[tokio::test]
async fn an_include_brings_what_was_permitted_and_nobody_else() {
    let town = Harness::new().back_end("dossier", Manner::Answers).start().await;
    let hers = town.session("amina", "hospital-1").await;
    let mine = hers.patient_at("dossier");
    let ask = async |included: &str| {
        let body =
            format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{included}}}]}}"#);
        town.back_end("dossier").becomes(Manner::Writes(json("", &body).leak()));
        let path = "/dossier/Observation?_include=Observation:encounter";
        town.counter("hospital-1").get(path, &hers.token).await
    };
    let encounter = |patient: &str| {
        format!(r#"{{"resourceType":"Encounter","subject":{{"reference":"Patient/{patient}"}}}}"#)
    };
    ask(&encounter(&mine)).await.is(200);
    ask(&encounter("somebody")).await.is_problem(502, "back-end-foreign");
    ask(r#"{"resourceType":"Practitioner","id":"x"}"#).await.is_problem(502, "back-end-foreign");
    // A type for which nobody has a permit here.
    let path = "/dossier/Observation?_include=Observation:performer:Practitioner";
    town.counter("hospital-1").get(path, &hers.token).await.is_problem(403, "denied");
}
