//! What is a patient told of who saw their record without asking them? (*avis au patient*, loi 09-08 art. 5 and 7)
//!
//! A notice stands before the access that it tells of. The counter where the patient's card is next shows it, and says so;
//! until then it comes with every session of theirs. The establishment that it is about cannot say so in the patient's place.

mod store;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use policies::{Acr, EmergencyReason};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::emergency::review::ReviewOutcome;
use crate::emergency::texts;
use crate::limits::{NOTICES_LISTED, NOTICES_TOLD_AT_ONCE};
use crate::presence::json;
use crate::problem::ProblemCode;
use crate::refusal::{Refusal, on_record, unrecorded};
use crate::registry::RegistryError;
use crate::session::{self, Session};
use crate::wire::{NamedEstablishment, NoticeAnswer, NoticesAnswer};

use store::Told;

/// A notice as stored.
#[derive(Debug)]
struct Notice {
    id: Uuid,
    establishment: String,
    practitioners: Vec<String>,
    reason: EmergencyReason,
    outcome: Option<ReviewOutcome>,
    at: OffsetDateTime,
    read_at: Option<OffsetDateTime>,
}

/// What this patient was not told yet: it goes out with their session.
pub(crate) async fn untold(
    app: &App,
    subject: &str,
    at: OffsetDateTime,
) -> Result<Vec<NoticeAnswer>, RegistryError> {
    let found = store::of(&app.store, subject, (true, NOTICES_TOLD_AT_ONCE), at).await?;
    Ok(found.into_iter().map(|notice| answer(app, notice)).collect())
}

/// `GET /v1/notices`: all of the session's patient, newest first.
pub(crate) async fn list(app: &App, caller: &Caller, headers: &HeaderMap, mut event: AuditEvent) -> Response {
    let asked = async {
        let session = of_patient(app, caller, headers, &mut event)?;
        let found =
            store::of(&app.store, &session.claims().subject, (false, NOTICES_LISTED), event.at).await?;
        Ok::<_, Refusal>(found.into_iter().map(|notice| answer(app, notice)).collect())
    };
    match asked.await {
        Ok(notices) => {
            event.kind = EventKind::NoticeTold;
            event.outcome = Outcome::Permit;
            event.code = "notices-listed".into();
            match app.audit.record(event).await {
                Ok(_recorded) => on_record(json(StatusCode::OK, &NoticesAnswer { notices })),
                Err(error) => unrecorded(error),
            }
        }
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

/// `POST /v1/notices/{id}/acknowledgement`: the patient has read it, here.
pub(crate) async fn read(
    app: &App,
    caller: &Caller,
    (id, headers): (Uuid, &HeaderMap),
    mut event: AuditEvent,
) -> Response {
    let told = async {
        let session = of_patient(app, caller, headers, &mut event)?;
        let here = &caller.client().id;
        match store::told(&app.store, id, &session.claims().subject, here, event.at).await? {
            Told::Now => Ok(()),
            Told::Unknown => Err(Refusal::exactly(ProblemCode::NotFound, "notice-unknown")),
            Told::OfThisEstablishment => Err(Refusal::exactly(ProblemCode::Denied, "notice-of-own-access")
                .detail("the establishment that a notice is about does not acknowledge it")),
        }
    };
    if let Err(refusal) = told.await {
        return refusal.record(&app.audit, event).await;
    }
    event.kind = EventKind::NoticeTold;
    event.outcome = Outcome::Permit;
    event.code = "notice-told".into();
    event.detail = Some(format!("notice {id}"));
    match app.audit.record(event).await {
        Ok(_recorded) => on_record(StatusCode::NO_CONTENT.into_response()),
        Err(error) => unrecorded(error),
    }
}

/// A session that the patient's own card opened: an emergency does not read what is meant for the patient.
fn of_patient(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    event: &mut AuditEvent,
) -> Result<Session, Refusal> {
    let session = session::of_request(app, caller, headers, event.at)?;
    event.session = Some(session.claims().id);
    event.subject = Some(session.claims().subject.clone());
    if session.claims().acr < Acr::Card {
        return Err(Refusal::exactly(ProblemCode::Denied, "notices-without-patient"));
    }
    Ok(session)
}

fn answer(app: &App, notice: Notice) -> NoticeAnswer {
    let client = app.registry.client(&notice.establishment);
    let (name, city) = client.map(|client| (client.name.clone(), client.city.clone())).unwrap_or_default();
    NoticeAnswer {
        id: notice.id,
        kind: "emergency-access",
        at: notice.at,
        establishment: NamedEstablishment { id: notice.establishment, name, city },
        practitioners: notice.practitioners,
        reason: texts::reason(notice.reason),
        outcome: notice.outcome.map(texts::outcome),
        read_at: notice.read_at,
    }
}
