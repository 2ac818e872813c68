//! What does AWS-LC say of this signature, where its interface fits exactly?

use super::{PssParameters, SignatureAlgorithm};
use crate::curve::NistCurve;
use crate::key::{EcPublicKey, PublicKey, RsaKey};
use crate::{DigestAlgorithm, limits};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA224_ASN1, ECDSA_P521_SHA256_ASN1,
    ECDSA_P521_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    VerificationAlgorithm,
};

/// AWS-LC computes with public exponents of up to 33 bits.
const EXPONENT: usize = 4;

/// Whether the signature holds; `None` where this library has no exactly fitting function.
pub(super) fn verify(
    algorithm: SignatureAlgorithm,
    key: &PublicKey,
    signature: &[u8],
    message: &[u8],
) -> Option<bool> {
    let (function, key) = match (algorithm, key) {
        (SignatureAlgorithm::Ecdsa(digest), PublicKey::Ec(key)) => (ecdsa(key, digest)?, key.octets()),
        (SignatureAlgorithm::RsaPkcs1(digest), PublicKey::Rsa(key)) => (pkcs1(key, digest)?, key.octets()),
        (SignatureAlgorithm::RsaPss(used), PublicKey::Rsa(key)) => (pss(key, used)?, key.octets()),
        _ => return None,
    };
    Some(function.verify_sig(key, message, signature).is_ok())
}

fn ecdsa(key: &EcPublicKey, digest: DigestAlgorithm) -> Option<&'static dyn VerificationAlgorithm> {
    use DigestAlgorithm::{Sha224, Sha256, Sha384, Sha512};
    // Only uncompressed points: AWS-LC is not asked to take a square root.
    if key.octets().first() != Some(&0x04) {
        return None;
    }
    Some(match (key.curve.nist?, digest) {
        (NistCurve::P256, Sha256) => &ECDSA_P256_SHA256_ASN1,
        (NistCurve::P256, Sha384) => &ECDSA_P256_SHA384_ASN1,
        (NistCurve::P256, Sha512) => &ECDSA_P256_SHA512_ASN1,
        (NistCurve::P384, Sha256) => &ECDSA_P384_SHA256_ASN1,
        (NistCurve::P384, Sha384) => &ECDSA_P384_SHA384_ASN1,
        (NistCurve::P384, Sha512) => &ECDSA_P384_SHA512_ASN1,
        (NistCurve::P521, Sha224) => &ECDSA_P521_SHA224_ASN1,
        (NistCurve::P521, Sha256) => &ECDSA_P521_SHA256_ASN1,
        (NistCurve::P521, Sha384) => &ECDSA_P521_SHA384_ASN1,
        (NistCurve::P521, Sha512) => &ECDSA_P521_SHA512_ASN1,
        _ => return None,
    })
}

fn pkcs1(key: &RsaKey, digest: DigestAlgorithm) -> Option<&'static dyn VerificationAlgorithm> {
    fits(key)?;
    Some(match digest {
        DigestAlgorithm::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        DigestAlgorithm::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        DigestAlgorithm::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        DigestAlgorithm::Sha1 | DigestAlgorithm::Sha224 => return None,
    })
}

/// The salt as long as the digest, the mask over the same digest.
fn pss(key: &RsaKey, used: PssParameters) -> Option<&'static dyn VerificationAlgorithm> {
    fits(key)?;
    if used.mask != used.digest || usize::from(used.salt) != used.digest.size() {
        return None;
    }
    Some(match used.digest {
        DigestAlgorithm::Sha256 => &RSA_PSS_2048_8192_SHA256,
        DigestAlgorithm::Sha384 => &RSA_PSS_2048_8192_SHA384,
        DigestAlgorithm::Sha512 => &RSA_PSS_2048_8192_SHA512,
        DigestAlgorithm::Sha1 | DigestAlgorithm::Sha224 => return None,
    })
}

/// 2,048 to 8,192 bits and an exponent that AWS-LC takes.
fn fits(key: &RsaKey) -> Option<()> {
    let takes = (limits::RSA_BITS_TRUSTED..=limits::RSA_BITS_MAX).contains(&key.bits);
    (takes && key.exponent_size <= EXPONENT).then_some(())
}
