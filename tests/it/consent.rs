//! `/v1/consents`: said at one counter, heard at every other.

use bawaba_tests::counter::{Reply, commands, text};
use bawaba_tests::harness::{Harness, Opened};
use bawaba_tests::postgres::Postgres;
use card_reader::holder::Pin;
use reqwest::Method;
use serde_json::{Value, json};

const CLINIC: &str = "clinic-1";
const HOSPITAL: &str = "hospital-1";
const PHARMACY: &str = "pharmacy-1";
const OBSERVATIONS: &str = "/dossier/Observation";
const PRESCRIPTIONS: &str = "/prescription/MedicationRequest";

/// A consent of the session's patient.
pub(crate) fn consent(opened: &Opened, provision: Value) -> Value {
    json!({
        "resourceType": "Consent",
        "status": "active",
        "scope": { "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy" }] },
        "category": [{ "coding": [{ "system": "http://loinc.org", "code": "59284-0" }] }],
        "patient": { "reference": format!("Patient/{}", text(&opened.json["session"]["subject"])) },
        "provision": provision,
    })
}

/// A provision about one establishment.
pub(crate) fn about(choice: &str, establishment: &str) -> Value {
    json!({ "type": choice, "actor": [{ "reference": { "reference": format!("Organization/{establishment}") } }] })
}

pub(crate) async fn give(town: &Harness, client: &str, opened: &Opened, provision: Value) -> Reply {
    town.counter(client).post("/v1/consents", &opened.token, &consent(opened, provision)).await
}

async fn withdraw(town: &Harness, client: &str, opened: &Opened, id: &Value) -> Reply {
    let path = format!("/v1/consents/{}", text(id));
    town.counter(client).ask(Method::DELETE, &path, Some(&opened.token), None).await
}

/// The same session, its holder having given the PIN.
async fn with_pin(town: &Harness, client: &str, opened: &Opened, card: &str, pin: &str) -> Opened {
    let path = format!("/v1/sessions/{}/step-up", text(&opened.json["session"]["id"]));
    let counter = town.counter(client);
    let body = json!({ "station": "poste-1", "profile": "cnie-2020" });
    let begun = counter.post(&path, &opened.token, &body).await;
    begun.is(201);
    let pin = Pin::parse(pin).expect("a PIN");
    let answers = town.card(card).conversation().run_with_pin(&commands(&begun.json), &pin).expect("answers");
    let responses: Vec<String> = answers.iter().map(|answer| hex::encode(answer.encode())).collect();
    let path = format!("{path}/{}/proof", text(&begun.json["step_up"]));
    let proven = counter.post(&path, &opened.token, &json!({ "responses": responses })).await;
    proven.is(201);
    Opened { token: text(&proven.json["token"]), json: proven.json }
}

#[tokio::test]
async fn an_exclusion_by_name_closes_the_record_there_and_nowhere_else() {
    excluded_there_and_let_in_again(&Harness::healthy().await).await;
}

#[tokio::test]
async fn postgresql_keeps_consents_the_same() {
    let server = Postgres::start();
    excluded_there_and_let_in_again(&Harness::new().postgres(&server).start().await).await;
}

