//! `/v1/referrals`: the way from primary care to the hospital, and what a scheme makes of it.

use bawaba_tests::counter::{Counter, Reply};
use bawaba_tests::harness::{Harness, Opened};
use reqwest::Method;
use serde_json::{Value, json};

const LEVELS: &str = "https://bawaba.example.ma/fhir/CodeSystem/care-level";
const ESTABLISHMENTS: &str = "https://bawaba.example.ma/fhir/sid/establishment";

/// Patients of AMO Tadamon, of CNSS (employees) and of TNS.
const TADAMON: &str = "khadija";
const EMPLOYEE: &str = "amina";
const SELF_EMPLOYED: &str = "youssef";

const HOSPITAL: &str = "hospital-1";
/// A clinic of primary care.
const CLINIC: &str = "clinic-1";

fn referral(opened: &Opened, level: &str) -> Value {
    let subject = opened.json["session"]["subject"].as_str().expect("a subject");
    json!({
        "resourceType": "ServiceRequest", "status": "active", "intent": "order",
        "subject": { "reference": format!("Patient/{subject}") },
        "performerType": { "coding": [{ "system": LEVELS, "code": level }] },
    })
}

async fn refer(counter: &Counter, opened: &Opened, body: &Value) -> Reply {
    counter.ask(Method::POST, "/v1/referrals", Some(&opened.token), Some(body)).await
}

fn claim(opened: &Opened) -> Value {
    let patient = format!("Patient/{}", opened.patient_at("billing"));
    json!({ "resourceType": "Claim", "status": "active", "patient": { "reference": patient } })
}

/// The advice that came with a session.
fn advice(opened: &Opened) -> Vec<&str> {
    let advice = opened.json["advice"].as_array().map(Vec::as_slice).unwrap_or_default();
    advice.iter().map(|one| one["code"].as_str().expect("a code")).collect()
}

/// Whether a claim is turned away for want of a referral.
async fn wants_referral(town: &Harness, opened: &Opened) -> bool {
    let reply = town.counter(HOSPITAL).post("/billing/Claim", &opened.token, &claim(opened)).await;
    let reasons = reply.json["reasons"].as_array().cloned().unwrap_or_default();
    reasons.iter().any(|reason| reason["code"] == "referral-required")
}

#[tokio::test]
async fn one_scheme_requires_a_referral_another_prefers_it_a_third_ignores_it() {
    let town = Harness::healthy().await;
    let khadija = town.session(TADAMON, HOSPITAL).await;
    assert_eq!(advice(&khadija), ["referral-preferred"]);
    assert!(wants_referral(&town, &khadija).await, "care goes on, the claim does not");
    town.counter(HOSPITAL).get("/dossier/Condition", &khadija.token).await.is(200);
    let amina = town.session(EMPLOYEE, HOSPITAL).await;
    assert_eq!(advice(&amina), ["referral-preferred"]);
    assert!(!wants_referral(&town, &amina).await);
    let youssef = town.session(SELF_EMPLOYED, HOSPITAL).await;
    assert!(advice(&youssef).is_empty() && !wants_referral(&town, &youssef).await);
    // Primary care is where the way begins, and an emergency waits for no letter.
    assert!(advice(&town.session(TADAMON, CLINIC).await).is_empty());
    let urgent = town.counter(HOSPITAL).open(&mut town.card(TADAMON), "ETREAT").await;
    urgent.is(201);
    let urgent =
        Opened { token: urgent.json["token"].as_str().expect("a token").to_owned(), json: urgent.json };
    assert!(advice(&urgent).is_empty() && !wants_referral(&town, &urgent).await);

    let counter = town.counter(CLINIC);
    let at_clinic = town.session(TADAMON, CLINIC).await;
    let before = town.event_count().await;
    let written = refer(&counter, &at_clinic, &referral(&at_clinic, "hospital")).await;
    written.is(201);
    let event = town.event_after(before, "referral-written").await;
    assert_eq!((&event["kind"], &event["client"]), (&"referred".into(), &CLINIC.into()));
    assert!(event["detail"].as_str().expect("a detail").ends_with("primary to hospital"), "{event}");
    assert!(!wants_referral(&town, &khadija).await, "seen by the session that runs");
    assert!(advice(&town.session(TADAMON, HOSPITAL).await).is_empty());
    let listed = counter.get("/v1/referrals", &at_clinic.token).await;
    assert_eq!(listed.is(200).json["entry"][0]["resource"], written.json);
    assert_eq!(written.json["performerType"]["coding"][0]["code"], "hospital");

    let path = format!("/v1/referrals/{}", written.json["id"].as_str().expect("an id"));
    let elsewhere = town.counter(HOSPITAL).ask(Method::DELETE, &path, Some(&khadija.token), None).await;
    elsewhere.is_problem(404, "not-found");
    counter.ask(Method::DELETE, &path, Some(&at_clinic.token), None).await.is(204);
    assert!(wants_referral(&town, &khadija).await, "taken back");
}

