//! What do flows besides the presence have to tell? Wrong numbers, broken glass, claims.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use policies::fraud::{Secret, Seen};
use policies::{ClaimFacts, ReceiptStanding, RiskFacts};

use super::watch::{Sighting, observe};
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::refusal::{Refusal, on_record, unrecorded};
use crate::session::Session;
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

/// The glass was broken: how often at whom is compared with peers at night, at which hour is seen at once.
pub(crate) async fn broke_glass(
    app: &App,
    caller: &Caller,
    practitioner: &str,
    event: &mut AuditEvent,
) -> Result<RiskFacts, Refusal> {
    let what = Seen::BreakGlass { practitioner: app.fraud.names().practitioner(practitioner) };
    let (card, station) = (event.card.clone(), event.station.clone());
    let sighting = Sighting { what, card: card.as_deref(), chip: None, station: station.as_deref() };
    observe(app, caller.client(), sighting, event).await
}

/// A claim was sent: with the card seen here, or without. What is remembered of the card comes back, as fresh as it is: between
/// the opening of the session and the moment of the money another counter may have seen it.
pub(crate) async fn claimed(
    app: &App,
    caller: &Caller,
    session: &Session,
    claim: ClaimFacts,
    event: &mut AuditEvent,
) -> Result<RiskFacts, Refusal> {
    let presence = &session.claims().presence;
    event.card = presence.card.clone();
    event.station = Some(presence.station.clone());
    let what = Seen::Claim { with_presence: claim.receipt == ReceiptStanding::Sound };
    let (card, station) = (presence.card.as_deref(), Some(presence.station.as_str()));
    observe(app, caller.client(), Sighting { what, card, chip: None, station }, event).await
}
