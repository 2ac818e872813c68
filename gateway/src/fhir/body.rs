//! Which patient does a FHIR JSON body name?
//!
//! The bytes that are checked are the bytes that are forwarded: the counter's name of the patient is replaced
//! in the text (it is long and random, so it stands nowhere else by chance), and the result is parsed and
//! judged. Nothing is written anew from a parsed tree, so that `0.10` stays `0.10` (FHIR section 2.24.0.1,
//! decimal) and what we understood is what the back-end reads.

use bytes::Bytes;
use http::Method;

use super::json::Json;
use super::search::{self, is_about_a_patient};
use super::{BodyKind, FhirError, PatientNames, Step, Target};

/// Elements that say whom a resource is about.
const SUBJECT_ELEMENTS: [&str; 4] = ["subject", "patient", "beneficiary", "for"];

/// Requests in one Bundle: each is decided and all wait for the last.
const BUNDLE_ENTRIES_MAX: usize = 100;

/// The body of a create or update, about the session's patient and nobody else.
pub(super) fn bind_resource(
    target: &Target,
    body: &Bytes,
    patient: PatientNames<'_>,
) -> Result<Bytes, FhirError> {
    let (bytes, json) = translated(body, patient)?;
    require_resource(target, &json, patient)?;
    Ok(bytes)
}

/// A transaction or batch: every entry as if it had come alone.
pub(super) fn bind_bundle(body: &Bytes, patient: PatientNames<'_>) -> Result<(Bytes, Vec<Step>), FhirError> {
    let (bytes, json) = translated(body, patient)?;
    if json.text("resourceType") != Some("Bundle")
        || !matches!(json.text("type"), Some("transaction" | "batch"))
    {
        return Err(FhirError::NotUnderstood("the base takes a Bundle of type transaction or batch"));
    }
    let Some(Json::Array(entries)) = json.member("entry") else {
        return Err(FhirError::NotUnderstood("the Bundle has no entry"));
    };
    if entries.is_empty() || entries.len() > BUNDLE_ENTRIES_MAX {
        return Err(FhirError::NotUnderstood("a Bundle takes 1 to 100 entries"));
    }
    let steps = entries.iter().map(|entry| bind_entry(entry, patient)).collect::<Result<_, _>>()?;
    Ok((bytes, steps))
}

fn bind_entry(entry: &Json, patient: PatientNames<'_>) -> Result<Step, FhirError> {
    let request = entry.member("request").ok_or(FhirError::NotUnderstood("a Bundle entry has no request"))?;
    let (Some(method), Some(url)) = (request.text("method"), request.text("url")) else {
        return Err(FhirError::NotUnderstood("a Bundle entry has no method or url"));
    };
    if request.member("ifNoneExist").is_some() {
        return Err(FhirError::NotUnderstood("conditional creates are not taken"));
    }
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| FhirError::NotUnderstood("a Bundle entry has an unknown method"))?;
    let (path, query) = match url.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (url, None),
    };
    if path.starts_with('/') {
        return Err(FhirError::NotUnderstood("the url of a Bundle entry is relative to the base"));
    }
    let target = Target::parse(&method, path, Some("application/fhir+json"))?;
    match (target.body(), entry.member("resource")) {
        (BodyKind::Resource, Some(resource)) => require_resource(&target, resource, patient)?,
        (BodyKind::None, None) => {}
        _ => return Err(FhirError::NotUnderstood("a Bundle entry and its request do not fit")),
    }
    // Checked, not written: the text of the Bundle stays as it is, so what would have to be added is refused.
    let bound_path = target.path(patient)?;
    let bound_query = search::bind(&target, query, patient)?;
    let unchanged = bound_path.trim_start_matches('/') == path
        && url::form_urlencoded::parse(bound_query.as_bytes())
            .eq(url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()));
    if unchanged {
        Ok(target.step())
    } else {
        Err(FhirError::PatientMismatch("a search in a Bundle must name the patient"))
    }
}

/// The text with the back-end's name of the patient, and what it says.
fn translated(body: &Bytes, patient: PatientNames<'_>) -> Result<(Bytes, Json), FhirError> {
    let text = std::str::from_utf8(body).map_err(|_| FhirError::NotUnderstood("the body is not UTF-8"))?;
    let bytes = if text.contains(patient.here) {
        Bytes::from(text.replace(patient.here, patient.there))
    } else {
        body.clone()
    };
    let json =
        Json::parse(&bytes).ok_or(FhirError::NotUnderstood("the body is not JSON, or says a thing twice"))?;
    Ok((bytes, json))
}

fn require_resource(target: &Target, resource: &Json, patient: PatientNames<'_>) -> Result<(), FhirError> {
    let resource_type = target.resource_type();
    if resource.text("resourceType") != Some(resource_type) {
        return Err(FhirError::NotUnderstood("the body is not of the type in the path"));
    }
    if let Some(id) = target.instance_id() {
        let there = if resource_type == "Patient" { patient.there } else { id };
        if resource.text("id") != Some(there) {
            return Err(FhirError::NotUnderstood("the body has not the id in the path"));
        }
    }
    let mut found = 0;
    require_only_patient(resource, patient, &mut found)?;
    for element in SUBJECT_ELEMENTS {
        if let Some(subject) = resource.member(element) {
            require_subject(subject, patient)?;
        }
    }
    if found == 0 && resource_type != "Patient" && is_about_a_patient(resource_type) {
        return Err(FhirError::PatientMismatch("the body names no patient"));
    }
    Ok(())
}

/// Every `Reference` in the tree that is a patient's is this patient's.
fn require_only_patient(json: &Json, patient: PatientNames<'_>, found: &mut usize) -> Result<(), FhirError> {
    const OTHER: FhirError = FhirError::PatientMismatch("the body names another patient");
    match json {
        Json::Array(elements) => elements.iter().try_for_each(|it| require_only_patient(it, patient, found)),
        Json::Object(members) => {
            if let Some(reference) = json.text("reference") {
                if reference.starts_with("Patient?") || reference.contains("/Patient?") {
                    return Err(OTHER);
                }
                match search::reference(reference) {
                    Some((_, id)) if id == patient.there => *found += 1,
                    Some(_) => return Err(OTHER),
                    None => {}
                }
            } else if json.text("type") == Some("Patient") && json.member("identifier").is_some() {
                return Err(FhirError::PatientMismatch("the body names a patient by an identifier"));
            }
            for (name, value) in members {
                if name == "contained" && contains_patient(value) {
                    return Err(FhirError::PatientMismatch("the body contains a patient"));
                }
                require_only_patient(value, patient, found)?;
            }
            Ok(())
        }
        Json::Other | Json::Text(_) => Ok(()),
    }
}

/// What a resource is about must be said by a literal reference: a display name or an identifier proves nothing.
fn require_subject(subject: &Json, patient: PatientNames<'_>) -> Result<(), FhirError> {
    let one = |subject: &Json| match subject.text("reference").and_then(search::reference) {
        Some((_, id)) if id == patient.there => Ok(()),
        _ => Err(FhirError::PatientMismatch("the body is about another subject")),
    };
    match subject {
        Json::Array(subjects) => subjects.iter().try_for_each(one),
        subject => one(subject),
    }
}

fn contains_patient(contained: &Json) -> bool {
    match contained {
        Json::Array(resources) => resources.iter().any(|it| it.text("resourceType") == Some("Patient")),
        _ => true,
    }
}
