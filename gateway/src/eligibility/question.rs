//! What is asked about cover? (FHIR R4 CoverageEligibilityRequest)
//!
//! What comes is read member by member and written anew for the back-end: nothing that was not understood passes.

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};

use super::shapes::{CodeableConcept, date};
use crate::billing::{ExtensionShape, receipt};
use crate::fhir::FhirError;
use crate::limits::{ELIGIBILITY_DAYS_AHEAD, ELIGIBILITY_ITEMS_MAX};
use crate::tally::day;
use crate::token::read_once;

/// What a question may be for (FHIR R4 value set eligibilityrequest-purpose).
const PURPOSES: [&str; 4] = ["auth-requirements", "benefits", "discovery", "validation"];

/// A question about cover (*demande de droits*): whom it names and what it brings is not believed yet.
pub(super) struct Question {
    /// The patient's name, as the asker says it.
    pub(super) patient: String,
    /// A receipt, from who has no session.
    pub(super) receipt: Option<String>,
    /// What is asked.
    pub(super) asked: Asked,
}

/// What is asked, apart from about whom and by whom.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    /// Words of [`PURPOSES`], in order, each once.
    pub(super) purposes: Vec<&'static str>,
    /// The day of the act.
    pub(super) serviced: Date,
    /// The acts or medicines.
    pub(super) items: Vec<Coded>,
}

/// An act or a medicine by its code (*acte*).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Coded {
    pub(super) system: String,
    pub(super) code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestShape {
    resource_type: String,
    status: String,
    purpose: Vec<String>,
    patient: ReferenceShape,
    serviced_date: Option<String>,
    serviced_period: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    extension: Vec<ExtensionShape>,
    #[serde(default)]
    item: Vec<ItemShape>,
}

#[derive(Deserialize)]
struct ReferenceShape {
    reference: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemShape {
    product_or_service: CodeableConcept,
}

impl Question {
    /// Reads the body of a question.
    pub(super) fn read(body: &[u8], at: OffsetDateTime) -> Result<Self, FhirError> {
        let shape: RequestShape = read_once(body)
            .map_err(|_| FhirError::NotUnderstood("the body is no CoverageEligibilityRequest"))?;
        if shape.resource_type != "CoverageEligibilityRequest" {
            return Err(FhirError::NotUnderstood("the body is no CoverageEligibilityRequest"));
        }
        if shape.status != "active" {
            return Err(FhirError::NotUnderstood("the status of a question is active"));
        }
        if shape.serviced_period.is_some() {
            return Err(FhirError::NotUnderstood("say one servicedDate, no period"));
        }
        let patient = shape.patient.reference.strip_prefix("Patient/");
        let patient = patient
            .ok_or(FhirError::PatientMismatch("the question names its patient as Patient/…"))?
            .to_owned();
        let asked = Asked {
            purposes: purposes(&shape.purpose)?,
            serviced: serviced(shape.serviced_date.as_deref(), at)?,
            items: items(&shape.item)?,
        };
        Ok(Self { patient, receipt: receipt(shape.extension)?, asked })
    }
}

impl Asked {
    /// At a counter the act is of today or to come; who asks about the past has a receipt of it.
    pub(super) fn is_of_today_or_later(&self, at: OffsetDateTime) -> bool {
        self.serviced >= day(at)
    }
}

fn purposes(said: &[String]) -> Result<Vec<&'static str>, FhirError> {
    let known = |word: &String| PURPOSES.into_iter().find(|purpose| purpose == word);
    let mut purposes: Vec<_> = said
        .iter()
        .map(|word| known(word).ok_or(FhirError::NotUnderstood("a purpose of the question is not known")))
        .collect::<Result<_, _>>()?;
    purposes.sort_unstable();
    purposes.dedup();
    if purposes.is_empty() { Err(FhirError::NotUnderstood("a question has a purpose")) } else { Ok(purposes) }
}

fn serviced(said: Option<&str>, at: OffsetDateTime) -> Result<Date, FhirError> {
    let today = day(at);
    let serviced = match said {
        Some(text) => date(text).ok_or(FhirError::NotUnderstood("servicedDate is a whole date"))?,
        None => today,
    };
    if serviced > today.saturating_add(Duration::days(ELIGIBILITY_DAYS_AHEAD)) {
        return Err(FhirError::NotUnderstood("cover is asked for at most 31 days ahead"));
    }
    Ok(serviced)
}

fn items(said: &[ItemShape]) -> Result<Vec<Coded>, FhirError> {
    if said.len() > ELIGIBILITY_ITEMS_MAX {
        return Err(FhirError::NotUnderstood("a question has at most 50 items"));
    }
    let coded = |item: &ItemShape| {
        item.product_or_service
            .coded()
            .ok_or(FhirError::NotUnderstood("an item has one coding with system and code"))
    };
    said.iter().map(coded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use time::macros::datetime;

    const AT: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);

    fn question() -> Value {
        json!({
            "resourceType": "CoverageEligibilityRequest", "status": "active", "purpose": ["benefits", "validation"],
            "patient": {"reference": "Patient/here"}, "created": "2026-11-22", "insurer": {"display": "CNSS"},
            "item": [{"productOrService": {"coding": [{"system": "http://www.whocc.no/atc", "code": "A10BA02"}]}}],
        })
    }

    fn read(body: &Value) -> Result<Question, FhirError> {
        Question::read(body.to_string().as_bytes(), AT)
    }

    #[test]
    fn a_question_is_understood() {
        let read = read(&question()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((read.patient.as_str(), read.receipt), ("here", None));
        assert_eq!(read.asked.purposes, ["benefits", "validation"]);
        assert_eq!(read.asked.serviced, time::macros::date!(2026 - 11 - 22));
        assert_eq!(read.asked.items.len(), 1);
        assert!(read.asked.is_of_today_or_later(AT));
        assert!(!read.asked.is_of_today_or_later(AT + Duration::DAY));
    }

    #[test]
    fn each_spoilt_member_is_refused() {
        let many: Vec<Value> = vec![question()["item"][0].clone(); 51];
        for (member, value) in [
            ("resourceType", json!("CoverageEligibilityResponse")),
            ("status", json!("draft")),
            ("purpose", json!([])),
            ("purpose", json!(["curiosity"])),
            ("purpose", json!("benefits")),
            ("patient", json!({"identifier": {"value": "AB123456"}})),
            ("patient", json!({"reference": "Group/1"})),
            ("servicedDate", json!("2026-11")),
            ("servicedDate", json!("2026-13-01")),
            ("servicedDate", json!("2027-01-22")),
            ("servicedPeriod", json!({"start": "2026-11-22"})),
            ("item", json!([{"productOrService": {"text": "aspirine"}}])),
            ("item", json!(many)),
        ] {
            let mut spoilt = question();
            spoilt[member] = value.clone();
            assert!(read(&spoilt).is_err(), "{member}: {value}");
        }
        let twice = question().to_string().replacen('{', r#"{"patient":{"reference":"Patient/else"},"#, 1);
        assert!(Question::read(twice.as_bytes(), AT).is_err());
    }
}