async fn excluded_there_and_let_in_again(town: &Harness) {
    let there = town.session("amina", HOSPITAL).await;
    town.counter(HOSPITAL).get(OBSERVATIONS, &there.token).await.is(200);
    let before = town.event_count().await;
    let here = town.session("amina", PHARMACY).await;
    let given = give(town, PHARMACY, &here, about("deny", HOSPITAL)).await;
    given.is(201);
    assert_eq!(given.header("content-type"), "application/fhir+json");
    assert_eq!(given.header("location"), format!("/v1/consents/{}", text(&given.json["id"])));
    assert_eq!(
        (given.json["status"].clone(), given.json["provision"]["type"].clone()),
        (json!("active"), json!("deny"))
    );
    let event = town.event_of_kind_after(before, "consent-given").await;
    assert_eq!(
        (event["client"].clone(), event["consent"].clone()),
        (json!(PHARMACY), given.json["id"].clone())
    );
    assert_eq!(event["subject"], here.json["session"]["subject"]);

    // The session that ran there is over, and the next one finds the record closed; its claims are not.
    town.counter(HOSPITAL).get(OBSERVATIONS, &there.token).await.is_problem(401, "session-ended");
    town.clock.advance(time::Duration::seconds(2));
    let again = town.session("amina", HOSPITAL).await;
    let refused = town.counter(HOSPITAL).get(OBSERVATIONS, &again.token).await;
    refused.is_problem(403, "denied");
    assert_eq!(refused.json["reasons"][0]["code"], "consent-denied");
    let before = town.event_count().await;
    town.counter(HOSPITAL).get(PRESCRIPTIONS, &again.token).await.is_problem(403, "denied");
    assert_eq!(town.event_after(before, "consent-denied").await["outcome"], "deny");
    town.counter(HOSPITAL).get("/billing/Coverage", &again.token).await.is(200);
    let elsewhere = town.session("amina", CLINIC).await;
    town.counter(CLINIC).get(OBSERVATIONS, &elsewhere.token).await.is(200);
    // Another patient is not meant.
    let other = town.session("youssef", HOSPITAL).await;
    town.counter(HOSPITAL).get(OBSERVATIONS, &other.token).await.is(200);

    // Withdrawn at any counter, also at the one that was excluded.
    let before = town.event_count().await;
    withdraw(town, HOSPITAL, &again, &given.json["id"]).await.is(204);
    assert_eq!(town.event_of_kind_after(before, "consent-withdrawn").await["consent"], given.json["id"]);
    town.counter(HOSPITAL).get(OBSERVATIONS, &again.token).await.is(200);
    withdraw(town, HOSPITAL, &again, &given.json["id"]).await.is(204);
    let shown = town.counter(HOSPITAL).get("/v1/consents", &again.token).await;
    shown.is(200);
    assert_eq!(shown.json["total"], 1);
    assert_eq!(shown.json["entry"][0]["resource"]["status"], "inactive");
}

#[tokio::test]
async fn what_comes_out_says_what_came_in_and_names_nobody() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", CLINIC).await;
    let mut resource = consent(
        &opened,
        json!({
            "type": "permit",
            "period": { "start": "2026-01-01", "end": "2099-12-31" },
            "purpose": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT", "display": "soins" }],
            "provision": [{
                "type": "deny",
                "actor": [{ "reference": { "reference": "Practitioner/INPE-77", "display": "Dr Untel" } }],
                "class": [{ "system": "http://hl7.org/fhir/resource-types", "code": "DocumentReference" }],
                "securityLabel": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV" }],
            }],
        }),
    );
    resource["text"] = json!({ "status": "generated", "div": "<div>Amina Benali</div>" });
    resource["patient"]["display"] = json!("Amina Benali");
    let counter = town.counter(CLINIC);
    let given = counter.post("/v1/consents", &opened.token, &resource).await;
    given.is(201);
    let read = counter.get(&format!("/v1/consents/{}", text(&given.json["id"])), &opened.token).await;
    read.is(200);
    assert_eq!(read.json, given.json);
    for private in ["Amina", "Untel"] {
        assert!(!read.json.to_string().contains(private), "{private} is kept");
    }
    let rule = &read.json["provision"];
    assert_eq!(rule["purpose"][0]["code"], "TREAT");
    assert_eq!(rule["period"], json!({ "start": "2026-01-01T00:00:00Z", "end": "2099-12-31T23:59:59Z" }));
    assert_eq!(rule["provision"][0]["actor"][0]["reference"]["identifier"]["value"], "INPE-77");
    assert_eq!(rule["provision"][0]["securityLabel"][0]["code"], "HIV");
    assert_eq!(rule["provision"][0]["class"][0]["code"], "DocumentReference");
    // What was given is taken in again, and is the same: so it overlaps.
    let mut again = read.json.clone();
    again["dateTime"] = given.json["dateTime"].clone();
    counter.post("/v1/consents", &opened.token, &again).await.is_problem(409, "consent-overlaps");
}

#[tokio::test]
async fn a_refusal_with_the_pin_is_lifted_with_the_pin() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", CLINIC).await;
    let stronger = with_pin(&town, CLINIC, &opened, "amina", "4417").await;
    let given = give(&town, CLINIC, &stronger, about("deny", HOSPITAL)).await;
    given.is(201);
    assert_eq!(given.json["verification"][0]["verified"], true);
    let before = town.event_count().await;
    let refused = withdraw(&town, CLINIC, &opened, &given.json["id"]).await;
    refused.is_problem(401, "holder-required");
    assert_eq!(town.event_after(before, "consent-closed-by-pin").await["kind"], "consent-refused");
    withdraw(&town, CLINIC, &stronger, &given.json["id"]).await.is(204);
}

