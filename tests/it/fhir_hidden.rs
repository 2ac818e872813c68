//! What a patient hid from an establishment: taken out of answers, not counted, and as if it were not there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bawaba_tests::back_end::Manner;
use bawaba_tests::harness::{Harness, Opened};
use bawaba_tests::raw::Answer;
use serde_json::json;

use crate::consent::give;

const CLINIC: &str = "clinic-1";
const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";

/// A patient who hides what is restricted, at a clinic.
async fn town() -> (Harness, Opened) {
    let town = Harness::new().back_end("dossier", Manner::Answers).start().await;
    let opened = town.session("amina", CLINIC).await;
    let hidden = json!({ "type": "deny", "securityLabel": [{ "system": CONFIDENTIALITY, "code": "R" }] });
    give(&town, CLINIC, &opened, hidden).await.is(201);
    (town, opened)
}

fn observation(opened: &Opened, label: &str, value: &str) -> String {
    let mine = opened.patient_at("dossier");
    format!(
        r#"{{"resourceType":"Observation","meta":{{"security":[{{"system":"{CONFIDENTIALITY}","code":"{label}"}}]}},"subject":{{"reference":"Patient/{mine}"}},"valueQuantity":{{"value":{value}}}}}"#
    )
}

async fn ask(town: &Harness, opened: &Opened, line: &str, headers: &str, body: &str) -> Answer {
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\netag: W/\"3\"\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    town.back_end("dossier").becomes(Manner::Writes(answer.leak()));
    let request = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n{headers}\r\n",
        opened.token
    );
    town.wire(CLINIC).await.ask(&request).await
}

#[tokio::test]
async fn a_hidden_entry_is_cut_out_and_nobody_learns_that_it_is_there() {
    let (town, opened) = town().await;
    let shown = observation(&opened, "N", "0.10");
    let [hidden, more_hidden] = ["R", "V"].map(|label| observation(&opened, label, "66.60"));
    let entry = |resource: &str| format!(r#"{{"resource":{resource}}}"#);
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"searchset","total":3,"entry":[{},{},{}]}}"#,
        entry(&hidden),
        entry(&shown),
        entry(&more_hidden)
    );
    let list = ask(&town, &opened, "GET /dossier/Observation", "", &bundle).await;
    let left = format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{}]}}"#, entry(&shown));
    assert_eq!((list.status, list.text()), (200, left));
    assert_eq!(list.header("etag"), None, "what is left is no version of the service's");

    let before = town.event_count().await;
    let read = ask(&town, &opened, "GET /dossier/Observation/1", "", &hidden).await;
    assert_eq!((read.status, read.code().as_deref()), (404, Some("not-found")), "{}", read.text());
    assert!(!read.text().contains("66.60"));
    assert_eq!(town.event_after(before, "hidden").await["outcome"], "refused");
    let count = ask(
        &town,
        &opened,
        "GET /dossier/Observation?_summary=count",
        "",
        r#"{"resourceType":"Bundle","type":"searchset","total":3}"#,
    );
    assert_eq!(count.await.text(), r#"{"resourceType":"Bundle","type":"searchset"}"#);
}

#[tokio::test]
async fn what_has_not_changed_is_told_only_of_what_is_shown() {
    let (town, opened) = town().await;
    let (shown, hidden) = (observation(&opened, "N", "1"), observation(&opened, "R", "1"));
    let known = "If-None-Match: W/\"3\"\r\n";
    let same = ask(&town, &opened, "GET /dossier/Observation/1", known, &shown).await;
    assert_eq!((same.status, same.body.len(), same.header("etag")), (304, 0, Some("W/\"3\"")), "{same:?}");
    let heard = town.heard("dossier").pop().expect("a request");
    assert!(!heard.contains("if-none-match"), "the service would answer for us: {heard}");
    let other = ask(&town, &opened, "GET /dossier/Observation/1", "If-None-Match: W/\"2\"\r\n", &shown).await;
    assert_eq!((other.status, other.text()), (200, shown));
    assert_eq!(ask(&town, &opened, "GET /dossier/Observation/1", known, &hidden).await.status, 404);
    assert_eq!(
        ask(&town, &opened, "HEAD /dossier/Observation/1", "Connection: close\r\n", &hidden).await.status,
        404
    );
}

