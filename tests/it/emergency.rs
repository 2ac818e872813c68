//! `POST /v1/emergency-accesses`: who may break the glass, what they then see, and that it is never an error path.

use bawaba_tests::bedside::{DOCTOR, NURSE, WORDS};
use bawaba_tests::faulty::Fault;
use bawaba_tests::harness::{Harness, Opened};
use bawaba_tests::papers::claims_of;
use gateway::demo::people::PEOPLE;
use reqwest::Method;
use serde_json::{Value, json};

const HOSPITAL: &str = "hospital-1";

fn amina() -> &'static str {
    PEOPLE[0].national_number
}

/// The codes of a problem's reasons.
fn reasons(reply: &bawaba_tests::counter::Reply) -> Vec<String> {
    let reasons = reply.json["reasons"].as_array().cloned().unwrap_or_default();
    reasons.iter().map(|reason| reason["code"].as_str().expect("a code").to_owned()).collect()
}

/// What an emergency session opens, and what it never opens.
async fn shows_the_essentials_only(town: &Harness, opened: &Opened) {
    let counter = town.counter(HOSPITAL);
    for path in ["/dossier/AllergyIntolerance", "/dossier/Condition", "/prescription/MedicationRequest"] {
        counter.get(path, &opened.token).await.is(200);
    }
    let before = town.event_count().await;
    for path in ["/dossier/DocumentReference", "/dossier/Observation", "/billing/Coverage", "/billing/Claim"]
    {
        let refused = counter.get(path, &opened.token).await;
        refused.is_problem(403, "denied");
        assert_eq!(reasons(&refused), ["essentials-only"], "{path}");
    }
    let event = town.event_after(before, "essentials-only").await;
    assert_eq!((&event["purpose"], &event["outcome"]), (&"BTG".into(), &"deny".into()));
    let subject = json!({ "reference": format!("Patient/{}", opened.patient_at("dossier")) });
    let allergy = json!({ "resourceType": "AllergyIntolerance", "patient": subject });
    counter.post("/dossier/AllergyIntolerance", &opened.token, &allergy).await.is_problem(403, "denied");
    let whole = format!("/dossier/Patient/{}/$everything", opened.patient_at("dossier"));
    counter.get(&whole, &opened.token).await.is_problem(403, "denied");
    let exchanged = counter.exchange_with(&opened.token, &[("audience", "dossier")]).await;
    assert_eq!(exchanged.status, 400, "no token leaves the gateway: {}", exchanged.json);
}

#[tokio::test]
async fn with_the_card_one_practitioner_opens_the_essentials_for_five_minutes() {
    let town = Harness::healthy().await;
    let session = town.session("amina", HOSPITAL).await;
    let before = town.event_count().await;
    let opened = town.with_card(HOSPITAL, &session).opens().await;
    let (said, claims) = (&opened.json["session"], claims_of(&opened.token));
    assert_eq!((&said["acr"], &said["purpose"]), (&"break-glass".into(), &"BTG".into()));
    assert_eq!(claims["exp"].as_i64().expect("exp") - claims["iat"].as_i64().expect("iat"), 300);
    assert_eq!(claims["scope"], "dossier.read prescription.read billing.read");
    assert_eq!(claims["presence"], claims_of(&session.token)["presence"], "the card that was there");
    assert_ne!(claims["sid"], claims_of(&session.token)["sid"], "a session of its own");
    assert!(said["coverage"].is_null() && opened.json["receipt"].is_null());
    assert_eq!(opened.json["emergency"]["left_of_practitioner"], 9);
    let event = town.event_after(before, "emergency-opened").await;
    assert_eq!((&event["purpose"], &event["subject"]), (&"BTG".into(), &said["subject"]));
    assert_eq!(event["station"], "urgences-1");
    let detail = event["detail"].as_str().expect("a detail");
    for part in [
        "reason unconscious",
        "identified by card",
        DOCTOR,
        opened.json["emergency"]["id"].as_str().expect("an id"),
    ] {
        assert!(detail.contains(part), "{part} is missing in {detail}");
    }
    let path = format!("/v1/sessions/{}", said["id"].as_str().expect("an id"));
    let seen = town.counter(HOSPITAL).get(&path, &opened.token).await;
    assert!(seen.is(200).json["coverage"].is_null(), "cover is no essential");
    shows_the_essentials_only(&town, &opened).await;
    town.clock.advance(time::Duration::seconds(301));
    let late = town.counter(HOSPITAL).get("/dossier/Condition", &opened.token).await;
    late.is_problem(401, "token-invalid");
}

