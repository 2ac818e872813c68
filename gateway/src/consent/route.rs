//! Who may say, see and withdraw a consent, and who hears of it?
//!
//! The patient is present: a running session is the proof, its PIN makes what is said stronger. No log, no consent: the
//! event is durable before anything is written.

use std::collections::BTreeSet;

use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use policies::{Acr, ConsentFacts, Stance};
use time::OffsetDateTime;
use uuid::Uuid;

use super::fhir::{self, Expected};
use super::model::{Choice, Consent};
use super::present::{actors_are_known, guardian, names, permit, present};
use super::store::{self, Stored};
use super::{Asker, Consents, Rules, conflict};
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::problem::ProblemCode;
use crate::refusal::{Refusal, on_record, unrecorded};
use crate::registry::RegistryError;
use crate::token::SessionClaims;
use crate::withdrawal::Withdrawn;

/// `POST /v1/consents`: the patient says something.
pub(crate) async fn give(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    body: Result<bytes::Bytes, Refusal>,
    mut event: AuditEvent,
) -> Response {
    let (stored, ends) = match said(app, caller, headers, body, &mut event).await {
        Ok(said) => said,
        Err(refusal) => return refusal.record(&app.audit, event).await,
    };
    event.consent = Some(stored.consent.id);
    let done = EventKind::ConsentGiven;
    let answer = || {
        let resource = fhir::resource(&stored, true);
        let mut answer = fhir_json(StatusCode::CREATED, &resource);
        if let Ok(place) = HeaderValue::try_from(format!("/v1/consents/{}", stored.consent.id)) {
            answer.headers_mut().insert(LOCATION, place);
        }
        answer
    };
    written(app, event, done, async |at| app.consents.give(app, &stored, &ends, at).await, answer).await
}

/// `DELETE /v1/consents/{id}`: the patient takes it back, at any counter. Twice is as once.
pub(crate) async fn withdraw(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    id: Option<Uuid>,
    mut event: AuditEvent,
) -> Response {
    let (stored, ends) = match taken_back(app, caller, headers, id, &mut event).await {
        Ok(taken_back) => taken_back,
        Err(refusal) => return refusal.record(&app.audit, event).await,
    };
    let here = event.client.clone().unwrap_or_default();
    let withdraw = async |at| app.consents.withdraw(app, &stored, &here, &ends, at).await;
    let answer = || StatusCode::NO_CONTENT.into_response();
    written(app, event, EventKind::ConsentWithdrawn, withdraw, answer).await
}

