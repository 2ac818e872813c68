//! What do method and path mean? FHIR R4 section 3.1.0.

use http::Method;
use policies::Interaction;

use super::{FhirError, PatientNames, Step};

/// Operations that are forwarded: type and name. Each is bound to the patient by its path.
const OPERATIONS: [(&str, &str); 1] = [("Patient", "$everything")];

/// What follows the service in the path, understood (*cible*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    shape: Shape,
    binary: bool,
}

/// The forms of FHIR paths that are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// `POST /`: a batch or transaction.
    Base,
    /// `POST /Type`.
    Create { of: String },
    /// `GET /Patient/{id}/Type`: search in the patient's compartment.
    Compartment { patient: String, of: String },
    /// `GET|PUT|DELETE /Type/{id}`, `GET /Type/{id}/_history[/{version}]`.
    Instance { of: String, id: String, history: Option<Option<String>>, interaction: Interaction },
    /// `GET /Type/{id}/$operation`.
    Operation { of: String, id: String, name: &'static str },
    /// `GET /Type?…` or `POST /Type/_search`.
    Search { of: String, form: bool },
}

/// How the body is to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// Read whole: a Bundle of requests.
    Bundle,
    /// Read whole: search parameters.
    Form,
    /// There must be none.
    None,
    /// Read whole: one resource.
    Resource,
    /// Passed on as it comes: a Binary that is not FHIR JSON.
    Stream,
}

impl Target {
    /// Understands method and path. `path` is what follows `/{service}`, still percent-encoded; the edge has
    /// refused dot segments and encoded slashes. `content_type` tells a FHIR Binary from raw bytes.
    pub fn parse(method: &Method, path: &str, content_type: Option<&str>) -> Result<Self, FhirError> {
        let trimmed = path.trim_start_matches('/');
        let segments: Vec<&str> = if trimmed.is_empty() { Vec::new() } else { trimmed.split('/').collect() };
        if path.contains('%') || segments.iter().any(|segment| segment.is_empty()) {
            return Err(FhirError::NotUnderstood("the path is not a FHIR path"));
        }
        let shape = shape(method, &segments)?;
        let raw = !content_type.is_some_and(is_json);
        let binary =
            raw && matches!(&shape, Shape::Create { of } | Shape::Instance { of, .. } if of == "Binary");
        let target = Self { shape, binary };
        let media_type_fits = match target.body() {
            BodyKind::Bundle | BodyKind::Resource => content_type.is_some_and(is_json),
            BodyKind::Form => content_type.is_some_and(is_form),
            BodyKind::None | BodyKind::Stream => true,
        };
        if media_type_fits { Ok(target) } else { Err(FhirError::MediaType) }
    }

    /// How the body is to be treated.
    #[must_use]
    pub fn body(&self) -> BodyKind {
        match &self.shape {
            Shape::Base => BodyKind::Bundle,
            Shape::Search { form: true, .. } => BodyKind::Form,
            Shape::Create { .. } | Shape::Instance { interaction: Interaction::Update, .. } => {
                if self.binary { BodyKind::Stream } else { BodyKind::Resource }
            }
            _ => BodyKind::None,
        }
    }

    /// Type and interaction; for a Bundle, its own creation, which the entries replace.
    #[must_use]
    pub fn step(&self) -> Step {
        let (of, interaction) = match &self.shape {
            Shape::Base => ("Bundle", Interaction::Operation),
            Shape::Create { of } => (of.as_str(), Interaction::Create),
            Shape::Compartment { of, .. } | Shape::Search { of, .. } => (of.as_str(), Interaction::Search),
            Shape::Instance { of, interaction, .. } => (of.as_str(), *interaction),
            Shape::Operation { of, .. } => (of.as_str(), Interaction::Operation),
        };
        Step { resource_type: of.to_owned(), interaction }
    }

    /// The resource type that a body must have.
    pub(super) fn resource_type(&self) -> &str {
        match &self.shape {
            Shape::Base => "Bundle",
            Shape::Create { of }
            | Shape::Compartment { of, .. }
            | Shape::Instance { of, .. }
            | Shape::Operation { of, .. }
            | Shape::Search { of, .. } => of,
        }
    }

