//! What is logged? One event per request.
//!
//! JSON lines on stderr: request id, method, route template, client id, status, code, duration. Never a path, a query,
//! a header, a token or a name: the route template is ours, the client id is a registered establishment's.

mod lines;

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use http::{Method, StatusCode};
use tracing_subscriber::EnvFilter;

use crate::problem::ProblemCode;

/// Sends log events to stderr as JSON lines. `filter` in the syntax of `RUST_LOG`, for example `info,gateway=debug`.
/// The second and later calls of one process do nothing.
pub fn init(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(lines::Lines)
        .try_init();
}

/// Waits, at most a second, until every event so far is on stderr. Call it before the process ends.
pub fn flush() {
    lines::flush();
}

/// What one request carries from its first check to its log line (contexte de la demande): a request extension.
#[derive(Clone, Debug)]
pub struct RequestContext(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: String,
    client: OnceLock<Arc<str>>,
}

/// Distinguishes the processes of a cluster, and the lives of one process.
static PROCESS: LazyLock<String> = LazyLock::new(|| {
    let mut random = [0_u8; 8];
    // Without a random source nothing else would run either; ids of zeros still count up.
    let _ = getrandom::fill(&mut random);
    hex::encode(random)
});

static REQUESTS: AtomicU64 = AtomicU64::new(1);

impl RequestContext {
    /// A new request with a new id: sixteen hex digits of the process, a dash, the request's number in hex.
    #[must_use]
    pub fn begin() -> Self {
        let mut id = String::with_capacity(32);
        id.push_str(&PROCESS);
        // Writing to a String does not fail.
        let _ = write!(id, "-{:x}", REQUESTS.fetch_add(1, Relaxed));
        Self(Arc::new(Inner { id, client: OnceLock::new() }))
    }

    /// The request's id, in the answer's `x-request-id`, the log, the audit and the problem.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Says who asks, once known, for the log line. The first word counts.
    pub fn set_client(&self, client: Arc<str>) {
        let _ = self.0.client.set(client);
    }

    /// Who asks, where known.
    #[must_use]
    pub fn client(&self) -> Option<&Arc<str>> {
        self.0.client.get()
    }
}

/// The one log event of a request.
pub fn request_answered(
    context: &RequestContext,
    method: &Method,
    route: &str,
    status: StatusCode,
    code: Option<ProblemCode>,
    duration: Duration,
) {
    let outcome = match status.as_u16() {
        ..400 => "answered",
        400..500 => "refused",
        _ => "failed",
    };
    tracing::info!(
        target: "request",
        request_id = context.id(),
        method = known(method),
        route,
        client = context.client().map(AsRef::as_ref),
        status = status.as_u16(),
        outcome,
        code = code.map(ProblemCode::code),
        microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
    );
}

/// A method is the caller's text; only the ones we know are written.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_fit_a_header() {
        let (a, b) = (RequestContext::begin(), RequestContext::begin());
        assert_ne!(a.id(), b.id());
        assert!(a.id().bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'));
        assert_eq!(a.client(), None);
        a.set_client("pharmacy-1".into());
        a.set_client("pharmacy-2".into());
        assert_eq!(a.client().map(AsRef::as_ref), Some("pharmacy-1"));
    }
}
