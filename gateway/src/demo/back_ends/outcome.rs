//! How does a FHIR server refuse? With an OperationOutcome.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::TokenRefusal;

/// A refusal of a back-end: HTTP status, FHIR issue type, text (refus).
#[derive(Debug)]
pub(super) struct Outcome {
    status: StatusCode,
    code: &'static str,
    text: &'static str,
}

impl Outcome {
    pub(super) fn not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "not-found", text: "no such resource for this patient" }
    }

    pub(super) fn method_not_allowed() -> Self {
        Self { status: StatusCode::METHOD_NOT_ALLOWED, code: "not-supported", text: "no such interaction" }
    }

    pub(super) fn other_patient() -> Self {
        Self { status: StatusCode::FORBIDDEN, code: "forbidden", text: "the token is about another patient" }
    }

    pub(super) fn invalid(text: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "invalid", text }
    }

    pub(super) fn many() -> Self {
        Self { status: StatusCode::PRECONDITION_FAILED, code: "multiple-matches", text: "several have it" }
    }

    pub(super) fn full() -> Self {
        Self {
            status: StatusCode::INSUFFICIENT_STORAGE,
            code: "too-costly",
            text: "the demonstration keeps no more resources of this patient",
        }
    }
}

impl From<TokenRefusal> for Outcome {
    fn from(refusal: TokenRefusal) -> Self {
        let (status, code) = match refusal {
            TokenRefusal::KeysUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "transient"),
            TokenRefusal::Missing | TokenRefusal::Invalid => (StatusCode::UNAUTHORIZED, "login"),
            TokenRefusal::Expired => (StatusCode::UNAUTHORIZED, "expired"),
        };
        Self { status, code, text: refusal.text() }
    }
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        let body = json!({
            "resourceType": "OperationOutcome",
            "issue": [{"severity": "error", "code": self.code, "diagnostics": self.text}],
        });
        let mut response = super::fhir(self.status, &body);
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 6750 §3.1.
            let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
