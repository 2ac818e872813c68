//! The routes of the care pathway: emergencies, what patients are told of them, referrals.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::HeaderMap;

use super::api::{body, event, named};
use crate::app::App;
use crate::audit::EventKind;
use crate::caller::Caller;
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::telemetry::RequestContext;
use crate::wire::EmergencyBody;
use crate::{emergency, notice, referral};

pub(super) async fn break_glass(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let event = event(&app, EventKind::EmergencyRefused, &caller, &context);
    match body::<EmergencyBody>(request).await {
        Ok(body) => emergency::open(&app, &caller, (&headers, body), event).await,
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

pub(super) async fn notices(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
) -> Response {
    let event = event(&app, EventKind::RequestRefused, &caller, &context);
    notice::list(&app, &caller, &headers, event).await
}

pub(super) async fn notice_read(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let event = event(&app, EventKind::RequestRefused, &caller, &context);
    match named(id) {
        Some(id) => notice::read(&app, &caller, (id, &headers), event).await,
        None => Refusal::exactly(ProblemCode::NotFound, "notice-unknown").record(&app.audit, event).await,
    }
}

pub(super) async fn refer(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let event = event(&app, EventKind::RequestRefused, &caller, &context);
    match body::<serde_json::Value>(request).await {
        Ok(body) => referral::write(&app, &caller, (&headers, body), event).await,
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

pub(super) async fn referrals(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
) -> Response {
    let event = event(&app, EventKind::RequestRefused, &caller, &context);
    referral::list(&app, &caller, &headers, event).await
}

pub(super) async fn revoke_referral(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let event = event(&app, EventKind::RequestRefused, &caller, &context);
    match named(id) {
        Some(id) => referral::revoke(&app, &caller, (id, &headers), event).await,
        None => Refusal::exactly(ProblemCode::NotFound, "referral-unknown").record(&app.audit, event).await,
    }
}
