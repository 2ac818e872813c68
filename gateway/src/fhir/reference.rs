//! Which resource does a FHIR reference name? FHIR R4 sections 2.3.0.1 and 2.36.4.2.
//!
//! Read by a strict grammar: what is none of the known forms is refused, because a server that trims a blank, decodes
//! an escape or folds a case would find a patient in it where we found nobody.

use super::resource::{About, ResourceType};
use super::target::is_id;
use super::{FhirError, PatientNames};

/// A literal reference (*référence*).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reference<'a> {
    /// `#id`: a resource inside this one.
    Contained,
    /// `urn:uuid:…`: an entry of the same Bundle.
    Urn(&'a str),
    /// `Type/id`, also with `/_history/version`.
    Local { of: &'static ResourceType, id: &'a str, version: bool },
    /// The same on a server that is named.
    Elsewhere { of: &'static ResourceType, id: &'a str },
    /// `Type?query`, in a transaction: whichever is found (section 3.1.0.11.2).
    Conditional { of: &'static ResourceType },
}

impl<'a> Reference<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if let Some(fragment) = text.strip_prefix('#') {
            return (fragment.is_empty() || is_id(fragment)).then_some(Self::Contained);
        }
        if text.starts_with("urn:uuid:") || text.starts_with("urn:oid:") {
            let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'.');
            return text.bytes().all(sound).then_some(Self::Urn(text));
        }
        if let Some((of, query)) = text.split_once('?')
            && let Some(of) = ResourceType::named(of)
        {
            return (!query.is_empty()).then_some(Self::Conditional { of });
        }
        if let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) {
            return elsewhere(rest);
        }
        let (of, id, version) = local(text)?;
        Some(Self::Local { of, id, version })
    }
}

/// `Type/id` or `Type/id/_history/version`.
fn local(text: &str) -> Option<(&'static ResourceType, &str, bool)> {
    let mut segments = text.split('/');
    let (of, id) = (ResourceType::named(segments.next()?)?, segments.next().filter(|id| is_id(id))?);
    match (segments.next(), segments.next(), segments.next()) {
        (None, ..) => Some((of, id, false)),
        (Some("_history"), Some(version), None) if is_id(version) => Some((of, id, true)),
        _ => None,
    }
}

/// `host/base/Type/id` or the same with a version.
fn elsewhere(rest: &str) -> Option<Reference<'_>> {
    let sound = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'[' | b']')
    };
    if !rest.bytes().all(sound) || rest.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return None;
    }
    let mut at = rest.len();
    // From the right: a base may itself look like a type.
    for _ in 0..4 {
        at = rest.get(..at)?.rfind('/')?;
        if let Some((of, id, _)) = local(rest.get(at + 1..)?) {
            return Some(Reference::Elsewhere { of, id });
        }
    }
    None
}

/// Whether the text speaks of a patient in whatever spelling some server might read as a reference to one.
pub(super) fn smells_of_patient(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.windows(8).any(|part| {
        part.get(..7).is_some_and(|word| word.eq_ignore_ascii_case(b"patient"))
            && matches!(part.get(7), Some(b'/' | b'\\' | b'?' | b'%'))
    })
}

/// Says whether a reference names the patient; refuses every other patient, and every spelling that may be one.
///
/// `there`: only by the back-end's name (what is forwarded unchanged), or by both.
pub(super) fn names(text: &str, patient: PatientNames<'_>) -> Result<bool, FhirError> {
    const OTHER: FhirError = FhirError::PatientMismatch("a reference names another patient");
    match Reference::parse(text) {
        Some(Reference::Local { of, id, version }) if of.about == About::Patient => {
            if patient.include(id) && !version { Ok(true) } else { Err(OTHER) }
        }
        // ATTACK: the right id at a server of the attacker, which the back-end then asks.
        Some(Reference::Elsewhere { of, .. } | Reference::Conditional { of })
            if of.about == About::Patient =>
        {
            Err(OTHER)
        }
        Some(_) => Ok(false),
        None if smells_of_patient(text) => Err(OTHER),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_strictly() {
        let name = |text: &'static str| match Reference::parse(text) {
            Some(Reference::Local { of, id, version }) => format!("{} {id} {version}", of.name),
            Some(Reference::Elsewhere { of, id }) => format!("elsewhere {} {id}", of.name),
            Some(Reference::Conditional { of }) => format!("conditional {}", of.name),
            Some(Reference::Contained) => "contained".to_owned(),
            Some(Reference::Urn(_)) => "urn".to_owned(),
            None => String::new(),
        };
        for (text, read) in [
            ("Patient/1", "Patient 1 false"),
            ("Patient/1/_history/2", "Patient 1 true"),
            ("https://a.example/fhir/Patient/1", "elsewhere Patient 1"),
            ("https://a.example/Patient/1/_history/2", "elsewhere Patient 1"),
            ("https://a.example/Patient/1/Observation/2", "elsewhere Observation 2"),
            ("Practitioner?identifier=1", "conditional Practitioner"),
            ("#p", "contained"),
            ("#", "contained"),
            ("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "urn"),
            ("urn:uuid:x Patient/1", ""),
            (" Patient/1", ""),
            ("Patient/1 ", ""),
            ("/Patient/1", ""),
            ("./Patient/1", ""),
            ("Practitioner/../Patient/1", ""),
            ("https://a.example/x/../Patient/1", ""),
            ("https://a.example/Patient/1?x", ""),
            ("patient/1", ""),
            ("Patient%2F1", ""),
            ("Patient/", ""),
            ("Patient", ""),
            ("Nothing/1", ""),
            ("file:///Patient/1", ""),
        ] {
            assert_eq!(name(text), read, "{text}");
        }
    }

    #[test]
    fn what_a_lenient_server_might_read_as_a_patient_smells() {
        for text in [" Patient/1", "patient/1", "x:Patient/1", "PATIENT%2f1", "Patient\\1", "Patient?name=x"]
        {
            assert!(smells_of_patient(text), "{text}");
        }
        for text in ["", "Patient", "patients", "Inpatient care", "OutPatient"] {
            assert!(!smells_of_patient(text), "{text}");
        }
    }
}
