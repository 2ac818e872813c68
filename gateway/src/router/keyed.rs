//! Who comes to the public port without a certificate, and what is written of those who prove nothing?

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{ACCEPT_LANGUAGE, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use time::OffsetDateTime;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::recorded;
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::dpop::{ProofError, ProofRefusal, ProvenRequest, RequestUrls, Unproven};
use crate::listen::Peer;
use crate::problem::{Problem, ProblemCode};
use crate::refusal::{ExactCode, OnRecord, Refusal};
use crate::session::access_token;
use crate::telemetry::RequestContext;
use crate::token::Scheme;
use crate::unproven::{Telling, Untold};

/// RFC 9449 §8.
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// On a refusal of a client whose key was proven, for its event.
#[derive(Clone, Debug)]
struct OfClient(String);

/// On an answer that only begins the protocol: the caller is asked for a nonce. No refusal, no event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking;

/// Lets a request through to its route only with its [`Caller`], who proved its key for this very request, and not too
/// often. The body is read by nobody before.
pub(super) async fn identify(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let at = app.clock.now();
    if let Err(problem) = app.unproven.attempt(address(&request), at).map(drop) {
        return Refusal::told(problem).unrecorded();
    }
    let (head, body) = request.into_parts();
    let (caller, renew) = match proven(&app, &head, at).await {
        Ok(proven) => proven,
        Err(refused) => return *refused,
    };
    let mut request = Request::from_parts(head, body);
    if let Some(context) = request.extensions().get::<RequestContext>() {
        context.set_client(caller.id().clone());
    }
    if let Err(problem) = app.rate.permit(caller.id()) {
        return Refusal::told(problem).unrecorded();
    }
    request.extensions_mut().insert(caller);
    crate::withdrawal::hear(&app).await;
    let answer = next.run(request).await;
    // RFC 9449 §8.2: the next nonce comes before the last one is too old.
    if renew { with_nonce(&app, answer, at).await } else { answer }
}

/// The caller, and whether it should have another nonce; or the answer.
async fn proven(app: &App, head: &Parts, at: OffsetDateTime) -> Result<(Caller, bool), Box<Response>> {
    let token = access_token(&head.headers, Scheme::Dpop).map_err(|refusal| refusal.unrecorded())?;
    let urls = RequestUrls::of_request(&app.config.issuer, &head.uri, &head.headers);
    let asked = ProvenRequest { method: &head.method, urls: &urls, token: Some(token) };
    match app.proofs.prove(&head.headers, &asked, at, |key| app.registry.client_by_key(key)).await {
        Ok(key) => {
            let renew = key.nonce_is_old();
            let client = OfClient(key.client().id.clone());
            Caller::by_key(key).map(|caller| (caller, renew)).map_err(|refusal| {
                let mut answer = refusal.unrecorded();
                answer.extensions_mut().insert(client);
                answer.into()
            })
        }
        Err(unproven) => Err(refused(app, unproven, at).await.into()),
    }
}

/// The answer to a request without a sound proof.
async fn refused(app: &App, unproven: Unproven, at: OffsetDateTime) -> Response {
    let wants_nonce = unproven.wants_nonce();
    let begins = unproven.begins();
    let mut answer = Refusal::from(unproven).unrecorded();
    if begins {
        answer.extensions_mut().insert(Asking);
    }
    if wants_nonce { with_nonce(app, answer, at).await } else { answer }
}

/// The same answer with a nonce; or that there is none to be had.
async fn with_nonce(app: &App, mut answer: Response, at: OffsetDateTime) -> Response {
    match nonce_header(app, at).await {
        Ok((name, value)) => {
            answer.headers_mut().insert(name, value);
            answer
        }
        // What is done is done: only the next request will have to ask for its nonce.
        Err(_) if answer.extensions().get::<Problem>().is_none() => answer,
        Err(unproven) => Refusal::from(unproven).unrecorded(),
    }
}

/// The header that brings a nonce.
pub(crate) async fn nonce_header(
    app: &App,
    at: OffsetDateTime,
) -> Result<(HeaderName, HeaderValue), Unproven> {
    let nonce = app.proofs.nonce(at).await?;
    // Base64url is always a header value.
    let value = HeaderValue::from_str(&nonce).map_err(|_| ProofError::NonceForeign)?;
    Ok((DPOP_NONCE, value))
}

/// Lets a client open presences only with a token that was given out for that.
pub(super) async fn with_client_token(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some(caller) = request.extensions().get::<Caller>() else {
        return Refusal::new(ProblemCode::Unauthenticated).unrecorded();
    };
    let token = access_token(request.headers(), Scheme::Dpop);
    let at = app.clock.now();
    let verified = token.and_then(|token| Ok(app.tokens.verify_client(token, caller.confirmation(), at)?));
    let refusal = match verified {
        Ok(token) if token.claims().client_id == caller.client().id => return next.run(request).await,
        Ok(_) => Refusal::exactly(ProblemCode::TokenInvalid, "token-of-another-client"),
        Err(refusal) => refusal,
    };
    let mut event = AuditEvent::new(EventKind::PresenceRefused, Outcome::Refused, "", at);
    event.client = Some(caller.client().id.clone());
    event.request_id = request.extensions().get::<RequestContext>().map(|context| context.id().to_owned());
    refusal.record(&app.audit, event).await
}

/// Bounds what somebody unknown may try at a route whose flow proves its caller itself.
pub(super) async fn bounded(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match app.unproven.attempt(address(&request), app.clock.now()) {
        Ok(_attempt) => next.run(request).await,
        Err(problem) => Refusal::told(problem).unrecorded(),
    }
}

/// Sees the answer last: refusals that no flow has recorded are counted, and the first of each address and second is
/// recorded before it is told. What nobody asked us to protect (an unknown path) is not written about.
pub(super) async fn every_refusal(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let address = address(&request);
    let language = request.headers().get(ACCEPT_LANGUAGE).cloned();
    let answer = challenged(next.run(request).await);
    let Some(mut event) = refusal(&app, &answer) else { return answer };
    if app.unproven.refused(address, app.clock.now()) == Telling::Counted {
        return answer;
    }
    event.detail = Some(match event.detail.take() {
        Some(detail) => format!("address {address}; {detail}"),
        None => format!("address {address}"),
    });
    recorded::or_withheld(&app, answer, event, language.as_ref()).await
}

/// The event of an answer that is a refusal which is not on record.
fn refusal(app: &App, answer: &Response) -> Option<AuditEvent> {
    let extensions = answer.extensions();
    if extensions.get::<OnRecord>().is_some() || extensions.get::<Asking>().is_some() {
        return None;
    }
    match (extensions.get::<Problem>().map(Problem::code), extensions.get::<ExactCode>()) {
        (Some(ProblemCode::NotFound | ProblemCode::MethodNotAllowed), _) => None,
        (Some(_), _) => {
            let client = extensions.get::<OfClient>().map(|client| client.0.clone());
            recorded::to_be_recorded(app, answer, client)
        }
        // An OAuth endpoint told it in its own form (RFC 6749 §5.2).
        (None, Some(ExactCode(code))) => {
            let (kind, at) = (EventKind::TokenRefused, app.clock.now());
            let outcome = if answer.status().is_server_error() { Outcome::Error } else { Outcome::Refused };
            let mut event = AuditEvent::new(kind, outcome, code.clone(), at);
            event.request_id = recorded::request_id(answer.headers());
            Some(event)
        }
        (None, None) => None,
    }
}

/// Records each second what of the second before was only counted, until `stop`.
pub(crate) async fn tell_counted_refusals(app: Arc<App>, stop: CancellationToken) {
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let at = app.clock.now();
        let Some(Untold { of_address, more }) = app.unproven.settle(at) else { continue };
        let mut details: Vec<_> =
            of_address.iter().map(|(address, count)| format!("address {address}; {count} more")).collect();
        if more > 0 {
            details.push(format!("{more} more, of other addresses"));
        }
        for detail in details {
            let mut event =
                AuditEvent::new(EventKind::RequestRefused, Outcome::Refused, "unproven-callers-refused", at);
            event.detail = Some(detail);
            // Nobody waits for it: there is no answer to withhold.
            if let Err(error) = app.audit.begin(&event) {
                tracing::warn!(code = error.code(), "counted refusals not recorded");
            }
        }
    }
}

