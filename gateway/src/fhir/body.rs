//! Which patient does a FHIR JSON body name?
//!
//! The bytes that are checked are the bytes that are forwarded: the counter's name of the patient is replaced
//! in the text (it is long and random, so it stands nowhere else by chance), and the result is parsed and
//! judged. Nothing is written anew from a parsed tree, so that `0.10` stays `0.10` (FHIR section 2.24.0.1,
//! decimal) and what we understood is what the back-end reads.

use bytes::Bytes;

use super::json::Json;
use super::reference::{self, Reference};
use super::resource::{About, ResourceType};
use super::{FhirError, PatientNames, Target};

/// Elements that say whom a resource is about, in any type: where one stands, it refers to the patient.
const SUBJECT_ELEMENTS: [&str; 5] = ["subject", "patient", "beneficiary", "for", "securityContext"];

const OTHER: FhirError = FhirError::PatientMismatch("the body names another patient");

/// The body of a create or update, about the session's patient and nobody else.
pub(super) fn bind_resource(
    target: &Target<'_>,
    body: &Bytes,
    patient: PatientNames<'_>,
) -> Result<Bytes, FhirError> {
    let bytes = translated(body, patient)?;
    require_resource(target, &parsed(&bytes)?, patient, &|_| false)?;
    Ok(bytes)
}

/// The text with the back-end's name of the patient.
pub(super) fn translated(body: &Bytes, patient: PatientNames<'_>) -> Result<Bytes, FhirError> {
    let text = std::str::from_utf8(body).map_err(|_| FhirError::NotUnderstood("the body is not UTF-8"))?;
    Ok(if text.contains(patient.here) {
        Bytes::from(text.replace(patient.here, patient.there))
    } else {
        body.clone()
    })
}

pub(super) fn parsed(bytes: &[u8]) -> Result<Json<'_>, FhirError> {
    Json::parse(bytes).ok_or(FhirError::NotUnderstood("the body is not JSON, or says a thing twice"))
}

/// `stands_for_the_patient`: whether a `urn:uuid:` is an entry of the Bundle that is this patient.
pub(super) fn require_resource(
    target: &Target<'_>,
    resource: &Json<'_>,
    patient: PatientNames<'_>,
    stands_for_the_patient: &dyn Fn(&str) -> bool,
) -> Result<(), FhirError> {
    let Some(of) = target.resource_type().filter(|of| resource.text("resourceType") == Some(of.name)) else {
        return Err(FhirError::NotUnderstood("the body is not of the type in the path"));
    };
    if let Some(id) = target.instance_id() {
        let there = if of.about == About::Patient { patient.there } else { id };
        if resource.text("id") != Some(there) {
            return Err(FhirError::NotUnderstood("the body has not the id in the path"));
        }
    }
    let found = require_only_patient(resource, patient)?;
    let is_the_patient = |subject: &Json<'_>| match subject.text("reference") {
        Some(text) => is_this(text, patient) || stands_for_the_patient(text),
        None => false,
    };
    for element in SUBJECT_ELEMENTS {
        let subject = resource.member(element);
        // What a resource is about must be said by a literal reference: a display name or an identifier proves nothing.
        if subject.is_some_and(|subject| !subject.elements().iter().all(is_the_patient)) {
            return Err(FhirError::PatientMismatch("the body is about another subject"));
        }
    }
    let says = match of.about {
        About::Patient | About::Nobody => true,
        About::One { element: Some(element), .. } => resource.member(element).is_some_and(|subject| {
            !subject.elements().is_empty() && subject.elements().iter().all(is_the_patient)
        }),
        About::One { element: None, .. } => found,
        About::Several => false,
    };
    if says { Ok(()) } else { Err(FhirError::PatientMismatch("the body names no patient")) }
}

/// Whether a text is a literal reference to the patient, by the back-end's name.
fn is_this(text: &str, patient: PatientNames<'_>) -> bool {
    matches!(Reference::parse(text), Some(Reference::Local { of, id, version: false })
        if of.about == About::Patient && id == patient.there)
}

/// Every reference in the tree that is a patient's is this patient's; says whether there is one.
pub(super) fn require_only_patient(json: &Json<'_>, patient: PatientNames<'_>) -> Result<bool, FhirError> {
    let mut found = false;
    match json {
        Json::Array(elements) => {
            for element in elements {
                found |= require_only_patient(element, patient)?;
            }
        }
        Json::Object(members) => {
            found |= require_reference(json, patient)?;
            for (name, value) in members {
                match name.as_ref() {
                    "contained" if value.elements().iter().any(is_patient) => {
                        return Err(FhirError::PatientMismatch("the body contains a patient"));
                    }
                    // Words that people read.
                    "display" | "div" | "text" | "description" if value.as_text().is_some() => {}
                    "reference" => {}
                    _ => found |= require_only_patient(value, patient)?,
                }
            }
        }
        // A `uri`, such as that of an attachment.
        Json::Text(text) => names_no_other_plainly(text, patient)?,
        Json::Other => {}
    }
    Ok(found)
}

/// An object, where it is a `Reference` (section 2.3.0).
fn require_reference(json: &Json<'_>, patient: PatientNames<'_>) -> Result<bool, FhirError> {
    let typed = json.text("type") == Some("Patient");
    match json.member("reference") {
        Some(Json::Text(text)) => {
            if let Some(Reference::Conditional { of }) = Reference::parse(text)
                && !matches!(of.about, About::Nobody | About::Patient)
            {
                return Err(FhirError::NotTaken("a conditional reference finds only what is about nobody"));
            }
            let names = reference::names(text, patient)?;
            let other = names && !is_this(text, patient);
            if other || (typed && !names) { Err(OTHER) } else { Ok(names) }
        }
        Some(_) => require_only_patient(json.member("reference").unwrap_or(&Json::Other), patient),
        None if typed && json.member("identifier").is_some() => {
            Err(FhirError::PatientMismatch("the body names a patient by an identifier"))
        }
        None => Ok(false),
    }
}

/// A text that is a reference names no other patient.
pub(super) fn names_no_other(text: &str, patient: PatientNames<'_>) -> Result<(), FhirError> {
    if reference::names(text, patient)? && !is_this(text, patient) { Err(OTHER) } else { Ok(()) }
}

/// A text that may be one is none of another patient; a text of people may speak of `patient/family`.
fn names_no_other_plainly(text: &str, patient: PatientNames<'_>) -> Result<(), FhirError> {
    match Reference::parse(text) {
        Some(Reference::Local { of, id, .. } | Reference::Elsewhere { of, id })
            if of.about == About::Patient && id != patient.there =>
        {
            Err(OTHER)
        }
        _ => Ok(()),
    }
}

fn is_patient(resource: &Json<'_>) -> bool {
    !matches!(resource, Json::Object(_))
        || resource
            .text("resourceType")
            .and_then(ResourceType::named)
            .is_none_or(|of| of.about == About::Patient)
}
