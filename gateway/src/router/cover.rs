//! Questions about cover and receipts, handed to their flows.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;

use super::api::{body_of, event};
use crate::app::App;
use crate::audit::EventKind;
use crate::caller::Caller;
use crate::limits::RECEIPTS_BODY_BYTES_MAX;
use crate::refusal::Refusal;
use crate::telemetry::RequestContext;
use crate::wire::VerifyReceiptsBody;
use crate::{billing, eligibility};

pub(super) async fn eligibility(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Response {
    let event = event(&app, EventKind::EligibilityRefused, &caller, &context);
    eligibility::eligibility(&app, &caller, request, event).await
}

pub(super) async fn verify_receipts(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Response {
    let event = event(&app, EventKind::ReceiptsRefused, &caller, &context);
    let asked = body_of::<VerifyReceiptsBody>(request, RECEIPTS_BODY_BYTES_MAX).await;
    match asked.and_then(|body| body.understood().map_err(Refusal::from)) {
        Ok(asked) => billing::verify(&app, &caller, asked, event).await,
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}
