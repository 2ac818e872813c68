//! What can be verified afterwards, by anybody, with the published keys alone?

use anyhow::{Context, Result};
use card_reader::counter::OpenedSession;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use super::super::https;
use super::super::stage::Stage;

/// What the published keys vouch for.
pub(super) struct Verified {
    /// Claims of the session token.
    pub(super) claims: Value,
    /// Where the receipt says that the act is in the log.
    pub(super) log_index: u64,
}

/// Fetches the gateway's keys over HTTPS and verifies token and receipt with a stock library.
pub(super) async fn verify(stage: &Stage, opened: &OpenedSession) -> Result<Verified> {
    let world = stage.world();
    let client = https::client(&std::fs::read(world.folder().ca_certificate())?, None)?;
    let url = format!("{}/.well-known/jwks.json", world.issuer());
    let jwks: JwkSet = client.get(&url).send().await?.error_for_status()?.json().await?;
    let claims = claims_of(&opened.token, &jwks, &world.issuer()).context("the token is not verified")?;
    let receipt =
        claims_of(&opened.receipt, &jwks, &world.issuer()).context("the receipt is not verified")?;
    let log_index =
        receipt.get("log_index").and_then(Value::as_u64).context("the receipt names no place in the log")?;
    Ok(Verified { claims, log_index })
}

fn claims_of(token: &str, jwks: &JwkSet, issuer: &str) -> Result<Value> {
    let kid = decode_header(token)?.kid.context("no kid")?;
    let jwk = jwks.find(&kid).context("signed by no published key")?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[issuer]);
    // A receipt is valid for ever and for everybody: no `exp`, no `aud`.
    validation.set_required_spec_claims(&["iss"]);
    validation.validate_exp = false;
    validation.validate_aud = false;
    Ok(decode::<Value>(token, &DecodingKey::from_jwk(jwk)?, &validation)?.claims)
}
