//! RFC 8693: a session becomes a token that its holder brings to a back-end itself; a received one goes on, once.
//!
//! The steps, in order: what is asked, for whom, the token that is shown, the policy, the patient there, the scope,
//! the new token. Never wider, never longer, bound to whoever asked.

use policies::{AccessRequest, Action, ClientFacts, ClientKind, Permit, RiskFacts, Service};
use serde::Serialize;
use time::OffsetDateTime;

use super::received::Received;
use super::{Answer, Asked, Form, OAuthError, actor, fault};
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::config::BackEndConfig;
use crate::facts::{Asking, Known};
use crate::practitioner::Practitioner;
use crate::refusal::Refusal;
use crate::registry::Patient;
use crate::session;
use crate::token::{BackEndGrant, Confirmation, Holder, IssuedToken, scope};

/// `grant_type` of RFC 8693 §2.1.
pub(super) const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
pub(super) const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// What is asked, as far as it can be judged without the token.
struct Wanted<'a> {
    subject_token: &'a str,
    issued_type: &'static str,
    back_end: &'a BackEndConfig,
    scope: Option<&'a str>,
}

/// RFC 8693 §2.2.1.
#[derive(Serialize)]
struct Exchanged {
    access_token: String,
    issued_token_type: &'static str,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
}

/// Gives a token for another audience.
pub(super) async fn exchange(app: &App, asked: &Asked, event: &mut AuditEvent) -> Result<Answer, OAuthError> {
    let wanted = wanted(app, asked.form())?;
    event.service = Some(wanted.back_end.service.clone());
    let caller = asked.caller();
    let (issued, scope) = if caller.client().kind == ClientKind::BackEnd {
        // The practitioner of the first token stays; a machine has none of its own.
        if ["actor_token", "actor_token_type"].iter().any(|name| asked.form().get(name).is_some()) {
            return Err(OAuthError::new(&fault::ACTOR_TOKEN_TYPE));
        }
        onward(app, caller, &wanted, event).await?
    } else {
        of_session(app, asked, &wanted, event).await?
    };
    event.kind = EventKind::TokenExchanged;
    event.outcome = Outcome::Permit;
    event.code = "token-exchanged".into();
    let practitioner = issued.practitioner.as_ref().map(|id| format!(", practitioner {id}"));
    event.detail = Some(format!("jti {}, scope {scope}{}", issued.id, practitioner.unwrap_or_default()));
    Answer::of(&Exchanged {
        expires_in: issued.expires_at.unix_timestamp() - event.at.unix_timestamp(),
        access_token: issued.token,
        issued_token_type: wanted.issued_type,
        token_type: match caller.confirmation() {
            Confirmation::Certificate(_) => "Bearer",
            Confirmation::Key(_) => "DPoP",
        },
        scope,
    })
}

fn wanted<'a>(app: &'a App, form: &'a Form) -> Result<Wanted<'a>, OAuthError> {
    let subject_token = form.required("subject_token", "subject_token is missing")?;
    let of_type = form.required("subject_token_type", "subject_token_type is missing")?;
    if ![ACCESS_TOKEN, JWT].contains(&of_type) {
        return Err(OAuthError::new(&fault::SUBJECT_TOKEN_TYPE));
    }
    let issued_type = match form.get("requested_token_type") {
        None | Some(ACCESS_TOKEN) => ACCESS_TOKEN,
        Some(JWT) => JWT,
        Some(_) => return Err(OAuthError::new(&fault::REQUESTED_TOKEN_TYPE)),
    };
    let back_end = match (form.get("audience"), form.get("resource")) {
        (None, None) => return Err(OAuthError::new(&fault::TARGET_MISSING)),
        (Some(_), Some(_)) => return Err(OAuthError::new(&fault::TARGET_REPEATED)),
        (Some(audience), None) => app.config.back_end_of_audience(audience),
        (None, Some(resource)) => app.config.back_end_of_resource(resource),
    };
    let back_end = back_end.ok_or_else(|| OAuthError::new(&fault::TARGET_UNKNOWN))?;
    Ok(Wanted { subject_token, issued_type, back_end, scope: form.get("scope") })
}

/// A counter shows its session, over the connection to which it is bound.
async fn of_session(
    app: &App,
    asked: &Asked,
    wanted: &Wanted<'_>,
    event: &mut AuditEvent,
) -> Result<(IssuedToken, String), OAuthError> {
    let (at, back_end, caller) = (event.at, wanted.back_end, asked.caller());
    let token = app.tokens.verify_session(wanted.subject_token, caller.confirmation(), at)?;
    event.session = Some(token.claims().id);
    event.subject = Some(token.claims().subject.clone());
    event.purpose = Some(token.claims().purpose.as_str().to_owned());
    let session = app.withdrawals.running(token).map_err(Refusal::from)?;
    let practitioner = actor::of_request(app, asked.form(), &session, at)?;
    let claims = session.claims();
    let patient = session::patient(app, &session).await?;
    let asking = Asking { purpose: claims.purpose, acr: claims.acr };
    let known = Known::of(app, caller.client(), &patient, (asking, session.risk(app)), event).await?;
    let permit = permit(
        app,
        &AccessRequest {
            client: caller.facts(),
            action: Action::Exchange { service: Service(back_end.service.clone()) },
            purpose: claims.purpose,
            acr: claims.acr,
            dependant: claims.actor.is_some(),
            facts: known.of_service(&back_end.service, practitioner.as_ref().map(Practitioner::id)),
        },
        claims.authenticated_at,
        event,
    )?;
    let held = brought_along(app, back_end, claims.scope.clone());
    let scope = scope::narrowed(&held, &back_end.service, wanted.scope)?;
    let there = app.pseudonym_at(back_end, &patient)?;
    let grant = BackEndGrant { audience: &back_end.audience, subject: &there, scope: &scope, consent: None };
    let issued =
        app.tokens.exchange(&session, &permit, &grant, (holder(caller), practitioner.as_ref()), at)?;
    Ok((issued, scope))
}

