//! What patients say, handed to [`consent`].

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::HeaderMap;

use super::api::{event, is_json, named};
use crate::app::App;
use crate::audit::EventKind;
use crate::caller::Caller;
use crate::consent;
use crate::edge::read_body;
use crate::limits::MAX_BODY_BYTES;
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::telemetry::RequestContext;

pub(super) async fn give(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Response {
    let event = event(&app, EventKind::ConsentRefused, &caller, &context);
    let (parts, body) = request.into_parts();
    let body = if is_json(&parts.headers) {
        read_body(&parts.headers, body, MAX_BODY_BYTES).await.map_err(Refusal::told)
    } else {
        Err(Refusal::new(ProblemCode::UnsupportedMediaType).detail("send application/fhir+json"))
    };
    consent::give(&app, &caller, &parts.headers, body, event).await
}

pub(super) async fn all(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
) -> Response {
    let event = event(&app, EventKind::ConsentRefused, &caller, &context);
    consent::show(&app, &caller, &headers, None, event).await
}

pub(super) async fn read(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let event = event(&app, EventKind::ConsentRefused, &caller, &context);
    consent::show(&app, &caller, &headers, Some(named(id)), event).await
}

pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let event = event(&app, EventKind::ConsentRefused, &caller, &context);
    consent::withdraw(&app, &caller, &headers, named(id), event).await
}
