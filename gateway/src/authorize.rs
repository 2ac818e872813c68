//! `/v1/authorize`: may this request, which somebody else's proxy holds, go on to the service behind it?
//!
//! For a service that keeps its own nginx, HAProxy, Envoy or Traefik in front of it. The proxy asks before it
//! forwards; the answer is the decision of flow 3.2 without the forwarding, in a status and headers.
//!
//! What is trusted, and how far. The asker is a registered back-end by its own certificate, and gets answers about
//! the one service that is configured as its own. The counter proved to the proxy that it holds the key of its
//! certificate; that it did is the proxy's word. Chain, revocation list and register are judged here, and the
//! session must be bound to that very certificate. A proxy that lies gains what it has anyway: a token for its own
//! service, for sessions whose token it has seen.
//!
//! What is decided is what was asked, octet by octet: nothing is rewritten as in [`crate::access`], because the
//! proxy forwards the request as it holds it. So a request names the patient as the service does (`patient_at` of
//! the session), or is refused; and one whose body would have to be judged is refused by name.

mod answer;
mod certificate;
mod question;

use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use policies::ClientKind;

use crate::access::{Decided, Head, understand};
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::config::BackEndConfig;
use crate::edge::ReportedHeaders;
use crate::fhir::BodyKind;
use crate::problem::ProblemCode;
use crate::refusal::{Refusal, unrecorded};
use crate::trust::Unvouched;
use question::Question;

/// One question of a service's own proxy.
pub(crate) async fn authorize(
    app: &App,
    asker: &Caller,
    request: Request,
    mut event: AuditEvent,
) -> Response {
    event.kind = EventKind::Access;
    event.detail = Some("asked by the service's own proxy".to_owned());
    let (parts, _unread) = request.into_parts();
    let decided = match decide(app, asker, &parts, &mut event).await {
        Ok(decided) => decided,
        Err(refusal) => return refusal.record(&app.audit, event).await,
    };
    event.outcome = Outcome::Permit;
    event.code = "permitted".into();
    match app.audit.record(event).await {
        Ok(recorded) => answer::permitted(recorded, &decided),
        Err(error) => unrecorded(error),
    }
}

/// The steps, in order: whose service, which request, which counter, and then as for a request of our own.
async fn decide(
    app: &App,
    asker: &Caller,
    parts: &Parts,
    event: &mut AuditEvent,
) -> Result<Decided, Refusal> {
    let back_end = own_service(app, asker)?;
    event.service = Some(back_end.service.clone());
    let reported = parts.extensions.get::<ReportedHeaders>().cloned().unwrap_or_default();
    let question = Question::read(&parts.method, &parts.uri, &reported)?;
    let path = question.below(back_end.url.path())?;
    let counter = counter(app, asker, &reported, event)?;

    let head = Head {
        service: &back_end.service,
        method: &question.method,
        path,
        query: question.target.query(),
        headers: &parts.headers,
    };
    let understood = understand(app, &counter, head, event).await?;
    match understood.body() {
        BodyKind::None => {}
        BodyKind::Stream => raw_content(&parts.headers)?,
        BodyKind::Bundle | BodyKind::Form | BodyKind::Resource => {
            return Err(Refusal::new(ProblemCode::BodyNotShown));
        }
    }
    let decided = understood.decide(app, &counter, None, event)?;
    question.is_what_was_decided(path, &decided.asked)?;
    Ok(decided)
}

/// The one service whose proxy this is.
fn own_service<'a>(app: &'a App, asker: &Caller) -> Result<&'a BackEndConfig, Refusal> {
    let not_asked = || {
        Refusal::exactly(ProblemCode::Denied, "authorize-not-own-service")
            .detail("only the proxy of a configured service may ask")
    };
    if asker.client().kind != ClientKind::BackEnd {
        return Err(not_asked());
    }
    app.config.back_end_of_client(asker.id()).ok_or_else(not_asked)
}

/// Who sent the request to the proxy. It counts as a request of that counter, not of the proxy, through which all
/// counters come; one that nobody vouches for counts as the proxy's.
fn counter(
    app: &App,
    asker: &Caller,
    reported: &ReportedHeaders,
    event: &mut AuditEvent,
) -> Result<Caller, Refusal> {
    let counter = certificate::reported_chain(reported).map_err(Refusal::told).and_then(|chain| {
        let vouched = app.trust.vouched(&chain, event.at)?;
        event.client = Some(vouched.certificate().subject_serial_number().to_owned());
        Caller::vouched(&vouched, &app.trust, &app.registry, event.at)
    });
    let counted = counter.as_ref().map_or_else(|_| asker.id(), Caller::id);
    app.rate.permit(counted).map_err(Refusal::told)?;
    counter
}

impl From<Unvouched> for Refusal {
    fn from(error: Unvouched) -> Self {
        let problem = match error {
            Unvouched::Expired => ProblemCode::ClientRevoked,
            Unvouched::NotOurs => ProblemCode::ClientUnknown,
        };
        Self::exactly(problem, error.code())
    }
}

/// Raw octets are passed on unjudged only if they are said to be raw: FHIR JSON names patients.
fn raw_content(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    match (values.next(), values.next()) {
        (Some(_), None) => Ok(()),
        _ => Err(Refusal::new(ProblemCode::Malformed).detail("say the one Content-Type of the request")),
    }
}
