//! Flow 3.1: how does a card become a session?
//!
//! Two requests, one function each. What the station uploads proves nothing; what counts is that a state
//! signed the data (`begin`) and that the original chip answered our challenge (`open_session`).

mod parcel;
mod pending;
mod risk;
mod session_of;
mod standing;

use axum::response::Response;
use card_reader::CardTranscript;
use http::StatusCode;
use policies::{AccessRequest, Acr, Action};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::facts::Known;
use crate::problem::ProblemCode;
use crate::refusal::{Refusal, on_record, unrecorded};
use crate::registry::{Dependant, Patient, Presented};
use crate::tally::Counted;
use crate::timing::Timing;
use crate::token::SessionClaims;
use crate::wire::{PresenceAnswer, Proof};

use pending::Begun;
pub use pending::PendingPresences;
use risk::Attempt;
use session_of::Person;
pub(crate) use session_of::session as session_answer;

/// A card's files arrive: does a state vouch for them, and what must the chip do to prove that it is theirs?
pub(crate) async fn begin(
    app: &App,
    caller: &Caller,
    (station, transcript): (String, CardTranscript),
    mut event: AuditEvent,
) -> Response {
    event.station = Some(station.clone());
    match challenge(app, caller, station, transcript, event.at).await {
        Ok((answer, detail)) => {
            event.kind = EventKind::PresenceBegun;
            event.outcome = Outcome::Permit;
            event.code = "presence-begun".into();
            app.metrics.presence("begun");
            app.tally.count(caller.id(), Counted::Presence, event.at);
            event.presence = Some(answer.presence);
            event.detail = Some(detail);
            match app.audit.record(event).await {
                Ok(_recorded) => on_record(json(StatusCode::CREATED, &answer)),
                Err(error) => unrecorded(error),
            }
        }
        Err(refusal) => {
            event.kind = EventKind::PresenceRefused;
            app.metrics.presence("refused");
            refusal.record(&app.audit, event).await
        }
    }
}

async fn challenge(
    app: &App,
    caller: &Caller,
    station: String,
    transcript: CardTranscript,
    at: OffsetDateTime,
) -> Result<(PresenceAnswer, String), Refusal> {
    let card = transcript.clone().authenticate(&app.trust.documents(), at)?;
    let challenge = card.challenge()?;
    let method = challenge.method().as_str();
    let detail = believed_how(method, challenge.card().accepted_sha1());
    let commands = challenge.commands().iter().map(|command| hex::encode(command.encode())).collect();
    let life = app.config.limits.presence;
    let begun = Begun { challenge, station, expires_at: at + life };
    let presence = app.presences.put(caller, begun, &transcript, (life, at)).await?;
    Ok((PresenceAnswer { presence, method, commands, expires_in: life.as_secs() }, detail))
}

/// For the record: the method, and where SHA-1 had to be believed for this card.
fn believed_how(method: &str, sha1: &[pki::Sha1Use]) -> String {
    let places: Vec<_> = sha1.iter().map(|place| place.as_str()).collect();
    if places.is_empty() { method.to_owned() } else { format!("{method}; SHA-1 in {}", places.join(", ")) }
}

/// The chip's answers arrive: was it the original, whose is it, may this client open a session, on record?
pub(crate) async fn open_session(
    app: &App,
    caller: &Caller,
    presence: Uuid,
    proof: Proof,
    mut event: AuditEvent,
) -> Response {
    event.presence = Some(presence);
    event.purpose = Some(proof.purpose.as_str().to_owned());
    let mut timing = Timing::start();
    match admit(app, caller, presence, proof, &mut event, &mut timing).await {
        Ok(opened) => {
            event.kind = EventKind::SessionOpened;
            event.outcome = Outcome::Permit;
            event.code = "session-opened".into();
            app.metrics.presence("opened");
            app.tally.count(caller.id(), Counted::Session, event.at);
            match app.audit.record(event).await {
                Ok(recorded) => {
                    timing.lap("audit");
                    app.consents.link(&opened.claims.subject, &opened.claims.establishment, recorded.at());
                    let answer = session_of::answer(app, opened, &recorded);
                    timing.lap("receipt");
                    timing.on(answer)
                }
                Err(error) => unrecorded(error),
            }
        }
        Err(refusal) => {
            event.kind = EventKind::SessionRefused;
            app.metrics.presence("refused");
            refusal.record(&app.audit, event).await
        }
    }
}

