//! What can be asked here, and where? RFC 8414 for the authorization server, RFC 9728 for what it protects.
//!
//! Each member is true of the router as it is; a test asks every endpoint that is named here.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::{client_token, exchange};
use crate::app::App;

/// How a client may prove who it is at the endpoints.
const AUTHENTICATION: [&str; 2] = ["tls_client_auth", "private_key_jwt"];

/// One of the two ports at which the routes of a session are: RFC 9728 §3.3 wants each to speak of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Port {
    /// For clients with a certificate.
    Api,
    /// For clients that prove a key.
    Public,
}

impl Port {
    fn base(self, app: &App) -> &str {
        match self {
            Self::Api => &app.config.api,
            Self::Public => &app.config.issuer,
        }
    }
}

/// The parts of a scope word; see `token/scope.rs`.
const SCOPE_PARTS: [&str; 3] = ["", ".read", ".write"];

/// Authorization server metadata (RFC 8414 §2). Sessions are opened by a card, not by an OAuth grant, so there is
/// no authorization endpoint and no response type.
pub(crate) fn authorization_server(app: &App) -> Value {
    let (issuer, api) = (&app.config.issuer, &app.config.api);
    let endpoint = |name: &str| format!("{issuer}/oauth/{name}");
    let paths =
        |port: Port| app.config.back_ends.keys().map(move |service| format!("{}/{service}", port.base(app)));
    let resources: Vec<String> = paths(Port::Api).chain(paths(Port::Public)).collect();
    let with_certificate = |name: &str| format!("{api}/oauth/{name}");
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        // Token Status List §9.1.
        "status_list_aggregation_endpoint": format!("{issuer}/status"),
        "token_endpoint": endpoint("token"),
        "introspection_endpoint": endpoint("introspect"),
        "revocation_endpoint": endpoint("revoke"),
        // RFC 8705 §5: where a certificate is asked for. Keys and metadata are at a port that asks for none.
        "mtls_endpoint_aliases": {
            "token_endpoint": with_certificate("token"),
            "introspection_endpoint": with_certificate("introspect"),
            "revocation_endpoint": with_certificate("revoke"),
        },
        "grant_types_supported": [client_token::GRANT, exchange::GRANT],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": AUTHENTICATION,
        "introspection_endpoint_auth_methods_supported": AUTHENTICATION,
        "revocation_endpoint_auth_methods_supported": AUTHENTICATION,
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "introspection_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "revocation_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "introspection_signing_alg_values_supported": ["ES256"],
        "tls_client_certificate_bound_access_tokens": true,
        "scopes_supported": app.config.back_ends.keys().flat_map(|service| scopes(service)).collect::<Vec<_>>(),
        "acr_values_supported": policies::Acr::ALL.iter().map(|acr| acr.as_str()).collect::<Vec<_>>(),
        "protected_resources": resources,
    })
}

/// Protected resource metadata (RFC 9728 §2) of a back-end's path at one of our ports, or of the whole of it.
/// None for a path that is not there.
pub(crate) fn protected_resource(app: &App, at: Port, service: Option<&str>) -> Option<Value> {
    let base = at.base(app);
    let (resource, scopes) = match service {
        None => {
            let all = app.config.back_ends.keys().flat_map(|service| scopes(service));
            (base.to_owned(), all.collect::<Vec<_>>())
        }
        Some(service) => {
            let back_end = app.config.back_ends.get(service)?;
            (format!("{base}/{}", back_end.service), scopes(service).collect())
        }
    };
    Some(json!({
        "resource": resource,
        "authorization_servers": [app.config.issuer],
        "jwks_uri": format!("{}/.well-known/jwks.json", app.config.issuer),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "scopes_supported": scopes,
        "tls_client_certificate_bound_access_tokens": true,
    }))
}

fn scopes(service: &str) -> impl Iterator<Item = String> {
    SCOPE_PARTS.iter().map(move |part| format!("{service}{part}"))
}

/// Adds to each challenge of a 401 where the metadata of that path is (RFC 9728 §5.1).
pub(crate) fn challenged(app: &App, at: Port, path: &str, answer: &mut axum::response::Response) {
    if answer.status() != StatusCode::UNAUTHORIZED {
        return;
    }
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let suffix = app.config.back_ends.get(first).map(|back_end| format!("/{}", back_end.service));
    let url = format!("{}/.well-known/oauth-protected-resource{}", at.base(app), suffix.unwrap_or_default());
    let challenges: Vec<HeaderValue> = answer.headers().get_all(WWW_AUTHENTICATE).iter().cloned().collect();
    answer.headers_mut().remove(WWW_AUTHENTICATE);
    for challenge in challenges {
        let text = challenge.to_str().unwrap_or_default();
        // A scheme alone has no comma before its first parameter.
        let separator = if text.contains(' ') { "," } else { "" };
        let named = HeaderValue::from_str(&format!("{text}{separator} resource_metadata=\"{url}\""));
        answer.headers_mut().append(WWW_AUTHENTICATE, named.unwrap_or(challenge));
    }
}
