//! Why is a token not accepted, or not made?

use hsm_config::HsmError;

/// What is wrong with a token. Never carries the token or any of its text.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not three canonical base64url parts of bounded length, or not JSON inside.
    #[error("not a compact JWS: {0}")]
    Malformed(&'static str),
    /// A header with more or less than `alg`, `typ` and `kid`; a `crit` (RFC 7515 §4.1.11) is among the more.
    #[error("header: {0}")]
    Header(&'static str),
    /// An algorithm other than ES256 (RFC 8725 §3.1).
    #[error("algorithm is not ES256")]
    Algorithm,
    /// A token of another kind (RFC 8725 §3.11).
    #[error("token of another type")]
    Type,
    /// A key that does not sign this kind of token.
    #[error("unknown key")]
    UnknownKey,
    /// The signature is not by that key over these bytes.
    #[error("signature does not verify")]
    Signature,
    /// A claim is missing, of the wrong type, given twice, or out of range.
    #[error("claims: {0}")]
    Claims(&'static str),
    /// Of another issuer.
    #[error("other issuer")]
    Issuer,
    /// For another audience.
    #[error("other audience")]
    Audience,
    /// Its time is over.
    #[error("expired")]
    Expired,
    /// Its time has not come.
    #[error("not yet valid")]
    NotYetValid,
    /// Shown over a connection of another certificate (RFC 8705 §3).
    #[error("bound to another certificate")]
    Binding,
    /// A back-end token was asked for more than its session has.
    #[error("scope wider than the session's")]
    Scope,
    /// The signing key did not answer.
    #[error(transparent)]
    Signer(#[from] HsmError),
}

/// What the caller is told; the exact error goes to the audit event only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenRefusal {
    /// 401 `invalid_token`: not a token of ours.
    Invalid,
    /// 401 `invalid_token`: not any more, or not yet.
    Expired,
    /// 401 `invalid_token`: for somebody else's door.
    Audience,
    /// 401 `invalid_token`: over somebody else's connection.
    Binding,
    /// 503: the gateway could not sign.
    Unavailable,
}

impl TokenError {
    /// The stable name of this error in logs, metrics and audit events.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "token-malformed",
            Self::Header(_) => "token-header",
            Self::Algorithm => "token-algorithm",
            Self::Type => "token-type",
            Self::UnknownKey => "token-key-unknown",
            Self::Signature => "token-signature",
            Self::Claims(_) => "token-claims",
            Self::Issuer => "token-issuer",
            Self::Audience => "token-audience",
            Self::Expired => "token-expired",
            Self::NotYetValid => "token-not-yet-valid",
            Self::Binding => "token-binding",
            Self::Scope => "token-scope",
            Self::Signer(cause) => cause.code(),
        }
    }

    /// What the caller is told.
    #[must_use]
    pub const fn refusal(&self) -> TokenRefusal {
        match self {
            Self::Malformed(_)
            | Self::Header(_)
            | Self::Algorithm
            | Self::Type
            | Self::UnknownKey
            | Self::Signature
            | Self::Claims(_)
            | Self::Issuer
            | Self::Scope => TokenRefusal::Invalid,
            Self::Expired | Self::NotYetValid => TokenRefusal::Expired,
            Self::Audience => TokenRefusal::Audience,
            Self::Binding => TokenRefusal::Binding,
            Self::Signer(_) => TokenRefusal::Unavailable,
        }
    }
}

impl TokenRefusal {
    /// The stable public name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid => "token-invalid",
            Self::Expired => "token-expired",
            Self::Audience => "token-audience",
            Self::Binding => "token-binding",
            Self::Unavailable => "signer-unavailable",
        }
    }
}
