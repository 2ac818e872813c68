//! Which function answers this path? One flat table per port.

mod api;
mod care;
mod consents;
mod cover;
mod keyed;
mod public;
mod recorded;
mod status;

use std::sync::Arc;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use axum::{Extension, Router};

use crate::app::App;
use crate::edge::{self, Edge, HostRules};
use crate::oauth;
use crate::problem::{Problem, ProblemCode};

pub(crate) use keyed::{Asking, nonce_header, tell_counted_refusals};
pub(crate) use recorded::RefusedConnections;

/// The mTLS port: counters.
///
/// From the outside in: every refusal is recorded · one well-formed request for this host · a registered
/// client in good standing, not too often · the route.
pub fn api(app: &Arc<App>) -> Router {
    let routes = Router::new()
        .route("/v1/authorize", any(api::authorize))
        .route("/v1/authorize/", any(api::authorize))
        .route("/v1/authorize/{*target}", any(api::authorize))
        .merge(presences())
        .merge(sessions(app))
        .merge(oauth_endpoints())
        .merge(resource_metadata(oauth::Port::Api))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(from_fn_with_state(app.clone(), api::identify))
        .with_state(app.clone());
    edge::protect(routes, edge(app))
        .layer(from_fn_with_state((app.clone(), oauth::Port::Api), api::say_where_metadata_is))
        .layer(from_fn_with_state(app.clone(), recorded::every_refusal))
}

/// The public port: what anyone may know, and what a client without a certificate may do with proofs of its key.
///
/// From the outside in: every refusal is recorded or counted · one well-formed request for this host · a registered
/// client that proved its key for this request, not too often · the route. The OAuth endpoints prove their client
/// themselves, by what stands in the form.
pub fn public(app: &Arc<App>) -> Router {
    let presences = presences().route_layer(from_fn_with_state(app.clone(), keyed::with_client_token));
    let by_key = presences.merge(sessions(app)).route_layer(from_fn_with_state(app.clone(), keyed::identify));
    let by_assertion = oauth_endpoints().route_layer(from_fn_with_state(app.clone(), keyed::bounded));
    let routes = health_routes()
        .merge(by_key)
        .merge(by_assertion)
        .route("/.well-known/jwks.json", get(public::jwks))
        .route("/status", get(status::lists))
        .route("/status/{list}", get(status::list))
        .route("/.well-known/oauth-authorization-server", get(public::metadata))
        .merge(resource_metadata(oauth::Port::Public))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .with_state(app.clone());
    edge::protect(routes, edge(app))
        .layer(from_fn_with_state((app.clone(), oauth::Port::Public), api::say_where_metadata_is))
        .layer(from_fn_with_state(app.clone(), keyed::every_refusal))
}

/// What opens a session: by certificate, or by a client token.
fn presences() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/presences", post(api::begin_presence))
        .route("/v1/presences/{id}/proof", post(api::prove_presence))
        .route("/v1/card-failures", post(api::tell_card_failure))
}

/// What a session does.
fn sessions(app: &App) -> Router<Arc<App>> {
    let mut routes = Router::new()
        .route("/v1/sessions/{id}", get(api::read_session).delete(api::end_session))
        .route("/v1/consents", post(consents::give).get(consents::all))
        .route("/v1/consents/{id}", get(consents::read).delete(consents::withdraw))
        .route("/v1/sessions/{id}/step-up", post(api::begin_step_up))
        .route("/v1/sessions/{id}/step-up/{step_up}/proof", post(api::prove_step_up))
        .route("/v1/emergency-accesses", post(care::break_glass))
        .route("/v1/referrals", post(care::refer).get(care::referrals))
        .route("/v1/referrals/{id}", delete(care::revoke_referral))
        .route("/v1/notices", get(care::notices))
        .route("/v1/notices/{id}/acknowledgement", post(care::notice_read))
        .route("/v1/eligibility", post(cover::eligibility))
        .route("/v1/receipts/verify", post(cover::verify_receipts));
    for service in app.config.back_ends.keys() {
        routes = routes
            .route(&format!("/{service}"), any(api::access))
            .route(&format!("/{service}/"), any(api::access))
            .route(&format!("/{service}/{{*path}}"), any(api::access));
    }
    routes
}

fn oauth_endpoints() -> Router<Arc<App>> {
    Router::new()
        .route("/oauth/token", post(oauth::token))
        .route("/oauth/introspect", post(oauth::introspect))
        .route("/oauth/revoke", post(oauth::revoke))
}

/// Plain HTTP on the public port: health and figures for probes inside, the way to https for the rest.
///
/// A probe calls a machine by its address, so health asks for no host name; the redirection does, because it
/// repeats it.
pub fn plaintext(app: &Arc<App>) -> Router {
    let redirection = edge::protect(Router::new().fallback(public::to_https), edge(app));
    health_routes().fallback_service(redirection).with_state(app.clone())
}

/// RFC 9728 §3.1 puts it at the origin of what it describes.
fn resource_metadata(port: oauth::Port) -> Router<Arc<App>> {
    Router::new()
        .route("/.well-known/oauth-protected-resource", get(public::protected))
        .route("/.well-known/oauth-protected-resource/{service}", get(public::protected_service))
        .layer(Extension(port))
}

fn health_routes() -> Router<Arc<App>> {
    Router::new()
        .route("/livez", get(public::live))
        .route("/readyz", get(public::ready))
        .route("/metrics", get(public::metrics))
        .layer(from_fn(public::never_stored))
}

fn edge(app: &Arc<App>) -> Arc<Edge> {
    Arc::new(Edge::new(HostRules::new(app.config.listen.hosts.clone()), app.metrics.clone()))
}

async fn unknown_route() -> Response {
    Problem::new(ProblemCode::NotFound).into_response()
}

async fn unknown_method() -> Response {
    Problem::new(ProblemCode::MethodNotAllowed).into_response()
}
