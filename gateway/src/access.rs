//! Flow 3.2: how does a session become an access?
//!
//! No log, no access: the answer of the back-end leaves only when the event is durable. For a reading the
//! event is written while the back-end works; a writing is sent only once its event is there, because what a
//! back-end has stored cannot be taken back.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use policies::{AccessRequest, Action, Interaction, Permit, Service};

use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome, Recorded};
use crate::caller::Caller;
use crate::edge;
use crate::fhir::{BodyKind, FhirError, FhirRequest, PatientNames, Step, Target};
use crate::problem::ProblemCode;
use crate::proxy::ProxyError;
use crate::refusal::{Refusal, on_record, unrecorded};
use crate::session::{self, Session};
use crate::token::BackEndGrant;

/// Octets of a FHIR body that is read whole: a Bundle of a hospital stay without its images.
const FHIR_BODY_BYTES_MAX: u64 = 2 << 20;

/// A request that was permitted, as the back-end will see it.
struct Permitted {
    request: Request,
    token: Arc<str>,
    reads_only: bool,
}

/// One request of a session to a back-end. `path` is what follows the service.
pub(crate) async fn access(
    app: &App,
    caller: &Caller,
    (service, path): (&str, &str),
    request: Request,
    mut event: AuditEvent,
) -> Response {
    event.kind = EventKind::Access;
    event.service = Some(service.to_owned());
    match permit(app, caller, (service, path), request, &mut event).await {
        Ok(permitted) => forward(app, service, permitted, event).await,
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

/// The steps, in order: session, meaning, patient, policy, token for the back-end.
async fn permit(
    app: &App,
    caller: &Caller,
    (service, path): (&str, &str),
    request: Request,
    event: &mut AuditEvent,
) -> Result<Permitted, Refusal> {
    let at = event.at;
    let (parts, body) = request.into_parts();
    let back_end = app.config.back_ends.get(service).ok_or_else(|| Refusal::new(ProblemCode::NotFound))?;

    let session = session::of_request(app, caller, &parts.headers, at)?;
    let claims = session.claims();
    event.session = Some(claims.id);
    event.subject = Some(claims.subject.clone());
    event.purpose = Some(claims.purpose.as_str().to_owned());

    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let target = Target::parse(&parts.method, path, content_type)?;
    if parts.headers.contains_key("if-none-exist") {
        // A conditional create is a search in disguise (FHIR R4 section 3.1.0.8.1).
        return Err(FhirError::NotUnderstood("conditional creates are not taken").into());
    }
    let Step { resource_type, interaction } = target.step();
    event.resource_type = Some(resource_type);
    event.interaction = Some(interaction.as_str().to_owned());

    let patient = session::patient(app, &session).await?;
    let there = app.pseudonym_at(back_end, &patient)?;
    let names = PatientNames { here: &claims.subject, there: &there };
    let (read, streamed) = read_where_judged(&target, &parts, body).await?;
    let asked = target.bind(parts.uri.query(), read, names)?;

    let permit = decide(app, caller, &session, service, &asked, event)?;
    let grant = BackEndGrant { audience: &back_end.audience, subject: &there, scope: service };
    let token = app.tokens.issue_back_end(&session, &permit, &grant, at)?;
    let reads_only =
        asked.steps.iter().all(|step| matches!(step.interaction, Interaction::Read | Interaction::Search));
    Ok(Permitted { request: for_back_end(parts, asked, streamed)?, token, reads_only })
}

/// Every interaction of the request needs a permit of its own; a request that asks for nothing gets none.
fn decide(
    app: &App,
    caller: &Caller,
    session: &Session,
    service: &str,
    asked: &FhirRequest,
    event: &mut AuditEvent,
) -> Result<Permit, Refusal> {
    let claims = session.claims();
    let mut permit = None;
    for Step { resource_type, interaction } in &asked.steps {
        let decision = app.policies.decide(&AccessRequest {
            client: caller.facts(),
            action: Action::Fhir {
                service: Service(service.to_owned()),
                resource_type: resource_type.clone(),
                interaction: *interaction,
            },
            purpose: claims.purpose,
            acr: claims.acr,
            dependant: claims.actor.is_some(),
            signals: Vec::new(),
        });
        event.policy = Some(decision.policy_hash().to_owned());
        let verdict = if decision.is_permit() { "permit" } else { "deny" };
        app.metrics.decision(interaction.as_str(), verdict);
        let Some(permitted) = decision.permit() else {
            event.resource_type = Some(resource_type.clone());
            event.interaction = Some(interaction.as_str().to_owned());
            return Err(Refusal::denied(&decision));
        };
        permit = Some(permitted);
    }
    permit.ok_or_else(|| FhirError::NotUnderstood("nothing is asked for").into())
}

/// Records and forwards; whichever is slower is waited for.
async fn forward(app: &App, service: &str, permitted: Permitted, mut event: AuditEvent) -> Response {
    event.outcome = Outcome::Permit;
    event.code = "permitted".into();
    let recording = match app.audit.begin(&event) {
        Ok(recording) => recording,
        Err(error) => return unrecorded(error),
    };
    let Permitted { request, token, reads_only } = permitted;
    let (recorded, answered) = if reads_only {
        tokio::join!(recording.recorded(), app.proxy.forward(service, request, &token))
    } else {
        match recording.recorded().await {
            Ok(recorded) => (Ok(recorded), app.proxy.forward(service, request, &token).await),
            Err(error) => return unrecorded(error),
        }
    };
    match (recorded, answered) {
        (Ok(recorded), Ok(answer)) => of_back_end(recorded, answer),
        (Ok(_recorded), Err(error)) => Refusal::from(error).record(&app.audit, event).await,
        // The back-end's answer is dropped unread.
        (Err(error), _) => unrecorded(error),
    }
}

/// The back-end's answer, from the proof that the access is on record.
fn of_back_end(_recorded: Recorded, answer: Response) -> Response {
    on_record(answer)
}

/// A body that must be judged is read whole; the rest is streamed.
async fn read_where_judged(
    target: &Target,
    parts: &Parts,
    body: Body,
) -> Result<(Option<Bytes>, Body), Refusal> {
    match target.body() {
        BodyKind::Bundle | BodyKind::Form | BodyKind::Resource => {
            let read = edge::read_body(&parts.headers, body, FHIR_BODY_BYTES_MAX).await;
            Ok((Some(read.map_err(Refusal::told)?), Body::empty()))
        }
        BodyKind::None => Ok((None, Body::empty())),
        BodyKind::Stream => Ok((None, body)),
    }
}

/// The request in the back-end's words.
fn for_back_end(mut parts: Parts, asked: FhirRequest, streamed: Body) -> Result<Request, Refusal> {
    parts.uri = asked
        .path_and_query
        .parse()
        .map_err(|_| Refusal::new(ProblemCode::Malformed).detail("the path is not a FHIR path"))?;
    parts.headers.remove(http::header::CONTENT_LENGTH);
    let body = asked.body.map_or(streamed, Body::from);
    Ok(Request::from_parts(parts, body))
}

impl From<ProxyError> for Refusal {
    fn from(error: ProxyError) -> Self {
        Self::told(error.into())
    }
}
