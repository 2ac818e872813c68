//! What is told and what is written when the answer is no?
//!
//! A [`Refusal`] has two faces: the problem, which says no more than its catalogue entry, and the audit
//! event's exact code. It becomes an answer only together with the proof that it was recorded.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use card_reader::PresenceError;
use pki::PkiError;
use policies::{AccessDecision, Reason};

use crate::audit::{Audit, AuditError, AuditEvent, Outcome, Recorded};
use crate::fhir::{FhirError, Undone};
use crate::problem::{Problem, ProblemCode, ProblemReason};
use crate::registry::RegistryError;
use crate::token::{TokenError, TokenRefusal};
use crate::wire::ParseError;

/// Why there is no access (*refus*).
#[derive(Debug)]
pub(crate) struct Refusal {
    /// Boxed: a refusal is in the return type of every check, and is rare.
    problem: Box<Problem>,
    outcome: Outcome,
    code: Cow<'static, str>,
    detail: Option<Cow<'static, str>>,
}

/// Mark of an answer whose event is on record, for the layer that records the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnRecord;

/// The code that only the audit event tells, on an answer that is not on record yet.
#[derive(Clone, Debug)]
pub(crate) struct ExactCode(pub(crate) Cow<'static, str>);

impl Refusal {
    /// A refusal whose exact code is that of the problem.
    pub(crate) fn new(code: ProblemCode) -> Self {
        Self::exactly(code, code.code())
    }

    /// A refusal with a code that only the audit event tells.
    pub(crate) fn exactly(problem: ProblemCode, code: impl Into<Cow<'static, str>>) -> Self {
        let outcome = if problem.status().is_server_error() { Outcome::Error } else { Outcome::Refused };
        Self { problem: Problem::new(problem).into(), outcome, code: code.into(), detail: None }
    }

    /// A refusal whose problem is written already.
    pub(crate) fn told(problem: Problem) -> Self {
        let detail = problem.detail().map(Cow::Borrowed);
        Self { problem: problem.clone().into(), detail, ..Self::new(problem.code()) }
    }

    /// Policy said no; or the gateway does not know what it would have to know, which is its own fault and worth a retry.
    pub(crate) fn denied(decision: &AccessDecision) -> Self {
        let reasons = decision.reasons();
        if let (true, Some(reason)) = (decision.is_gateways_fault(), reasons.first()) {
            return Self::exactly(ProblemCode::TrustUnavailable, reason.code.clone());
        }
        Self {
            problem: Problem::new(ProblemCode::Denied).with_reasons(told(decision)).into(),
            outcome: Outcome::Deny,
            code: reasons.first().map_or("denied".into(), |reason| reason.code.clone().into()),
            detail: None,
        }
    }

    /// Policy said no, and would say yes once the holder has agreed by PIN at most so long ago (RFC 9470 §3).
    pub(crate) fn holder_required(decision: &AccessDecision, max_age: Option<Duration>) -> Self {
        let problem = Problem::new(ProblemCode::HolderRequired).with_max_age(max_age);
        let (problem, code) = if decision.is_permit() {
            // Permitted to a holder who agreed more recently than this one: the reasons speak of the permit.
            (problem, "holder-too-long-ago".into())
        } else {
            let code = decision.reasons().first().map(|reason| reason.code.clone().into());
            (problem.with_reasons(told(decision)), code.unwrap_or("holder-required".into()))
        };
        Self { problem: problem.into(), outcome: Outcome::Deny, code, detail: None }
    }

    /// The problem that the caller would be told, and the exact code: for a route with a shape of its own.
    pub(crate) fn into_codes(self) -> (ProblemCode, Cow<'static, str>) {
        (self.problem.code(), self.code)
    }

    /// Says in one fixed sentence which rule was broken, to both.
    pub(crate) fn detail(mut self, detail: &'static str) -> Self {
        self.problem = Box::new(self.problem.with_detail(detail));
        self.detail = Some(detail.into());
        self
    }

    /// Records `event` as refused for this reason, then answers.
    pub(crate) async fn record(self, audit: &Audit, mut event: AuditEvent) -> Response {
        event.outcome = self.outcome;
        event.code = self.code.clone();
        event.detail = self.detail.clone().map(Cow::into_owned).or(event.detail);
        match audit.record(event).await {
            Ok(recorded) => self.answer(recorded),
            Err(error) => unrecorded(error),
        }
    }

    /// The answer of a layer that no flow follows: [`crate::router`] records it on its way out.
    pub(crate) fn unrecorded(self) -> Response {
        let mut response = self.problem.into_response();
        response.extensions_mut().insert(ExactCode(self.code));
        response
    }

    /// The answer, from the proof that the refusal is on record.
    fn answer(self, _recorded: Recorded) -> Response {
        on_record(self.problem.into_response())
    }
}

/// The reasons of a decision, as its policies' authors wrote them.
fn told(decision: &AccessDecision) -> impl Iterator<Item = ProblemReason> {
    decision.reasons().iter().map(|reason| ProblemReason::from(&**reason))
}

impl From<&Reason> for ProblemReason {
    fn from(reason: &Reason) -> Self {
        Self {
            code: reason.code.clone().into(),
            fr: reason.fr.clone().into(),
            ar: reason.ar.clone().into(),
            en: reason.en.clone().into(),
        }
    }
}

/// No log, no answer but this one.
pub(crate) fn unrecorded(error: AuditError) -> Response {
    tracing::debug!(code = error.code(), "answer withheld");
    on_record(Problem::new(ProblemCode::AuditUnavailable).into_response())
}

/// Marks an answer as one that needs no further event.
pub(crate) fn on_record(mut response: Response) -> Response {
    response.extensions_mut().insert(OnRecord);
    response
}

impl From<RegistryError> for Refusal {
    fn from(error: RegistryError) -> Self {
        tracing::warn!(%error, code = error.code(), "registry");
        Self::exactly(ProblemCode::RegistryUnavailable, error.code())
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        match error.refusal() {
            TokenRefusal::Unavailable => {
                tracing::error!(%error, code = error.code(), "token keys");
                Self::exactly(ProblemCode::SignerUnavailable, error.code())
            }
            TokenRefusal::Audience
            | TokenRefusal::Binding
            | TokenRefusal::Expired
            | TokenRefusal::Invalid => Self::exactly(ProblemCode::TokenInvalid, error.code()),
        }
    }
}

/// All failures of a card look the same outside; who probes the gateway with cards learns nothing.
impl From<PresenceError> for Refusal {
    fn from(error: PresenceError) -> Self {
        match error {
            PresenceError::NoRandom => Self::exactly(ProblemCode::Internal, error.code()),
            // Nobody can say whether the signer is revoked: our list is missing or too old, the card is not at fault.
            PresenceError::Untrusted(PkiError::RevocationUnknown) => {
                Self::exactly(ProblemCode::TrustUnavailable, error.code())
            }
            _ => Self::exactly(ProblemCode::CardRefused, error.code()),
        }
    }
}

impl From<ParseError> for Refusal {
    fn from(error: ParseError) -> Self {
        Self::new(ProblemCode::Malformed).detail(error.0)
    }
}

impl From<Undone> for Refusal {
    fn from(undone: Undone) -> Self {
        let detail = match undone {
            Undone::NotNarrowed => "this search cannot be narrowed to the patient",
            Undone::WouldTell => "this search would tell what is hidden from this establishment",
        };
        Self::exactly(ProblemCode::InteractionNotTaken, undone.code()).detail(detail)
    }
}

impl From<FhirError> for Refusal {
    fn from(error: FhirError) -> Self {
        let code = match error {
            FhirError::MediaType => ProblemCode::UnsupportedMediaType,
            FhirError::NotUnderstood(_) => ProblemCode::Malformed,
            FhirError::NotTaken(_) => ProblemCode::InteractionNotTaken,
            FhirError::PatientMismatch(_) => ProblemCode::PatientMismatch,
        };
        Self::new(code).detail(error.detail())
    }
}
