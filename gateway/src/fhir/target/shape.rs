//! Which of the known forms has a path?

use http::Method;
use policies::Interaction;

use super::{About, FhirError, Operation, ResourceType, Shape};

/// Reads method and path; `path` is still percent-encoded.
pub(super) fn read<'a>(method: &Method, path: &'a str) -> Result<Shape<'a>, FhirError> {
    let mut segments = [""; 4];
    let mut count = 0;
    let trimmed = path.strip_prefix('/').unwrap_or(path);
    if path.contains('%') {
        return Err(NO_PATH);
    }
    for segment in trimmed.split('/').filter(|_| !trimmed.is_empty()) {
        let place = segments.get_mut(count).ok_or(NOT_TAKEN)?;
        if segment.is_empty() {
            return Err(NO_PATH);
        }
        *place = segment;
        count += 1;
    }
    of_segments(method, segments.get(..count).unwrap_or_default())
}

const NO_PATH: FhirError = FhirError::NotUnderstood("the path is not a FHIR path");
const NOT_TAKEN: FhirError = FhirError::NotTaken("this is not a FHIR interaction that is taken");
const METHOD: FhirError = FhirError::NotTaken("this method is not a FHIR interaction that is taken");

fn of_segments<'a>(method: &Method, segments: &[&'a str]) -> Result<Shape<'a>, FhirError> {
    let get = *method == Method::GET || *method == Method::HEAD;
    let post = *method == Method::POST;
    Ok(match *segments {
        [] if post => Shape::Base,
        [] => return Err(FhirError::NotTaken("a search of all types is not taken")),
        ["_history" | "_search", ..] | [_, "_history"] => return Err(refused_by_name(segments)),
        [name] if name.starts_with('$') => return Err(FhirError::NotTaken("this operation is not taken")),
        [of] if get => Shape::Search { of: resource_type(of)?, form: false },
        [of] if post => Shape::Create { of: resource_type(of)? },
        [of] => conditional(method, resource_type(of)?)?,
        [of, "_search"] if post => Shape::Search { of: resource_type(of)?, form: true },
        [of, name] if name.starts_with('$') => operation(method, resource_type(of)?, None, name)?,
        [of, id] => instance(method, resource_type(of)?, checked_id(id)?)?,
        [of, id, "_history"] if get => history(resource_type(of)?, checked_id(id)?, None),
        [of, id, "_history", version] if get => {
            history(resource_type(of)?, checked_id(id)?, Some(checked_id(version)?))
        }
        [of, id, name] if name.starts_with('$') => {
            operation(method, resource_type(of)?, Some(checked_id(id)?), name)?
        }
        [_, _, "*"] => return Err(FhirError::NotTaken("a whole compartment is asked for with $everything")),
        [owner, id, of] if get => compartment(owner, id, of, false)?,
        [owner, id, of, "_search"] if post => compartment(owner, id, of, true)?,
        _ => return Err(NOT_TAKEN),
    })
}

/// What FHIR R4 has, and what nobody can bind to one patient.
fn refused_by_name(segments: &[&str]) -> FhirError {
    match segments {
        ["_search"] => FhirError::NotTaken("a search of all types is not taken"),
        _ => FhirError::NotTaken("the history of a type, or of all, is not taken"),
    }
}

fn conditional<'a>(method: &Method, of: &'static ResourceType) -> Result<Shape<'a>, FhirError> {
    let (interaction, patch) = match *method {
        Method::PUT => (Interaction::Update, false),
        Method::PATCH => (Interaction::Update, true),
        Method::DELETE => (Interaction::Delete, false),
        _ => return Err(METHOD),
    };
    if of.about == About::Patient {
        // Found by nothing but the id, which the path of an ordinary update has; not found, it would create a patient.
        return Err(FhirError::NotTaken("a patient is not changed by a search"));
    }
    Ok(Shape::Conditional { of, interaction, patch })
}

fn instance<'a>(method: &Method, of: &'static ResourceType, id: &'a str) -> Result<Shape<'a>, FhirError> {
    let (interaction, patch) = match *method {
        Method::GET | Method::HEAD => (Interaction::Read, false),
        Method::PUT => (Interaction::Update, false),
        Method::PATCH => (Interaction::Update, true),
        Method::DELETE => (Interaction::Delete, false),
        _ => return Err(METHOD),
    };
    Ok(Shape::Instance { of, id, history: None, interaction, patch })
}

fn history<'a>(of: &'static ResourceType, id: &'a str, version: Option<&'a str>) -> Shape<'a> {
    Shape::Instance { of, id, history: Some(version), interaction: Interaction::Read, patch: false }
}

fn operation<'a>(
    method: &Method,
    of: &'static ResourceType,
    id: Option<&'a str>,
    name: &str,
) -> Result<Shape<'a>, FhirError> {
    let post = *method == Method::POST;
    let what = Operation::named(of.name, name, id.is_some());
    let what = what.filter(|what| what.posts || !post);
    match (what, *method == Method::GET || post) {
        (Some(what), true) => Ok(Shape::Operation { what, of, id, post }),
        _ if name == "$graphql" => Err(FhirError::NotTaken("GraphQL is not taken")),
        _ => Err(FhirError::NotTaken("this operation is not taken")),
    }
}

fn compartment<'a>(owner: &str, id: &'a str, of: &str, form: bool) -> Result<Shape<'a>, FhirError> {
    let (owner, of) = (resource_type(owner)?, resource_type(of)?);
    // R4 has five compartments; those of a device and of a related person add nothing that is asked for.
    if !matches!(owner.name, "Patient" | "Encounter" | "Practitioner") || of.narrowed_by().is_none() {
        return Err(NOT_TAKEN);
    }
    Ok(Shape::Compartment { owner, id: checked_id(id)?, of, form })
}

fn resource_type(name: &str) -> Result<&'static ResourceType, FhirError> {
    match ResourceType::named(name) {
        Some(of) if of.about != About::Several => Ok(of),
        Some(_) => Err(FhirError::NotTaken("resources of this type are not bound to one patient")),
        None => Err(FhirError::NotUnderstood("the path names no FHIR R4 resource type")),
    }
}

fn checked_id(text: &str) -> Result<&str, FhirError> {
    if is_id(text) { Ok(text) } else { Err(NOT_TAKEN) }
}

/// A FHIR id, `[A-Za-z0-9\-.]{1,64}` (section 2.24.0.1), and `_` of older servers.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && !text.starts_with(['_', '$'])
        // ATTACK: FHIR R4 allows both as ids; as path segments they lead out of the type. The edge sees them in the
        // target of a request, not in the entry of a Bundle.
        && !matches!(text, "." | "..")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}
