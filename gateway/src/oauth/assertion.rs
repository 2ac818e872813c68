//! Who asks without a certificate? RFC 7523: its registered key signs who it is. RFC 9449 §5: and that it asks for a token.

use http::header::AUTHORIZATION;
use http::request::Parts;

use super::{Form, OAuthError, fault};
use crate::app::App;
use crate::audit::AuditEvent;
use crate::caller::Caller;
use crate::dpop::{AssertionError, DPOP, ProofRefusal, ProvenKey, ProvenRequest, RequestUrls, Unproven};
use crate::router::nonce_header;

/// `client_assertion_type` of RFC 7523 §2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Where tokens are issued, which are bound to the key that is proven there.
const TOKEN_ENDPOINT: &str = "/oauth/token";

/// The key of the request's DPoP proof, before anything else is read. At the token endpoint there must be one; the others
/// issue nothing.
pub(super) async fn proven_key(
    app: &App,
    head: &Parts,
    event: &mut AuditEvent,
) -> Result<Option<ProvenKey>, OAuthError> {
    if head.uri.path() != TOKEN_ENDPOINT && !head.headers.contains_key(DPOP) {
        return Ok(None);
    }
    let urls = RequestUrls::of_request(&app.config.issuer, &head.uri, &head.headers);
    let asked = ProvenRequest { method: &head.method, urls: &urls, token: None };
    let registered = |key: &str| app.registry.client_by_key(key);
    match app.proofs.prove(&head.headers, &asked, event.at, registered).await {
        Ok(key) => {
            event.client = Some(key.client().id.clone());
            Ok(Some(key))
        }
        Err(unproven) => Err(refused(app, unproven, event).await),
    }
}

/// The client that signed who it is, and that is the one of the proof.
pub(super) async fn by_assertion(
    app: &App,
    head: &Parts,
    form: &Form,
    key: Option<ProvenKey>,
    event: &mut AuditEvent,
) -> Result<Caller, OAuthError> {
    if head.headers.contains_key(AUTHORIZATION) || form.get("client_secret").is_some() {
        return Err(OAuthError::new(&fault::CLIENT_TWICE));
    }
    if form.get("client_assertion_type") != Some(JWT_BEARER) {
        return Err(OAuthError::exactly(&fault::CLIENT_UNPROVEN, "assertion-type"));
    }
    let assertion = form.get("client_assertion");
    let assertion =
        assertion.ok_or_else(|| OAuthError::exactly(&fault::CLIENT_UNPROVEN, "assertion-missing"))?;
    let issuer = &app.config.issuer;
    let token_endpoint = format!("{issuer}{TOKEN_ENDPOINT}");
    let audiences = [issuer.as_str(), &token_endpoint];
    let registered = |id: &str| app.registry.client(id);
    let caller = match app.proofs.accept(assertion, &audiences, key, event.at, registered).await {
        Ok(key) => {
            event.client = Some(key.client().id.clone());
            Caller::by_key(key)?
        }
        Err(unproven) => return Err(refused(app, unproven, event).await),
    };
    match form.get("client_id") {
        Some(id) if *id != **caller.id() => Err(OAuthError::new(&fault::CLIENT_ID)),
        _ => Ok(caller),
    }
}

/// In the words of RFC 9449 §5 and §8, with a nonce where one is wanted.
async fn refused(app: &App, unproven: Unproven, event: &AuditEvent) -> OAuthError {
    let exact = unproven.code();
    match unproven {
        Unproven::State(_) => OAuthError::exactly(&fault::UNAVAILABLE, exact),
        Unproven::Assertion(AssertionError::Young) => OAuthError::exactly(&fault::UNAVAILABLE, exact),
        Unproven::Assertion(_) => OAuthError::exactly(&fault::CLIENT_UNPROVEN, exact),
        Unproven::Proof(error) => match error.refusal() {
            ProofRefusal::Invalid => OAuthError::exactly(&fault::PROOF, exact),
            ProofRefusal::Unavailable => OAuthError::exactly(&fault::UNAVAILABLE, exact),
            ProofRefusal::NonceWanted => match nonce_header(app, event.at).await {
                Ok((name, value)) => {
                    let refusal = OAuthError::exactly(&fault::NONCE, exact).with_header(name, value);
                    if error.begins() { refusal.asking() } else { refusal }
                }
                Err(unavailable) => OAuthError::exactly(&fault::UNAVAILABLE, unavailable.code()),
            },
        },
    }
}
