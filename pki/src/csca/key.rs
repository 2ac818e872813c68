//! Is it the same key, and of which algorithm? Keys compared by their numbers, not by how a certificate spells them.

use crate::key::PublicKey;
use crate::signature::SignatureAlgorithm;
use crate::{DigestAlgorithm, UntrustedCertificate};
use der::asn1::ObjectIdentifier;
use openssl::bn::BigNumContext;
use openssl::ec::PointConversionForm;
use openssl::sha::Sha256;
use std::fmt;

/// SHA-256 over the numbers of a public key (empreinte de clé): a root, its links and a curve spelt out or named give
/// the same one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyFingerprint([u8; 32]);

impl KeyFingerprint {
    /// Of the key in a certificate; none, if the key is not acceptable.
    #[must_use]
    pub fn of_certificate(certificate: &UntrustedCertificate) -> Option<Self> {
        Self::of(&certificate.public_key().ok()?)
    }

    pub(super) fn of(key: &PublicKey) -> Option<Self> {
        let mut hash = Sha256::new();
        match key {
            PublicKey::Ec(key) => {
                let mut context = BigNumContext::new().ok()?;
                let group = key.key.group();
                let point =
                    key.key.public_key().to_bytes(group, PointConversionForm::UNCOMPRESSED, &mut context);
                hash.update(b"ec");
                hash.update(&key.curve.field_size.to_be_bytes());
                hash.update(key.curve.oid().as_bytes());
                hash.update(&point.ok()?);
            }
            PublicKey::Rsa(key) => {
                let rsa = key.key.rsa().ok()?;
                hash.update(b"rsa");
                hash.update(&rsa.e().to_vec());
                hash.update(b"/");
                hash.update(&rsa.n().to_vec());
            }
        }
        Some(Self(hash.finish()))
    }

    /// Written in hexadecimal.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut octets = [0; 32];
        hex::decode_to_slice(text, &mut octets).ok().map(|()| Self(octets))
    }
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyFingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyFingerprint({self})")
    }
}

/// Key and signature of a certificate in words: `RSA 4096, RSA-PSS SHA-256`, `brainpoolP384r1, ECDSA SHA-384`.
#[must_use]
pub fn algorithm_of(certificate: &UntrustedCertificate) -> String {
    let key = match certificate.public_key() {
        Ok(PublicKey::Rsa(key)) => format!("RSA {}", key.bits),
        Ok(PublicKey::Ec(key)) => curve_name(key.curve.oid()).to_owned(),
        Err(_) => "unknown key".to_owned(),
    };
    let signature = match certificate.signature_algorithm() {
        Ok(SignatureAlgorithm::RsaPkcs1(digest)) => format!("PKCS#1 {}", digest_name(digest)),
        Ok(SignatureAlgorithm::RsaPss(parameters)) => format!("RSA-PSS {}", digest_name(parameters.digest)),
        Ok(SignatureAlgorithm::Ecdsa(digest)) => format!("ECDSA {}", digest_name(digest)),
        Err(_) => "unknown signature".to_owned(),
    };
    format!("{key}, {signature}")
}

/// The usual name of a curve (RFC 5480, RFC 5639).
pub(super) fn curve_name(oid: ObjectIdentifier) -> &'static str {
    match oid.to_string().as_str() {
        "1.3.132.0.33" => "P-224",
        "1.2.840.10045.3.1.7" => "P-256",
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        "1.3.36.3.3.2.8.1.1.5" => "brainpoolP224r1",
        "1.3.36.3.3.2.8.1.1.6" => "brainpoolP224t1",
        "1.3.36.3.3.2.8.1.1.7" => "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.8" => "brainpoolP256t1",
        "1.3.36.3.3.2.8.1.1.9" => "brainpoolP320r1",
        "1.3.36.3.3.2.8.1.1.10" => "brainpoolP320t1",
        "1.3.36.3.3.2.8.1.1.11" => "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.12" => "brainpoolP384t1",
        "1.3.36.3.3.2.8.1.1.13" => "brainpoolP512r1",
        "1.3.36.3.3.2.8.1.1.14" => "brainpoolP512t1",
        _ => "unknown curve",
    }
}

fn digest_name(digest: DigestAlgorithm) -> &'static str {
    match digest {
        DigestAlgorithm::Sha1 => "SHA-1",
        DigestAlgorithm::Sha224 => "SHA-224",
        DigestAlgorithm::Sha256 => "SHA-256",
        DigestAlgorithm::Sha384 => "SHA-384",
        DigestAlgorithm::Sha512 => "SHA-512",
    }
}