#[tokio::test]
async fn without_a_card_it_takes_two_different_people() {
    let town = Harness::healthy().await;
    let mut alone = town.without_card(HOSPITAL, amina());
    let nurse = alone.statements.pop();
    let before = town.event_count().await;
    let refused = alone.asks().await;
    refused.is_problem(403, "denied");
    assert_eq!(reasons(&refused), ["two-practitioners-required"]);
    town.event_after(before, "two-practitioners-required").await;
    alone.sign(DOCTOR, "identifier", amina().into());
    alone.asks().await.is_problem(422, "emergency-same-practitioner");
    town.event_after(before, "emergency-same-practitioner").await;
    alone.statements.pop();
    alone.statements.extend(nurse);
    let opened = alone.opens().await;
    let claims = claims_of(&opened.token);
    assert_eq!((&claims["presence"]["method"], &claims["amr"]), (&"two-practitioners".into(), &json!([])));
    assert_eq!(claims["presence"]["id"], opened.json["emergency"]["id"]);
    let detail = town.event_after(before, "emergency-opened").await["detail"].clone();
    let detail = detail.as_str().expect("a detail").to_owned();
    assert!(detail.contains(&format!("practitioners {DOCTOR} and {NURSE}")), "{detail}");
    shows_the_essentials_only(&town, &opened).await;
    // It leads to nothing stronger, and not to the next.
    let id = opened.json["session"]["id"].as_str().expect("an id");
    let body = json!({ "station": "poste-1", "profile": "cnie-2020" });
    let path = format!("/v1/sessions/{id}/step-up");
    let stepped = town.counter(HOSPITAL).ask(Method::POST, &path, Some(&opened.token), Some(&body)).await;
    stepped.is_problem(409, "step-up-not-usable");
    let before = town.event_count().await;
    town.with_card(HOSPITAL, &opened).asks().await.is_problem(403, "denied");
    town.event_after(before, "emergency-from-emergency").await;
}

#[tokio::test]
async fn whoever_gives_no_emergency_care_breaks_no_glass() {
    let town = Harness::healthy().await;
    for client in ["pharmacy-1", "cnss"] {
        let refused = town.without_card(client, amina()).asks().await;
        refused.is_problem(403, "denied");
        assert!(
            reasons(&refused).contains(&"emergency-not-here".to_owned()),
            "{client}: {:?}",
            reasons(&refused)
        );
    }
    for client in ["dossier", "auditor"] {
        town.without_card(client, amina()).asks().await.is_problem(403, "denied");
    }
    // The card opens no session with that purpose: the glass has its own door.
    let refused = town.counter(HOSPITAL).open(&mut town.card("amina"), "BTG").await;
    refused.is_problem(403, "denied");
    assert_eq!(reasons(&refused), ["break-glass-not-here"]);
}

#[tokio::test]
async fn a_mobile_unit_with_a_key_alone_asks_with_what_it_opens_presences_with() {
    let town = Harness::healthy().await;
    let mobile = town.mobile("mobile-2").await;
    let path = "/v1/emergency-accesses";
    let session = mobile.session(&town, "youssef").await;
    let body = town.without_card("mobile-2", amina()).request();
    // A session of somebody else is no leave to name a number.
    mobile.ask(Method::POST, path, &session, Some(&body)).await.is_problem(401, "token-invalid");
    let opened = mobile.ask(Method::POST, path, &mobile.client_token().await, Some(&body)).await;
    assert_eq!(opened.is(201).json["token_type"], "DPoP");
    let token = opened.json["token"].as_str().expect("a token");
    mobile.get("/dossier/AllergyIntolerance", token).await.is(200);
    mobile.get("/dossier/Observation", token).await.is_problem(403, "denied");
}

/// One thing that is wrong with a request: the problem, and the code that the event says.
type Wrong = (fn(&mut Value), u16, &'static str, &'static str);

