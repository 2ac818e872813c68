//! Which request is asked about? Said in one of three ways, and in one only.

use http::{Method, Uri};

use crate::edge::{ReportedHeaders, asked_about, reported_target};
use crate::fhir::{FhirError, FhirRequest};
use crate::problem::{Problem, ProblemCode};
use crate::refusal::Refusal;

/// Method and target of a request that a proxy holds (*question*), in the words of the service behind it.
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) target: Uri,
}

const ONE_WAY: &str = "say method and target in one way: X-Original-*, X-Forwarded-*, or in the path";
const INCOMPLETE: &str = "method or target of the request is not said";

impl Question {
    /// nginx and HAProxy say both in `X-Original-*`, Traefik in `X-Forwarded-*`; Envoy asks with the method itself
    /// and the target behind `/v1/authorize`.
    pub(super) fn read(method: &Method, uri: &Uri, reported: &ReportedHeaders) -> Result<Self, Refusal> {
        let one = |name| reported.one(name).map_err(Refusal::told);
        let original = (one("x-original-method")?, one("x-original-uri")?);
        let forwarded = (one("x-forwarded-method")?, one("x-forwarded-uri")?);
        let in_path = asked_about(uri.path()).filter(|rest| !rest.is_empty());
        let (method, target) = match (original, forwarded, in_path) {
            ((None, None), (None, None), Some(rest)) => {
                let whole = uri.query().map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}"));
                (method.clone(), whole)
            }
            ((Some(method), Some(target)), (None, None), None)
            | ((None, None), (Some(method), Some(target)), None) => (taken(method)?, target.to_owned()),
            ((None, None), (None, None), None) => return Err(malformed(INCOMPLETE)),
            ((Some(_), None) | (None, Some(_)), (None, None), None)
            | ((None, None), (Some(_), None) | (None, Some(_)), None) => return Err(malformed(INCOMPLETE)),
            // ATTACK: one of the two comes from the counter, through a proxy that speaks the other language.
            _ => return Err(malformed(ONE_WAY)),
        };
        Ok(Self { method, target: reported_target(&target).map_err(Refusal::told)? })
    }

    /// The path below the service's base: what is a FHIR path.
    pub(super) fn below(&self, base: &str) -> Result<&str, Refusal> {
        let base = base.trim_end_matches('/');
        let rest = self.target.path().strip_prefix(base);
        rest.filter(|rest| rest.is_empty() || rest.starts_with('/')).ok_or_else(|| {
            Refusal::new(ProblemCode::NotFound).detail("the path is not below the service's base")
        })
    }

    /// The request that was decided is this one. The proxy forwards what it holds, so whatever our own proxy would
    /// write otherwise (the patient's name, a narrower search) is refused instead.
    pub(super) fn is_what_was_decided(&self, path: &str, decided: &FhirRequest) -> Result<(), Refusal> {
        let (decided_path, decided_query) = match decided.path_and_query.split_once('?') {
            Some((path, query)) => (path, query),
            None => (decided.path_and_query.as_str(), ""),
        };
        let query = self.target.query().unwrap_or_default();
        if query.contains(';') {
            // ATTACK: older servers part parameters at `;`, and Traefik writes `&` for it after it has asked.
            return Err(malformed("no semicolon in a query"));
        }
        let pairs =
            |query: &str| url::form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>();
        if decided_path == path && pairs(decided_query) == pairs(query) {
            return Ok(());
        }
        Err(FhirError::PatientMismatch("name the patient in path or search as this service does: patient_at")
            .into())
    }
}

/// A method that our own port takes too.
fn taken(method: &str) -> Result<Method, Refusal> {
    match method {
        "GET" => Ok(Method::GET),
        "HEAD" => Ok(Method::HEAD),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        _ => Err(Refusal::new(ProblemCode::MethodNotAllowed)),
    }
}

fn malformed(rule: &'static str) -> Refusal {
    Refusal::told(Problem::new(ProblemCode::Malformed).with_detail(rule))
}
