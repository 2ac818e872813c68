//! Which patient do search parameters name? FHIR R4 section 3.1.1.

use bytes::Bytes;
use url::form_urlencoded;

use super::{FhirError, PatientNames, Target};

/// Parameters that hold a patient (or could): every value must be the session's patient.
const PATIENT_PARAMETERS: [&str; 3] = ["patient", "subject", "beneficiary"];

/// Parameters of the search itself that only shape the answer. Others that begin with `_` can widen it
/// (`_include`, `_has`, `_filter`, `_query`, `_list`) and are refused.
const RESULT_PARAMETERS: [&str; 15] = [
    "_count",
    "_elements",
    "_format",
    "_id",
    "_language",
    "_lastUpdated",
    "_offset",
    "_page",
    "_pretty",
    "_profile",
    "_security",
    "_sort",
    "_summary",
    "_tag",
    "_total",
];

/// Types that are about nobody: a search among them cannot be narrowed to a patient and need not be.
const NOBODYS_TYPES: [&str; 10] = [
    "CodeSystem",
    "HealthcareService",
    "InsurancePlan",
    "Location",
    "Medication",
    "MedicationKnowledge",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "ValueSet",
];

/// Whether resources of this type are about a patient.
pub(super) fn is_about_a_patient(resource_type: &str) -> bool {
    !NOBODYS_TYPES.contains(&resource_type)
}

/// The query as the back-end gets it. What is not a search takes only parameters that shape the answer.
pub(super) fn bind(
    target: &Target,
    query: Option<&str>,
    patient: PatientNames<'_>,
) -> Result<String, FhirError> {
    let mut parameters = parsed(query.unwrap_or_default().as_bytes())?;
    let shapes_only =
        parameters.iter().all(|(name, _)| name != "_id" && RESULT_PARAMETERS.contains(&name.as_str()));
    if !target.is_search() && !shapes_only {
        return Err(FhirError::NotUnderstood("this interaction takes no search parameters"));
    }
    bind_parameters(target, &mut parameters, patient)?;
    if target.narrows_query() {
        narrow(target, &mut parameters, patient);
    }
    Ok(written(&parameters))
}

/// The body of `POST Type/_search` as the back-end gets it. The query of such a request only shapes the answer.
pub(super) fn bind_form(
    target: &Target,
    form: &Bytes,
    patient: PatientNames<'_>,
) -> Result<Bytes, FhirError> {
    let mut parameters = parsed(form)?;
    bind_parameters(target, &mut parameters, patient)?;
    narrow(target, &mut parameters, patient);
    Ok(written(&parameters).into())
}

fn bind_parameters(
    target: &Target,
    parameters: &mut [(String, String)],
    patient: PatientNames<'_>,
) -> Result<(), FhirError> {
    for (name, value) in parameters {
        let (base, modifier) = match name.split_once(':') {
            Some((base, modifier)) => (base, Some(modifier)),
            None => (name.as_str(), None),
        };
        if name.contains('.') {
            return Err(FhirError::NotUnderstood("chained search parameters are not taken"));
        }
        if base.starts_with('_') && !(RESULT_PARAMETERS.contains(&base) && modifier.is_none()) {
            return Err(FhirError::NotUnderstood("this search parameter is not taken"));
        }
        let names_a_patient = PATIENT_PARAMETERS.contains(&base)
            || modifier == Some("Patient")
            || (base == "_id" && target.resource_type() == "Patient");
        if names_a_patient {
            if !matches!(modifier, None | Some("Patient")) {
                return Err(FhirError::PatientMismatch("a modifier hides which patient is meant"));
            }
            *value = bound_values(value, patient, true)?;
        } else {
            *value = bound_values(value, patient, false)?;
        }
    }
    Ok(())
}

/// Every alternative of `a,b,c` (section 3.1.1.3.9) must be the patient where a patient is meant; elsewhere
/// only what is visibly a patient's reference must be.
fn bound_values(
    value: &str,
    patient: PatientNames<'_>,
    a_patient_is_meant: bool,
) -> Result<String, FhirError> {
    let mut bound = Vec::new();
    for alternative in value.split(',') {
        match reference(alternative) {
            Some((prefix, id)) if patient.include(id) => bound.push(format!("{prefix}{}", patient.there)),
            Some(_) => return Err(FhirError::PatientMismatch("a search parameter names another patient")),
            None if a_patient_is_meant && patient.include(alternative) => {
                bound.push(patient.there.to_owned())
            }
            None if a_patient_is_meant => {
                return Err(FhirError::PatientMismatch("a search parameter names another patient"));
            }
            None => bound.push(alternative.to_owned()),
        }
    }
    Ok(bound.join(","))
}

/// `Patient/{id}`, also absolute: what stands before the id, and the id.
pub(super) fn reference(text: &str) -> Option<(&str, &str)> {
    let place = text.rfind("Patient/")?;
    let (before, from) = text.split_at(place);
    (before.is_empty() || before.ends_with('/'))
        .then(|| text.split_at(text.len() - (from.len() - "Patient/".len())))
}

/// FHIR joins repeated parameters with AND: one more can only leave fewer resources.
fn narrow(target: &Target, parameters: &mut Vec<(String, String)>, patient: PatientNames<'_>) {
    let name = match target.resource_type() {
        "Patient" => "_id",
        other if is_about_a_patient(other) => "patient",
        _ => return,
    };
    let named = |given: &str| given == name || given.strip_suffix(":Patient") == Some(name);
    if !parameters.iter().any(|(given, _)| named(given)) {
        parameters.push((name.to_owned(), patient.there.to_owned()));
    }
}

fn parsed(encoded: &[u8]) -> Result<Vec<(String, String)>, FhirError> {
    let parameters: Vec<(String, String)> = form_urlencoded::parse(encoded).into_owned().collect();
    let damaged =
        |text: &String| text.contains(char::REPLACEMENT_CHARACTER) || text.contains(char::is_control);
    if parameters.iter().any(|(name, value)| name.is_empty() || damaged(name) || damaged(value)) {
        return Err(FhirError::NotUnderstood("the search parameters are not well-formed"));
    }
    Ok(parameters)
}

/// Written anew from what was understood: the back-end cannot read it otherwise than we did.
fn written(parameters: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}
