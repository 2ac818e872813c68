//! What is the back-end sent? The request in its words, with what its permits oblige to.

use axum::body::Body;
use axum::extract::Request;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, HeaderName, RANGE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

use super::condition::Condition;
use crate::fhir::{Due, Dutiful, FhirRequest};
use crate::problem::ProblemCode;
use crate::refusal::Refusal;

const PREFER: HeaderName = HeaderName::from_static("prefer");
const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");
/// FHIR R4 section 2.44.7: whom the raw bytes of a Binary are about.
const X_SECURITY_CONTEXT: HeaderName = HeaderName::from_static("x-security-context");

/// The request to be sent, and what is due on its answer.
pub(super) struct Outgoing {
    pub(super) request: Request,
    pub(super) due: Due,
    pub(super) condition: Condition,
}

impl Outgoing {
    /// Creates only what is not there yet: among the patient's own, or somebody else's would be the answer.
    pub(super) fn condition_on(
        &mut self,
        name: HeaderName,
        found: &HeaderValue,
        subject: &str,
    ) -> Result<(), Refusal> {
        let found = found.to_str().unwrap_or_default();
        self.request.headers_mut().insert(name, header(&format!("{found}&patient={subject}"))?);
        Ok(())
    }
}

/// Writes the request for the back-end. Whoever has none of whose duties are done has nothing to send.
pub(super) fn write(
    mut parts: Parts,
    dutiful: Dutiful,
    (raw, subject): (bool, &str),
    streamed: Body,
) -> Result<Outgoing, Refusal> {
    let (asked, due) = dutiful.into_parts();
    let headers = &mut parts.headers;
    prefer(headers, &asked);
    headers.remove(CONTENT_LENGTH);
    headers.remove(X_SECURITY_CONTEXT);
    if raw {
        headers.insert(X_SECURITY_CONTEXT, header(&format!("Patient/{subject}"))?);
    }
    headers.remove(IF_NONE_EXIST);
    if let Some(condition) = &asked.if_none_exist {
        headers.insert(IF_NONE_EXIST, header(condition)?);
    }
    let mut condition = Condition::default();
    if let Some(expected) = &due.expected {
        headers.insert(ACCEPT, HeaderValue::from_static("application/fhir+json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.remove(RANGE);
        if expected.hides() && matches!(parts.method, Method::GET | Method::HEAD) {
            condition = Condition::take(headers);
            // What is hidden is not there: neither its content nor its head is told.
            parts.method = Method::GET;
        }
    }
    parts.uri = asked
        .path_and_query
        .parse()
        .map_err(|_| Refusal::new(ProblemCode::Malformed).detail("the path is not a FHIR path"))?;
    let body = asked.body.map_or(streamed, Body::from);
    Ok(Outgoing { request: Request::from_parts(parts, body), due, condition })
}

/// Of what a counter prefers (RFC 7240), `return` is passed on. A server that answers later answers where nobody looks,
/// and one that is lenient overlooks a parameter that it does not know: were that the one that narrows, it would tell
/// of everybody (FHIR R4 section 3.1.1.4).
fn prefer(headers: &mut HeaderMap, asked: &FhirRequest) {
    if !asked.searches() && !headers.contains_key(PREFER) {
        return;
    }
    let known = ["return=minimal", "return=representation", "return=OperationOutcome"];
    let said = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let wanted = said
        .flat_map(|value| value.split([',', ';']))
        .find_map(|word| known.into_iter().find(|known| word.trim().eq_ignore_ascii_case(known)));
    headers.remove(PREFER);
    let strict = asked.searches().then_some("handling=strict");
    for word in wanted.into_iter().chain(strict) {
        headers.append(PREFER, HeaderValue::from_static(word));
    }
}

fn header(text: &str) -> Result<HeaderValue, Refusal> {
    HeaderValue::from_str(text)
        .map_err(|_| Refusal::new(ProblemCode::Malformed).detail("a condition that is no header"))
}
