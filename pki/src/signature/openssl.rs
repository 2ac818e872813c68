//! What does OpenSSL say of this signature? Every curve, every digest, every salt.

use super::SignatureAlgorithm;
use crate::key::{PublicKey, RsaKey};
use crate::{DigestAlgorithm, PkiError};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::md::{Md, MdRef};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::sign::RsaPssSaltlen;

/// Whether the signature holds. What the library cannot compute does not hold.
pub(super) fn verify(
    algorithm: SignatureAlgorithm,
    key: &PublicKey,
    signature: &[u8],
    message: &[u8],
) -> Result<bool, PkiError> {
    let digest = algorithm.digest().digest(message)?;
    Ok(match (algorithm, key) {
        // OpenSSL refuses r and s outside 1..n-1, and cuts a digest longer than the order (BSI TR-03111 §4.2.1).
        (SignatureAlgorithm::Ecdsa(_), PublicKey::Ec(key)) => EcdsaSig::from_der(signature)
            .and_then(|numbers| numbers.verify(&digest, &key.key))
            .unwrap_or(false),
        (SignatureAlgorithm::RsaPkcs1(hash), PublicKey::Rsa(key)) => {
            rsa(key, hash, None, signature, &digest).unwrap_or(false)
        }
        (SignatureAlgorithm::RsaPss(used), PublicKey::Rsa(key)) => {
            rsa(key, used.digest, Some((used.mask, used.salt)), signature, &digest).unwrap_or(false)
        }
        _ => false,
    })
}

fn rsa(
    key: &RsaKey,
    hash: DigestAlgorithm,
    pss: Option<(DigestAlgorithm, u8)>,
    signature: &[u8],
    digest: &[u8],
) -> Result<bool, ErrorStack> {
    let mut context = PkeyCtx::new(&key.key)?;
    context.verify_init()?;
    context.set_rsa_padding(if pss.is_some() { Padding::PKCS1_PSS } else { Padding::PKCS1 })?;
    context.set_signature_md(md(hash))?;
    if let Some((mask, salt)) = pss {
        context.set_rsa_mgf1_md(md(mask))?;
        context.set_rsa_pss_saltlen(RsaPssSaltlen::custom(i32::from(salt)))?;
    }
    context.verify(digest, signature)
}

pub(crate) fn md(digest: DigestAlgorithm) -> &'static MdRef {
    match digest {
        DigestAlgorithm::Sha1 => Md::sha1(),
        DigestAlgorithm::Sha224 => Md::sha224(),
        DigestAlgorithm::Sha256 => Md::sha256(),
        DigestAlgorithm::Sha384 => Md::sha384(),
        DigestAlgorithm::Sha512 => Md::sha512(),
    }
}
