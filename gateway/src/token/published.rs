//! What may anybody know of our keys and of us?

use hsm_config::{HsmError, KeyJob, KeyRole, Signer};
use serde_json::{Value, json};

/// The JWK Set (RFC 7517): one key a signing role, each named by its RFC 7638 thumbprint.
pub(super) fn jwks(signer: &dyn Signer) -> Result<Value, HsmError> {
    let roles = KeyRole::ALL.into_iter().filter(|role| role.job() == KeyJob::Sign);
    let keys = roles.map(|role| {
        let key = signer.public_key(role)?;
        Ok(json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
            "kid": key.kid(), "x": key.x(), "y": key.y(),
        }))
    });
    Ok(json!({ "keys": keys.collect::<Result<Vec<Value>, HsmError>>()? }))
}

/// Authorization server metadata (RFC 8414 §2): only what is there. Sessions are opened by a card, not by an
/// OAuth grant, so the lists of grants and responses are empty.
pub(super) fn metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": [],
        "grant_types_supported": [],
        "tls_client_certificate_bound_access_tokens": true,
        "acr_values_supported": policies::Acr::ALL.iter().map(|acr| acr.as_str()).collect::<Vec<_>>(),
    })
}