/// The steps, in order. Each consumes what the step before it proved.
async fn admit(
    app: &App,
    caller: &Caller,
    presence: Uuid,
    asked: Proof,
    event: &mut AuditEvent,
    timing: &mut Timing,
) -> Result<session_of::Opened, Refusal> {
    let at = event.at;
    let begun = app.presences.take(presence, caller, at).await?;
    event.station = Some(begun.station.clone());
    let attempt = Attempt::of(app, &begun, &asked, at);
    let proof = match begun.challenge.prove(&asked.responses, at) {
        Ok(proof) => proof,
        Err(error) => {
            if error.suggests_clone() {
                attempt.of_copy(app, caller, event).await?;
            }
            return Err(error.into());
        }
    };
    timing.lap("chip");
    let (card, listing) = standing::facts(app, &proof, event).await?;
    let Presented { holder, card: name, report, dependants } = app.registry.presented(&proof).await?;
    event.subject = holder.as_ref().map(|holder| holder.subject.clone());
    let reported = report.map(|report| report.as_str().to_owned()).or(listing);
    let risk = attempt.of_original(app, caller, (&proof, &name, reported), event).await?;
    let holder = holder.ok_or_else(|| Refusal::new(ProblemCode::PatientUnknown))?;
    let person = person(&holder, name, dependants, asked.dependant.as_deref(), at)?;
    event.subject = Some(person.patient.subject.clone());
    let known = Known::before_session(app, caller.client(), &person.patient, risk.clone(), event).await?;
    timing.lap("patient");
    let request = AccessRequest {
        client: caller.facts(),
        action: Action::OpenSession(card),
        purpose: asked.purpose,
        acr: Acr::Card,
        dependant: person.guardian.is_some(),
        facts: known.of_opening(),
    };
    let decision = app.policies.decide_recorded(&request, None, event);
    let permit = decision.permit().ok_or_else(|| Refusal::denied(&decision))?;
    timing.lap("policy");
    let place = app.status.place(at).await?;
    let claims =
        session_of::claims(app, caller, presence, &begun.station, &proof, &person, &asked, &permit, at);
    let claims = SessionClaims { status: Some(place), risk, ..claims };
    event.session = Some(claims.id);
    event.guardian = claims.actor.clone();
    event.card = claims.presence.card.clone();
    event.status = claims.status.map(|place| place.to_string());
    let token = app.tokens.issue_session(&claims)?;
    timing.lap("token");
    let told = session_of::Told::of(app, &permit, &person.patient.subject, at).await?;
    Ok(session_of::Opened { claims, token, person, told })
}

/// For whom the session is: the holder of the card, or whom the holder may represent.
fn person(
    holder: &Patient,
    card: String,
    mut dependants: Vec<Dependant>,
    asked: Option<&str>,
    at: OffsetDateTime,
) -> Result<Person, Refusal> {
    let Some(subject) = asked else {
        dependants.retain(|dependant| dependant.is_spoken_for(at));
        return Ok(Person { patient: holder.clone(), guardian: None, dependants, card });
    };
    match dependants.into_iter().find(|dependant| dependant.patient.subject == subject) {
        Some(found) if !found.is_spoken_for(at) => Err(Refusal::new(ProblemCode::GuardianshipEnded)),
        Some(found) => {
            let guardian = Some(holder.subject.clone());
            Ok(Person { patient: found.patient, guardian, dependants: Vec::new(), card })
        }
        None => Err(Refusal::exactly(ProblemCode::Denied, "guardianship-unknown")),
    }
}

/// An answer of ours.
pub(crate) fn json(status: StatusCode, body: &impl serde::Serialize) -> Response {
    use axum::response::IntoResponse;
    (status, [(http::header::CACHE_CONTROL, "no-store")], axum::Json(body)).into_response()
}
