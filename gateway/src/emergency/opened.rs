//! What does an emergency session say, to its token and to the counter?

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use policies::{Acr, Permit, Purpose};
use time::OffsetDateTime;

use super::asked::Asked;
use super::queue::Queued;
use crate::app::App;
use crate::audit::Recorded;
use crate::caller::Caller;
use crate::presence::json;
use crate::problem::{Problem, ProblemCode};
use crate::refusal::{Refusal, on_record};
use crate::registry::Patient;
use crate::session::Session;
use crate::token::{PresenceClaims, SessionClaims, TokenError, scope};
use crate::wire::{EmergencyAnswer, EmergencyEntry, EmergencySession};

/// `presence.method` of a session that no card opened.
pub(crate) const TWO_PRACTITIONERS: &str = "two-practitioners";

/// An emergency session whose token is signed and whose event is not yet on record.
pub(super) struct Opened {
    pub(super) claims: SessionClaims,
    token: String,
    patient: Arc<Patient>,
    reason: &'static str,
    emergency: uuid::Uuid,
    review_due: OffsetDateTime,
    left: [u32; 2],
}

impl Opened {
    /// The session of an access that stands on the queue: read only, for five minutes, and never stronger than that nobody
    /// agreed to it.
    pub(super) async fn token(
        app: &App,
        caller: &Caller,
        (asked, session): (&Asked, Option<&Session>),
        patient: Arc<Patient>,
        (queued, left): (Queued, [u32; 2]),
        permit: &Permit,
        at: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        let place = app.status.place(at).await?;
        let claims = claims(app, caller, (asked, session), &patient, &queued, permit, at);
        let claims = SessionClaims { status: Some(place), ..claims };
        let token = app.tokens.issue_session(&claims)?;
        let review_due = at + app.config.emergency.review;
        let reason = asked.reason.as_str();
        Ok(Self { claims, token, patient, reason, emergency: queued.id, review_due, left })
    }

    /// The answer, from the proof that the access is on record.
    pub(super) fn answer(self, app: &App, _recorded: &Recorded) -> Response {
        let Self { claims, token, patient, reason, emergency, review_due, left } = self;
        let patient_at = app
            .config
            .back_ends
            .values()
            .map(|back_end| Ok((back_end.service.clone(), app.pseudonym_at(back_end, &patient)?)))
            .collect::<Result<BTreeMap<_, _>, TokenError>>();
        let patient_at = match patient_at {
            Ok(patient_at) => patient_at,
            Err(error) => {
                tracing::error!(%error, code = error.code(), "emergency session opened but not handed out");
                return Problem::new(ProblemCode::SignerUnavailable).into_response();
            }
        };
        let [left_of_practitioner, left_of_establishment] = left;
        let answer = EmergencyAnswer {
            emergency: EmergencyEntry {
                id: emergency,
                reason,
                review_due,
                left_of_practitioner,
                left_of_establishment,
            },
            expires_in: (claims.expires_at - claims.issued_at).unsigned_abs().as_secs(),
            token_type: claims.confirmation.scheme().as_str(),
            session: EmergencySession {
                id: claims.id,
                subject: claims.subject,
                acr: claims.acr.as_str(),
                purpose: claims.purpose.as_str(),
                expires_at: claims.expires_at,
                scope: claims.scope,
                patient_at,
            },
            token,
        };
        on_record(json(StatusCode::CREATED, &answer))
    }
}

/// The claims: of the session whose card is there, or of nothing but the access itself.
fn claims(
    app: &App,
    caller: &Caller,
    (asked, session): (&Asked, Option<&Session>),
    patient: &Patient,
    queued: &Queued,
    permit: &Permit,
    at: OffsetDateTime,
) -> SessionClaims {
    let client = caller.client();
    // A token counts whole seconds (RFC 7519, NumericDate).
    let issued_at = at.replace_nanosecond(0).unwrap_or(at);
    let card = session.map(Session::claims);
    let without_card = || PresenceClaims {
        id: queued.id,
        method: TWO_PRACTITIONERS.to_owned(),
        proven_at: issued_at,
        station: asked.station.clone(),
        card: None,
    };
    SessionClaims {
        id: queued.session,
        token: queued.session,
        subject: patient.subject.clone(),
        client_id: client.id.clone(),
        establishment: client.id.clone(),
        confirmation: caller.confirmation().clone(),
        scope: scope::reading(&client.scopes.join(" ")),
        acr: Acr::Emergency,
        // How the patient proved themselves: by nothing, where nobody's card was there.
        amr: card.map(|card| card.amr.clone()).unwrap_or_default(),
        authenticated_at: card.map_or(issued_at, |card| card.authenticated_at),
        issued_at,
        expires_at: issued_at + app.config.emergency.session,
        actor: card.and_then(|card| card.actor.clone()),
        presence: card.map_or_else(without_card, |card| card.presence.clone()),
        purpose: Purpose::BreakGlass,
        encounter: asked.encounter.clone().or_else(|| card.and_then(|card| card.encounter.clone())),
        policy: permit.decision().policy_hash().to_owned(),
        status: None,
        risk: card.map(|card| card.risk.clone()).unwrap_or_default(),
    }
}
