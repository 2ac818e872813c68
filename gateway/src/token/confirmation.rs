//! To which key of its holder is a token bound?

use subtle::ConstantTimeEq as _;

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

impl Confirmation {
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
