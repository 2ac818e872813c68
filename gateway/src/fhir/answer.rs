//! Does an answer speak of the session's patient alone, and of nothing that is hidden from the caller?
//!
//! Asked where policy obliges to it, and wherever a request brings resources along that it cannot show to be the
//! patient's (`_include`). Judged is the text that would leave: numbers stay as they are written, because nothing is
//! written anew; an entry that is hidden is cut out of it.

mod cut;
mod labels;
mod own;

use std::sync::Arc;

use super::json::Json;

/// What of an answer is hidden from whoever asks (*données masquées*).
pub trait Hides: Send + Sync {
    /// Whether a resource of this type with these labels (code system, code) is hidden.
    fn hides(&self, resource_type: &str, labels: &[(&str, &str)]) -> bool;
}

/// What an answer must be looked through for (*contrôle de la réponse*).
#[derive(Clone)]
pub struct Expected {
    pub(super) there: String,
    pub(super) foreign: bool,
    pub(super) hidden: Option<Arc<dyn Hides>>,
    pub(super) types: Option<Vec<&'static str>>,
}

/// What may leave of an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
    /// All of it.
    Whole,
    /// This, which is it without what is hidden.
    Without(Vec<u8>),
    /// Nothing: it is itself hidden.
    Hidden,
}

/// Why nothing of an answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It is no FHIR JSON, or says a thing twice.
    #[error("the answer is not FHIR JSON")]
    NotUnderstood,
    /// It speaks of somebody else, or does not say of whom.
    #[error("the answer speaks of another patient")]
    Foreign,
    /// It brings a type along for which nobody has a permit.
    #[error("the answer holds what was not asked for")]
    Unasked,
}

impl AnswerError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotUnderstood => "answer-not-understood",
            Self::Foreign => "answer-foreign",
            Self::Unasked => "answer-unasked",
        }
    }
}

impl Expected {
    /// What an answer about this patient is looked through for, whatever was asked.
    #[must_use]
    pub fn of(there: &str, hidden: Option<Arc<dyn Hides>>) -> Self {
        Self { there: there.to_owned(), foreign: true, hidden, types: None }
    }

    /// Looks through the JSON of an answer.
    pub fn look(&self, answer: &[u8]) -> Result<Seen, AnswerError> {
        let json = Json::parse(answer).ok_or(AnswerError::NotUnderstood)?;
        if json.text("resourceType").is_none() {
            return Err(AnswerError::NotUnderstood);
        }
        if self.foreign {
            self.require_own(&json)?;
        }
        self.require_asked(&json)?;
        let Some(hides) = self.hidden.as_deref() else { return Ok(Seen::Whole) };
        if json.text("resourceType") != Some("Bundle") {
            return Ok(if labels::hidden(&json, hides) { Seen::Hidden } else { Seen::Whole });
        }
        let hidden: Vec<bool> = entries(&json).map(|entry| labels::hidden(entry, hides)).collect();
        if json.member("total").is_none() && !hidden.contains(&true) {
            return Ok(Seen::Whole);
        }
        let by_place = matches!(json.text("type"), Some("batch-response" | "transaction-response"));
        cut::bundle(answer, &hidden, by_place).map(Seen::Without).ok_or(AnswerError::NotUnderstood)
    }

    /// Whether something is hidden, so that "not changed" must be found out again.
    #[must_use]
    pub fn hides(&self) -> bool {
        self.hidden.is_some()
    }

    /// Whether a place that a header names is the patient's, or nobody's.
    #[must_use]
    pub fn is_own_place(&self, place: &str) -> bool {
        let mut segments = place.split('?').next().unwrap_or_default().split('/');
        while let Some(segment) = segments.next() {
            if segment == "Patient" {
                return segments.next().is_none_or(|id| id == self.there);
            }
        }
        true
    }

    /// A search that brings other types along brings those that were permitted.
    fn require_asked(&self, json: &Json<'_>) -> Result<(), AnswerError> {
        let Some(types) = self.types.as_ref().filter(|_| json.text("type") == Some("searchset")) else {
            return Ok(());
        };
        let asked = |entry: &Json<'_>| {
            let of = entry.member("resource").and_then(|resource| resource.text("resourceType"));
            of.is_none_or(|of| of == "OperationOutcome" || types.contains(&of))
        };
        if entries(json).all(asked) { Ok(()) } else { Err(AnswerError::Unasked) }
    }
}

fn entries<'a>(bundle: &'a Json<'a>) -> impl Iterator<Item = &'a Json<'a>> {
    bundle.member("entry").map(Json::elements).unwrap_or_default().iter()
}

impl std::fmt::Debug for Expected {
    /// Without the patient.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Expected")
            .field("foreign", &self.foreign)
            .field("hides", &self.hides())
            .finish_non_exhaustive()
    }
}
