//! What does a proxy do with a permit? It copies these headers into the request that it forwards.
//!
//! The service believes `Authorization` alone, which it verifies. The others are conveniences for a service that
//! trusts its own proxy; the proxy takes away every such header that comes in.

use axum::body::Body;
use axum::response::Response;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderName};
use http::{HeaderValue, StatusCode};

use crate::access::Decided;
use crate::audit::Recorded;
use crate::problem::{Problem, ProblemCode};
use crate::refusal::on_record;

/// The answer, from the proof that the decision is on record.
pub(super) fn permitted(_recorded: Recorded, decided: &Decided) -> Response {
    let claims = decided.session.claims();
    let session = claims.id.to_string();
    let said = [
        ("x-bawaba-subject", Some(decided.subject.as_str())),
        ("x-bawaba-session", Some(session.as_str())),
        ("x-bawaba-purpose", Some(claims.purpose.as_str())),
        ("x-bawaba-encounter", claims.encounter.as_deref()),
        ("x-bawaba-acr", Some(claims.acr.as_str())),
    ];
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in said {
        let Some(value) = value else { continue };
        // All of them are codes, ids and labels of our own alphabet.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    match HeaderValue::try_from(format!("Bearer {}", decided.token)) {
        Ok(mut bearer) => {
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
            on_record(response)
        }
        Err(_) => on_record(axum::response::IntoResponse::into_response(Problem::new(ProblemCode::Internal))),
    }
}
