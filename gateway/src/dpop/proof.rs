//! Did the holder of a registered key sign this very request? (RFC 9449 §4.3)

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, Method};
use serde::Deserialize;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;

use super::jws::Compact;
use super::{ClientKey, JwkError, NamedKey, ProofError, RequestUrls};
use crate::limits::{MAX_JTI_BYTES, MAX_PROOF_BYTES, PROOF_WINDOW};

/// The header that carries the proof.
pub const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The only header: three members, no other is understood (so `crit`, `kid`, `x5c`, `jku` are refused).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    jwk: Map<String, Value>,
}

/// What we read of the claims; a proof may say more (RFC 9449 §4.2).
#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    ath: Option<String>,
    nonce: Option<String>,
}

/// The request that a proof must be for.
#[derive(Clone, Copy, Debug)]
pub struct ProvenRequest<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The URLs under which it may have been sent.
    pub urls: &'a RequestUrls,
    /// The access token that comes with it, where one must.
    pub token: Option<&'a str>,
}

/// A proof whose signature and claims are right for one request (*preuve de possession*). Whether its nonce is ours, and
/// whether it comes for the first time, is still to be asked.
#[derive(Debug)]
pub(super) struct Unspent<T> {
    pub(super) holder: T,
    pub(super) thumbprint: String,
    pub(super) jti: String,
    pub(super) nonce: Option<String>,
}

/// The one `DPoP` header (check 1).
pub(super) fn of_headers(headers: &HeaderMap) -> Result<&str, ProofError> {
    let mut values = headers.get_all(DPOP).iter();
    let value = values.next().ok_or(ProofError::Missing)?;
    if values.next().is_some() {
        return Err(ProofError::Repeated);
    }
    if value.len() > MAX_PROOF_BYTES {
        return Err(ProofError::TooLong);
    }
    value.to_str().map_err(|_| ProofError::Malformed)
}

/// Checks 2 to 9, 11 and 12. `registered` says whose key that is: the signature of a key that nobody registered is not
/// even looked at.
pub(super) fn check<T>(
    proof: &str,
    request: &ProvenRequest<'_>,
    at: OffsetDateTime,
    registered: impl FnOnce(&str) -> Option<(T, ClientKey)>,
) -> Result<Unspent<T>, ProofError> {
    let jws = Compact::parse(proof).map_err(|_| ProofError::Malformed)?;
    let header: Header = jws.header().ok_or(ProofError::Header)?;
    if header.typ != "dpop+jwt" {
        return Err(ProofError::Type);
    }
    if header.alg != "ES256" {
        return Err(ProofError::Algorithm);
    }
    let named = NamedKey::of(&header.jwk)?;
    let (holder, key) = registered(named.thumbprint()).ok_or(ProofError::UnknownKey)?;
    let signed = jws.signed_by(&key).map_err(|_| ProofError::Signature)?;
    let claims: Claims = signed.claims().ok_or(ProofError::Claims)?;
    claims.are_for(request, at)?;
    let thumbprint = named.thumbprint().to_owned();
    Ok(Unspent { holder, thumbprint, jti: claims.jti, nonce: claims.nonce })
}

impl Claims {
    fn are_for(&self, request: &ProvenRequest<'_>, at: OffsetDateTime) -> Result<(), ProofError> {
        if !is_usable(&self.jti) {
            return Err(ProofError::Id);
        }
        // Methods are case-sensitive (RFC 9110 §9.1).
        if self.htm != request.method.as_str() {
            return Err(ProofError::Method);
        }
        if !request.urls.contains(&self.htu) {
            return Err(ProofError::Url);
        }
        let age = at.unix_timestamp().saturating_sub(self.iat);
        if age > PROOF_WINDOW {
            return Err(ProofError::TooOld);
        }
        if age < -PROOF_WINDOW {
            return Err(ProofError::Future);
        }
        match (request.token, &self.ath) {
            (None, _) => Ok(()),
            (Some(token), Some(ath)) if token_hash(token).as_bytes().ct_eq(ath.as_bytes()).into() => Ok(()),
            (Some(_), _) => Err(ProofError::Token),
        }
    }
}

/// Whether a `jti` that somebody else chose is worth remembering: not empty, bounded, visible ASCII.
pub(crate) fn is_usable(jti: &str) -> bool {
    (1..=MAX_JTI_BYTES).contains(&jti.len()) && jti.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `ath` (RFC 9449 §4.2).
fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()))
}

impl From<JwkError> for ProofError {
    fn from(error: JwkError) -> Self {
        match error {
            JwkError::Private => Self::PrivateKey,
            JwkError::Malformed => Self::Key,
        }
    }
}