#[tokio::test]
async fn an_opt_out_closes_all_but_whom_the_patient_then_lets_in() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", CLINIC).await;
    let mut out = consent(&opened, Value::Null);
    out.as_object_mut().expect("an object").remove("provision");
    out["policyRule"] = json!({ "coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTOUT" }] });
    let counter = town.counter(CLINIC);
    counter.post("/v1/consents", &opened.token, &out).await.is(201);
    counter.get(OBSERVATIONS, &opened.token).await.is_problem(403, "denied");
    // A medicine is nobody's data: the question reaches the back-end, which has none.
    counter.get("/prescription/Medication", &opened.token).await.is(404);
    town.clock.advance(time::Duration::seconds(1));
    let let_in = give(&town, CLINIC, &opened, about("permit", CLINIC)).await;
    let_in.is(201);
    counter.get(OBSERVATIONS, &opened.token).await.is(200);
    let elsewhere = town.session("amina", HOSPITAL).await;
    town.counter(HOSPITAL).get(OBSERVATIONS, &elsewhere.token).await.is_problem(403, "denied");
    // Whom the consent had let in by name is out at once, also with the session that was open.
    withdraw(&town, CLINIC, &opened, &let_in.json["id"]).await.is(204);
    counter.get(OBSERVATIONS, &opened.token).await.is_problem(401, "session-ended");
}

#[tokio::test]
async fn a_token_of_ones_own_does_not_pass_by_what_is_hidden() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", CLINIC).await;
    let exchange = async |token: &str| {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("resource", &format!("{}/dossier", town.app().config.api)),
        ];
        town.counter(CLINIC).form("/oauth/token", &form).await
    };
    exchange(&opened.token).await.is(200);
    let hidden = json!({ "type": "deny", "securityLabel": [{
        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R" }] });
    give(&town, CLINIC, &opened, hidden).await.is(201);
    let before = town.event_count().await;
    let refused = exchange(&opened.token).await;
    assert!(refused.status.is_client_error(), "{}", refused.json);
    assert_eq!(town.event_after(before, "consent-hides").await["outcome"], "deny");
    town.counter(CLINIC).get(OBSERVATIONS, &opened.token).await.is(200);
}

#[tokio::test]
async fn a_presence_makes_the_therapeutic_link() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", CLINIC).await;
    let subject = text(&opened.json["session"]["subject"]);
    let app = town.app();
    let linked = async || {
        let links = app.consents.links(&subject, town.now()).await.expect("links");
        links.iter().any(|link| link.establishment == CLINIC && link.seen_at <= town.now())
    };
    assert!(town.eventually(linked).await, "the presence is not written down");
    assert_eq!(app.consents.links(&subject, town.now()).await.expect("links").len(), 1);
    let much_later = town.now() + time::Duration::days(366);
    assert!(app.consents.links(&subject, much_later).await.expect("links").is_empty(), "a link ends");
}

#[tokio::test]
async fn another_node_knows_within_a_moment() {
    let town = Harness::healthy().await;
    let beside = town.beside().await;
    let here = town.session("amina", CLINIC).await;
    let there = beside.session("amina", HOSPITAL).await;
    beside.counter(HOSPITAL).get(OBSERVATIONS, &there.token).await.is(200);
    let given = give(&town, CLINIC, &here, json!({
        "type": "deny", "class": [{ "system": "http://hl7.org/fhir/resource-types", "code": "Observation" }] })).await;
    given.is(201);
    let closed = async || beside.counter(HOSPITAL).get(OBSERVATIONS, &there.token).await.code() != "";
    assert!(beside.eventually(closed).await, "the other node does not hear of it");
}

#[tokio::test]
async fn a_refusal_that_names_nobody_ends_the_sessions_that_it_closes_elsewhere() {
    let town = Harness::healthy().await;
    let (there, pharmacy) = (town.session("amina", HOSPITAL).await, town.session("amina", PHARMACY).await);
    let here = town.session("amina", CLINIC).await;
    let subject = text(&here.json["session"]["subject"]);
    let linked = async || town.app().consents.links(&subject, town.now()).await.expect("links").len() == 3;
    assert!(town.eventually(linked).await, "three presences make three links");
    let hospitals = json!({ "type": "deny", "actor": [{ "reference": { "identifier": {
        "system": "https://bawaba.example/fhir/CodeSystem/establishment-kind", "value": "hospital" } } }] });
    give(&town, CLINIC, &here, hospitals).await.is(201);
    town.counter(HOSPITAL).get(OBSERVATIONS, &there.token).await.is_problem(401, "session-ended");
    assert_eq!(town.event_after(0, "consent-withdrawn").await["kind"], "access");
    town.counter(PHARMACY).get(PRESCRIPTIONS, &pharmacy.token).await.is(200);
    town.counter(CLINIC).get(OBSERVATIONS, &here.token).await.is(200);
}
