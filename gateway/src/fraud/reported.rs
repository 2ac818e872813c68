//! A station tells that a card refused its number: who tries many?

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use policies::fraud::{Secret, Seen};

use super::watch::{Sighting, observe};
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::refusal::{on_record, unrecorded};
use crate::wire::CardFailure;

/// `POST /v1/card-failures`: on record, and seen. It is the station's word, about no card: it can bring nobody but the
/// station itself under suspicion.
pub(crate) async fn card_failure(
    app: &App,
    caller: &Caller,
    failure: CardFailure,
    mut event: AuditEvent,
) -> Response {
    event.kind = EventKind::CardFailure;
    event.outcome = Outcome::Refused;
    event.code = failure.code.into();
    event.station = Some(failure.station.clone());
    let secret = if failure.code == "wrong-pin" { Secret::Pin } else { Secret::Can };
    let station = Some(failure.station.as_str());
    let sighting = Sighting { what: Seen::WrongSecret(secret), card: None, chip: None, station };
    if let Err(refusal) = observe(app, caller.client(), sighting, &mut event).await {
        return refusal.record(&app.audit, event).await;
    }
    match app.audit.record(event).await {
        Ok(_recorded) => on_record(StatusCode::NO_CONTENT.into_response()),
        Err(error) => unrecorded(error),
    }
}
