//! What does a FHIR request mean: which type, which interaction, which patient?
//!
//! The patient of the session is the only patient a request may name. This module finds every place where FHIR R4 lets
//! a request name one, requires each to be the session's patient, and writes there the name by which the back-end knows
//! that patient. What can be bound to one patient is bound and taken; the rest is refused by name.
//!
//! | where a patient can hide | what is done |
//! |---|---|
//! | path, compartment, version | the patient's own id, or another type's |
//! | search, `POST _search`, `If-None-Exist`, conditional update and delete | every parameter that means a patient is this one, and the search is narrowed |
//! | `_include`, `_revinclude` | each type needs its own permit, and the answer is looked through |
//! | chained search | through types that are about nobody |
//! | `_has` | at the patient alone, back through the parameter that names them |
//! | JSON body, contained resources, JSON Patch, `Parameters` | every reference, by a strict grammar |
//! | Bundle | every entry as if it had come alone; `urn:uuid` only to entries |
//! | history of a type, GraphQL, `_filter`, `_query`, `_list`, Group, Subscription, … | refused |
//!
//! What a request cannot show: whether `MedicationRequest/123` belongs to the patient. The back-end knows, and must
//! compare it with the `sub` of the token it gets; where policy asks, [`answer`] looks at what it says.

pub mod answer;
mod body;
mod bundle;
mod criteria;
mod duties;
pub(crate) mod json;
mod linked;
mod operation;
mod patch;
mod reference;
mod resource;
mod search;
mod target;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use policies::Interaction;

pub use duties::{Due, Dutiful, Narrowed, ReceiptDue, Undone};
pub use resource::ResourceType;
pub(crate) use target::is_id;
pub use target::{BodyKind, Target};

use search::Asks;

/// One patient, by the name that the counter uses and by the name that the back-end uses (*le patient*).
#[derive(Clone, Copy)]
pub struct PatientNames<'a> {
    /// `sub` of the session token.
    pub here: &'a str,
    /// `sub` of the back-end's token.
    pub there: &'a str,
}

impl PatientNames<'_> {
    /// Whether that FHIR id is this patient.
    fn include(&self, id: &str) -> bool {
        id == self.here || id == self.there
    }
}

/// One interaction to be decided (*interaction*). A Bundle has several, and so has a search that brings other types along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The FHIR resource type.
    pub resource_type: &'static str,
    /// What is done to it.
    pub interaction: Interaction,
}

/// What of a request's head and body names patients.
#[derive(Clone, Copy, Default)]
pub struct Said<'a> {
    /// The raw query, without `?`.
    pub query: Option<&'a str>,
    /// `If-None-Exist`: the search of a conditional create (section 3.1.0.8.1).
    pub if_none_exist: Option<&'a str>,
}

/// A request that names no other patient, as the back-end will see it.
#[derive(Clone, Debug, PartialEq)]
pub struct FhirRequest {
    /// Everything it asks for, in order; each needs a permit.
    pub steps: Vec<Step>,
    /// Path and query below the back-end's base, starting with `/`.
    pub path_and_query: String,
    /// The body, where it was read; none where there is none or it is streamed.
    pub body: Option<Bytes>,
    /// `If-None-Exist`, narrowed to the patient.
    pub if_none_exist: Option<String>,
    asks: Asks,
}

impl FhirRequest {
    /// Whether a parameter that the server does not know would widen the answer (section 3.1.1.4, `handling=strict`).
    #[must_use]
    pub fn searches(&self) -> bool {
        self.asks.searches
    }
}

/// Why a request is not forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FhirError {
    /// Not FHIR R4.
    #[error("{0}")]
    NotUnderstood(&'static str),
    /// FHIR R4, but nothing that could be bound to one patient.
    #[error("{0}")]
    NotTaken(&'static str),
    /// It names another patient, or may name one.
    #[error("the request names another patient: {0}")]
    PatientMismatch(&'static str),
    /// A body of a media type that this interaction does not take.
    #[error("media type not taken")]
    MediaType,
}

impl FhirError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::MediaType => "unsupported-media-type",
            Self::NotUnderstood(_) => "malformed",
            Self::NotTaken(_) => "interaction-not-taken",
            Self::PatientMismatch(_) => "patient-mismatch",
        }
    }

    /// Which rule was broken, in a fixed sentence.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::MediaType => "send application/fhir+json in UTF-8; a patch as application/json-patch+json",
            Self::NotUnderstood(rule) | Self::NotTaken(rule) | Self::PatientMismatch(rule) => rule,
        }
    }
}

impl Target<'_> {
    /// Binds the request to the session's patient: refuses every other, writes the back-end's name of this one.
    ///
    /// `body` is what was read where [`Target::body`] says that one is read.
    pub fn bind(
        &self,
        said: Said<'_>,
        body: Option<Bytes>,
        patient: PatientNames<'_>,
    ) -> Result<FhirRequest, FhirError> {
        let mut asks = Asks::default();
        let mut steps = vec![self.step()];
        let path = self.path(patient)?;
        let query = search::bind(self, said.query, patient, &mut asks)?;
        let path_and_query = if query.is_empty() { path } else { format!("{path}?{query}") };
        let if_none_exist =
            said.if_none_exist.map(|it| criteria::bind(self, it, patient, &mut asks)).transpose()?;
        let body = match (self.body(), body) {
            (BodyKind::Form, Some(form)) => Some(search::bind_form(self, &form, patient, &mut asks)?),
            (BodyKind::Resource, Some(json)) => Some(body::bind_resource(self, &json, patient)?),
            (BodyKind::Patch, Some(json)) => Some(patch::bind(self, &json, patient)?),
            (BodyKind::Parameters, Some(json)) => Some(operation::bind_parameters(self, &json, patient)?),
            (BodyKind::Bundle, Some(json)) => {
                steps.clear();
                Some(bundle::bind(&json, patient, &mut steps, &mut asks)?)
            }
            (BodyKind::None | BodyKind::Stream, None) => None,
            (_, None) => return Err(FhirError::NotUnderstood("a body is missing")),
            (_, Some(_)) => return Err(FhirError::NotUnderstood("this interaction takes no body")),
        };
        for step in asks.steps.drain(..) {
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        asks.linked |= self.is_linked();
        Ok(FhirRequest { steps, path_and_query, body, if_none_exist, asks })
    }
}
