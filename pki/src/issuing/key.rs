//! With which key is it signed?

use super::encode::{element, oid, sequence, small, tagged};
use crate::signature::md;
use crate::{DigestAlgorithm, PkiError};
use der::Tag;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, Rsa};
use openssl::sign::RsaPssSaltlen;
use zeroize::Zeroizing;

const RSA_BITS: u32 = 3_072;

/// Which key and which signature an issued certificate uses (schéma de signature).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureScheme {
    /// ECDSA over P-256 with SHA-256.
    EcdsaP256,
    /// ECDSA over P-384 with SHA-384.
    EcdsaP384,
    /// ECDSA over P-521 with SHA-512.
    EcdsaP521,
    /// RSA-3072, PKCS#1 v1.5, SHA-256.
    RsaPkcs1,
    /// RSA-3072, PSS with SHA-256 and a 32-octet salt.
    RsaPss,
    /// ECDSA over P-256 with SHA-1: for tests of its refusal, and not among [`SignatureScheme::ALL`].
    EcdsaSha1,
}

impl SignatureScheme {
    /// Every scheme that anybody should use.
    pub const ALL: [Self; 5] =
        [Self::EcdsaP256, Self::EcdsaP384, Self::EcdsaP521, Self::RsaPkcs1, Self::RsaPss];

    pub(crate) fn digest(self) -> DigestAlgorithm {
        match self {
            Self::EcdsaP256 | Self::RsaPkcs1 | Self::RsaPss => DigestAlgorithm::Sha256,
            Self::EcdsaP384 => DigestAlgorithm::Sha384,
            Self::EcdsaP521 => DigestAlgorithm::Sha512,
            Self::EcdsaSha1 => DigestAlgorithm::Sha1,
        }
    }

    /// The AlgorithmIdentifier of its signatures.
    pub(crate) fn identifier(self) -> Result<Vec<u8>, PkiError> {
        match self {
            Self::EcdsaSha1 => sequence(&[&oid("1.2.840.10045.4.1")?]),
            Self::EcdsaP256 => sequence(&[&oid("1.2.840.10045.4.3.2")?]),
            Self::EcdsaP384 => sequence(&[&oid("1.2.840.10045.4.3.3")?]),
            Self::EcdsaP521 => sequence(&[&oid("1.2.840.10045.4.3.4")?]),
            Self::RsaPkcs1 => sequence(&[&oid("1.2.840.113549.1.1.11")?, &element(Tag::Null, &[])?]),
            Self::RsaPss => {
                let sha256 = sequence(&[&oid(DigestAlgorithm::Sha256.oid())?, &element(Tag::Null, &[])?])?;
                let mgf1 = sequence(&[&oid("1.2.840.113549.1.1.8")?, &sha256])?;
                let parameters =
                    sequence(&[&tagged(0, &sha256)?, &tagged(1, &mgf1)?, &tagged(2, &small(32)?)?])?;
                sequence(&[&oid("1.2.840.113549.1.1.10")?, &parameters])
            }
        }
    }
}

/// A private key bound to its scheme. Shown to nobody; OpenSSL clears it when it is dropped.
pub(crate) struct SigningKey {
    key: PKey<Private>,
    pub(crate) scheme: SignatureScheme,
}

impl SigningKey {
    pub(crate) fn generate(scheme: SignatureScheme) -> Result<Self, PkiError> {
        let curve = |nid| PKey::from_ec_key(EcKey::generate(EcGroup::from_curve_name(nid)?.as_ref())?);
        let key = match scheme {
            SignatureScheme::EcdsaP256 | SignatureScheme::EcdsaSha1 => curve(Nid::X9_62_PRIME256V1),
            SignatureScheme::EcdsaP384 => curve(Nid::SECP384R1),
            SignatureScheme::EcdsaP521 => curve(Nid::SECP521R1),
            SignatureScheme::RsaPkcs1 | SignatureScheme::RsaPss => {
                Rsa::generate(RSA_BITS).and_then(PKey::from_rsa)
            }
        };
        key.map(|key| Self { key, scheme }).map_err(|_| PkiError::Internal)
    }

    pub(crate) fn from_pem(pem: &str, scheme: SignatureScheme) -> Result<Self, PkiError> {
        let key =
            PKey::private_key_from_pem(pem.as_bytes()).map_err(|_| PkiError::Malformed("private key"))?;
        let is_ec = key.ec_key().is_ok();
        let wants_ec = !matches!(scheme, SignatureScheme::RsaPkcs1 | SignatureScheme::RsaPss);
        if is_ec == wants_ec { Ok(Self { key, scheme }) } else { Err(PkiError::BadKey) }
    }

    pub(crate) fn to_pem(&self) -> Result<Zeroizing<String>, PkiError> {
        let pem = self.key.private_key_to_pem_pkcs8().map_err(|_| PkiError::Internal)?;
        String::from_utf8(pem).map(Zeroizing::new).map_err(|_| PkiError::Internal)
    }

    /// The SubjectPublicKeyInfo.
    pub(crate) fn public_key_info(&self) -> Result<Vec<u8>, PkiError> {
        self.key.public_key_to_der().map_err(|_| PkiError::Internal)
    }

    /// SHA-1 over the SubjectPublicKeyInfo: a name, not a protection (RFC 5280 §4.2.1.2 leaves the method open).
    pub(crate) fn identifier(&self) -> Result<Vec<u8>, PkiError> {
        let octets = self.public_key_info()?;
        hash(MessageDigest::sha1(), &octets).map(|name| name.to_vec()).map_err(|_| PkiError::Internal)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PkiError> {
        let digest = self.scheme.digest().digest(message)?;
        let signed = match self.scheme {
            SignatureScheme::RsaPkcs1 => self.sign_rsa(&digest, Padding::PKCS1),
            SignatureScheme::RsaPss => self.sign_rsa(&digest, Padding::PKCS1_PSS),
            _ => self.key.ec_key().and_then(|key| EcdsaSig::sign(&digest, &key)?.to_der()),
        };
        signed.map_err(|_| PkiError::Internal)
    }

    fn sign_rsa(&self, digest: &[u8], padding: Padding) -> Result<Vec<u8>, ErrorStack> {
        let digest_algorithm = md(self.scheme.digest());
        let mut context = PkeyCtx::new(&self.key)?;
        context.sign_init()?;
        context.set_rsa_padding(padding)?;
        context.set_signature_md(digest_algorithm)?;
        if padding == Padding::PKCS1_PSS {
            context.set_rsa_mgf1_md(digest_algorithm)?;
            context.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        }
        let mut signature = Vec::new();
        context.sign_to_vec(digest, &mut signature)?;
        Ok(signature)
    }
}
