//! Which digest is meant?

use crate::PkiError;
use der::asn1::ObjectIdentifier;
use openssl::hash::{MessageDigest, hash};

/// A digest algorithm of Doc 9303-11 §9.2.5 and of X.509 certificates (algorithme de hachage).
///
/// SHA-1 is read because valid cards of several states still carry it; nothing here is issued with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DigestAlgorithm {
    /// SHA-1, 20 octets.
    Sha1,
    /// SHA-224, 28 octets.
    Sha224,
    /// SHA-256, 32 octets.
    Sha256,
    /// SHA-384, 48 octets.
    Sha384,
    /// SHA-512, 64 octets.
    Sha512,
}

impl DigestAlgorithm {
    /// Every algorithm, weakest first.
    pub const ALL: [Self; 5] = [Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The algorithm of a digest OID in dotted form (RFC 5754 §2).
    pub fn from_oid(oid: &str) -> Result<Self, PkiError> {
        Self::ALL
            .into_iter()
            .find(|digest| digest.oid() == oid)
            .ok_or(PkiError::Unsupported("digest algorithm"))
    }

    /// The digest named by a plain-ECDSA signature OID, as DG14's ActiveAuthenticationInfo holds it
    /// (`0.4.0.127.0.7.1.1.4.1.{1..5}`, BSI TR-03111 §5.2.1; Doc 9303-11 §6.1.2.3).
    pub fn from_plain_ecdsa_oid(oid: &str) -> Result<Self, PkiError> {
        let unknown = PkiError::Unsupported("active authentication signature algorithm");
        match oid.strip_prefix("0.4.0.127.0.7.1.1.4.1.") {
            Some("1") => Ok(Self::Sha1),
            Some("2") => Ok(Self::Sha224),
            Some("3") => Ok(Self::Sha256),
            Some("4") => Ok(Self::Sha384),
            Some("5") => Ok(Self::Sha512),
            _ => Err(unknown),
        }
    }

    /// The dotted OID of this digest.
    #[must_use]
    pub const fn oid(self) -> &'static str {
        match self {
            Self::Sha1 => "1.3.14.3.2.26",
            Self::Sha224 => "2.16.840.1.101.3.4.2.4",
            Self::Sha256 => "2.16.840.1.101.3.4.2.1",
            Self::Sha384 => "2.16.840.1.101.3.4.2.2",
            Self::Sha512 => "2.16.840.1.101.3.4.2.3",
        }
    }

    /// Octets of one digest.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of `content`.
    pub fn digest(self, content: &[u8]) -> Result<Vec<u8>, PkiError> {
        hash(self.message_digest(), content).map(|octets| octets.to_vec()).map_err(|_| PkiError::Internal)
    }

    pub(crate) fn of(oid: ObjectIdentifier) -> Result<Self, PkiError> {
        Self::ALL
            .into_iter()
            .find(|digest| ObjectIdentifier::new(digest.oid()) == Ok(oid))
            .ok_or(PkiError::Unsupported("digest algorithm"))
    }

    pub(crate) fn message_digest(self) -> MessageDigest {
        match self {
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha224 => MessageDigest::sha224(),
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }
}
