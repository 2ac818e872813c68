//! Is a resource hidden from the caller, by its type or by its labels? FHIR R4 section 6.1.2, `meta.security`.

use super::Hides;
use crate::fhir::json::Json;

/// The extension by which a part of a resource is labelled (HL7 security label DS4P, `inline-sec-label`).
const INLINE: &str =
    "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label";

/// Code systems of labels; a coding that names none may be of either.
const SYSTEMS: [&str; 2] = [
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "http://terminology.hl7.org/CodeSystem/v3-ActCode",
];

/// Whether this, or anything inside it, is hidden.
///
/// The whole goes where a part is labelled: a resource without one of its parts is another statement.
pub(super) fn hidden(json: &Json<'_>, hides: &dyn Hides) -> bool {
    match json {
        Json::Array(elements) => elements.iter().any(|element| hidden(element, hides)),
        Json::Object(members) => {
            let own = json.text("resourceType").is_some_and(|of| {
                // A container is not hidden as such; each resource in it is asked about.
                !matches!(of, "Bundle" | "Parameters" | "OperationOutcome") && is_hidden(of, json, hides)
            });
            own || members.iter().any(|(_, value)| hidden(value, hides))
        }
        Json::Text(_) | Json::Other => false,
    }
}

fn is_hidden(of: &str, resource: &Json<'_>, hides: &dyn Hides) -> bool {
    let mut labels = of_meta(resource);
    inline(resource, &mut labels);
    hides.hides(of, &labels)
}

/// The labels of a resource as a whole.
pub(super) fn of_meta<'a>(resource: &'a Json<'_>) -> Vec<(&'a str, &'a str)> {
    let mut labels = Vec::new();
    let codings = resource.member("meta").and_then(|meta| meta.member("security"));
    codings.map(Json::elements).unwrap_or_default().iter().for_each(|coding| add(coding, &mut labels));
    labels
}

/// The labels of its parts.
fn inline<'a>(json: &'a Json<'_>, labels: &mut Vec<(&'a str, &'a str)>) {
    match json {
        Json::Array(elements) => elements.iter().for_each(|element| inline(element, labels)),
        Json::Object(members) => {
            if let (Some(coding), Some(INLINE)) = (json.member("valueCoding"), json.text("url")) {
                add(coding, labels);
            }
            members.iter().for_each(|(_, value)| inline(value, labels));
        }
        Json::Text(_) | Json::Other => {}
    }
}

fn add<'a>(coding: &'a Json<'_>, labels: &mut Vec<(&'a str, &'a str)>) {
    let Some(code) = coding.text("code") else { return };
    match coding.text("system") {
        Some(system) => labels.push((system, code)),
        None => labels.extend(SYSTEMS.map(|system| (system, code))),
    }
}