/// A back-end shows a token that it received: it is its audience.
async fn onward(
    app: &App,
    caller: &Caller,
    wanted: &Wanted<'_>,
    event: &mut AuditEvent,
) -> Result<(IssuedToken, String), OAuthError> {
    let (at, back_end) = (event.at, wanted.back_end);
    let Some(own) = app.config.back_end_of_client(caller.id()) else {
        return Err(OAuthError::exactly(&fault::TOKEN_AUDIENCE, "back-end-without-service"));
    };
    let token = app.tokens.verify_back_end(wanted.subject_token, &own.audience, at)?;
    event.session = Some(token.claims().session);
    event.purpose = Some(token.claims().purpose.as_str().to_owned());
    let received = Received::alive(app, token)?;
    event.subject = Some(received.patient().subject.clone());
    let claims = received.claims();
    if claims.actors.len() > 1 {
        return Err(OAuthError::new(&fault::CHAIN));
    }
    let origin = app.registry.client(&claims.establishment).filter(|origin| origin.active);
    let origin =
        origin.ok_or_else(|| OAuthError::exactly(&fault::SESSION_ENDED, "establishment-suspended"))?;
    let patient = patient(app, &received).await?;
    let asking = Asking { purpose: claims.purpose, acr: claims.acr };
    let known = Known::of(app, &origin, &patient, (asking, RiskFacts::default()), event).await?;
    let request = AccessRequest {
        client: caller.facts(),
        action: Action::ExchangeOnward {
            from: Service(own.service.clone()),
            service: Service(back_end.service.clone()),
        },
        purpose: claims.purpose,
        acr: claims.acr,
        dependant: received.patient().guardian.is_some(),
        facts: known.of_service(&back_end.service, claims.practitioner.as_deref()),
    };
    let goes_on = permit(app, &request, claims.authenticated_at, event)?;
    // What the counter could not have reached itself, no back-end reaches for it.
    let in_its_place = AccessRequest {
        client: ClientFacts { id: origin.id.clone(), kind: origin.kind },
        action: Action::Exchange { service: Service(back_end.service.clone()) },
        ..request
    };
    let could = permit(app, &in_its_place, claims.authenticated_at, event)?;
    let carried = scope::carried(&claims.scope, &own.service, &back_end.service);
    let held = brought_along(app, back_end, scope::common(&carried, &origin.scopes.join(" ")));
    let scope = scope::narrowed(&held, &back_end.service, wanted.scope)?;
    let there = app.pseudonym_at(back_end, &patient)?;
    let grant = BackEndGrant { audience: &back_end.audience, subject: &there, scope: &scope, consent: None };
    let issued = app.tokens.exchange_onward(&received, (&goes_on, &could), &grant, holder(caller), at)?;
    Ok((issued, scope))
}

/// What of a scope its holder may bring to a back-end itself: claims go through the gateway, which alone knows what they
/// rest on and whether they were billed before.
fn brought_along(app: &App, back_end: &BackEndConfig, held: String) -> String {
    let covers = app.config.cover_back_end().is_some_and(|cover| cover.service == back_end.service);
    if covers { scope::reading_there(&held, &back_end.service) } else { held }
}

async fn patient(app: &App, received: &Received) -> Result<std::sync::Arc<Patient>, OAuthError> {
    let found = app.registry.patient_by_subject(&received.patient().subject).await?;
    found.ok_or_else(|| OAuthError::exactly(&fault::TOKEN_INVALID, "session-patient-unknown"))
}

/// `proven_at`: when the patient proved what `acr` says; a policy may ask that it be recent.
fn permit(
    app: &App,
    request: &AccessRequest,
    proven_at: OffsetDateTime,
    event: &mut AuditEvent,
) -> Result<Permit, OAuthError> {
    let age = (event.at - proven_at).max(time::Duration::ZERO).unsigned_abs();
    let decision = app.policies.decide_recorded(request, Some(age), event);
    let verdict = if decision.is_permit() { "permit" } else { "deny" };
    app.metrics.decision(request.action.name(), verdict);
    let denied = || OAuthError::denied(decision.reasons().first().map_or("denied", |reason| &reason.code));
    decision.permit_at_age(age).ok_or_else(denied)
}

fn holder(caller: &Caller) -> Holder<'_> {
    Holder { client_id: caller.id(), confirmation: caller.confirmation() }
}
