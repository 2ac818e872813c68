//! Is this one well-formed HTTP request, and nothing smuggled in it?
//!
//! hyper is lenient where servers differ, and differences are what request smuggling lives on. [`guard`] is the one
//! function every request of a port passes: it gives the request an id, lets [`admit`] refuse what two servers could
//! read differently, strips what only we may say, calls the application, writes problems in the caller's language,
//! counts and logs.

mod body;
mod headers;
mod hosts;
mod reported;
mod target;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_LANGUAGE, ALLOW, HeaderName};
use http::{HeaderValue, Method, Version};

pub use body::{BodyError, BodyLimits, Bounded, Progress, read_body};
pub use headers::{is_hop_by_hop, strip_connection};
pub use hosts::HostRules;
pub use reported::{ReportedHeaders, asked_about, reported_target};

use crate::limits;
use crate::listen::Peer;
use crate::metrics::Metrics;
use crate::problem::{self, Problem, ProblemCode};
use crate::telemetry::{self, RequestContext};

/// The request's id on every answer; the caller's own is not believed.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a port needs to judge a request.
pub struct Edge {
    /// The names this gateway answers to.
    pub hosts: HostRules,
    /// Bounds of a request body; the gateway's own routes take less ([`read_body`]).
    pub body: BodyLimits,
    /// Where requests are counted.
    pub metrics: Arc<Metrics>,
}

impl Edge {
    /// The shipped bounds, for these names.
    #[must_use]
    pub fn new(hosts: HostRules, metrics: Arc<Metrics>) -> Self {
        Self { hosts, body: BodyLimits::of_request(limits::MAX_PROXIED_BODY_BYTES), metrics }
    }
}

/// Puts every route of a port, and its fallback, behind [`guard`]. Call it last, when all routes are in.
pub fn protect<S: Clone + Send + Sync + 'static>(router: Router<S>, edge: Arc<Edge>) -> Router<S> {
    router.layer(from_fn_with_state(edge, guard))
}

/// The path of every request: id, admission, application, language, count, log line.
pub async fn guard(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let context = RequestContext::begin();
    let route = route_of(&request);
    let method = request.method().clone();
    let language = request.headers().get(ACCEPT_LANGUAGE).cloned();
    request.extensions_mut().insert(context.clone());

    let answer = match admit(request, &edge.hosts, edge.body) {
        Ok(request) => next.run(request).await,
        Err(problem) => refuse(problem),
    };

    let code = answer.extensions().get::<Problem>().map(Problem::code);
    let mut answer = problem::localise(answer, language.as_ref(), context.id());
    if let Ok(id) = HeaderValue::from_str(context.id()) {
        answer.headers_mut().insert(X_REQUEST_ID, id);
    }
    let duration = started.elapsed();
    let status = answer.status();
    edge.metrics.request(&route, status.as_u16(), code.map_or("ok", ProblemCode::code), duration);
    telemetry::request_answered(&context, &method, &route, status, code, duration);
    answer
}

/// Refuses what two servers could read differently, and strips what only we may say.
///
/// The order is the argument: `Connection` may name any header, so what it names goes first, before anything of ours
/// is added (a client that sends `Connection: x-gw-patient` must not delete ours).
pub fn admit(mut request: Request, hosts: &HostRules, body: BodyLimits) -> Result<Request, Problem> {
    method(request.method())?;
    hosts.check(request.uri(), request.headers(), request.version(), server_name(&request))?;
    target::check(request.uri())?;
    reported::put_aside(&mut request);
    headers::check(request.headers())?;
    body::check_declared_length(request.headers(), body.bytes)?;
    headers::strip(request.headers_mut());
    if http_body::Body::is_end_stream(request.body()) {
        return Ok(request);
    }
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::DELETE) {
        // RFC 9110 §9.3.1: such content has no meaning and "might lead some implementations to reject the request and
        // close the connection because of its potential as a request smuggling attack".
        return Err(malformed("a GET, HEAD or DELETE must not have a body"));
    }
    Ok(request.map(|inner| Body::new(Bounded::new(inner, body))))
}

fn method(method: &Method) -> Result<(), Problem> {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE => Ok(()),
        _ => Err(ProblemCode::MethodNotAllowed.into()),
    }
}

fn refuse(problem: Problem) -> Response {
    let code = problem.code();
    let mut answer = problem.into_response();
    if code == ProblemCode::MethodNotAllowed {
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE"));
    }
    answer
}

fn server_name(request: &Request) -> Option<&str> {
    request.extensions().get::<Peer>().and_then(|peer| peer.server_name.as_deref())
}

fn route_of(request: &Request) -> Arc<str> {
    // A path nobody routed must not become a metric's label: it is the caller's text.
    request.extensions().get::<MatchedPath>().map_or_else(|| "unmatched".into(), |path| path.as_str().into())
}

fn malformed(detail: &'static str) -> Problem {
    Problem::new(ProblemCode::Malformed).with_detail(detail)
}

/// HTTP/2 and later name the host in `:authority`.
fn has_authority(version: Version) -> bool {
    version >= Version::HTTP_2
}

#[cfg(test)]
mod tests;