#[tokio::test]
async fn what_is_not_said_well_enough_to_be_answered_for_is_refused_by_name() {
    let town = Harness::healthy().await;
    let session = town.session("amina", HOSPITAL).await;
    let wrong: [Wrong; 13] = [
        (
            |body| body["reason"] = "curious".into(),
            422,
            "emergency-reason-unknown",
            "emergency-reason-unknown",
        ),
        (|body| body["reason"] = "".into(), 422, "emergency-reason-unknown", "emergency-reason-unknown"),
        (|body| body["words"] = "".into(), 422, "emergency-words-refused", "emergency-words-missing"),
        (|body| body["words"] = " \n\t  ".into(), 422, "emergency-words-refused", "emergency-words-missing"),
        (|body| body["words"] = "urgent".into(), 422, "emergency-words-refused", "emergency-words-too-short"),
        (
            |body| body["words"] = "à".repeat(1_001).into(),
            422,
            "emergency-words-refused",
            "emergency-words-too-long",
        ),
        (
            |body| body["words"] = "un\u{1b}[2Jaccident grave".into(),
            422,
            "emergency-words-refused",
            "emergency-words-unreadable",
        ),
        (
            |body| body["words"] = "accident \u{202e}grave ici".into(),
            422,
            "emergency-words-refused",
            "emergency-words-unreadable",
        ),
        (|body| body["station"] = "a b".into(), 400, "malformed", "malformed"),
        (|body| body["encounter"] = "".into(), 400, "malformed", "malformed"),
        (|body| body["identifier"] = "'; DROP TABLE patient".into(), 400, "malformed", "malformed"),
        (|body| body["identifier"] = amina().into(), 400, "malformed", "malformed"),
        (|body| body["patient"] = "x".into(), 400, "malformed", "malformed"),
    ];
    for (spoil, status, code, exact) in wrong {
        let mut bedside = town.with_card(HOSPITAL, &session);
        spoil(&mut bedside.body);
        let before = town.event_count().await;
        bedside.asks().await.is_problem(status, code);
        let event = town.event_after(before, exact).await;
        assert_eq!(
            (&event["kind"], &event["client"]),
            (&"emergency-refused".into(), &HOSPITAL.into()),
            "{exact}"
        );
    }
    for statements in [Vec::new(), vec!["x".to_owned(); 3]] {
        town.with_card(HOSPITAL, &session).asks_with(&town, statements).await.is_problem(400, "malformed");
    }
    // Neither a session nor a number.
    let mut nobody = town.without_card(HOSPITAL, amina());
    nobody.body.as_object_mut().expect("an object").remove("identifier");
    nobody.asks().await.is_problem(401, "unauthenticated");
    let counted = town.without_card(HOSPITAL, amina()).opens().await;
    assert_eq!(counted.json["emergency"]["left_of_establishment"], 59, "what was refused did not count");
}

#[tokio::test]
async fn the_words_of_an_emergency_are_nowhere_in_clear() {
    let mut town = Harness::new().log("trace").start_as_program().await;
    town.without_card(HOSPITAL, amina()).opens().await;
    town.without_card(HOSPITAL, "ZZ999999").asks().await.is_problem(422, "emergency-patient-unknown");
    let log = town.stop_and_read_log().await;
    assert!(log.lines().count() > 50, "this log is too short to show anything:\n{log}");
    let mut places = vec![("log".to_owned(), log.into_bytes())];
    for entry in std::fs::read_dir(town.files.root()).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("bawaba.db") {
            places.push((name, std::fs::read(entry.path()).expect("our own file")));
        }
    }
    assert!(places.len() > 1, "no database was looked through");
    for (place, bytes) in places {
        let text = String::from_utf8_lossy(&bytes);
        for secret in ["accident, ant", amina(), "ZZ999999"] {
            assert!(!text.contains(secret), "{secret} is legible in {place}");
        }
    }
    assert!(WORDS.contains("accident, ant"));
}

#[tokio::test]
async fn no_log_no_emergency_access_and_what_was_not_handed_out_is_reviewed_all_the_same() {
    let town = Harness::healthy().await;
    town.audit.fail(Fault::WithoutEffect);
    let answer = town.without_card(HOSPITAL, amina()).asks().await;
    answer.is_problem(503, "audit-unavailable");
    assert!(answer.json["token"].is_null());
    town.audit.fail(Fault::None);
    let opened = town.without_card(HOSPITAL, amina()).opens().await;
    assert_eq!(opened.json["emergency"]["left_of_establishment"], 58, "both are on the queue");
}
