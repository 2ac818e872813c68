//! How is a refusal of an OAuth endpoint told (RFC 6749 §5.2), and how is it recorded?

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use super::fault::{self, Fault};
use super::never_stored;
use crate::audit::{Audit, AuditEvent, Outcome, Recorded};
use crate::problem::{Problem, ProblemCode};
use crate::refusal::{ExactCode, Refusal, on_record, unrecorded};
use crate::registry::RegistryError;
use crate::router::Asking;
use crate::token::{TokenError, TokenRefusal};

/// Why an OAuth endpoint gives no token (*refus OAuth*): what the client is told, and what only the event says.
#[derive(Debug)]
pub(crate) struct OAuthError {
    fault: &'static Fault,
    description: &'static str,
    /// The exact code, for the audit event.
    exact: Cow<'static, str>,
    outcome: Outcome,
    headers: Box<HeaderMap>,
    asking: bool,
}

/// RFC 6749 §5.2, with our `code`.
#[derive(Serialize)]
struct Document {
    error: &'static str,
    error_description: &'static str,
    code: &'static str,
}

impl OAuthError {
    /// A refusal whose exact code is the fault's.
    pub(crate) fn new(fault: &'static Fault) -> Self {
        Self::exactly(fault, fault.code)
    }

    /// A refusal with a code that only the audit event tells.
    pub(crate) fn exactly(fault: &'static Fault, exact: impl Into<Cow<'static, str>>) -> Self {
        let outcome = if fault.status.is_server_error() { Outcome::Error } else { Outcome::Refused };
        let description = fault.description;
        Self { fault, description, exact: exact.into(), outcome, headers: Box::default(), asking: false }
    }

    /// Policy said no: a decision, not an error.
    pub(crate) fn denied(reason: &str) -> Self {
        Self { outcome: Outcome::Deny, ..Self::exactly(&fault::TARGET_DENIED, reason.to_owned()) }
    }

    /// Says it in other fixed words: which parameter it is about.
    pub(crate) fn saying(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// With one more header, such as a challenge or a nonce.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// It only begins the protocol: no refusal that anybody has to hear of.
    pub(crate) fn asking(mut self) -> Self {
        self.asking = true;
        self
    }

    /// The code that the client is told.
    pub(crate) fn code(&self) -> &'static str {
        self.fault.code
    }

    /// The code that the audit event gets.
    #[cfg(test)]
    pub(crate) fn exact(&self) -> &str {
        &self.exact
    }

    /// Records `event` as refused for this reason, then answers.
    pub(crate) async fn record(self, audit: &Audit, mut event: AuditEvent) -> Response {
        event.outcome = self.outcome;
        event.code = self.exact.clone();
        match audit.record(event).await {
            Ok(recorded) => self.answer(recorded),
            Err(error) => unrecorded(error),
        }
    }

    /// The answer to somebody who proved nothing: [`crate::router`] counts it, and records what is not asked too often.
    pub(crate) fn unrecorded(self) -> Response {
        let (exact, asking) = (self.exact.clone(), self.asking);
        let mut response = self.response();
        response.extensions_mut().insert(ExactCode(exact));
        if asking {
            response.extensions_mut().insert(Asking);
        }
        response
    }

    /// The answer, from the proof that the refusal is on record.
    fn answer(self, _recorded: Recorded) -> Response {
        on_record(self.response())
    }

    fn response(self) -> Response {
        let Fault { error, status, code, .. } = *self.fault;
        let document = Document { error, error_description: self.description, code };
        let mut response = Response::new(Body::from(serde_json::to_vec(&document).unwrap_or_default()));
        *response.status_mut() = status;
        *response.headers_mut() = *self.headers;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if status == StatusCode::UNAUTHORIZED && !response.headers().contains_key(WWW_AUTHENTICATE) {
            // RFC 9110 §15.5.2 asks for one; there is no scheme in which a certificate is sent.
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        never_stored(&mut response);
        response
    }
}

impl From<TokenError> for OAuthError {
    fn from(error: TokenError) -> Self {
        let fault = match error.refusal() {
            TokenRefusal::Invalid => &fault::TOKEN_INVALID,
            TokenRefusal::Expired => &fault::TOKEN_EXPIRED,
            TokenRefusal::Audience => &fault::TOKEN_AUDIENCE,
            TokenRefusal::Binding => &fault::TOKEN_BINDING,
            TokenRefusal::Unavailable => {
                tracing::error!(%error, code = error.code(), "token keys");
                &fault::UNAVAILABLE
            }
        };
        match error {
            TokenError::Scope => Self::exactly(&fault::SCOPE, error.code()),
            _ => Self::exactly(fault, error.code()),
        }
    }
}

impl From<RegistryError> for OAuthError {
    fn from(error: RegistryError) -> Self {
        tracing::warn!(%error, code = error.code(), "registry");
        Self::exactly(&fault::UNAVAILABLE, error.code())
    }
}

/// What an inner step refused in the words of the other routes.
impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        let (problem, exact) = refusal.into_codes();
        let fault = match problem {
            ProblemCode::SessionEnded => &fault::SESSION_ENDED,
            ProblemCode::ClientUnknown | ProblemCode::ClientRevoked => &fault::CLIENT_REFUSED,
            ProblemCode::Internal => &fault::INTERNAL,
            ProblemCode::Denied => &fault::TARGET_DENIED,
            other if other.status().is_server_error() => &fault::UNAVAILABLE,
            _ => &fault::TOKEN_INVALID,
        };
        Self::exactly(fault, exact)
    }
}

/// A body that did not arrive.
impl From<Problem> for OAuthError {
    fn from(problem: Problem) -> Self {
        match problem.code() {
            ProblemCode::BodyTooLarge => Self::new(&fault::FORM_TOO_LARGE),
            other => Self::exactly(&fault::FORM_BROKEN, other.code()),
        }
    }
}
