//! May this request be answered? The back-end's own judgement of the gateway's token.
//!
//! Written as a vendor would write it: the stock `jsonwebtoken` crate and the published keys, nothing of the gateway.

use std::collections::HashMap;
use std::sync::RwLock;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, errors::ErrorKind};
use serde::Deserialize;
use tokio::sync::Mutex;

/// An unknown `kid` asks for the keys again, but a flood of invented ones must not become a flood at the gateway.
const REFETCH_AFTER: Duration = Duration::from_secs(2);
/// Clocks of gateway and back-end may differ by this much.
const LEEWAY_SECONDS: u64 = 5;

/// What a back-end uses of a token (revendications).
#[derive(Debug, Clone, Deserialize)]
pub struct BackEndClaims {
    /// The patient, by the pseudonym of this back-end.
    pub sub: String,
    /// What was decided at the gateway.
    #[serde(default)]
    pub scope: String,
    /// The establishment that asks.
    #[serde(default)]
    pub client_id: String,
}

/// Why a token was not accepted (motif de refus).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRefusal {
    /// No bearer token, or more than one.
    Missing,
    /// Not a token of the gateway for this back-end.
    Invalid,
    /// Once good, now past its `exp`.
    Expired,
    /// The gateway's keys cannot be fetched: nothing can be judged.
    KeysUnavailable,
}

impl TokenRefusal {
    /// A fixed text; never anything of the token.
    pub fn text(self) -> &'static str {
        match self {
            Self::Missing => "one bearer token is required",
            Self::Invalid => "the token is not one of the gateway for this service",
            Self::Expired => "the token has expired",
            Self::KeysUnavailable => "the gateway's keys cannot be fetched",
        }
    }
}

/// Judges tokens against the gateway's published keys (validation du jeton).
pub struct TokenValidator {
    validation: Validation,
    jwks_url: String,
    client: reqwest::Client,
    keys: RwLock<HashMap<String, DecodingKey>>,
    /// When the keys were last asked for. Held while asking: one request fetches, the others wait for it.
    asked: Mutex<Option<Instant>>,
}

impl TokenValidator {
    /// A validator for tokens of `issuer` to `audience`; the keys are fetched when first needed.
    pub fn new(issuer: &str, audience: &str, jwks_url: String, client: reqwest::Client) -> Self {
        // The library is lax by default: a claim that is not required is not looked at when it is absent.
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_SECONDS;
        Self { validation, jwks_url, client, keys: RwLock::default(), asked: Mutex::new(None) }
    }

    /// The claims of the request's bearer token, if it is good now.
    pub async fn validate(&self, headers: &HeaderMap) -> Result<BackEndClaims, TokenRefusal> {
        let token = bearer(headers).ok_or(TokenRefusal::Missing)?;
        let header = decode_header(token).map_err(|_| TokenRefusal::Invalid)?;
        // RFC 9068 §4: an ID token or a receipt of the same issuer is not an access token.
        let typ = header.typ.as_deref().unwrap_or_default();
        if header.alg != Algorithm::ES256 || !matches!(typ, "at+jwt" | "application/at+jwt") {
            return Err(TokenRefusal::Invalid);
        }
        // RFC 7515 §4.1.11: an extension that is critical and not understood. The library does not look.
        if header.crit.is_some() {
            return Err(TokenRefusal::Invalid);
        }
        let kid = header.kid.as_deref().ok_or(TokenRefusal::Invalid)?;
        let key = self.key(kid).await?;
        decode::<BackEndClaims>(token, &key, &self.validation).map(|data| data.claims).map_err(|error| {
            match error.kind() {
                ErrorKind::ExpiredSignature => TokenRefusal::Expired,
                _ => TokenRefusal::Invalid,
            }
        })
    }

    async fn key(&self, kid: &str) -> Result<DecodingKey, TokenRefusal> {
        if let Some(key) = self.known(kid) {
            return Ok(key);
        }
        let mut asked = self.asked.lock().await;
        if let Some(key) = self.known(kid) {
            return Ok(key);
        }
        if asked.is_some_and(|asked| asked.elapsed() < REFETCH_AFTER) {
            return Err(TokenRefusal::Invalid);
        }
        let published = self.fetch().await.map_err(|_| TokenRefusal::KeysUnavailable)?;
        self.trust(&published);
        *asked = Some(Instant::now());
        self.known(kid).ok_or(TokenRefusal::Invalid)
    }

    fn known(&self, kid: &str) -> Option<DecodingKey> {
        self.keys.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(kid).cloned()
    }

    /// Replaces the known keys: a key that is no longer published is no longer trusted.
    fn trust(&self, published: &JwkSet) {
        let named = |jwk: &Jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?));
        let keys = published.keys.iter().filter_map(named).collect();
        *self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner) = keys;
    }

    async fn fetch(&self) -> reqwest::Result<JwkSet> {
        self.client.get(&self.jwks_url).send().await?.error_for_status()?.json().await
    }
}

/// The one bearer token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (first, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = first.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
pub(super) mod tests;
