//! Flow 3.2: how does a session become an access?
//!
//! No log, no access: the answer of the back-end leaves only when the event is durable. For a reading the
//! event is written while the back-end works; a writing is sent only once its event is there, because what a
//! back-end has stored cannot be taken back.

mod condition;
mod decision;
mod looking;
mod outgoing;
mod said;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::Method;
use http::request::Parts;
use time::OffsetDateTime;

use looking::LookedThrough;
use outgoing::Outgoing;

use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome, Recorded};
use crate::billing::{self, Became, Held};
use crate::caller::Caller;
use crate::edge;
use crate::fhir::BodyKind;
use crate::proxy::ProxyError;
use crate::refusal::{Refusal, on_record, unrecorded};
use crate::session::Session;
use crate::withdrawal::{self, Ended};

pub(crate) use decision::{Decided, Head, understand};
pub(crate) use said::Said;

/// Octets of a FHIR body that is read whole: a Bundle of a hospital stay without its images.
const FHIR_BODY_BYTES_MAX: u64 = 2 << 20;

/// A request that was permitted, as the back-end will see it.
struct Permitted {
    session: Session,
    outgoing: Outgoing,
    token: Arc<str>,
    reads_only: bool,
    claim: Option<Held>,
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
        Ok(permitted) => forward(app, caller, service, permitted, event).await,
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

/// The steps, in order: session, meaning, patient, body, policy, token for the back-end.
async fn permit(
    app: &App,
    caller: &Caller,
    (service, path): (&str, &str),
    request: Request,
    event: &mut AuditEvent,
) -> Result<Permitted, Refusal> {
    let (parts, body) = request.into_parts();
    let (method, query, headers) = (&parts.method, parts.uri.query(), &parts.headers);
    let head = Head { service, method, path, query, headers };
    let understood = understand(app, caller, head, event).await?;
    let (read, streamed) = read_where_judged(understood.body(), &parts, body).await?;
    let decided = understood.decide(app, caller, read, event).await?;
    let reads_only = decided.reads_only();
    let Decided { session, subject, asked, raw, token, claim } = decided;
    let condition = claim.as_ref().filter(|_| parts.method == Method::POST).and_then(Held::condition);
    let mut outgoing = outgoing::write(parts, asked, (raw, &subject), streamed)?;
    if let Some((name, found)) = condition {
        outgoing.condition_on(name, &found, &subject)?;
    }
    Ok(Permitted { session, outgoing, token, reads_only, claim })
}

/// Records and forwards; whichever is slower is waited for. What runs is cut when the session ends.
async fn forward(
    app: &App,
    caller: &Caller,
    service: &str,
    permitted: Permitted,
    mut event: AuditEvent,
) -> Response {
    event.outcome = Outcome::Permit;
    event.code = "permitted".into();
    let Permitted { session, outgoing: Outgoing { request, due, condition }, token, reads_only, mut claim } =
        permitted;
    let recording = match app.audit.begin(&event) {
        Ok(recording) => recording,
        Err(error) => {
            give_back(app, claim, event.at).await;
            return unrecorded(error);
        }
    };
    let expected = due.expected.clone();
    let said = Said::of(due, &session, &event);
    let event = Arc::new(event);
    let following = withdrawal::follow(app, &session, caller, &event);
    let request = request.map(|body| following.body(body));
    let answer = async {
        tokio::select! {
            biased;
            reason = following.ended() => Err(Refusal::from(Ended::Withdrawn(reason))),
            answer = async {
                let answer = send(app, service, request, (&token, claim.take()), event.at).await?;
                looking::through(expected.as_ref(), &condition, answer).await
            } => answer,
        }
    };
    let (recorded, answered) = if reads_only {
        tokio::join!(recording.recorded(), answer)
    } else {
        match recording.recorded().await {
            Ok(recorded) => (Ok(recorded), answer.await),
            Err(error) => {
                drop(answer);
                give_back(app, claim, event.at).await;
                return unrecorded(error);
            }
        }
    };
    match (recorded, answered) {
        (Ok(recorded), Ok(answer)) => {
            of_back_end(app, &recorded, said, answer).map(|body| following.body(body))
        }
        (Ok(_recorded), Err(refusal)) => refusal.record(&app.audit, Arc::unwrap_or_clone(event)).await,
        // The back-end's answer is dropped unread.
        (Err(error), _) => unrecorded(error),
    }
}

/// Sends it. What became of a claim is written down before anybody is told.
async fn send(
    app: &App,
    service: &str,
    request: Request,
    (token, claim): (&str, Option<Held>),
    at: OffsetDateTime,
) -> Result<Response, ProxyError> {
    let answer = app.proxy.forward(service, request, token).await;
    if let Some(claim) = claim {
        let became = billing::outcome(answer.as_ref().map(Response::status).map_err(|error| *error));
        claim.settle(app, became, at).await;
    }
    answer
}

/// A claim that was not sent may be sent another time.
async fn give_back(app: &App, claim: Option<Held>, at: OffsetDateTime) {
    if let Some(claim) = claim {
        claim.settle(app, Became::Refused, at).await;
    }
}

/// The back-end's answer, from the proofs that the access is on record and that nothing else is in the answer.
fn of_back_end(app: &App, recorded: &Recorded, said: Said, answer: LookedThrough) -> Response {
    let mut answer = answer.into_response();
    let done = answer.status().is_success();
    said.write(app, recorded, done, answer.headers_mut());
    on_record(answer)
}

/// A body that must be judged is read whole; the rest is streamed.
async fn read_where_judged(
    kind: BodyKind,
    parts: &Parts,
    body: Body,
) -> Result<(Option<Bytes>, Body), Refusal> {
    match kind {
        BodyKind::None => Ok((None, Body::empty())),
        BodyKind::Stream => Ok((None, body)),
        _judged => {
            let read = edge::read_body(&parts.headers, body, FHIR_BODY_BYTES_MAX).await;
            Ok((Some(read.map_err(Refusal::told)?), Body::empty()))
        }
    }
}

impl From<ProxyError> for Refusal {
    fn from(error: ProxyError) -> Self {
        Self::told(error.into())
    }
}