#[tokio::test]
async fn a_question_whose_answer_tells_what_is_hidden_is_refused() {
    let (town, opened) = town().await;
    let before = town.heard("dossier").len();
    let path = "/dossier/Patient?_has:Observation:patient:code=1";
    town.counter(CLINIC).get(path, &opened.token).await.is_problem(400, "interaction-not-taken");
    let mine = opened.patient_at("dossier");
    let body = json!({ "resourceType": "Bundle", "type": "batch", "entry": [
        { "request": { "method": "GET", "url": format!("Observation?_summary=count&patient={mine}") } }] });
    let answer = town.counter(CLINIC).post("/dossier/", &opened.token, &body).await;
    answer.is_problem(400, "interaction-not-taken");
    assert_eq!(town.heard("dossier").len(), before);
}

/// Somebody else's proxy shows no answer, so nobody could take out of it what is hidden.
#[tokio::test]
async fn a_foreign_proxy_is_given_no_permit_for_what_it_cannot_look_through() {
    let (town, opened) = town().await;
    let certificate = STANDARD.encode(town.identity(CLINIC).certificate());
    let asked = async |opened: &Opened| {
        let request = format!(
            "GET /v1/authorize/Observation?patient={} HTTP/1.1\r\nHost: localhost\r\nClient-Cert: :{certificate}:\r\n\
             Authorization: Bearer {}\r\n\r\n",
            opened.patient_at("dossier"),
            opened.token
        );
        town.wire("dossier").await.ask(&request).await
    };
    let before = town.event_count().await;
    let answer = asked(&opened).await;
    assert_eq!((answer.status, answer.code().as_deref()), (403, Some("answer-not-shown")), "{answer:?}");
    assert_eq!(town.event_after(before, "answer-not-shown").await["outcome"], "refused");
    let other = town.session("youssef", CLINIC).await;
    assert_eq!(asked(&other).await.status, 200, "who hides nothing is not in its way");
}

/// Beside what the patient agreed to travels which consent it was.
#[tokio::test]
async fn the_consent_travels_to_the_back_end() {
    let town = Harness::new().back_end("dossier", Manner::Answers).start().await;
    let opened = town.session("amina", CLINIC).await;
    let given = give(&town, CLINIC, &opened, json!({ "type": "permit" })).await;
    given.is(201);
    town.counter(CLINIC).get("/dossier/Observation", &opened.token).await.is(200);
    let heard = town.heard("dossier").pop().expect("a request");
    let token = heard
        .lines()
        .find_map(|line| line.to_ascii_lowercase().starts_with("authorization: bearer ").then(|| &line[22..]))
        .expect("a token for the back-end");
    let claims = bawaba_tests::papers::claims_of(token);
    assert_eq!((&claims["consent"], &claims["purpose"]), (&given.json["id"], &json!("TREAT")));
}

/// The whole act in one answer: what was done, and the receipt of it.
#[tokio::test]
async fn an_act_that_is_done_comes_with_its_receipt() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    let dispense = |status: &str| {
        json!({ "resourceType": status, "status": "completed", "medicationCodeableConcept": { "text": "x" },
                "subject": { "reference": format!("Patient/{}", opened.patient_at("prescription")) } })
    };
    let before = town.event_count().await;
    let done = counter
        .post("/prescription/MedicationDispense", &opened.token, &dispense("MedicationDispense"))
        .await;
    done.is(201);
    let receipt = bawaba_tests::papers::claims_of(done.header("bawaba-receipt"));
    let event = town.event_after(before, "permitted").await;
    assert_eq!(
        (&receipt["operation"], &receipt["log_index"], &receipt["establishment"]),
        (&json!("create MedicationDispense"), &event["index"], &json!("pharmacy-1"))
    );
    assert_eq!(receipt["presence"], bawaba_tests::papers::claims_of(&opened.token)["presence"]["id"]);
    let read = counter.get("/prescription/MedicationDispense", &opened.token).await;
    assert!(read.headers.get("bawaba-receipt").is_none(), "a reading is no act");
}
