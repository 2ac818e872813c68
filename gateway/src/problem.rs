//! What is a caller told when there is no answer? RFC 9457 problems, from fixed texts only.
//!
//! Every refusal of the gateway is one [`ProblemCode`]; the `catalogue` says in three languages what it means, who
//! is at fault, what the person at the counter does now and what the vendor of the counter's software does later.
//! The same kebab-case code goes to the log, the metrics and the audit event.

mod catalogue;
mod language;
mod party;
mod reason;
mod render;

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;

pub use language::Language;
pub use party::Party;
pub use reason::ProblemReason;
pub use render::{X_BAWABA_PROBLEM, in_header, localise};

/// Why there is no answer (code d'erreur): the stable name that logs, metrics, audit events and problems share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemCode {
    /// 400: the bytes are not one well-formed request of this interface.
    Malformed,
    /// 404: no such route or resource.
    NotFound,
    /// 400: a FHIR interaction that cannot be bound to one patient, or that is not taken.
    InteractionNotTaken,
    /// 405: the route exists, the method does not.
    MethodNotAllowed,
    /// 408: the request came too slowly.
    RequestTimeout,
    /// 413: the body is longer than this route takes.
    BodyTooLarge,
    /// 414: the path and query are longer than this gateway takes.
    TargetTooLong,
    /// 415: the body is not of a media type this route takes.
    UnsupportedMediaType,
    /// 421: the request names a host that is not this gateway (RFC 9110 §15.5.20).
    Misdirected,
    /// 431: too many headers, or too long (RFC 6585 §5).
    HeadersTooLarge,
    /// 429: this client asks too often.
    RateLimited,
    /// 401: no bearer token.
    Unauthenticated,
    /// 401: the token is expired, altered, of another issuer, audience or connection (RFC 6750 §3.1).
    TokenInvalid,
    /// 401: the proof of the caller's key is missing, wrong, for another request, or was spent (RFC 9449 §7.1).
    ProofInvalid,
    /// 401: the same again, with the nonce that comes with this answer (RFC 9449 §9).
    ProofNonce,
    /// 401: the session was ended or revoked before its time.
    SessionEnded,
    /// 404: no such session for this client.
    SessionUnknown,
    /// 403: the certificate is genuine, its holder is not registered.
    ClientUnknown,
    /// 403: the certificate was revoked, or its holder suspended.
    ClientRevoked,
    /// 422: the card was not accepted. All card failures look the same outside; the audit event has the exact code.
    CardRefused,
    /// 409: the presence was spent, has expired, or belongs to another client.
    PresenceNotUsable,
    /// 410: there is no such presence (any more).
    PresenceUnknown,
    /// 422: the card is genuine, the registry does not know the person.
    PatientUnknown,
    /// 403: the request names a patient other than the session's.
    PatientMismatch,
    /// 403: the policy does not permit it.
    Denied,
    /// 409: the same claim was sent a moment ago.
    ClaimOnItsWay,
    /// 403: a receipt is not one of ours, or the log does not know its act.
    ReceiptNotSound,
    /// 403: the body would have to be judged, and a proxy that only asks does not show it.
    BodyNotShown,
    /// 403: the answer would have to be judged, and a proxy that only asks does not show it.
    AnswerNotShown,
    /// 401: the policy permits it once the holder has agreed by PIN (RFC 9470).
    HolderRequired,
    /// 422: the holder's agreement was not believed. The audit event has the exact code.
    HolderRefused,
    /// 409: the step-up was spent, has expired, or belongs to another client or session.
    StepUpNotUsable,
    /// 422: the reason for breaking the glass is no code of the list.
    EmergencyReasonUnknown,
    /// 422: the reason in words says nothing, too much, or cannot be read.
    EmergencyWordsRefused,
    /// 422: what a practitioner signed was not believed. The audit event has the exact code.
    EmergencyStatementRefused,
    /// 422: both statements are of one person.
    EmergencySamePractitioner,
    /// 422: the glass was broken, and nobody enrolled has that number.
    EmergencyPatientUnknown,
    /// 422: a referral that this gateway does not keep. The detail names the rule.
    ReferralRefused,
    /// 404: the session's patient has given no such consent.
    ConsentUnknown,
    /// 422: the consent says something that could not be enforced.
    ConsentNotUnderstood,
    /// 422: the consent has a code of no known list.
    ConsentCodeUnknown,
    /// 422: the consent names an establishment that is not registered.
    ConsentActorUnknown,
    /// 422: the consent could never hold, or was said at another time.
    ConsentDates,
    /// 409: the consent contradicts another one that stands, or itself.
    ConsentContradictory,
    /// 409: the patient has said exactly that already.
    ConsentOverlaps,
    /// 409: the patient has as many consents as are kept.
    ConsentTooMany,
    /// 403: a dependant who is of age is not spoken for.
    GuardianshipEnded,
    /// 502: no connection to the back-end.
    BackEndUnreachable,
    /// 504: the back-end did not answer in time.
    BackEndTimeout,
    /// 503: the back-end has too many requests in flight, or failed so often that it is given a rest.
    BackEndOverloaded,
    /// 502: the back-end's answer is not well-formed HTTP.
    BackEndInvalid,
    /// 502: the back-end did not accept the gateway's own token.
    BackEndRefused,
    /// 502: the back-end's answer speaks of another patient, or brings along what was not asked for. Nothing of it leaves.
    BackEndForeign,
    /// 503: the audit store does not take the event. No log, no access.
    AuditUnavailable,
    /// 503: the registry of patients and clients does not answer.
    RegistryUnavailable,
    /// 503: what all nodes share (challenges, spent names) does not answer.
    StateUnavailable,
    /// 503: the signing keys do not answer.
    SignerUnavailable,
    /// 503: a trust list (CSCA, CRL) is missing or too old to decide on.
    TrustUnavailable,
    /// 503: the gateway is full.
    Overloaded,
    /// 500: a defect of the gateway.
    Internal,
}

