//! Token status lists, for anyone.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde_json::json;

use super::public::kept;
use crate::app::App;
use crate::limits::STATUS_LIST_TTL;
use crate::problem::{Problem, ProblemCode};
use crate::status::StatusListError;

/// `GET /status/{list}` (Token Status List §8.1). A node that does not know what was withdrawn gives none: what the
/// back-end has is good until its `exp`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    number: Result<Path<u32>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(Path(number)) = number else { return Problem::new(ProblemCode::NotFound).into_response() };
    if app.withdrawals.fault().is_some() {
        return Problem::new(ProblemCode::RegistryUnavailable).into_response();
    }
    match app.status.published(number, &app.tokens, app.clock.now()).await {
        // A tag of what it says, not of its octets: signatures differ from node to node.
        Ok(list) => {
            let tag = &list.tag;
            kept("application/statuslist+jwt", list.token.clone(), tag, STATUS_LIST_TTL, &headers)
        }
        Err(StatusListError::Unknown) => Problem::new(ProblemCode::NotFound).into_response(),
        Err(StatusListError::Registry(error)) => {
            tracing::warn!(code = error.code(), "status list not published");
            Problem::new(ProblemCode::RegistryUnavailable).into_response()
        }
        Err(StatusListError::Token(error)) => {
            tracing::error!(code = error.code(), "status list not published");
            Problem::new(ProblemCode::SignerUnavailable).into_response()
        }
    }
}

/// `GET /status`: every list that a living token may name (Token Status List §9.3), for who fetches them ahead.
pub(super) async fn lists(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let alive = app.status.alive(app.clock.now());
    let uris: Vec<String> =
        alive.iter().map(|number| format!("{}/status/{number}", app.config.issuer)).collect();
    let text = json!({ "status_lists": uris }).to_string();
    let tag = format!("{}-{}", alive.first().copied().unwrap_or_default(), alive.len());
    kept("application/json", text, &tag, STATUS_LIST_TTL, &headers)
}
