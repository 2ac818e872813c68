//! What anyone may know: keys, metadata, health, figures.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::app::App;
use crate::limits::JWKS_MAX_AGE;
use crate::metrics::CONTENT_TYPE as OPENMETRICS;
use crate::oauth;
use crate::problem::{Problem, ProblemCode};
use crate::store::Store;

/// How long one dependency may take to say that it is there.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// `GET /.well-known/jwks.json`: back-ends keep it; a new key is announced before it is used.
pub(super) async fn jwks(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    match app.tokens.jwks(app.clock.now()) {
        Ok(keys) => published("application/jwk-set+json", &keys, &headers),
        Err(error) => {
            tracing::error!(code = error.code(), "keys not published");
            Problem::new(ProblemCode::SignerUnavailable).into_response()
        }
    }
}

/// `GET /.well-known/oauth-authorization-server` (RFC 8414).
pub(super) async fn metadata(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    published("application/json", &oauth::authorization_server(&app), &headers)
}

/// `GET /.well-known/oauth-protected-resource` (RFC 9728): of everything behind the API port.
pub(super) async fn protected(
    State(app): State<Arc<App>>,
    Extension(port): Extension<oauth::Port>,
    headers: HeaderMap,
) -> Response {
    described(&app, port, None, &headers)
}

/// `GET /.well-known/oauth-protected-resource/{service}`: of one back-end's path.
pub(super) async fn protected_service(
    State(app): State<Arc<App>>,
    Extension(port): Extension<oauth::Port>,
    Path(service): Path<String>,
    headers: HeaderMap,
) -> Response {
    described(&app, port, Some(&service), &headers)
}

fn described(app: &App, port: oauth::Port, service: Option<&str>, headers: &HeaderMap) -> Response {
    match oauth::protected_resource(app, port, service) {
        Some(document) => published("application/json", &document, headers),
        None => Problem::new(ProblemCode::NotFound).into_response(),
    }
}

/// A document that verifiers keep for a while, and then ask only whether it is still the same (RFC 9110 §13.1.2).
fn published(media_type: &'static str, document: &Value, asked: &HeaderMap) -> Response {
    let text = document.to_string();
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    kept(media_type, text, &URL_SAFE_NO_PAD.encode(hash), JWKS_MAX_AGE, asked)
}

/// The same of any text; `tag` tells it from what was there before, `age` is for how many seconds it is kept.
pub(super) fn kept(
    media_type: &'static str,
    text: String,
    tag: &str,
    age: i64,
    asked: &HeaderMap,
) -> Response {
    let tag = format!("\"{tag}\"");
    let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let same = known.flat_map(|value| value.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    });
    let cache = format!("public, max-age={age}, must-revalidate");
    let headers = [(CACHE_CONTROL, cache), (ETAG, tag)];
    if same {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, [(CONTENT_TYPE, media_type)], text).into_response()
}

/// `GET /livez`: the process answers.
pub(super) async fn live() -> Response {
    Json(json!({ "alive": true })).into_response()
}

/// `GET /readyz`: may traffic come, and if not, because of what?
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let now = app.clock.now();
    let registry = match timeout(READY_TIMEOUT, app.registry.ping()).await {
        Ok(Ok(())) => "ok",
        Ok(Err(error)) => error.code(),
        Err(_) => "registry-timeout",
    };
    let audit = match timeout(READY_TIMEOUT, app.audit.store().next_index()).await {
        Ok(Ok(_)) => "ok",
        Ok(Err(_)) => "audit-store-failed",
        Err(_) => "audit-store-timeout",
    };
    let state = match timeout(READY_TIMEOUT, app.state.ping()).await {
        Ok(Ok(())) => "ok",
        Ok(Err(error)) => error.code(),
        Err(_) => "state-timeout",
    };
    let trust = if now > app.trust.client_crl_next_update() { "client-crl-stale" } else { "ok" };
    let keys = app.keys.fault().unwrap_or("ok");
    let withdrawals = app.withdrawals.fault().unwrap_or("ok");
    let shared = app.shared_clock.as_ref();
    let clock = if shared.is_none_or(|clock| clock.is_together()) { "ok" } else { "clock-apart" };
    // A back-end that rests is said, but other services go on: it does not take the gateway out of service.
    let back_ends: serde_json::Map<String, Value> = app
        .config
        .back_ends
        .keys()
        .map(|service| {
            let resting = app.proxy.is_resting(service) == Some(true);
            (service.clone(), if resting { "resting" } else { "ok" }.into())
        })
        .collect();
    let ready = [registry, audit, state, trust, keys, withdrawals, clock].iter().all(|check| *check == "ok");
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": ready,
        "checks": {
            "audit": audit, "clock": clock, "keys": keys, "registry": registry, "state": state, "trust": trust,
            "withdrawals": withdrawals, "back_ends": back_ends,
        },
        "client_crl_age_seconds": app.trust.client_crl_age(now).whole_seconds(),
        "clock_offset_seconds": shared.map_or(0.0, |clock| clock.offset().as_seconds_f64()),
        "policy": app.policies.hash(),
    });
    (status, Json(body)).into_response()
}

/// `GET /metrics`.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let age = app.trust.client_crl_age(app.clock.now()).whole_seconds();
    app.metrics.list_age("client-crl", Duration::from_secs(age.max(0).unsigned_abs()));
    if let Some(listed_at) = app.trust.holders().and_then(|holders| holders.listed_at) {
        app.metrics
            .list_age("holder-crl", (app.clock.now() - listed_at).max(time::Duration::ZERO).unsigned_abs());
    }
    let now = app.clock.now();
    if let Some(age) = app.hot_list.age(now) {
        app.metrics.list_age("hot-list", age);
    }
    if let Store::Postgres(store) = &app.store {
        app.metrics.database_connections(store.connections());
    }
    app.metrics.csca_lists(&app.trust.documents().revocation_lists(now), now);
    ([(CONTENT_TYPE, OPENMETRICS)], app.metrics.encode()).into_response()
}

/// Health is of this moment.
pub(super) async fn never_stored(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Anything else in plain HTTP: the same, by https. 308 keeps the method (RFC 9110 section 15.4.9).
pub(super) async fn to_https(request: Request) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let location = host.and_then(|host| HeaderValue::from_str(&format!("https://{host}{target}")).ok());
    match location {
        Some(location) => (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response(),
        None => Problem::new(ProblemCode::Malformed).into_response(),
    }
}
