//! Is every refusal of a client on record, also those that no flow took?
//!
//! A flow records what it refuses. What never reached a flow (not well-formed, too large, too often, an
//! unknown path, a client that is not registered any more) passes here on its way out, and is recorded or
//! replaced by the answer that there is no log.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::ACCEPT_LANGUAGE;
use http::{HeaderMap, HeaderValue};

use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::edge::{self, X_REQUEST_ID};
use crate::listen::{ConnectionEvents, ConnectionRefusal, Peer};
use crate::problem::{self, Problem, ProblemCode};
use crate::refusal::{ExactCode, OnRecord};

/// Sees the answer last.
pub(super) async fn every_refusal(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let client = request
        .extensions()
        .get::<Peer>()
        .and_then(|peer| peer.certificate.as_ref())
        .map(|certificate| certificate.subject_serial_number().to_owned());
    let language = request.headers().get(ACCEPT_LANGUAGE).cloned();
    let to_a_proxy = edge::asked_about(request.uri().path()).is_some();
    let answer = recorded(&app, next.run(request).await, client, language.as_ref()).await;
    if to_a_proxy { with_problem_in_head(answer, language.as_ref()) } else { answer }
}

/// The answer, or that there is no log.
async fn recorded(
    app: &App,
    answer: Response,
    client: Option<String>,
    language: Option<&HeaderValue>,
) -> Response {
    match to_be_recorded(app, &answer, client) {
        Some(event) => or_withheld(app, answer, event, language).await,
        None => answer,
    }
}

/// The answer, once this event of it is on record; or that there is no log.
pub(super) async fn or_withheld(
    app: &App,
    answer: Response,
    event: AuditEvent,
    language: Option<&HeaderValue>,
) -> Response {
    match app.audit.record(event).await {
        Ok(_recorded) => answer,
        Err(_) => {
            let id = request_id(answer.headers()).unwrap_or_default();
            let withheld = Problem::new(ProblemCode::AuditUnavailable).into_response();
            let mut withheld = problem::localise(withheld, language, &id);
            if let Some(id) = answer.headers().get(X_REQUEST_ID) {
                withheld.headers_mut().insert(X_REQUEST_ID, id.clone());
            }
            withheld
        }
    }
}

/// A refusal on `/v1/authorize` says itself in its head too: nginx throws the body away.
fn with_problem_in_head(mut answer: Response, language: Option<&HeaderValue>) -> Response {
    let id = request_id(answer.headers()).unwrap_or_default();
    let problem = answer.extensions().get::<Problem>();
    if let Some(header) = problem.and_then(|problem| problem::in_header(problem, language, &id)) {
        answer.headers_mut().insert(problem::X_BAWABA_PROBLEM, header);
    }
    answer
}

pub(super) fn to_be_recorded(app: &App, answer: &Response, client: Option<String>) -> Option<AuditEvent> {
    if answer.extensions().get::<OnRecord>().is_some() {
        return None;
    }
    let problem = answer.extensions().get::<Problem>()?.code();
    let outcome = if problem.status().is_server_error() { Outcome::Error } else { Outcome::Refused };
    let code = answer.extensions().get::<ExactCode>().map_or(problem.code().into(), |exact| exact.0.clone());
    let mut event = AuditEvent::new(EventKind::RequestRefused, outcome, code, app.clock.now());
    event.client = client;
    event.request_id = request_id(answer.headers());
    event.detail = answer.extensions().get::<Problem>().and_then(Problem::detail).map(str::to_owned);
    Some(event)
}

pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok()).map(str::to_owned)
}

/// Records connections that were turned away; the listener bounds how many it reports.
pub(crate) struct RefusedConnections(pub(crate) Arc<App>);

impl ConnectionEvents for RefusedConnections {
    fn refused(&self, refusal: ConnectionRefusal) {
        let Self(app) = self;
        let code = refusal.cause.code();
        let mut event =
            AuditEvent::new(EventKind::ConnectionRefused, Outcome::Refused, code, app.clock.now());
        event.client = refusal.client;
        event.detail = Some(format!(
            "port {}, address {}, {} more not reported",
            refusal.port,
            refusal.address.ip(),
            refusal.suppressed
        ));
        // Nobody waits for it: there is no answer to withhold.
        if let Err(error) = app.audit.begin(&event) {
            tracing::warn!(code = error.code(), "refused connection not recorded");
        }
    }
}
