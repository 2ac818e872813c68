//! Which operations are taken, and what may they be asked? FHIR R4 section 3.2.
//!
//! Each is bound to the patient by its path or its search; the others reach whomever they like (`$match`, `$export`,
//! `$process-message`), change who may see what (`$meta-delete`), or have a door of their own here (`$submit`).

use bytes::Bytes;

use super::body::{parsed, require_only_patient};
use super::json::Json;
use super::{FhirError, PatientNames, Target};

/// An operation that is forwarded (*opération*).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operation {
    of: &'static str,
    pub(super) name: &'static str,
    on_instance: bool,
    /// What it may be asked, beside what shapes every answer.
    pub(super) parameters: &'static [&'static str],
    /// Its parameters are those of a search among the type, too.
    pub(super) searches: bool,
    /// It may also be asked by `POST`.
    pub(super) posts: bool,
    /// The path does not show that what it gathers is the patient's.
    pub(super) linked: bool,
}

static OPERATIONS: [Operation; 5] = [
    Operation {
        of: "Patient",
        name: "$everything",
        on_instance: true,
        parameters: &["start", "end", "_since", "_type", "_count"],
        searches: false,
        posts: true,
        linked: false,
    },
    Operation {
        of: "Patient",
        name: "$summary",
        on_instance: true,
        parameters: &["profile"],
        searches: false,
        posts: true,
        linked: false,
    },
    Operation {
        of: "Encounter",
        name: "$everything",
        on_instance: true,
        parameters: &["_since", "_type", "_count"],
        searches: false,
        posts: false,
        linked: true,
    },
    Operation {
        of: "Composition",
        name: "$document",
        on_instance: true,
        parameters: &[],
        searches: false,
        posts: false,
        linked: true,
    },
    Operation {
        of: "Observation",
        name: "$lastn",
        on_instance: false,
        parameters: &["max"],
        searches: true,
        posts: false,
        linked: false,
    },
];

impl Operation {
    /// The operation of this name on this type, or on one resource of it.
    pub(super) fn named(of: &str, name: &str, on_instance: bool) -> Option<&'static Self> {
        OPERATIONS.iter().find(|known| (known.of, known.name, known.on_instance) == (of, name, on_instance))
    }
}

/// The body of an operation: a `Parameters` whose every parameter is one that the operation takes, as a plain value.
pub(super) fn bind_parameters(
    target: &Target<'_>,
    body: &Bytes,
    patient: PatientNames<'_>,
) -> Result<Bytes, FhirError> {
    const PLAIN: FhirError =
        FhirError::NotTaken("an operation takes plain values of the parameters that it has");
    let super::target::Takes::Operation(what) = target.takes() else { return Err(PLAIN) };
    let json = parsed(body)?;
    if json.text("resourceType") != Some("Parameters") {
        return Err(FhirError::NotUnderstood("the body of an operation is a Parameters"));
    }
    for parameter in json.member("parameter").map(Json::elements).unwrap_or_default() {
        let Json::Object(members) = parameter else { return Err(PLAIN) };
        let named = parameter.text("name").is_some_and(|name| what.parameters.contains(&name));
        let plain = members.iter().all(|(name, value)| {
            name == "name"
                || (name.starts_with("value") && !matches!(value, Json::Object(_) | Json::Array(_)))
        });
        if !named || !plain {
            return Err(PLAIN);
        }
    }
    require_only_patient(&json, patient)?;
    Ok(body.clone())
}
