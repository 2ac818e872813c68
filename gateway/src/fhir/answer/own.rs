//! Is everything in an answer the patient's, or nobody's?

use super::{AnswerError, Expected};
use crate::fhir::json::Json;
use crate::fhir::reference::{Reference, smells_of_patient};
use crate::fhir::resource::{About, ResourceType};

impl Expected {
    /// Every resource is about the patient or about nobody, and no reference anywhere leads to another patient.
    pub(super) fn require_own(&self, json: &Json<'_>) -> Result<(), AnswerError> {
        match json {
            Json::Array(elements) => elements.iter().try_for_each(|element| self.require_own(element)),
            Json::Object(members) => {
                if json.text("resourceType").is_some() {
                    self.require_own_resource(json)?;
                }
                if json.text("type") == Some("Patient")
                    && json.member("identifier").is_some()
                    && json.member("reference").is_none()
                {
                    return Err(AnswerError::Foreign);
                }
                members.iter().try_for_each(|(name, value)| match (name.as_ref(), value) {
                    ("reference", Json::Text(text)) => self.require_own_reference(text),
                    // Words that people read.
                    ("display" | "div" | "text" | "description", Json::Text(_)) => Ok(()),
                    ("contained", contained) => self.require_own_contained(contained),
                    (_, value) => self.require_own(value),
                })
            }
            Json::Text(text) => match Reference::parse(text) {
                Some(Reference::Local { of, id, .. } | Reference::Elsewhere { of, id })
                    if of.about == About::Patient && id != self.there =>
                {
                    Err(AnswerError::Foreign)
                }
                _ => Ok(()),
            },
            Json::Other => Ok(()),
        }
    }

    /// The element that says whom a resource is about refers to the patient.
    fn require_own_resource(&self, resource: &Json<'_>) -> Result<(), AnswerError> {
        let of = resource.text("resourceType").and_then(ResourceType::named).ok_or(AnswerError::Foreign)?;
        let own = match of.about {
            About::Patient => resource.text("id") == Some(&self.there),
            About::Nobody => true,
            About::One { element: Some(element), .. } => resource.member(element).is_some_and(|subject| {
                !subject.elements().is_empty()
                    && subject
                        .elements()
                        .iter()
                        .all(|one| one.text("reference").is_some_and(|it| self.is(it)))
            }),
            About::One { element: None, .. } => self.is_named_in(resource),
            // What gathers is judged by what it holds.
            About::Several => matches!(of.name, "Bundle" | "OperationOutcome" | "Parameters"),
        };
        if own { Ok(()) } else { Err(AnswerError::Foreign) }
    }

    /// A contained resource has no subject of its own but may name one; a contained patient is nobody we know.
    fn require_own_contained(&self, contained: &Json<'_>) -> Result<(), AnswerError> {
        contained.elements().iter().try_for_each(|resource| {
            if resource
                .text("resourceType")
                .and_then(ResourceType::named)
                .is_none_or(|of| of.about == About::Patient)
            {
                return Err(AnswerError::Foreign);
            }
            let Json::Object(members) = resource else { return Err(AnswerError::Foreign) };
            members.iter().try_for_each(|(_, value)| self.require_own(value))
        })
    }

    fn require_own_reference(&self, text: &str) -> Result<(), AnswerError> {
        let own = match Reference::parse(text) {
            Some(Reference::Local { of, id, .. } | Reference::Elsewhere { of, id }) => {
                of.about != About::Patient || id == self.there
            }
            Some(Reference::Conditional { of }) => of.about != About::Patient,
            Some(Reference::Contained | Reference::Urn(_)) => true,
            None => !smells_of_patient(text),
        };
        if own { Ok(()) } else { Err(AnswerError::Foreign) }
    }

    /// Whether a reference is a literal one to the patient, also to a version, also with the server's own base.
    fn is(&self, text: &str) -> bool {
        matches!(Reference::parse(text), Some(Reference::Local { of, id, .. } | Reference::Elsewhere { of, id })
            if of.about == About::Patient && id == self.there)
    }

    fn is_named_in(&self, json: &Json<'_>) -> bool {
        match json {
            Json::Array(elements) => elements.iter().any(|element| self.is_named_in(element)),
            Json::Object(members) => members.iter().any(|(name, value)| match value {
                Json::Text(text) => name == "reference" && self.is(text),
                value => self.is_named_in(value),
            }),
            Json::Text(_) | Json::Other => false,
        }
    }
}