/// `GET /v1/consents` and `GET /v1/consents/{id}`: what the patient has said, also what no longer stands.
pub(crate) async fn show(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    id: Option<Option<Uuid>>,
    mut event: AuditEvent,
) -> Response {
    let shown = async {
        let (session, _patient) = present(app, caller, headers, &mut event).await?;
        let _permit = permit(app, caller, &session, ConsentFacts::default(), &mut event)?;
        let subject = &session.claims().subject;
        let standing = app.consents.standing_ids(subject, event.at).await?;
        let resource = |stored: &Stored| fhir::resource(stored, standing.contains(&stored.consent.id));
        match id {
            Some(id) => {
                let found = one(app, subject, id).await?;
                event.consent = Some(found.consent.id);
                Ok(resource(&found))
            }
            None => Ok(fhir::bundle(app.consents.all(subject).await?.iter().map(resource).collect())),
        }
    };
    let shown: Result<_, Refusal> = shown.await;
    match shown {
        Ok(json) => {
            event = permitted(event, EventKind::ConsentRead);
            match app.audit.record(event).await {
                Ok(_recorded) => on_record(fhir_json(StatusCode::OK, &json)),
                Err(error) => unrecorded(error),
            }
        }
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

/// The event first, then the writing, then the answer. A writing that fails is an event of its own.
async fn written(
    app: &App,
    event: AuditEvent,
    done: EventKind,
    write: impl AsyncFnOnce(OffsetDateTime) -> Result<(), RegistryError>,
    answer: impl FnOnce() -> Response,
) -> Response {
    if let Err(error) = app.audit.record(permitted(event.clone(), done)).await {
        return unrecorded(error);
    }
    match write(event.at).await {
        Ok(()) => on_record(answer()),
        Err(error) => Refusal::from(error).record(&app.audit, event).await,
    }
}

fn permitted(mut event: AuditEvent, kind: EventKind) -> AuditEvent {
    event.kind = kind;
    event.outcome = Outcome::Permit;
    event.code = kind.code().into();
    event
}

/// The steps to a new consent, and whose sessions it ends.
async fn said(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    body: Result<bytes::Bytes, Refusal>,
    event: &mut AuditEvent,
) -> Result<(Stored, BTreeSet<String>), Refusal> {
    let (session, patient) = present(app, caller, headers, event).await?;
    let claims = session.claims();
    let _permit = permit(app, caller, &session, ConsentFacts { linked: true, ..Default::default() }, event)?;
    let names = names(app, &patient)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let expected = Expected {
        patient: &names,
        guardian: claims.actor.as_deref(),
        establishment: &claims.establishment,
        present_since: claims.presence.proven_at,
        at: event.at,
    };
    let root = fhir::read(&body?, expected)?;
    actors_are_known(app, &root)?;
    let consent = Consent {
        id: Uuid::new_v4(),
        given_at: event.at,
        holder: claims.acr >= Acr::Holder,
        guardian: guardian(app, claims, &patient, event.at).await?,
        root,
    };
    let standing = app.consents.standing_now(&claims.subject, event.at).await?;
    conflict::check(&consent, &standing, |id| app.registry.client(id), event.at)?;
    let ends = closed_to(app, &consent, claims, event.at).await?;
    let (subject, establishment) = (claims.subject.clone(), claims.establishment.clone());
    Ok((Stored { consent, subject, establishment, session: claims.id, withdrawn_at: None }, ends))
}

/// The steps to a withdrawal, and whose sessions it ends: those of whom the consent had let in by name.
async fn taken_back(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    id: Option<Uuid>,
    event: &mut AuditEvent,
) -> Result<(Stored, BTreeSet<String>), Refusal> {
    let (session, patient) = present(app, caller, headers, event).await?;
    let claims = session.claims();
    let _guardian = guardian(app, claims, &patient, event.at).await?;
    let found = one(app, &claims.subject, id).await?;
    event.consent = Some(found.consent.id);
    // What was closed with the PIN is opened with the PIN: policy is told of it.
    let closes = found.consent.root.all().any(|rule| rule.choice == Choice::Deny);
    let stance = if closes { Stance::Denies } else { Stance::Permits };
    let facts = ConsentFacts { stance, linked: true, holder: found.consent.holder, hides: false };
    let _permit = permit(app, caller, &session, facts, event)?;
    let ends = found.consent.root.named(Choice::Permit).map(str::to_owned).collect();
    Ok((found, ends))
}

async fn one(app: &App, subject: &str, id: Option<Uuid>) -> Result<Stored, Refusal> {
    let unknown = || Refusal::new(ProblemCode::ConsentUnknown);
    let id = id.ok_or_else(unknown)?;
    store::one(&app.store, subject, id).await?.ok_or_else(unknown)
}

/// The establishments whose running sessions end: those that are named, and all others where the patient was so lately that
/// a session may still run, if anything is closed to them. The one where it is said goes on, unless it is named.
async fn closed_to(
    app: &App,
    consent: &Consent,
    claims: &SessionClaims,
    at: OffsetDateTime,
) -> Result<BTreeSet<String>, Refusal> {
    let mut closed: BTreeSet<String> = consent.root.named(Choice::Deny).map(str::to_owned).collect();
    let lately = at - app.config.limits.session;
    for link in app.consents.links(&claims.subject, at).await? {
        if link.seen_at < lately || link.establishment == claims.establishment {
            continue;
        }
        let Some(client) = app.registry.client(&link.establishment) else { continue };
        let asker = Asker { establishment: &client.id, kind: client.kind };
        if Rules::compile(std::slice::from_ref(consent), asker, true, at).close_something() {
            closed.insert(link.establishment);
        }
    }
    Ok(closed)
}

impl Consents {
    async fn give(
        &self,
        app: &App,
        given: &Stored,
        ends: &BTreeSet<String>,
        at: OffsetDateTime,
    ) -> Result<(), RegistryError> {
        store::give(&self.store, given).await?;
        self.memory.forget(&given.subject);
        end_sessions(app, &given.subject, ends, at).await
    }

    async fn withdraw(
        &self,
        app: &App,
        stored: &Stored,
        here: &str,
        ends: &BTreeSet<String>,
        at: OffsetDateTime,
    ) -> Result<(), RegistryError> {
        store::withdraw(&self.store, (&stored.subject, stored.consent.id), here, at).await?;
        self.memory.forget(&stored.subject);
        end_sessions(app, &stored.subject, ends, at).await
    }
}

/// What runs of them is cut, and back-ends that ask nobody read it in their lists.
async fn end_sessions(
    app: &App,
    subject: &str,
    establishments: &BTreeSet<String>,
    at: OffsetDateTime,
) -> Result<(), RegistryError> {
    for establishment in establishments {
        let what = Withdrawn::Consent { subject: subject.to_owned(), establishment: establishment.clone() };
        app.withdrawals.withdraw(what, "consent-withdrawn", at + app.config.limits.session, at).await?;
    }
    Ok(())
}

fn fhir_json(status: StatusCode, body: &serde_json::Value) -> Response {
    let headers =
        [(http::header::CONTENT_TYPE, "application/fhir+json"), (http::header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}
