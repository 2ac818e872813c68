//! `/v1/authorize`: may this request, which somebody else's proxy holds, go on to the service behind it?
//!
//! For a service that keeps its own nginx, HAProxy, Envoy or Traefik in front of it. The proxy asks before it
//! forwards; the answer is the decision of flow 3.2 without the forwarding, in a status and headers.
//!
//! What is trusted, and how far. The asker is a registered back-end by its own certificate, and gets answers about
//! the one service that is configured as its own. The counter proved to the proxy that it holds the key of its
//! certificate; that it did is the proxy's word. Chain, revocation list and register are judged here, and the
//! session must be bound to that very certificate. A proxy that lies gains what it has anyway: a token for its own
//! service, for sessions whose token it has seen. A counter that has a key instead of a certificate (RFC 9449) proves it to
//! us through the proxy, and its proof is spent here.
//!
//! What is decided is what was asked, octet by octet: nothing is rewritten as in [`crate::access`], because the
//! proxy forwards the request as it holds it. So a request names the patient as the service does (`patient_at` of
//! the session), or is refused; and one whose body would have to be judged is refused by name.

mod answer;
mod certificate;
mod key;
mod question;

use axum::extract::Request;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use policies::ClientKind;

use crate::access::{Decided, Head, Said, understand};
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::config::BackEndConfig;
use crate::dpop::DPOP;
use crate::edge::ReportedHeaders;
use crate::fhir::BodyKind;
use crate::problem::ProblemCode;
use crate::refusal::{Refusal, on_record, unrecorded};
use crate::trust::Unvouched;
use question::Question;

/// What a proxy asks: about which service, which request, of whom (*demande d'avis*).
struct Asked<'a> {
    back_end: &'a BackEndConfig,
    question: Question,
    reported: &'a ReportedHeaders,
    parts: &'a Parts,
}

/// Why nobody knows who sent the request: the refusal, and the nonce that a client with a key is asked to use.
struct Unidentified {
    refusal: Refusal,
    nonce: Option<(HeaderName, HeaderValue)>,
}

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
        Err(Unidentified { refusal, nonce }) => {
            let mut answer = refusal.record(&app.audit, event).await;
            answer.headers_mut().extend(nonce);
            return answer;
        }
    };
    event.outcome = Outcome::Permit;
    event.code = "permitted".into();
    let Decided { session, subject, asked, token, .. } = decided;
    let (_as_the_proxy_holds_it, due) = asked.into_parts();
    let said = Said::of(due, &session, &event);
    match app.audit.record(event).await {
        Ok(recorded) => {
            let mut answer = answer::permitted(&session, &subject, &token);
            said.write(app, &recorded, true, answer.headers_mut());
            on_record(answer)
        }
        Err(error) => unrecorded(error),
    }
}

/// The steps, in order: whose service, which request, which counter, and then as for a request of our own.
async fn decide(
    app: &App,
    asker: &Caller,
    parts: &Parts,
    event: &mut AuditEvent,
) -> Result<Decided, Unidentified> {
    let back_end = own_service(app, asker)?;
    event.service = Some(back_end.service.clone());
    let nothing = ReportedHeaders::default();
    let reported = parts.extensions.get::<ReportedHeaders>().unwrap_or(&nothing);
    let question = Question::read(&parts.method, &parts.uri, reported)?;
    let asked = Asked { back_end, question, reported, parts };
    let counter = counter(app, asker, &asked, event).await?;
    Ok(judge(app, &counter, &asked, event).await?)
}

/// What follows when everybody is known: the decision of flow 3.2, about the request as it is.
async fn judge(
    app: &App,
    counter: &Caller,
    asked: &Asked<'_>,
    event: &mut AuditEvent,
) -> Result<Decided, Refusal> {
    let Asked { back_end, question, parts, .. } = asked;
    let path = question.below(back_end.url.path())?;
    let head = Head {
        service: &back_end.service,
        method: &question.method,
        path,
        query: question.target.query(),
        headers: &parts.headers,
    };
    let understood = understand(app, counter, head, event).await?;
    match understood.body() {
        BodyKind::None => {}
        BodyKind::Stream => raw_content(&parts.headers)?,
        _judged => return Err(Refusal::new(ProblemCode::BodyNotShown)),
    }
    let decided = understood.decide(app, counter, None, event).await?;
    if decided.asked.looks_at_answer() {
        return Err(Refusal::new(ProblemCode::AnswerNotShown));
    }
    question.is_what_was_decided(path, decided.asked.request())?;
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
async fn counter(
    app: &App,
    asker: &Caller,
    asked: &Asked<'_>,
    event: &mut AuditEvent,
) -> Result<Caller, Unidentified> {
    let counter = if asked.parts.headers.contains_key(DPOP) {
        key::counter(app, asked, event.at).await
    } else {
        reported(app, asked, event).map_err(Unidentified::from)
    };
    let counted = counter.as_ref().map_or_else(|_| asker.id(), Caller::id);
    app.rate.permit(counted).map_err(Refusal::told)?;
    let counter = counter?;
    event.client = Some(counter.client().id.clone());
    Ok(counter)
}

/// The counter by the certificate that the proxy reports.
fn reported(app: &App, asked: &Asked<'_>, event: &mut AuditEvent) -> Result<Caller, Refusal> {
    let chain = certificate::reported_chain(asked.reported).map_err(Refusal::told)?;
    let vouched = app.trust.vouched(&chain, event.at)?;
    event.client = Some(vouched.certificate().subject_serial_number().to_owned());
    Caller::vouched(&vouched, &app.trust, &app.registry, event.at)
}

impl From<Refusal> for Unidentified {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, nonce: None }
    }
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