    /// The id that a body must have: that of the path.
    pub(super) fn instance_id(&self) -> Option<&str> {
        match &self.shape {
            Shape::Instance { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Whether search parameters are taken in the query.
    pub(super) fn is_search(&self) -> bool {
        matches!(&self.shape, Shape::Search { .. } | Shape::Compartment { .. })
    }

    /// Whether the query must be narrowed: the parameters come there and the path names no patient.
    pub(super) fn narrows_query(&self) -> bool {
        matches!(&self.shape, Shape::Search { form: false, .. })
    }

    /// The path below the back-end's base, with the back-end's name of the patient.
    pub(super) fn path(&self, patient: PatientNames<'_>) -> Result<String, FhirError> {
        let id_there = |of: &str, id: &str| -> Result<String, FhirError> {
            match of {
                "Patient" if patient.include(id) => Ok(patient.there.to_owned()),
                "Patient" => Err(FhirError::PatientMismatch("the path names another patient")),
                _ => Ok(id.to_owned()),
            }
        };
        Ok(match &self.shape {
            Shape::Base => "/".to_owned(),
            Shape::Create { of } if of == "Patient" => {
                return Err(FhirError::PatientMismatch("a session cannot create a patient"));
            }
            Shape::Create { of } | Shape::Search { of, form: false } => format!("/{of}"),
            Shape::Search { of, form: true } => format!("/{of}/_search"),
            Shape::Compartment { patient: id, of } => format!("/Patient/{}/{of}", id_there("Patient", id)?),
            Shape::Operation { of, id, name } => format!("/{of}/{}/{name}", id_there(of, id)?),
            Shape::Instance { of, id, history: None, .. } => format!("/{of}/{}", id_there(of, id)?),
            Shape::Instance { of, id, history: Some(None), .. } => {
                format!("/{of}/{}/_history", id_there(of, id)?)
            }
            Shape::Instance { of, id, history: Some(Some(version)), .. } => {
                format!("/{of}/{}/_history/{version}", id_there(of, id)?)
            }
        })
    }
}

fn shape(method: &Method, segments: &[&str]) -> Result<Shape, FhirError> {
    let get = *method == Method::GET || *method == Method::HEAD;
    let post = *method == Method::POST;
    Ok(match *segments {
        [] if post => Shape::Base,
        [of] if get && is_type(of) => Shape::Search { of: of.to_owned(), form: false },
        [of] if post && is_type(of) => Shape::Create { of: of.to_owned() },
        [of, "_search"] if post && is_type(of) => Shape::Search { of: of.to_owned(), form: true },
        [of, id] if is_type(of) && is_id(id) => {
            let interaction = match *method {
                Method::GET | Method::HEAD => Interaction::Read,
                Method::PUT => Interaction::Update,
                Method::DELETE => Interaction::Delete,
                _ => {
                    return Err(FhirError::NotUnderstood(
                        "this method is not a FHIR interaction that is taken",
                    ));
                }
            };
            Shape::Instance { of: of.to_owned(), id: id.to_owned(), history: None, interaction }
        }
        [of, id, "_history"] if get && is_type(of) && is_id(id) => history(of, id, None),
        [of, id, "_history", version] if get && is_type(of) && is_id(id) && is_id(version) => {
            history(of, id, Some(version.to_owned()))
        }
        [of, id, name] if get && is_type(of) && is_id(id) && name.starts_with('$') => {
            let allowed = OPERATIONS.iter().find(|operation| **operation == (of, name));
            let (_, name) = allowed.ok_or(FhirError::NotUnderstood("this operation is not taken"))?;
            Shape::Operation { of: of.to_owned(), id: id.to_owned(), name }
        }
        ["Patient", id, of] if get && is_id(id) && is_type(of) => {
            Shape::Compartment { patient: id.to_owned(), of: of.to_owned() }
        }
        _ => return Err(FhirError::NotUnderstood("this is not a FHIR interaction that is taken")),
    })
}

fn history(of: &str, id: &str, version: Option<String>) -> Shape {
    Shape::Instance {
        of: of.to_owned(),
        id: id.to_owned(),
        history: Some(version),
        interaction: Interaction::Read,
    }
}

/// A FHIR resource type: letters only, the first one upper case.
fn is_type(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// A FHIR id, `[A-Za-z0-9\-.]{1,64}` (section 2.24.0.1), and `_` of older servers.
pub(super) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && !text.starts_with(['_', '$'])
        // ATTACK: FHIR R4 allows both as ids; as path segments they lead out of the type. The edge sees them in the
        // target of a request, not in the entry of a Bundle.
        && !matches!(text, "." | "..")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

fn is_json(content_type: &str) -> bool {
    matches!(essence(content_type).as_str(), "application/fhir+json" | "application/json")
}

fn is_form(content_type: &str) -> bool {
    essence(content_type) == "application/x-www-form-urlencoded"
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
