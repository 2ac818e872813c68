//! To which key of its holder is a token bound?

use subtle::ConstantTimeEq as _;

use crate::dpop::ClientKey;

/// The key that a token's holder must prove at every use (*preuve de possession*, `cnf` of RFC 7800).
///
/// Two ways to prove it, and a token says which: what was bound to a certificate is not accepted with a DPoP proof.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Confirmation {
    /// `x5t#S256`: base64url SHA-256 of the client's certificate (RFC 8705 §3.1).
    Certificate(String),
    /// `jkt`: base64url RFC 7638 thumbprint of the client's DPoP key (RFC 9449 §6.1).
    Key(String),
}

/// How a token is shown (RFC 9110 §11.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Over the connection of the certificate to which it is bound (RFC 6750).
    Bearer,
    /// With a proof of the key to which it is bound (RFC 9449 §7.1).
    Dpop,
}

impl Scheme {
    /// The word before the token, and the `token_type` of its issue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }
}

impl Confirmation {
    /// How a token that is bound so is shown.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        match self {
            Self::Certificate(_) => Scheme::Bearer,
            Self::Key(_) => Scheme::Dpop,
        }
    }

    /// Whether the key that was proven is this one; takes as long for a near miss as for a far one.
    #[must_use]
    pub fn is_proven_by(&self, proven: &Self) -> bool {
        match (self, proven) {
            (Self::Certificate(bound), Self::Certificate(proven)) | (Self::Key(bound), Self::Key(proven)) => {
                bound.as_bytes().ct_eq(proven.as_bytes()).into()
            }
            (Self::Certificate(_), Self::Key(_)) | (Self::Key(_), Self::Certificate(_)) => false,
        }
    }

    /// Whether a client with this registered key may still prove it so; certificates have lists of their own.
    pub(crate) fn is_still_of(&self, key: Option<&ClientKey>) -> bool {
        match self {
            Self::Certificate(_) => true,
            Self::Key(thumbprint) => key.is_some_and(|key| key.thumbprint() == thumbprint),
        }
    }

    /// The thumbprint, of whichever.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        match self {
            Self::Certificate(thumbprint) | Self::Key(thumbprint) => thumbprint,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificate_and_key_do_not_stand_for_each_other() {
        let certificate = |text: &str| Confirmation::Certificate(text.to_owned());
        let key = Confirmation::Key("same".to_owned());
        assert!(certificate("same").is_proven_by(&certificate("same")));
        assert!(key.is_proven_by(&key));
        for other in [key, certificate("other")] {
            assert!(!certificate("same").is_proven_by(&other));
        }
    }
}
