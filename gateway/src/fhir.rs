//! What does a FHIR request mean: which type, which interaction, which patient?
//!
//! The patient of the session is the only patient a request may name. This module finds every place where
//! FHIR R4 lets a request name one (path, compartment, search parameters, form, JSON references, Bundle
//! entries), requires each to be the session's patient, and writes there the name by which the back-end knows
//! that patient. What it does not understand it refuses: a chained search, `_has`, an unknown operation, a
//! conditional update are all ways to reach somebody else.
//!
//! What a request cannot show: whether `MedicationRequest/123` belongs to the patient. The back-end knows, and
//! must compare it with the `sub` of the token it gets; the samples do.

mod body;
pub(crate) mod json;
mod search;
mod target;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use policies::Interaction;

pub use target::{BodyKind, Target};

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

/// One interaction to be decided (*interaction*). A Bundle has several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The FHIR resource type.
    pub resource_type: String,
    /// What is done to it.
    pub interaction: Interaction,
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
}

/// Why a request is not forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FhirError {
    /// Not FHIR R4, or a part of it that this gateway does not take.
    #[error("{0}")]
    NotUnderstood(&'static str),
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
            Self::PatientMismatch(_) => "patient-mismatch",
        }
    }

    /// Which rule was broken, in a fixed sentence.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::MediaType => "send application/fhir+json",
            Self::NotUnderstood(rule) | Self::PatientMismatch(rule) => rule,
        }
    }
}

impl Target {
    /// Binds the request to the session's patient: refuses every other, writes the back-end's name of this one.
    ///
    /// `query` is raw, without `?`; `body` is what was read where [`Target::body`] says that one is read.
    pub fn bind(
        &self,
        query: Option<&str>,
        body: Option<Bytes>,
        patient: PatientNames<'_>,
    ) -> Result<FhirRequest, FhirError> {
        let path = self.path(patient)?;
        let query = search::bind(self, query, patient)?;
        let path_and_query = if query.is_empty() { path } else { format!("{path}?{query}") };
        let mut steps = vec![self.step()];
        let body = match (self.body(), body) {
            (BodyKind::Form, Some(form)) => Some(search::bind_form(self, &form, patient)?),
            (BodyKind::Resource, Some(json)) => Some(body::bind_resource(self, &json, patient)?),
            (BodyKind::Bundle, Some(json)) => {
                let (bundle, entries) = body::bind_bundle(&json, patient)?;
                steps = entries;
                Some(bundle)
            }
            (BodyKind::None | BodyKind::Stream, None) => None,
            (_, None) => return Err(FhirError::NotUnderstood("a body is missing")),
            (_, Some(_)) => return Err(FhirError::NotUnderstood("this interaction takes no body")),
        };
        Ok(FhirRequest { steps, path_and_query, body })
    }
}
