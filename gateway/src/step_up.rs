//! Does the holder of the card agree, by PIN? A running session gets a stronger token (RFC 9470).
//!
//! An operation that policy permits only to the holder is answered 401 `holder-required` (`access::decision`). The counter then
//! asks here for a challenge, the card signs it once the holder has typed the PIN, and the session goes on: the same `sid`, the same
//! end, a new `jti`, `acr` holder, `amr` with `pin`, a new `auth_time`. The token from before stays what it was, and ends with the session.
//!
//! What is proven is a *person*: the certificate names the holder's national number, not a document. Another good card of the same
//! person does as well; one that was reported is out by its own certificate's revocation, which must be known and fresh. A session for a
//! dependant is stepped up by the guardian who acted. A step-up may be stepped up again: that is how a PIN that policy finds too old is
//! renewed (`max_age`).

mod pending;

use axum::response::Response;
use card_reader::{CardProfile, HolderChallenge, HolderError, HolderProof, ResponseApdu};
use http::{HeaderMap, StatusCode};
use policies::Acr;
use policies::fraud::{Secret, Seen};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome, Recorded};
use crate::caller::Caller;
use crate::fraud::{Sighting, observe};
use crate::presence::{json, session_answer};
use crate::problem::ProblemCode;
use crate::refusal::{Refusal, on_record, unrecorded};
use crate::session::{self, Session};
use crate::token::{Confirmation, SessionClaims};
use crate::wire::{StepUpAnswer, SteppedUpAnswer};

use pending::Pending;

/// What `amr` says of a PIN (RFC 8176 §2).
const PIN: &str = "pin";