/// A refusal on its way to the caller. As a response it carries itself as an extension, so that
/// [`localise`] can write it in the caller's language with the request's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    code: ProblemCode,
    detail: Option<&'static str>,
    reasons: Vec<ProblemReason>,
    retry_after: Option<Duration>,
    max_age: Option<Duration>,
}

impl Problem {
    /// A refusal with the catalogue's texts.
    #[must_use]
    pub fn new(code: ProblemCode) -> Self {
        Self { code, detail: None, reasons: Vec::new(), retry_after: None, max_age: None }
    }

    /// Adds one fixed English sentence for the vendor of the counter's software: which rule was broken.
    #[must_use]
    pub fn with_detail(mut self, detail: &'static str) -> Self {
        self.detail = Some(detail);
        self
    }

    /// Adds the reasons of a refusal by policy.
    #[must_use]
    pub fn with_reasons(mut self, reasons: impl IntoIterator<Item = ProblemReason>) -> Self {
        self.reasons.extend(reasons);
        self
    }

    /// Says when to come back, instead of the catalogue's figure. Rounded up to whole seconds.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Says how recent the proof must be that the challenge of a 401 asks for (RFC 9470 §3).
    #[must_use]
    pub fn with_max_age(mut self, age: Option<Duration>) -> Self {
        self.max_age = age;
        self
    }

    /// Why there is no answer.
    #[must_use]
    pub fn code(&self) -> ProblemCode {
        self.code
    }

    /// The fixed sentence that says which rule was broken, where there is one.
    #[must_use]
    pub fn detail(&self) -> Option<&'static str> {
        self.detail
    }

    /// The reasons of a refusal by policy.
    #[must_use]
    pub fn reasons(&self) -> &[ProblemReason] {
        &self.reasons
    }

    /// When to come back, in whole seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self.retry_after {
            Some(wait) => Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
            None => self.code.entry().retry_after,
        }
    }
}

impl Problem {
    /// `WWW-Authenticate` of a 401.
    fn challenge(&self) -> Option<Cow<'static, str>> {
        let challenge = self.code.challenge()?;
        Some(match self.max_age {
            Some(age) => format!("{challenge}, max_age=\"{}\"", age.as_secs()).into(),
            None => challenge.into(),
        })
    }
}

impl From<ProblemCode> for Problem {
    fn from(code: ProblemCode) -> Self {
        Self::new(code)
    }
}

impl ProblemCode {
    /// The code on the wire, in logs, metrics and audit events.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.entry().code
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.entry().status
    }

    /// Who is at fault.
    #[must_use]
    pub fn party(self) -> Party {
        self.entry().party
    }

    /// What happened, in one line.
    #[must_use]
    pub fn title(self, language: Language) -> &'static str {
        self.entry().title.get(language)
    }

    /// What the person at the counter does now.
    #[must_use]
    pub fn action_staff(self, language: Language) -> &'static str {
        self.entry().staff.get(language)
    }

    /// What the vendor of the counter's software does later, in English.
    #[must_use]
    pub fn action_vendor(self) -> &'static str {
        self.entry().vendor
    }

    /// The challenge of a 401 (RFC 6750 §3, RFC 9470 §3).
    #[must_use]
    pub fn challenge(self) -> Option<&'static str> {
        match self {
            Self::Unauthenticated => Some("Bearer"),
            Self::ProofInvalid => Some("DPoP error=\"invalid_dpop_proof\", algs=\"ES256\""),
            Self::ProofNonce => Some("DPoP error=\"use_dpop_nonce\", algs=\"ES256\""),
            Self::TokenInvalid | Self::SessionEnded => Some("Bearer error=\"invalid_token\""),
            Self::HolderRequired => Some(
                "Bearer error=\"insufficient_user_authentication\", \
                 error_description=\"the holder of the card has to agree by PIN\", acr_values=\"holder\"",
            ),
            _ => None,
        }
    }
}