#[tokio::test]
async fn a_referral_leads_where_it_says_and_for_as_long() {
    let town = Harness::healthy().await;
    let counter = town.counter(CLINIC);
    let at_clinic = town.session(TADAMON, CLINIC).await;
    let at_hospital = town.session(TADAMON, HOSPITAL).await;
    let mut body = referral(&at_clinic, "specialist");
    refer(&counter, &at_clinic, &body).await.is(201);
    assert!(wants_referral(&town, &at_hospital).await, "to a specialist is not to a hospital");
    body = referral(&at_clinic, "hospital");
    body["occurrencePeriod"] = json!({ "end": (town.now() + time::Duration::minutes(5)).replace_nanosecond(0)
        .expect("a moment").format(&time::format_description::well_known::Rfc3339).expect("RFC 3339") });
    body["performer"] = json!([{ "identifier": { "system": ESTABLISHMENTS, "value": HOSPITAL } }]);
    refer(&counter, &at_clinic, &body).await.is(201);
    assert!(!wants_referral(&town, &at_hospital).await);
    town.clock.advance(time::Duration::seconds(301));
    assert!(wants_referral(&town, &at_hospital).await, "past its end");
    // A hospital sends nobody to itself.
    refer(&town.counter(HOSPITAL), &at_hospital, &referral(&at_hospital, "hospital")).await.is(201);
    assert!(wants_referral(&town, &at_hospital).await);
}

#[tokio::test]
async fn who_may_not_refer_and_what_is_no_referral_is_refused_by_name() {
    let town = Harness::healthy().await;
    let (clinic, other) = (town.session(TADAMON, CLINIC).await, town.session(EMPLOYEE, CLINIC).await);
    let pharmacy = town.session(TADAMON, "pharmacy-1").await;
    let sound = referral(&clinic, "hospital");
    let with = |name: &str, value: Value| {
        let mut body = sound.clone();
        body[name] = value;
        body
    };
    let nowhere = json!([{ "identifier": { "system": ESTABLISHMENTS, "value": "hospital-9" } }]);
    for (client, opened, body, status, code, exact) in [
        (
            "pharmacy-1",
            &pharmacy,
            referral(&pharmacy, "hospital"),
            422,
            "referral-refused",
            "referral-not-by-this-kind",
        ),
        (CLINIC, &clinic, referral(&clinic, "primary"), 422, "referral-refused", "referral-to-primary"),
        (CLINIC, &clinic, referral(&clinic, "spa"), 422, "referral-refused", "referral-level-unknown"),
        (CLINIC, &clinic, with("performer", nowhere), 422, "referral-refused", "referral-target-unknown"),
        (
            CLINIC,
            &clinic,
            with("reasonCode", json!([{ "text": "diabète" }])),
            422,
            "referral-refused",
            "referral-says-more",
        ),
        (
            CLINIC,
            &clinic,
            with("occurrencePeriod", json!({ "end": "2020-01-01" })),
            422,
            "referral-refused",
            "referral-end-past",
        ),
        (
            CLINIC,
            &clinic,
            with("status", "draft".into()),
            422,
            "referral-refused",
            "referral-not-a-service-request",
        ),
        (CLINIC, &clinic, referral(&other, "hospital"), 403, "patient-mismatch", "patient-mismatch"),
    ] {
        let before = town.event_count().await;
        refer(&town.counter(client), opened, &body).await.is_problem(status, code);
        assert_eq!(town.event_after(before, exact).await["client"], client, "{exact}");
    }
    let paying = town.counter(CLINIC).open(&mut town.card(TADAMON), "HPAYMT").await;
    let token = paying.is(201).json["token"].as_str().expect("a token").to_owned();
    let before = town.event_count().await;
    let refused = town.counter(CLINIC).ask(Method::POST, "/v1/referrals", Some(&token), Some(&sound)).await;
    refused.is_problem(403, "denied");
    town.event_after(before, "referral-not-in-treatment").await;
}
