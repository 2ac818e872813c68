//! Who is here, may they say something, and of whom can they speak?

use std::sync::Arc;

use http::HeaderMap;
use policies::{AccessRequest, Action, ClientKind, ConsentFacts, Facts, Permit};
use time::OffsetDateTime;

use super::fhir::ConsentError;
use super::model::{Actor, Guardian, Provision};
use crate::app::App;
use crate::audit::AuditEvent;
use crate::caller::Caller;
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::registry::Patient;
use crate::session::{self, Session};
use crate::token::SessionClaims;

/// The patient is here, or who speaks for them.
pub(super) async fn present(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    event: &mut AuditEvent,
) -> Result<(Session, Arc<Patient>), Refusal> {
    let session = session::of_request(app, caller, headers, event.at)?;
    let claims = session.claims();
    event.session = Some(claims.id);
    event.subject = Some(claims.subject.clone());
    event.guardian.clone_from(&claims.actor);
    event.purpose = Some(claims.purpose.as_str().to_owned());
    let patient = session::patient(app, &session).await?;
    Ok((session, patient))
}

/// May consents be given here, in such a session?
pub(super) fn permit(
    app: &App,
    caller: &Caller,
    session: &Session,
    consent: ConsentFacts,
    event: &mut AuditEvent,
) -> Result<Permit, Refusal> {
    let claims = session.claims();
    let request = AccessRequest {
        client: caller.facts(),
        action: Action::Consent,
        purpose: claims.purpose,
        acr: claims.acr,
        dependant: claims.actor.is_some(),
        facts: Facts { consent, ..Facts::default() },
    };
    let age = (event.at - claims.authenticated_at).max(time::Duration::ZERO).unsigned_abs();
    let decision = app.policies.decide_recorded(&request, Some(age), event);
    if let Some(permit) = decision.permit_at_age(age) {
        return Ok(permit);
    }
    let stronger = request.with_holder().filter(|_| app.trust.holders().is_some());
    match stronger.map(|stronger| app.policies.decide(&stronger)) {
        Some(would) if would.is_permit() => Err(Refusal::holder_required(&decision, would.max_age())),
        _ => Err(Refusal::denied(&decision)),
    }
}

/// Who speaks for a dependant, as the registry knows it now; nobody for a patient who is here.
pub(super) async fn guardian(
    app: &App,
    claims: &SessionClaims,
    patient: &Patient,
    at: OffsetDateTime,
) -> Result<Option<Guardian>, Refusal> {
    let Some(subject) = &claims.actor else { return Ok(None) };
    let relationship = app.registry.guardianship(subject, &claims.subject).await?;
    let relationship =
        relationship.ok_or_else(|| Refusal::exactly(ProblemCode::Denied, "guardianship-unknown"))?;
    if !relationship.speaks_for(patient.birth_year, at) {
        return Err(Refusal::new(ProblemCode::GuardianshipEnded));
    }
    Ok(Some(Guardian { subject: subject.clone(), relationship }))
}

/// Every name by which the counter knows the patient.
pub(super) fn names(app: &App, patient: &Patient) -> Result<Vec<String>, Refusal> {
    let at_back_ends = app.config.back_ends.values().map(|back_end| app.pseudonym_at(back_end, patient));
    let mut names = vec![patient.subject.clone()];
    for name in at_back_ends {
        names.push(name?);
    }
    Ok(names)
}

/// A patient who names an establishment relies on it: one that nobody knows is a slip of the pen.
pub(super) fn actors_are_known(app: &App, root: &Provision) -> Result<(), ConsentError> {
    let named = root.all().flat_map(|rule| &rule.actors).filter_map(|actor| match actor {
        Actor::Establishment(id) | Actor::Practitioner { at: Some(id), .. } => Some(id),
        Actor::Kind(_) | Actor::Practitioner { at: None, .. } => None,
    });
    let treats = |kind| !matches!(kind, ClientKind::BackEnd | ClientKind::Auditor);
    let is_known = |id: &String| app.registry.client(id).is_some_and(|client| treats(client.kind));
    if named.into_iter().all(is_known) { Ok(()) } else { Err(ConsentError::UnknownActor) }
}
