//! How does a consent look in FHIR R4, and what of FHIR is not understood?
//!
//! What cannot be enforced is refused by name, not kept in silence: a patient who is told "201" relies on it. So every
//! element is of one of three kinds: understood; saying nothing about who may see what (`text`, `identifier`, `source[x]`,
//! display texts), which is left out of what is kept; or refused. Elements that FHIR forbids to ignore
//! (`modifierExtension`, `implicitRules`) are of the last kind.

mod actor;
mod codes;
mod date;
mod provision;
mod read;
mod write;

pub use read::{Expected, read};
pub(crate) use write::{bundle, resource};

use crate::problem::ProblemCode;
use crate::refusal::Refusal;

/// Identifier system of establishments: their registered id.
pub const ESTABLISHMENT_SYSTEM: &str = "https://bawaba.example/fhir/sid/establishment";
/// Identifier system of practitioners: the id in their certificate.
pub const PRACTITIONER_SYSTEM: &str = "https://bawaba.example/fhir/sid/practitioner";
/// Identifier system of practitioners at one establishment: `practitioner@establishment`.
pub const PRACTITIONER_ROLE_SYSTEM: &str = "https://bawaba.example/fhir/sid/practitioner-role";
/// Code system of kinds of establishments: `pharmacy`, `clinic`, `hospital`, `mobile-unit`, `cnss`.
pub const KIND_SYSTEM: &str = "https://bawaba.example/fhir/CodeSystem/establishment-kind";
/// The rules by which consents are read: the precedence of [`crate::consent::rules`].
pub const POLICY_URI: &str = "https://bawaba.example/fhir/policy/consent";

/// Why a consent is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// Not a FHIR R4 Consent.
    #[error("not a FHIR R4 Consent: {0}")]
    Malformed(&'static str),
    /// Consent of or for somebody who is not here.
    #[error("consent for somebody else: {0}")]
    SomebodyElse(&'static str),
    /// It says something that could not be enforced.
    #[error("not understood: {0}")]
    NotUnderstood(&'static str),
    /// A code of no list that is known here.
    #[error("unknown code: {0}")]
    UnknownCode(&'static str),
    /// An establishment that nobody knows.
    #[error("unknown establishment")]
    UnknownActor,
    /// It could never hold, or was said at another time.
    #[error("dates: {0}")]
    Dates(&'static str),
    /// It says yes and no to the same question, or the opposite of what stands.
    #[error("contradictory: {0}")]
    Contradictory(&'static str),
    /// It says what was said already.
    #[error("says what stands already")]
    Overlaps,
    /// The patient has said as much as is kept.
    #[error("too many")]
    TooMany,
}

impl ConsentError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Contradictory(_) => "consent-contradictory",
            Self::Dates(_) => "consent-dates",
            Self::Malformed(_) => "malformed",
            Self::NotUnderstood(_) => "consent-not-understood",
            Self::Overlaps => "consent-overlaps",
            Self::SomebodyElse(_) => "patient-mismatch",
            Self::TooMany => "consent-too-many",
            Self::UnknownActor => "consent-actor-unknown",
            Self::UnknownCode(_) => "consent-code-unknown",
        }
    }

    /// What the counter is told.
    const fn problem(self) -> ProblemCode {
        match self {
            Self::Contradictory(_) => ProblemCode::ConsentContradictory,
            Self::Dates(_) => ProblemCode::ConsentDates,
            Self::Malformed(_) => ProblemCode::Malformed,
            Self::NotUnderstood(_) => ProblemCode::ConsentNotUnderstood,
            Self::Overlaps => ProblemCode::ConsentOverlaps,
            Self::SomebodyElse(_) => ProblemCode::PatientMismatch,
            Self::TooMany => ProblemCode::ConsentTooMany,
            Self::UnknownActor => ProblemCode::ConsentActorUnknown,
            Self::UnknownCode(_) => ProblemCode::ConsentCodeUnknown,
        }
    }

    /// Which rule was broken, in a fixed sentence, where the code does not say it all.
    #[must_use]
    pub const fn detail(self) -> Option<&'static str> {
        match self {
            Self::Contradictory(rule)
            | Self::Dates(rule)
            | Self::Malformed(rule)
            | Self::NotUnderstood(rule)
            | Self::SomebodyElse(rule)
            | Self::UnknownCode(rule) => Some(rule),
            Self::Overlaps | Self::TooMany | Self::UnknownActor => None,
        }
    }
}

impl From<ConsentError> for Refusal {
    fn from(error: ConsentError) -> Self {
        let refusal = Self::new(error.problem());
        match error.detail() {
            Some(detail) => refusal.detail(detail),
            None => refusal,
        }
    }
}
