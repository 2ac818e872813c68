//! Is this the consent of the patient who is here, and what does it say?

use crate::fhir::json::Json;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::ConsentError;
use super::ConsentError::{Dates, Malformed, NotUnderstood, SomebodyElse, UnknownCode};
use super::codes::{self, SCOPE};
use super::date::Span;
use super::provision::{self, only};
use crate::consent::model::Provision;

/// A consent is said while the card is here: how far its own clock may be from ours.
const CLOCKS: Duration = Duration::minutes(10);

/// Who is here, and when (*personnes présentes*).
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Every name by which the counter knows the patient: its own and those at the back-ends.
    pub patient: &'a [&'a str],
    /// The guardian who holds the card, where the patient is a dependant.
    pub guardian: Option<&'a str>,
    /// Where they are.
    pub establishment: &'a str,
    /// When the card proved to be here.
    pub present_since: OffsetDateTime,
    /// Now.
    pub at: OffsetDateTime,
}

const ELEMENTS: [&str; 20] = [
    "resourceType",
    "id",
    "meta",
    "language",
    "text",
    "extension",
    "identifier",
    "status",
    "scope",
    "category",
    "patient",
    "dateTime",
    "performer",
    "organization",
    "sourceAttachment",
    "sourceReference",
    "policy",
    "policyRule",
    "verification",
    "provision",
];

/// The rules of a FHIR R4 Consent of the patient who is here; not yet compared with what stands.
pub fn read(body: &[u8], expected: Expected<'_>) -> Result<Provision, ConsentError> {
    let twice = Malformed("the body is not JSON, or says something twice");
    Json::parse(body).ok_or(twice)?;
    let json: Value = serde_json::from_slice(body).map_err(|_| twice)?;
    if json.get("resourceType").and_then(Value::as_str) != Some("Consent") {
        return Err(Malformed("resourceType is not Consent"));
    }
    only(&json, &ELEMENTS)?;
    match json.get("status").and_then(Value::as_str) {
        Some("active") => {}
        Some("draft" | "proposed" | "rejected" | "inactive" | "entered-in-error") => {
            return Err(NotUnderstood("what a patient says here is active; to withdraw is DELETE"));
        }
        _ => return Err(UnknownCode("status is of FHIR R4 ConsentState")),
    }
    let scope = json.get("scope").ok_or(Malformed("scope is missing"))?;
    if codes::codings(scope)?.iter().any(|scope| *scope != (SCOPE, "patient-privacy")) {
        return Err(NotUnderstood("scope is patient-privacy"));
    }
    if codes::list(&json, "category")?.is_empty() {
        return Err(Malformed("category is missing"));
    }
    persons(&json, expected)?;
    if let Some(said) = json.get("dateTime") {
        let Value::String(said) = said else { return Err(Malformed("dateTime is not a text")) };
        let said = Span::parse(said)?;
        if said.to <= expected.present_since - CLOCKS {
            return Err(Dates("dateTime is before the patient was here"));
        }
        if said.from > expected.at + CLOCKS {
            return Err(Dates("dateTime is still to come"));
        }
    }
    let base = json.get("policyRule").map(codes::base).transpose()?;
    provision::root(base, json.get("provision"), expected.at)
}

/// The patient speaks, or their guardian, here.
fn persons(json: &Value, expected: Expected<'_>) -> Result<(), ConsentError> {
    let is_patient = |reference: &str| {
        reference.strip_prefix("Patient/").is_some_and(|name| expected.patient.contains(&name))
    };
    let reference = |json: &Value| match json {
        Value::Object(_) => json.get("reference").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    if let Some(patient) = json.get("patient")
        && !reference(patient).is_some_and(|patient| is_patient(&patient))
    {
        return Err(SomebodyElse("Consent.patient is not the patient of the session"));
    }
    for performer in codes::list(json, "performer")? {
        let speaks = reference(performer).is_some_and(|performer| match expected.guardian {
            None => is_patient(&performer),
            Some(guardian) => {
                performer.starts_with("RelatedPerson/")
                    || performer.strip_prefix("Patient/") == Some(guardian)
            }
        });
        if !speaks {
            return Err(SomebodyElse("Consent.performer is not who holds the card"));
        }
    }
    for organization in codes::list(json, "organization")? {
        let here = reference(organization);
        let here = here.as_deref().and_then(|reference| reference.strip_prefix("Organization/"));
        if here != Some(expected.establishment) {
            return Err(NotUnderstood("Consent.organization is the establishment where it is given"));
        }
    }
    Ok(())
}
