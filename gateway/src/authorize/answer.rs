//! What does a proxy do with a permit? It copies these headers into the request that it forwards.
//!
//! The service believes `Authorization` alone, which it verifies. The others are conveniences for a service that
//! trusts its own proxy; the proxy takes away every such header that comes in.

use axum::body::Body;
use axum::response::Response;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderName};
use http::{HeaderValue, StatusCode};

use crate::problem::{Problem, ProblemCode};
use crate::session::Session;

/// The answer, to be given once the decision is on record: whose session it is, as whom that service knows the patient,
/// and the token for it.
pub(super) fn permitted(session: &Session, subject: &str, token: &str) -> Response {
    let claims = session.claims();
    let id = claims.id.to_string();
    let said = [
        ("x-bawaba-subject", Some(subject)),
        ("x-bawaba-session", Some(id.as_str())),
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
    match HeaderValue::try_from(format!("Bearer {}", token)) {
        Ok(mut bearer) => {
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
            response
        }
        Err(_) => axum::response::IntoResponse::into_response(Problem::new(ProblemCode::Internal)),
    }
}
