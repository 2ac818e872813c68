//! Did the holder of a registered key sign who it is? (RFC 7523 §3, `private_key_jwt`)

use serde::Deserialize;
use time::OffsetDateTime;

use super::ClientKey;
use super::jws::Compact;
use super::proof::is_usable;
use crate::limits::{KEY_CLOCK_SKEW, MAX_ASSERTION_LIFETIME, MAX_PROOF_BYTES, PROOF_WINDOW};
use crate::state::Epoch;

/// Why a client assertion is not believed (*assertion refusée*). Never carries the assertion or any of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// Not three canonical base64url parts of bounded length.
    #[error("not a compact JWS")]
    Malformed,
    /// More in the header than `alg`, `typ` and `kid`, or one of them twice.
    #[error("header is not alg, typ and kid")]
    Header,
    /// A `typ` of another kind of JWT (RFC 8725 §3.11): a DPoP proof is no assertion.
    #[error("a JWT of another kind")]
    Type,
    /// An `alg` other than ES256.
    #[error("algorithm is not ES256")]
    Algorithm,
    /// No such client, or one without a key, or a `kid` of another key.
    #[error("the key is not registered")]
    UnknownKey,
    /// The signature is not by that key over these bytes.
    #[error("signature does not verify")]
    Signature,
    /// A claim is missing, mistyped or given twice.
    #[error("claims are missing, mistyped or repeated")]
    Claims,
    /// `iss` and `sub` are not the client (RFC 7523 §3 points 1 and 2).
    #[error("iss and sub are not the client")]
    Client,
    /// Not for us, or not for us alone.
    #[error("for another audience")]
    Audience,
    /// `exp` is past, or further off than 5 minutes after `iat`.
    #[error("expired, or valid too long")]
    Expired,
    /// `iat` or `nbf` are to come.
    #[error("from the future")]
    Future,
    /// A `jti` that is empty, too long, or not visible ASCII.
    #[error("jti is not usable")]
    Id,
    /// Made before the shared memory began, or so shortly after that it may have been spent in the one before.
    #[error("older than the memory of what was spent")]
    Epoch,
    /// The shared memory is so young that every assertion may have been spent in the one before: come back later.
    #[error("the memory of what was spent is too young")]
    Young,
    /// It was accepted once, here or at another node.
    #[error("spent")]
    Replayed,
    /// By another client than the one whose DPoP proof came with it.
    #[error("not by the client of the proof")]
    OtherClient,
}

impl AssertionError {
    /// The stable name in logs and audit events.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "assertion-malformed",
            Self::Header => "assertion-header",
            Self::Type => "assertion-type",
            Self::Algorithm => "assertion-algorithm",
            Self::UnknownKey => "assertion-key-unknown",
            Self::Signature => "assertion-signature",
            Self::Claims => "assertion-claims",
            Self::Client => "assertion-client",
            Self::Audience => "assertion-audience",
            Self::Expired => "assertion-expired",
            Self::Future => "assertion-future",
            Self::Id => "assertion-jti",
            Self::Epoch => "assertion-epoch",
            Self::Young => "assertion-memory-young",
            Self::Replayed => "assertion-replayed",
            Self::OtherClient => "assertion-of-another-client",
        }
    }
}

/// What the header may say; `typ` and `kid` need not be there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    jti: String,
}

/// RFC 7519 §4.1.3: a text or a list. A list of two would be good elsewhere too.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    List([String; 1]),
}

/// An assertion that is right in itself (*assertion signée*). Whether it comes for the first time is still to be asked.
#[derive(Debug)]
pub(super) struct UnspentAssertion {
    pub(super) jti: String,
    issued_at: i64,
}

/// Checks everything but whether it was spent.
pub(super) fn check(
    assertion: &str,
    (client_id, key): (&str, &ClientKey),
    audiences: &[&str],
    at: OffsetDateTime,
) -> Result<UnspentAssertion, AssertionError> {
    if assertion.len() > MAX_PROOF_BYTES {
        return Err(AssertionError::Malformed);
    }
    let jws = Compact::parse(assertion).map_err(|_| AssertionError::Malformed)?;
    let header: Header = jws.header().ok_or(AssertionError::Header)?;
    if header.alg != "ES256" {
        return Err(AssertionError::Algorithm);
    }
    // RFC 7519 §5.1, and what is to replace it for client assertions.
    let typ = header.typ.as_deref().unwrap_or("JWT");
    if !["jwt", "client-authentication+jwt"].iter().any(|known| typ.eq_ignore_ascii_case(known)) {
        return Err(AssertionError::Type);
    }
    if header.kid.is_some_and(|kid| kid != key.thumbprint()) {
        return Err(AssertionError::UnknownKey);
    }
    let signed = jws.signed_by(key).map_err(|_| AssertionError::Signature)?;
    let claims: Claims = signed.claims().ok_or(AssertionError::Claims)?;
    claims.are_for(client_id, audiences, at.unix_timestamp())?;
    Ok(UnspentAssertion { jti: claims.jti, issued_at: claims.iat })
}

/// The client that an assertion says it is of, before anything of it is believed: whose key is to be tried.
pub(super) fn claimed_client(assertion: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    let jws = (assertion.len() <= MAX_PROOF_BYTES).then(|| Compact::parse(assertion).ok()).flatten()?;
    jws.unbelieved::<Issuer>().map(|claims| claims.iss)
}

impl Claims {
    fn are_for(&self, client_id: &str, audiences: &[&str], now: i64) -> Result<(), AssertionError> {
        if self.iss != client_id || self.sub != client_id {
            return Err(AssertionError::Client);
        }
        let (Audience::One(audience) | Audience::List([audience])) = &self.aud;
        if !audiences.contains(&audience.as_str()) {
            return Err(AssertionError::Audience);
        }
        let life = self.exp.saturating_sub(self.iat);
        if now >= self.exp || !(1..=MAX_ASSERTION_LIFETIME).contains(&life) {
            return Err(AssertionError::Expired);
        }
        if self.iat.max(self.nbf.unwrap_or(self.iat)) > now.saturating_add(PROOF_WINDOW) {
            return Err(AssertionError::Future);
        }
        if is_usable(&self.jti) { Ok(()) } else { Err(AssertionError::Id) }
    }
}

impl UnspentAssertion {
    /// Refuses one that may have been spent in a memory before this: a client's clock may be [`PROOF_WINDOW`] ahead of the
    /// node that took it, and that node [`KEY_CLOCK_SKEW`] ahead of the memory.
    pub(super) fn within(self, epoch: &Epoch, at: OffsetDateTime) -> Result<Self, AssertionError> {
        let whole_from = epoch.since.unix_timestamp().saturating_add(PROOF_WINDOW + KEY_CLOCK_SKEW);
        match self.issued_at > whole_from {
            true => Ok(self),
            false if at.unix_timestamp() <= whole_from => Err(AssertionError::Young),
            false => Err(AssertionError::Epoch),
        }
    }
}