/// A session asks for its holder: what must the card do?
pub(crate) async fn begin(
    app: &App,
    caller: &Caller,
    session: (Uuid, &HeaderMap),
    (station, profile): (String, CardProfile),
    mut event: AuditEvent,
) -> Response {
    event.station = Some(station);
    match challenge(app, caller, session, profile, &mut event).await {
        Ok(answer) => {
            event.kind = EventKind::StepUpBegun;
            event.outcome = Outcome::Permit;
            event.code = "step-up-begun".into();
            match app.audit.record(event).await {
                Ok(_recorded) => on_record(json(StatusCode::CREATED, &answer)),
                Err(error) => unrecorded(error),
            }
        }
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

async fn challenge(
    app: &App,
    caller: &Caller,
    (id, headers): (Uuid, &HeaderMap),
    profile: CardProfile,
    event: &mut AuditEvent,
) -> Result<StepUpAnswer, Refusal> {
    let session = session::named(app, caller, id, headers, event)?;
    if session.claims().acr < Acr::Card {
        // Whose card is there opens an ordinary session: an emergency never becomes anything stronger.
        return Err(Refusal::exactly(ProblemCode::StepUpNotUsable, "step-up-of-an-emergency"));
    }
    if app.trust.holders().is_none() {
        return Err(Refusal::exactly(ProblemCode::TrustUnavailable, "holder-ca-missing"));
    }
    let life = app.config.limits.presence;
    let step_up = Uuid::new_v4();
    let pending = Pending::fresh(id, profile)?;
    let challenge = HolderChallenge::over(pending.challenge(app, &session, step_up), profile);
    let commands =
        challenge.commands().map_err(|_| Refusal::exactly(ProblemCode::Internal, "step-up-commands"))?;
    pending.keep(app, step_up, caller.confirmation(), life).await?;
    let commands = commands.iter().map(|command| hex::encode(command.encode())).collect();
    Ok(StepUpAnswer { step_up, commands, expires_in: life.as_secs() })
}

/// The card's answers arrive: did the holder of this session's card agree?
pub(crate) async fn prove(
    app: &App,
    caller: &Caller,
    session: (Uuid, &HeaderMap),
    proof: (Uuid, Vec<ResponseApdu>),
    mut event: AuditEvent,
) -> Response {
    match agreed(app, caller, session, proof, &mut event).await {
        Ok(stepped) => {
            event.kind = EventKind::StepUpDone;
            event.outcome = Outcome::Permit;
            event.code = "step-up-done".into();
            match app.audit.record(event).await {
                Ok(recorded) => handed_out(stepped, &recorded),
                Err(error) => unrecorded(error),
            }
        }
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

/// The steps, in order. Each consumes what the step before it proved.
async fn agreed(
    app: &App,
    caller: &Caller,
    (id, headers): (Uuid, &HeaderMap),
    (step_up, responses): (Uuid, Vec<ResponseApdu>),
    event: &mut AuditEvent,
) -> Result<SteppedUpAnswer, Refusal> {
    let at = event.at;
    let session = session::named(app, caller, id, headers, event)?;
    let holders = app.trust.holders();
    let holders =
        holders.ok_or_else(|| Refusal::exactly(ProblemCode::TrustUnavailable, "holder-ca-missing"))?;
    let pending = Pending::take(app, step_up, caller.confirmation(), id).await?;
    let challenge = HolderChallenge::over(pending.challenge(app, &session, step_up), pending.profile());
    let proof = match challenge.prove(&responses, &holders.authorities, &holders.profile, at) {
        Ok(proof) => proof,
        Err(error) => {
            event.detail = as_the_station_says(&error);
            if let HolderError::PinWrong { .. } = &error {
                wrong_pin(app, caller, &session, event).await?;
            }
            return Err(refused(&error));
        }
    };
    same_person(app, &session, &proof).await?;
    let claims = stepped_up(session.claims(), &proof, at);
    let token = app.tokens.issue_session(&claims)?;
    let patient = session::patient(app, &session).await?;
    let left = (claims.expires_at - at).max(time::Duration::ZERO).unsigned_abs();
    Ok(SteppedUpAnswer {
        session: session_answer(app, &claims, &patient, Vec::new(), at)?,
        token,
        token_type: match claims.confirmation {
            Confirmation::Certificate(_) => "Bearer",
            Confirmation::Key(_) => "DPoP",
        },
        expires_in: left.as_secs(),
    })
}

/// Whoever tries PINs on many cards at one counter is noticed by it.
async fn wrong_pin(
    app: &App,
    caller: &Caller,
    session: &Session,
    event: &mut AuditEvent,
) -> Result<(), Refusal> {
    let presence = &session.claims().presence;
    event.card = presence.card.clone();
    let station = event.station.clone().unwrap_or_else(|| presence.station.clone());
    let what = Seen::WrongSecret(Secret::Pin);
    let sighting = Sighting { what, card: presence.card.as_deref(), chip: None, station: Some(&station) };
    event.station = Some(station.clone());
    observe(app, caller.client(), sighting, event).await.map(drop)
}

/// The holder is the session's patient or, for a dependant, the guardian who opened it.
async fn same_person(app: &App, session: &Session, proof: &HolderProof) -> Result<(), Refusal> {
    let claims = session.claims();
    let acted = claims.actor.as_ref().unwrap_or(&claims.subject);
    match app.registry.holder(proof).await? {
        Some(holder) if holder.subject == *acted => Ok(()),
        Some(_) => Err(Refusal::exactly(ProblemCode::HolderRefused, "holder-is-another-person")),
        None => Err(Refusal::exactly(ProblemCode::HolderRefused, "holder-not-enrolled")),
    }
}

/// The same session, its holder having agreed at this moment.
fn stepped_up(before: &SessionClaims, proof: &HolderProof, at: OffsetDateTime) -> SessionClaims {
    let mut amr = before.amr.clone();
    if !amr.iter().any(|means| means == PIN) {
        amr.push(PIN.to_owned());
    }
    SessionClaims {
        token: Uuid::new_v4(),
        acr: Acr::Holder,
        amr,
        authenticated_at: proof.proven_at().replace_nanosecond(0).unwrap_or(at),
        // A token counts whole seconds (RFC 7519, NumericDate); what we say elsewhere is the same moment.
        issued_at: at.replace_nanosecond(0).unwrap_or(at),
        ..before.clone()
    }
}

/// The answer, from the proof that the agreement is on record.
fn handed_out(stepped: SteppedUpAnswer, _recorded: &Recorded) -> Response {
    on_record(json(StatusCode::CREATED, &stepped))
}

/// Who tries cards and PINs at the gateway learns nothing of why not: the exact code is in the audit event.
fn refused(error: &HolderError) -> Refusal {
    if error.is_gateways_fault() {
        return Refusal::exactly(ProblemCode::TrustUnavailable, error.code());
    }
    Refusal::exactly(ProblemCode::HolderRefused, error.code())
}

/// Wrong PINs are counted by the card, and only the station hears the count: it is written down as the station's word, for fraud
/// rules that look for counters where PINs are guessed, and believed for nothing else.
fn as_the_station_says(error: &HolderError) -> Option<String> {
    match error {
        HolderError::PinWrong { tries_left: Some(left) } => {
            Some(format!("tries left, as the station says: {left}"))
        }
        HolderError::PinBlocked => Some("tries left, as the station says: 0".to_owned()),
        HolderError::PinWrong { tries_left: None }
        | HolderError::AnswersMissing
        | HolderError::NoApplication
        | HolderError::ChipRefused(_)
        | HolderError::Certificate(_)
        | HolderError::Untrusted(_)
        | HolderError::NotAHolder
        | HolderError::SignatureWrong => None,
    }
}