/// On this port a token is shown with a proof: RFC 9449 §7.1 has its own challenge.
fn challenged(mut answer: Response) -> Response {
    if answer.extensions().get::<Problem>().is_none() {
        return answer;
    }
    let bearer = answer.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    let dpop = bearer.and_then(|text| text.strip_prefix("Bearer")).map(|parameters| match parameters {
        "" => "DPoP algs=\"ES256\"".to_owned(),
        parameters => format!("DPoP{parameters}, algs=\"ES256\""),
    });
    if let Some(dpop) = dpop.and_then(|text| HeaderValue::from_str(&text).ok()) {
        answer.headers_mut().insert(WWW_AUTHENTICATE, dpop);
    }
    answer
}

fn address(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<Peer>();
    peer.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.address.ip())
}

impl From<Unproven> for Refusal {
    fn from(unproven: Unproven) -> Self {
        let code = unproven.code();
        match unproven {
            Unproven::State(error) => error.into(),
            Unproven::Assertion(_) => Self::exactly(ProblemCode::Unauthenticated, code),
            Unproven::Proof(error) => match error.refusal() {
                ProofRefusal::Invalid => Self::exactly(ProblemCode::ProofInvalid, code),
                ProofRefusal::NonceWanted => Self::exactly(ProblemCode::ProofNonce, code),
                ProofRefusal::Unavailable => {
                    tracing::error!(code, "nonce key");
                    Self::exactly(ProblemCode::SignerUnavailable, code)
                }
            },
        }
    }
}
