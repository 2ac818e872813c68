//! What is no consent, or nobody's to give: one row each, with its named problem and its event.

use bawaba_tests::counter::{Answered, text};
use bawaba_tests::harness::{Harness, Opened};
use gateway::registry::{NewPatient, Relationship};
use reqwest::Method;
use serde_json::{Value, json};

use super::consent::{about, consent, give};

const CLINIC: &str = "clinic-1";
const HOSPITAL: &str = "hospital-1";
const REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

/// What was changed in a sound consent, and what it is called.
type Row = (&'static str, u16, &'static str, Value);

/// Each row spoils the consent by a JSON merge patch (RFC 7396).
fn rows() -> Vec<Row> {
    let rule = |provision: Value| json!({ "provision": provision });
    let coded = |system: &str, code: &str| json!([{ "system": system, "code": code }]);
    let deep =
        (0..5).fold(json!({ "type": "permit" }), |below, _| json!({ "type": "deny", "provision": [below] }));
    let many: Vec<Value> = (0..40).map(|_| json!({ "type": "deny" })).collect();
    vec![
        (
            "another patient",
            403,
            "patient-mismatch",
            json!({ "patient": { "reference": "Patient/somebody" } }),
        ),
        (
            "a patient by identifier",
            403,
            "patient-mismatch",
            json!({ "patient": { "reference": null, "identifier": { "value": "1" } } }),
        ),
        (
            "said by a practitioner",
            403,
            "patient-mismatch",
            json!({ "performer": [{ "reference": "Practitioner/INPE-1" }] }),
        ),
        (
            "said by a relative who is not here",
            403,
            "patient-mismatch",
            json!({ "performer": [{ "reference": "RelatedPerson/1" }] }),
        ),
        (
            "a period that is over",
            422,
            "consent-dates",
            rule(json!({ "type": "permit", "period": { "end": "2020-01-01" } })),
        ),
        (
            "a period that ends before it starts",
            422,
            "consent-dates",
            rule(json!({ "type": "permit", "period": { "start": "2098", "end": "2097" } })),
        ),
        (
            "an exception that never holds",
            422,
            "consent-dates",
            rule(json!({ "type": "permit", "period": { "end": "2090" },
            "provision": [{ "type": "deny", "period": { "start": "2095" } }] })),
        ),
        ("no date", 422, "consent-dates", rule(json!({ "type": "permit", "period": { "end": "tomorrow" } }))),
        ("said years ago", 422, "consent-dates", json!({ "dateTime": "2019-05-01" })),
        ("said in years", 422, "consent-dates", json!({ "dateTime": "2099-05-01T10:00:00Z" })),
        (
            "an unknown purpose",
            422,
            "consent-code-unknown",
            rule(json!({ "type": "permit", "purpose": coded(REASON, "CURIOSITY") })),
        ),
        (
            "an unknown type",
            422,
            "consent-code-unknown",
            rule(json!({ "type": "permit", "class": coded("http://hl7.org/fhir/resource-types", "Diary") })),
        ),
        (
            "an unknown label",
            422,
            "consent-code-unknown",
            rule(
                json!({ "type": "deny", "securityLabel": coded("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "X") }),
            ),
        ),
        (
            "a code without its system",
            422,
            "consent-code-unknown",
            rule(json!({ "type": "permit", "purpose": [{ "code": "TREAT" }] })),
        ),
        (
            "an unknown base",
            422,
            "consent-code-unknown",
            json!({ "policyRule": { "coding": coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "MAYBE") } }),
        ),
        ("neither yes nor no", 422, "consent-code-unknown", rule(json!({ "type": "maybe" }))),
        ("an unknown status", 422, "consent-code-unknown", json!({ "status": "signed" })),
        (
            "an author, not a recipient",
            422,
            "consent-code-unknown",
            rule(json!({ "type": "deny", "actor": [{
            "role": { "coding": coded("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "AUT") },
            "reference": { "reference": "Practitioner/INPE-1" } }] })),
        ),
        ("an unknown establishment", 422, "consent-actor-unknown", rule(about("deny", "hospital-99"))),
        ("a back-end is no establishment", 422, "consent-actor-unknown", rule(about("deny", "dossier"))),
        (
            "yes and no at once",
            409,
            "consent-contradictory",
            json!({
            "policyRule": { "coding": coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN") }, "provision": { "type": "deny", "actor": null } }),
        ),
        (
            "two exceptions that say yes and no to the same",
            409,
            "consent-contradictory",
            rule(json!({ "type": "permit", "provision": [
            { "type": "deny", "purpose": coded(REASON, "TREAT") }, { "type": "permit", "purpose": coded(REASON, "TREAT") }] })),
        ),
        (
            "single entries",
            422,
            "consent-not-understood",
            rule(
                json!({ "type": "permit", "data": [{ "meaning": "instance", "reference": { "reference": "Observation/1" } }] }),
            ),
        ),
        (
            "when an entry was made",
            422,
            "consent-not-understood",
            rule(json!({ "type": "permit", "dataPeriod": { "start": "2026" } })),
        ),
        (
            "an element that must not be ignored",
            422,
            "consent-not-understood",
            json!({ "modifierExtension": [{ "url": "urn:not", "valueBoolean": true }] }),
        ),
        (
            "only what is labelled",
            422,
            "consent-not-understood",
            rule(
                json!({ "type": "permit", "securityLabel": coded("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N") }),
            ),
        ),
        ("a draft", 422, "consent-not-understood", json!({ "status": "draft" })),
        (
            "no privacy",
            422,
            "consent-not-understood",
            json!({ "scope": { "coding": coded("http://terminology.hl7.org/CodeSystem/consentscope", "research") } }),
        ),
        ("rules too deep", 422, "consent-not-understood", rule(deep)),
        (
            "rules too many",
            422,
            "consent-not-understood",
            rule(json!({ "type": "permit", "provision": many })),
        ),
        ("a rule without yes or no", 422, "consent-not-understood", rule(json!({ "type": null }))),
        ("another resource", 400, "malformed", json!({ "resourceType": "Patient" })),
        ("no category", 400, "malformed", json!({ "category": null })),
    ]
}

/// RFC 7396, as far as the rows need it; a provision is replaced whole.
fn merged(mut sound: Value, patch: &Value) -> Value {
    for (name, value) in patch.as_object().expect("an object") {
        match value {
            Value::Null => drop(sound.as_object_mut().expect("an object").remove(name)),
            Value::Object(_) if name == "patient" => sound[name] = merged(sound[name].clone(), value),
            _ => sound[name] = value.clone(),
        }
    }
    sound
}

#[tokio::test]
async fn each_of_these_is_refused_by_its_name() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", CLINIC).await;
    let counter = town.counter(CLINIC);
    for (name, status, code, patch) in rows() {
        let mut body = merged(consent(&opened, about("deny", HOSPITAL)), &patch);
        if let Some(provision) = body["provision"].as_object_mut() {
            provision.retain(|_, value| !value.is_null());
        }
        let before = town.event_count().await;
        let answer = counter.post("/v1/consents", &opened.token, &body).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{name}: {}", answer.json);
        let event = town.event_after(before, code).await;
        assert_eq!(event["kind"], "consent-refused", "{name}");
    }
    let twice = r#"{"resourceType":"Consent","status":"active","status":"draft"}"#;
    let token = format!("Bearer {}", opened.token);
    let headers = [("authorization", token.as_str()), ("content-type", "application/fhir+json")];
    counter
        .send(Method::POST, "/v1/consents", &headers, Some(twice.to_owned()))
        .await
        .is_problem(400, "malformed");
    let shown = counter.get("/v1/consents", &opened.token).await;
    assert_eq!(shown.json["total"], 0, "nothing of it is kept");
}

#[tokio::test]
async fn what_stands_is_neither_repeated_nor_contradicted() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", CLINIC).await;
    let denial = give(&town, CLINIC, &opened, about("deny", HOSPITAL)).await;
    denial.is(201);
    give(&town, CLINIC, &opened, about("deny", HOSPITAL)).await.is_problem(409, "consent-overlaps");
    town.clock.advance(time::Duration::seconds(5));
    let refused = give(&town, CLINIC, &opened, about("permit", HOSPITAL)).await;
    refused.is_problem(409, "consent-contradictory");
    // A permit that opens something is taken, though it opens nothing there.
    give(&town, CLINIC, &opened, json!({ "type": "permit" })).await.is(201);
    // A denial always is.
    give(&town, CLINIC, &opened, json!({ "type": "deny" })).await.is(201);
}

#[tokio::test]
async fn a_consent_is_shown_and_withdrawn_in_its_patients_session_alone() {
    let town = Harness::healthy().await;
    let mine = town.session("amina", CLINIC).await;
    let given = give(&town, CLINIC, &mine, about("deny", HOSPITAL)).await;
    given.is(201);
    let other = town.session("youssef", CLINIC).await;
    let path = format!("/v1/consents/{}", text(&given.json["id"]));
    let counter = town.counter(CLINIC);
    for method in [Method::GET, Method::DELETE] {
        let before = town.event_count().await;
        counter.ask(method, &path, Some(&other.token), None).await.is_problem(404, "consent-unknown");
        assert_eq!(town.event_after(before, "consent-unknown").await["kind"], "consent-refused");
    }
    counter.get("/v1/consents/not-an-id", &mine.token).await.is_problem(404, "consent-unknown");
    counter.ask(Method::GET, &path, None, None).await.is_problem(401, "unauthenticated");
    counter.get(&path, &mine.token).await.is(200);
}

/// A session for a dependant, or why there is none.
async fn for_dependant(town: &Harness, client: &str, dependant: &str) -> bawaba_tests::counter::Reply {
    let counter = town.counter(client);
    let Ok(Answered { presence, responses }) = counter.challenge(&mut town.card("fatima-guardian")).await
    else {
        panic!("a card that is believed");
    };
    let responses: Vec<String> = responses.iter().map(|answer| hex::encode(answer.encode())).collect();
    let body = json!({ "responses": responses, "purpose": "TREAT", "dependant": dependant });
    counter.ask(Method::POST, &format!("/v1/presences/{presence}/proof"), None, Some(&body)).await
}

#[tokio::test]
async fn a_guardian_speaks_for_a_child_until_it_is_of_age() {
    let town = Harness::healthy().await;
    let guardian = town.session("fatima-guardian", CLINIC).await;
    let registry = &town.app().registry;
    let subject = text(&guardian.json["session"]["subject"]);
    let year = town.now().year();
    // Three more: one turns eighteen this year, one did last year, and a ward of forty.
    let mut children = Vec::new();
    for (age, relationship, number) in [
        (18, Relationship::Child, "990000099901"),
        (19, Relationship::Child, "990000099902"),
        (40, Relationship::Ward, "990000099903"),
    ] {
        let patient = registry.patient_by_subject(&subject).await.expect("a registry").expect("enrolled");
        let child = NewPatient {
            national_number: None,
            health_id: gateway::registry::HealthId::parse(number).expect("an id"),
            coverage: patient.coverage.clone(),
            birth_year: Some(year - age),
        };
        let child = registry.enrol(&child).await.expect("enrolled");
        registry.link_guardian(&subject, &child, relationship).await.expect("linked");
        children.push(child);
    }
    let [minor, adult, ward] = children.as_slice() else { panic!("three") };
    let told = town.session("fatima-guardian", CLINIC).await;
    let told: Vec<String> = told.json["session"]["dependants"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| text(&one["subject"]))
        .collect();
    assert!(told.contains(minor) && told.contains(ward) && !told.contains(adult), "{told:?}");
    let before = town.event_count().await;
    for_dependant(&town, CLINIC, adult).await.is_problem(403, "guardianship-ended");
    assert_eq!(town.event_after(before, "guardianship-ended").await["kind"], "session-refused");
    for dependant in [minor, ward] {
        let opened = for_dependant(&town, CLINIC, dependant).await;
        opened.is(201);
        let opened = Opened { token: text(&opened.json["token"]), json: opened.json };
        let given = give(&town, CLINIC, &opened, about("deny", HOSPITAL)).await;
        given.is(201);
        assert_eq!(given.json["performer"][0]["reference"], format!("Patient/{subject}"));
        assert_eq!(given.json["patient"]["reference"], format!("Patient/{dependant}"));
    }
    // What was said for the child ends with its childhood; what was said for the ward does not.
    let hospital = registry.client(HOSPITAL).expect("registered");
    let stance = async |subject: &str, at| {
        let rules = town.app().consents.rules(subject, &hospital, at).await.expect("rules");
        rules.facts("Observation", policies::Purpose::Treatment, None).stance
    };
    let of_age = town.now().replace_ordinal(1).expect("a day").replace_year(year + 1).expect("a year");
    assert_eq!(stance(minor, town.now()).await, policies::Stance::Denies);
    assert_eq!(stance(minor, of_age).await, policies::Stance::Silent);
    assert_eq!(stance(ward, of_age).await, policies::Stance::Denies);
}
