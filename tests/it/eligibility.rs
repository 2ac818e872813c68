//! Which rights has the patient? CNSS answers, the gateway signs, and what is not CNSS's word says so.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bawaba_tests::back_end::Manner;
use bawaba_tests::claims::question;
use bawaba_tests::counter::{Counter, Reply, text};
use bawaba_tests::harness::{Harness, Opened};
use bawaba_tests::verifiers::evidence::{by_jsonwebtoken, by_pyjwt};
use gateway::billing::RECEIPT_EXTENSION;
use gateway::eligibility::{ANSWER_MODE, OPPOSABLE_UNTIL, SIGNED_ANSWER, WAITING_UNTIL};
use reqwest::Method;
use serde_json::{Value, json};

const ELIGIBILITY: &str = "/v1/eligibility";
const METFORMIN: &str = "A10BA02";

async fn asked(counter: &Counter, opened: &Opened, question: &Value) -> Reply {
    counter.ask(Method::POST, ELIGIBILITY, Some(&opened.token), Some(question)).await
}

fn extension<'a>(of: &'a Value, url: &str) -> Option<&'a Value> {
    of["extension"].as_array()?.iter().find(|extension| extension["url"] == url)
}

/// The signed answer in an answer.
fn evidence(answer: &Value) -> String {
    let signature = &extension(answer, SIGNED_ANSWER).expect("a signature")["valueSignature"];
    assert_eq!(signature["sigFormat"], "application/jose");
    String::from_utf8(STANDARD.decode(text(&signature["data"])).expect("base64")).expect("a JWS")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cnss_answers_for_every_scheme_and_the_answer_verifies_offline() {
    let town = Harness::healthy().await;
    let counter = town.counter("clinic-1");
    let keys = town.public("/.well-known/jwks.json").await.json;
    for (card, scheme, open, rate) in [
        ("amina", "cnss-salarie", true, 90),
        ("youssef", "tns", true, 70),
        ("brahim", "amo-tadamon", true, 70),
        ("salma", "amo-achamil", false, 70),
        ("mehdi", "amo-achamil", false, 70),
    ] {
        let opened = town.session(card, "clinic-1").await;
        let next = town.event_count().await;
        let answer = asked(&counter, &opened, &opened.question(&[METFORMIN])).await;
        assert_eq!(answer.is(200).header("content-type"), "application/fhir+json");
        let insurance = &answer.json["insurance"][0];
        assert_eq!(insurance["coverage"]["identifier"]["value"], scheme, "{card}");
        assert_eq!(insurance["inforce"], open, "{card}");
        assert_eq!(extension(insurance, WAITING_UNTIL).is_some(), card == "mehdi");
        let benefits = &insurance["item"][0]["benefit"];
        assert_eq!(benefits[1]["allowedUnsignedInt"], rate, "{card}");
        assert_eq!(extension(&answer.json, ANSWER_MODE).expect("a mode")["valueCode"], "cnss");
        let until = text(&extension(&answer.json, OPPOSABLE_UNTIL).expect("a promise")["valueInstant"]);
        assert_eq!(town.event_after(next, "eligibility-answered").await["kind"], "eligibility-answered");

        let jws = evidence(&answer.json);
        let issuer = town.app().config.issuer.clone();
        for said in [by_pyjwt(&keys, &issuer, &jws), by_jsonwebtoken(&keys, &issuer, &jws)] {
            let said = said.unwrap_or_else(|error| panic!("{card}: {error}"));
            assert_eq!(said["typ"], "eligibility+jwt");
            let claims = &said["claims"];
            assert_eq!((&claims["mode"], &claims["establishment"]), (&json!("cnss"), &json!("clinic-1")));
            assert_eq!(claims["response"]["insurance"][0], *insurance, "what is signed is what is told");
            assert!(claims["opposable_until"].is_i64(), "{until}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_verifies_offline_with_stock_libraries() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let keys = town.public("/.well-known/jwks.json").await.json;
    let (issuer, receipt) = (town.app().config.issuer.clone(), opened.receipt());
    for said in [by_pyjwt(&keys, &issuer, &receipt), by_jsonwebtoken(&keys, &issuer, &receipt)] {
        let said = said.expect("a receipt");
        assert_eq!(
            (&said["typ"], &said["claims"]["establishment"]),
            (&json!("receipt+jwt"), &json!("pharmacy-1"))
        );
        assert_eq!(said["claims"]["operation"], "open-session");
    }
    let (head, _) = receipt.rsplit_once('.').expect("three parts");
    let (_, signature) = opened.token.rsplit_once('.').expect("three parts");
    let forged = format!("{head}.{signature}");
    assert!(by_pyjwt(&keys, &issuer, &forged).is_err() && by_jsonwebtoken(&keys, &issuer, &forged).is_err());
}

#[tokio::test]
async fn an_answer_is_remembered_exactly_as_long_as_it_says() {
    let town = Harness::new().back_end("billing", Manner::Silent).start().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    let there = opened.patient_at("billing");
    let until =
        (town.now() + time::Duration::seconds(60)).format(&time::format_description::well_known::Rfc3339);
    let says = |outcome: &str, extension: Value| {
        let answer = json!({
            "resourceType": "CoverageEligibilityResponse", "outcome": outcome, "extension": extension,
            "patient": {"reference": format!("Patient/{there}")},
            "insurance": [{"inforce": true, "coverage": {"identifier": {
                "system": gateway::eligibility::SCHEME_SYSTEM, "value": "tns"}}}],
        });
        Manner::Says(200, answer.to_string().leak())
    };
    let binding = json!([{"url": OPPOSABLE_UNTIL, "valueInstant": until.expect("a time")}]);
    let back_end = town.back_end("billing");
    back_end.becomes(says("complete", binding));
    let question = opened.question(&[]);
    for _ in 0..3 {
        asked(&counter, &opened, &question).await.is(200);
    }
    assert_eq!(town.heard("billing").len(), 1, "it still binds: nobody is asked again");
    town.clock.advance(time::Duration::seconds(61));
    back_end.becomes(says("complete", json!([])));
    for heard in 2..=3 {
        let answer = asked(&counter, &opened, &question).await;
        assert!(
            extension(&answer.is(200).json, OPPOSABLE_UNTIL).is_none(),
            "it binds nobody: {}",
            answer.json
        );
        assert_eq!(town.heard("billing").len(), heard, "what does not bind is asked for each time");
    }
    let codes = town.event_codes("eligibility-answered").await;
    let remembered = codes.iter().filter(|code| *code == "eligibility-remembered").count();
    assert_eq!((codes.len(), remembered), (5, 2), "{codes:?}");
}

#[tokio::test]
async fn where_cnss_does_not_answer_the_registrys_word_is_marked() {
    for manner in [
        Manner::HangsUp,
        Manner::Says(500, "{}"),
        Manner::Says(503, "no"),
        Manner::Silent,
        Manner::DiesMidBody,
    ] {
        let town = Harness::new().back_end("billing", manner).start().await;
        let opened = town.session("salma", "pharmacy-1").await;
        let next = town.event_count().await;
        let answer = asked(&town.counter("pharmacy-1"), &opened, &opened.question(&[METFORMIN])).await;
        let told = &answer.is(200).json;
        assert_eq!(told["outcome"], "partial", "{manner:?}");
        assert_eq!(extension(told, ANSWER_MODE).expect("a mode")["valueCode"], "degraded");
        assert!(extension(told, OPPOSABLE_UNTIL).is_none(), "it binds nobody");
        assert_eq!(told["insurance"][0]["inforce"], false, "as the registry has it");
        assert!(told["insurance"][0]["item"].is_null(), "no price, no rate");
        assert!(text(&told["disposition"]).starts_with("Mode dégradé"));
        assert_eq!(town.event_after(next, "eligibility-degraded").await["outcome"], "permit");
    }
}

#[tokio::test]
async fn what_cannot_be_true_is_not_told() {
    let other = r#"{"resourceType":"CoverageEligibilityResponse","outcome":"complete","patient":{"reference":"Patient/other"},"insurance":[]}"#;
    for (manner, code) in [
        (Manner::Says(200, other), "eligibility-another-patient"),
        (Manner::Says(200, "{"), "eligibility-malformed"),
        (Manner::Says(200, r#"{"resourceType":"Bundle"}"#), "eligibility-malformed"),
        (Manner::Says(404, "{}"), "eligibility-refused"),
        (Manner::Says(401, "{}"), "back-end-refused"),
        (Manner::Floods, "eligibility-too-large"),
        (Manner::Babbles, "eligibility-malformed"),
    ] {
        let town = Harness::new().back_end("billing", manner).start().await;
        let opened = town.session("amina", "pharmacy-1").await;
        let next = town.event_count().await;
        let answer = asked(&town.counter("pharmacy-1"), &opened, &opened.question(&[METFORMIN])).await;
        answer.is_problem(502, "back-end-invalid");
        assert!(answer.json["insurance"].is_null());
        let event = town.event_after(next, code).await;
        assert_eq!(
            (&event["kind"], &event["outcome"]),
            (&json!("eligibility-refused"), &json!("error")),
            "{manner:?}"
        );
    }
}

#[tokio::test]
async fn nobody_asks_for_somebody_else_and_nothing_that_is_not_understood() {
    let town = Harness::healthy().await;
    let (opened, other) =
        (town.session("amina", "pharmacy-1").await, town.session("youssef", "pharmacy-1").await);
    let counter = town.counter("pharmacy-1");
    for patient in [text(&other.json["session"]["subject"]), other.patient_at("billing"), "x".to_owned()] {
        let next = town.event_count().await;
        asked(&counter, &opened, &question(&patient, &[])).await.is_problem(403, "patient-mismatch");
        assert_eq!(town.event_after(next, "patient-mismatch").await["kind"], "eligibility-refused");
    }
    asked(&counter, &opened, &question(&opened.patient_at("billing"), &[])).await.is(200);
    for (member, value) in [
        ("servicedDate", json!("2020-01-01")),
        ("servicedDate", json!("2199-01-01")),
        ("purpose", json!(["curiosity"])),
        ("status", json!("draft")),
        ("item", json!([{"productOrService": {"text": "aspirine"}}])),
    ] {
        let mut spoilt = opened.question(&[]);
        spoilt[member] = value;
        asked(&counter, &opened, &spoilt).await.is_problem(400, "malformed");
    }
    let mut long = opened.question(&[]);
    long["text"] = json!("x".repeat(70_000));
    asked(&counter, &opened, &long).await.is_problem(413, "body-too-large");
    counter
        .ask(Method::POST, ELIGIBILITY, None, Some(&opened.question(&[])))
        .await
        .is_problem(401, "unauthenticated");
    let headers = [("content-type", "text/xml"), ("authorization", &*format!("Bearer {}", opened.token))];
    let xml = counter.send(Method::POST, ELIGIBILITY, &headers, Some("<x/>".to_owned())).await;
    xml.is_problem(415, "unsupported-media-type");
}

#[tokio::test]
async fn cnss_asks_for_a_claim_with_its_receipt_and_nobody_else_does() {
    let town = Harness::healthy().await;
    let (opened, other) =
        (town.session("amina", "pharmacy-1").await, town.session("youssef", "pharmacy-1").await);
    let by_receipt = |patient: &str, receipt: &str| {
        let mut asked = question(patient, &[METFORMIN]);
        asked["extension"] = json!([{"url": RECEIPT_EXTENSION, "valueString": receipt}]);
        asked
    };
    let (there, receipt) = (opened.patient_at("billing"), opened.receipt());
    let cnss = town.counter("cnss");
    let ask = async |counter: &Counter, question: &Value| {
        counter.ask(Method::POST, ELIGIBILITY, None, Some(question)).await
    };
    let next = town.event_count().await;
    let answer = ask(&cnss, &by_receipt(&there, &receipt)).await;
    assert_eq!(answer.is(200).json["insurance"][0]["coverage"]["identifier"]["value"], "cnss-salarie");
    assert_eq!(answer.json["patient"]["reference"], format!("Patient/{there}"));
    let event = town.event_after(next, "eligibility-answered").await;
    assert_eq!((&event["client"], &event["purpose"]), (&json!("cnss"), &json!("HPAYMT")));
    let presence = text(&event["presence"]);
    assert!(!presence.is_empty());

    ask(&cnss, &by_receipt(&other.patient_at("billing"), &receipt)).await.is_problem(403, "patient-mismatch");
    let here = text(&opened.json["session"]["subject"]);
    ask(&cnss, &by_receipt(&here, &receipt)).await.is_problem(403, "patient-mismatch");
    ask(&cnss, &by_receipt(&there, "a.b.c")).await.is_problem(403, "receipt-not-sound");
    ask(&cnss, &by_receipt(&there, &opened.token)).await.is_problem(403, "receipt-not-sound");
    ask(&cnss, &question(&there, &[])).await.is_problem(401, "unauthenticated");
    let next = town.event_count().await;
    ask(&town.counter("pharmacy-1"), &by_receipt(&there, &receipt)).await.is_problem(401, "unauthenticated");
    assert_eq!(town.event_after(next, "receipt-is-no-session").await["kind"], "eligibility-refused");
    let both = town.counter("pharmacy-1");
    asked(&both, &opened, &by_receipt(&there, &receipt)).await.is_problem(400, "malformed");
}
