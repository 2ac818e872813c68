//! How is a consent given back, as FHIR R4?

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::codes::{ACT_REASON, PARTICIPATION, RESOURCE_TYPES, SCOPE};
use super::{ESTABLISHMENT_SYSTEM, KIND_SYSTEM, POLICY_URI, PRACTITIONER_ROLE_SYSTEM, PRACTITIONER_SYSTEM};
use crate::consent::model::{Actor, Provision};
use crate::consent::store::Stored;

/// One consent. `stands`: it was not withdrawn, and has not ended.
pub(crate) fn resource(stored: &Stored, stands: bool) -> Value {
    let Stored { consent, subject, establishment, withdrawn_at, .. } = stored;
    let patient = json!({ "reference": format!("Patient/{subject}") });
    let performer = match &consent.guardian {
        Some(guardian) => json!({ "reference": format!("Patient/{}", guardian.subject) }),
        None => patient.clone(),
    };
    let mut resource = object(json!({
        "resourceType": "Consent",
        "id": consent.id,
        "meta": { "lastUpdated": instant(withdrawn_at.unwrap_or(consent.given_at)) },
        "status": if stands { "active" } else { "inactive" },
        "scope": { "coding": [{ "system": SCOPE, "code": "patient-privacy" }] },
        "category": [{ "coding": [{ "system": "http://loinc.org", "code": "59284-0" }] }],
        "patient": patient,
        "dateTime": instant(consent.given_at),
        "performer": [&performer],
        "organization": [{ "reference": format!("Organization/{establishment}") }],
        "policy": [{ "uri": POLICY_URI }],
        "provision": provision(&consent.root),
    }));
    if consent.holder {
        // The PIN: whoever was asked answered in person.
        let verified = json!([{
            "verified": true,
            "verifiedWith": performer,
            "verificationDate": instant(consent.given_at),
        }]);
        resource.insert("verification".to_owned(), verified);
    }
    Value::Object(resource)
}

/// The members of a `json!` object.
fn object(json: Value) -> Map<String, Value> {
    match json {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// All of a patient (FHIR R4 §3.1.1.4).
pub(crate) fn bundle(resources: Vec<Value>) -> Value {
    let entries: Vec<Value> = resources
        .into_iter()
        .map(|resource| json!({ "resource": resource, "search": { "mode": "match" } }))
        .collect();
    let head = json!({ "resourceType": "Bundle", "type": "searchset", "total": entries.len() });
    let mut bundle = object(head);
    if !entries.is_empty() {
        bundle.insert("entry".to_owned(), entries.into());
    }
    Value::Object(bundle)
}

fn provision(rule: &Provision) -> Value {
    let mut json = object(json!({ "type": rule.choice.as_str() }));
    let mut set = |name: &str, elements: Vec<Value>| {
        if !elements.is_empty() {
            json.insert(name.to_owned(), elements.into());
        }
    };
    let coded = |system: &'static str| move |code: &String| json!({ "system": system, "code": code });
    set("actor", rule.actors.iter().map(actor).collect());
    let label = |label: &crate::consent::Label| json!({ "system": label.system(), "code": label.code() });
    set("securityLabel", rule.labels.iter().map(label).collect());
    set("purpose", rule.purposes.iter().map(coded(ACT_REASON)).collect());
    set("class", rule.classes.iter().map(coded(RESOURCE_TYPES)).collect());
    set("provision", rule.exceptions.iter().map(provision).collect());
    if !rule.period.is_always() {
        let start = rule.period.start.map(instant);
        // FHIR's end is the last second that is still in it.
        let end = rule.period.end.map(|end| instant(end - time::Duration::SECOND));
        let ends = [("start", start), ("end", end)].into_iter();
        let period: Map<_, _> = ends.filter_map(|(name, end)| Some((name.to_owned(), end?.into()))).collect();
        json.insert("period".to_owned(), period.into());
    }
    Value::Object(json)
}

fn actor(actor: &Actor) -> Value {
    let logical = |kind: &str, system: &str, value: &str| json!({ "type": kind, "identifier": { "system": system, "value": value } });
    let reference = match actor {
        Actor::Establishment(id) => logical("Organization", ESTABLISHMENT_SYSTEM, id),
        Actor::Kind(kind) => logical("Group", KIND_SYSTEM, kind.0.as_str()),
        Actor::Practitioner { id, at: None } => logical("Practitioner", PRACTITIONER_SYSTEM, id),
        Actor::Practitioner { id, at: Some(place) } => {
            logical("PractitionerRole", PRACTITIONER_ROLE_SYSTEM, &format!("{id}@{place}"))
        }
    };
    let role = json!({ "coding": [{ "system": PARTICIPATION, "code": "IRCP" }] });
    json!({ "role": role, "reference": reference })
}

/// Whole seconds, as everything that is read.
fn instant(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}
