//! How does a back-end in Rust check our tokens? What follows stands in the README, word by word.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
/// The claims of a sound token; none for any other, also where its key is not among `keys`.
pub fn check(token: &str, keys: &JwkSet, issuer: &str, audience: &str) -> Option<serde_json::Value> {
    let header = decode_header(token).ok()?;
    let key = DecodingKey::from_jwk(keys.find(header.kid.as_deref()?)?).ok()?;
    let mut must = Validation::new(Algorithm::ES256);
    must.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]); // what is absent is not looked at
    must.set_issuer(&[issuer]);
    must.set_audience(&[audience]);
    (must.validate_nbf, must.leeway) = (true, 5);
    let claims: serde_json::Value = decode(token, &key, &must).ok()?.claims;
    let access = header.typ.as_deref() == Some("at+jwt") && header.crit.is_none();
    (access && claims.get("cnf").is_none()).then_some(claims)
}
