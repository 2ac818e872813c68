//! The counter's requests, handed to their flows.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::edge::{self, read_body};
use crate::limits::MAX_BODY_BYTES;
use crate::listen::Peer;
use crate::oauth;
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::telemetry::RequestContext;
use crate::wire::{self, BeginPresenceBody, BeginStepUpBody, CardFailureBody, ProofBody, StepUpProofBody};
use crate::{access, authorize, fraud, presence, session, step_up, withdrawal};

/// Lets a request through to its route only with its [`Caller`], and not too often.
pub(super) async fn identify(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let Some(peer) = request.extensions().get::<Peer>() else {
        return Refusal::new(ProblemCode::Unauthenticated).unrecorded();
    };
    let caller = match Caller::identify(peer, &app.trust, &app.registry, app.clock.now()) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.unrecorded(),
    };
    if let Some(context) = request.extensions().get::<RequestContext>() {
        context.set_client(caller.id().clone());
    }
    // A proxy's questions count as its counters' requests.
    let asks_for_others = edge::asked_about(request.uri().path()).is_some();
    if !asks_for_others && let Err(problem) = app.rate.permit(caller.id()) {
        return Refusal::told(problem).unrecorded();
    }
    request.extensions_mut().insert(caller);
    withdrawal::hear(&app).await;
    next.run(request).await
}

/// Tells a client that is not let in where it can read how to be.
pub(super) async fn say_where_metadata_is(
    State((app, port)): State<(Arc<App>, oauth::Port)>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let mut answer = next.run(request).await;
    oauth::challenged(&app, port, &path, &mut answer);
    answer
}

pub(super) async fn begin_presence(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Response {
    let event = event(&app, EventKind::PresenceRefused, &caller, &context);
    let asked = match body::<BeginPresenceBody>(request).await {
        Ok(body) => body.understood().map_err(Refusal::from),
        Err(refusal) => Err(refusal),
    };
    match asked {
        Ok(asked) => presence::begin(&app, &caller, asked, event).await,
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

pub(super) async fn prove_presence(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let mut event = event(&app, EventKind::SessionRefused, &caller, &context);
    let Some(id) = named(id) else {
        return Refusal::new(ProblemCode::PresenceUnknown).record(&app.audit, event).await;
    };
    event.presence = Some(id);
    let asked = match body::<ProofBody>(request).await {
        Ok(body) => body.understood().map_err(Refusal::from),
        Err(refusal) => Err(refusal),
    };
    match asked {
        Ok(asked) => presence::open_session(&app, &caller, id, asked, event).await,
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

pub(super) async fn tell_card_failure(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Response {
    let event = event(&app, EventKind::RequestRefused, &caller, &context);
    let told = match body::<CardFailureBody>(request).await {
        Ok(body) => body.understood().map_err(Refusal::from),
        Err(refusal) => Err(refusal),
    };
    match told {
        Ok(failure) => fraud::card_failure(&app, &caller, failure, event).await,
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

pub(super) async fn read_session(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let event = event(&app, EventKind::RequestRefused, &caller, &context);
    match named(id) {
        Some(id) => session::read(&app, &caller, id, &headers, event).await,
        None => Refusal::new(ProblemCode::SessionUnknown).record(&app.audit, event).await,
    }
}

pub(super) async fn end_session(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let event = event(&app, EventKind::RequestRefused, &caller, &context);
    match named(id) {
        Some(id) => session::end(&app, &caller, id, &headers, event).await,
        None => Refusal::new(ProblemCode::SessionUnknown).record(&app.audit, event).await,
    }
}

pub(super) async fn begin_step_up(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let event = event(&app, EventKind::StepUpRefused, &caller, &context);
    let Some(id) = named(id) else {
        return Refusal::new(ProblemCode::SessionUnknown).record(&app.audit, event).await;
    };
    let asked = body::<BeginStepUpBody>(request).await;
    match asked.and_then(|body| body.understood().map_err(Refusal::from)) {
        Ok(asked) => step_up::begin(&app, &caller, (id, &headers), asked, event).await,
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

pub(super) async fn prove_step_up(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    ids: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let event = event(&app, EventKind::StepUpRefused, &caller, &context);
    let ids = ids.ok().map(|Path((session, step_up))| (named(Ok(Path(session))), named(Ok(Path(step_up)))));
    let (session, step_up) = match ids {
        Some((Some(session), Some(step_up))) => (session, step_up),
        Some((Some(_), None)) => {
            let unknown = Refusal::exactly(ProblemCode::StepUpNotUsable, "step-up-unknown");
            return unknown.record(&app.audit, event).await;
        }
        _ => return Refusal::new(ProblemCode::SessionUnknown).record(&app.audit, event).await,
    };
    let asked = body::<StepUpProofBody>(request).await;
    match asked.and_then(|body| body.understood().map_err(Refusal::from)) {
        Ok(responses) => {
            step_up::prove(&app, &caller, (session, &headers), (step_up, responses), event).await
        }
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

pub(super) async fn access(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Response {
    let event = event(&app, EventKind::Access, &caller, &context);
    // The path as it came, still encoded: what is judged is what is forwarded.
    let whole = request.uri().path().to_owned();
    let trimmed = whole.strip_prefix('/').unwrap_or(&whole);
    let (service, path) = trimmed.split_at(trimmed.find('/').unwrap_or(trimmed.len()));
    access::access(&app, &caller, (service, path), request, event).await
}

pub(super) async fn authorize(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Response {
    let event = event(&app, EventKind::Access, &caller, &context);
    authorize::authorize(&app, &caller, request, event).await
}

/// The id in the path, if it is one of ours: a UUID as we write it.
pub(super) fn named(id: Result<Path<String>, PathRejection>) -> Option<Uuid> {
    let Path(text) = id.ok()?;
    Uuid::parse_str(&text).ok().filter(|id| id.to_string() == text)
}

/// What every event of an identified caller has; a flow fills in the rest as it learns it.
pub(super) fn event(app: &App, kind: EventKind, caller: &Caller, context: &RequestContext) -> AuditEvent {
    let mut event = AuditEvent::new(kind, Outcome::Refused, "", app.clock.now());
    event.client = Some(caller.client().id.clone());
    event.request_id = Some(context.id().to_owned());
    event
}

/// What a JSON body calls itself (FHIR R4 §3.1.0.1.11).
const JSON: [&str; 2] = ["application/json", "application/fhir+json"];

/// A JSON body of one of our own routes.
pub(super) async fn body<T: DeserializeOwned>(request: Request) -> Result<T, Refusal> {
    body_of(request, MAX_BODY_BYTES).await
}

/// The same of at most so many octets.
pub(super) async fn body_of<T: DeserializeOwned>(request: Request, most: u64) -> Result<T, Refusal> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return Err(Refusal::new(ProblemCode::UnsupportedMediaType).detail("send application/json"));
    }
    let bytes = read_body(&parts.headers, body, most).await.map_err(Refusal::told)?;
    Ok(wire::parse(&bytes)?)
}

/// Whether the body calls itself so.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(str::trim);
    essence.is_some_and(|essence| JSON.iter().any(|json| essence.eq_ignore_ascii_case(json)))
}
