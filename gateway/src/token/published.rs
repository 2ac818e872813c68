//! What may anybody know of our keys?

use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hsm_config::{HsmError, KeyJob, KeyRole, PublishedKey, Signer};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// The JWK Set (RFC 7517): every key that verifiers may meet, each named by its RFC 7638 thumbprint.
pub(super) fn jwks(
    signer: &dyn Signer,
    withdrawn: &HashSet<String>,
    at: OffsetDateTime,
) -> Result<Value, HsmError> {
    let mut keys = Vec::new();
    for role in KeyRole::ALL.into_iter().filter(|role| role.job() == KeyJob::Sign) {
        keys.extend(signer.published(role, at)?);
    }
    keys.retain(|key| !withdrawn.contains(key.key.kid()));
    Ok(jwk_set(&keys))
}

/// These keys as a JWK Set.
#[must_use]
pub fn jwk_set(keys: &[PublishedKey]) -> Value {
    json!({ "keys": keys.iter().map(jwk).collect::<Vec<_>>() })
}

fn jwk(published: &PublishedKey) -> Value {
    let key = &published.key;
    let mut jwk = json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
        "kid": key.kid(), "x": key.x(), "y": key.y(),
    });
    if let (Some(members), false) = (jwk.as_object_mut(), published.certificates.is_empty()) {
        // RFC 7517 §4.7: base64, not base64url.
        let chain = published.certificates.iter().map(|der| STANDARD.encode(der)).collect();
        members.insert("x5c".to_owned(), chain);
    }
    jwk
}
