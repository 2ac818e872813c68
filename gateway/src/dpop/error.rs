//! What is wrong with a proof?

use hsm_config::HsmError;

/// Why a DPoP proof is not believed (*preuve refusée*). Never carries the proof or any of its text.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// No `DPoP` header.
    #[error("no DPoP header")]
    Missing,
    /// More than one (RFC 9449 §4.3 check 1).
    #[error("more than one DPoP header")]
    Repeated,
    /// Longer than is looked at.
    #[error("too long")]
    TooLong,
    /// Not three canonical base64url parts.
    #[error("not a compact JWS")]
    Malformed,
    /// A header with more or less than `typ`, `alg` and `jwk`, or one of them twice.
    #[error("header is not exactly typ, alg and jwk")]
    Header,
    /// A `typ` other than `dpop+jwt` (check 4).
    #[error("typ is not dpop+jwt")]
    Type,
    /// An `alg` other than ES256 (check 5): `none` and HMAC are among the others.
    #[error("algorithm is not ES256")]
    Algorithm,
    /// A `jwk` with a private or a secret member (check 7).
    #[error("the key is not only public")]
    PrivateKey,
    /// A `jwk` that is not a P-256 point.
    #[error("the key is not a P-256 key")]
    Key,
    /// A key of no registered client.
    #[error("the key is not registered")]
    UnknownKey,
    /// The signature is not by that key over these bytes (check 6).
    #[error("signature does not verify")]
    Signature,
    /// A claim is missing, mistyped or given twice (check 3).
    #[error("claims are missing, mistyped or repeated")]
    Claims,
    /// A `jti` that is empty, too long, or not visible ASCII.
    #[error("jti is not usable")]
    Id,
    /// For another method (check 8).
    #[error("for another method")]
    Method,
    /// For another URL (check 9).
    #[error("for another URL")]
    Url,
    /// Made too long ago (check 11).
    #[error("too old")]
    TooOld,
    /// Made in the future (check 11).
    #[error("from the future")]
    Future,
    /// No `ath`, or of another access token (check 12).
    #[error("for another access token")]
    Token,
    /// Without a nonce of ours (check 10).
    #[error("no nonce")]
    NonceMissing,
    /// A nonce that we did not make.
    #[error("a nonce of somebody else")]
    NonceForeign,
    /// A nonce of ours that is too old.
    #[error("nonce expired")]
    NonceExpired,
    /// A nonce from before the shared memory was lost: what was spent then is forgotten.
    #[error("nonce of another epoch")]
    NonceEpoch,
    /// It was accepted once, here or at another node (RFC 9449 §11.1).
    #[error("spent")]
    Replayed,
    /// The key that seals nonces did not answer.
    #[error(transparent)]
    Signer(Box<HsmError>),
}

/// What the caller is told; the exact error goes to the audit event only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofRefusal {
    /// `invalid_dpop_proof`.
    Invalid,
    /// `use_dpop_nonce`: the same again, with the nonce that comes with this answer.
    NonceWanted,
    /// 503: the gateway could not open its own nonce.
    Unavailable,
}

impl From<HsmError> for ProofError {
    fn from(error: HsmError) -> Self {
        Self::Signer(Box::new(error))
    }
}

impl ProofError {
    /// The stable name in logs and audit events.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "dpop-proof-missing",
            Self::Repeated => "dpop-proof-repeated",
            Self::TooLong => "dpop-proof-too-long",
            Self::Malformed => "dpop-proof-malformed",
            Self::Header => "dpop-header",
            Self::Type => "dpop-type",
            Self::Algorithm => "dpop-algorithm",
            Self::PrivateKey => "dpop-key-private",
            Self::Key => "dpop-key-malformed",
            Self::UnknownKey => "dpop-key-unknown",
            Self::Signature => "dpop-signature",
            Self::Claims => "dpop-claims",
            Self::Id => "dpop-jti",
            Self::Method => "dpop-method",
            Self::Url => "dpop-url",
            Self::TooOld => "dpop-too-old",
            Self::Future => "dpop-future",
            Self::Token => "dpop-token",
            Self::NonceMissing => "dpop-nonce-missing",
            Self::NonceForeign => "dpop-nonce-foreign",
            Self::NonceExpired => "dpop-nonce-expired",
            Self::NonceEpoch => "dpop-nonce-epoch",
            Self::Replayed => "dpop-replayed",
            Self::Signer(cause) => cause.code(),
        }
    }

    /// What the caller is told.
    #[must_use]
    pub const fn refusal(&self) -> ProofRefusal {
        match self {
            Self::NonceMissing | Self::NonceForeign | Self::NonceExpired | Self::NonceEpoch => {
                ProofRefusal::NonceWanted
            }
            Self::Signer(_) => ProofRefusal::Unavailable,
            _ => ProofRefusal::Invalid,
        }
    }

    /// Whether it is how the protocol begins, or goes on after a pause (RFC 9449 §8): the key signed, only the nonce is
    /// still to be had. No refusal that anybody has to hear of.
    #[must_use]
    pub const fn begins(&self) -> bool {
        matches!(self, Self::NonceMissing | Self::NonceExpired)
    }
}
