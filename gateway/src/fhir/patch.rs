//! Does a patch leave a resource with its patient? JSON Patch (RFC 6902), FHIR R4 section 3.1.0.5.
//!
//! A patch names places, not a patient: what says whom the resource is about, what it is called and how it is labelled
//! stays as it is, and what is put anywhere else refers to no other patient.

use bytes::Bytes;

use super::body::{names_no_other, parsed, require_only_patient, translated};
use super::json::Json;
use super::resource::About;
use super::{FhirError, PatientNames, Target};

/// Changes in one patch: each is judged.
const OPERATIONS_MAX: usize = 100;

/// Places at the top of a resource that no patch touches: its identity, its labels, what is inside it, its text.
const FIXED: [&str; 4] = ["id", "resourceType", "meta", "contained"];

/// Places at the top that say whom a resource is about, in any type.
const SUBJECTS: [&str; 8] =
    ["subject", "patient", "beneficiary", "for", "securityContext", "candidate", "individual", "actor"];

/// The patch as the back-end gets it.
pub(super) fn bind(target: &Target<'_>, body: &Bytes, patient: PatientNames<'_>) -> Result<Bytes, FhirError> {
    let bytes = translated(body, patient)?;
    judge(target, &parsed(&bytes)?, patient)?;
    Ok(bytes)
}

fn judge(target: &Target<'_>, json: &Json<'_>, patient: PatientNames<'_>) -> Result<(), FhirError> {
    let Json::Array(operations) = json else {
        return Err(FhirError::NotUnderstood("a JSON Patch is an array of operations"));
    };
    if operations.is_empty() || operations.len() > OPERATIONS_MAX {
        return Err(FhirError::NotUnderstood("a JSON Patch has 1 to 100 operations"));
    }
    let of = target.resource_type().ok_or(FhirError::NotTaken("only a resource is patched"))?;
    let somewhere = matches!(of.about, About::One { element: None, .. });
    if somewhere || of.about == About::Patient {
        return Err(FhirError::NotTaken("a resource of this type is changed as a whole"));
    }
    operations.iter().try_for_each(|operation| judge_one(operation, patient))
}

fn judge_one(operation: &Json<'_>, patient: PatientNames<'_>) -> Result<(), FhirError> {
    const MALFORMED: FhirError =
        FhirError::NotUnderstood("an operation of the JSON Patch is not one of RFC 6902");
    let Json::Object(members) = operation else { return Err(MALFORMED) };
    // ATTACK: a second member for the same thing, under a name that only one of two servers knows.
    if !members.iter().all(|(name, _)| matches!(name.as_ref(), "op" | "path" | "from" | "value")) {
        return Err(MALFORMED);
    }
    let path = operation.text("path").ok_or(MALFORMED)?;
    let writes = match operation.text("op") {
        Some("add" | "replace") if operation.member("value").is_some() => true,
        Some("remove") => true,
        // It tells what stands there, and moves nothing.
        Some("test") if operation.member("value").is_some() => false,
        Some("move" | "copy") => {
            let from = operation.text("from").ok_or(MALFORMED)?;
            place(from, true)?;
            true
        }
        _ => return Err(MALFORMED),
    };
    let names_reference = place(path, writes)?;
    let Some(value) = operation.member("value") else { return Ok(()) };
    if let (true, Some(text)) = (names_reference, value.as_text()) {
        return names_no_other(text, patient);
    }
    require_only_patient(value, patient).map(|_| ())
}

/// Refuses a place that must stay as it is; says whether a reference's own text stands there.
fn place(pointer: &str, writes: bool) -> Result<bool, FhirError> {
    const POINTER: FhirError =
        FhirError::NotUnderstood("a path of the JSON Patch is no JSON Pointer to a part");
    let tokens = pointer.strip_prefix('/').ok_or(POINTER)?;
    // No element of FHIR has a name with `/` or `~` in it (RFC 6901 section 3).
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/');
    if !tokens.bytes().all(sound) || tokens.split('/').any(str::is_empty) {
        return Err(POINTER);
    }
    let first = tokens.split('/').next().unwrap_or_default();
    let is = |known: &&str| first.eq_ignore_ascii_case(known);
    if writes && FIXED.iter().any(is) {
        return Err(FhirError::NotTaken("a patch leaves id, labels and contained resources as they are"));
    }
    if writes && SUBJECTS.iter().any(is) {
        return Err(FhirError::PatientMismatch("a patch leaves the patient as it is"));
    }
    Ok(tokens.split('/').next_back() == Some("reference"))
}
