//! Is this signature by this key over these bytes? The one place of signature arithmetic (OpenSSL).

use crate::asn1::{Element, constructed};
use crate::key::{EC_PUBLIC_KEY, PublicKey, RSASSA_PSS, RsaKey, RsaUse};
use crate::{DigestAlgorithm, PkiError, limits};
use der::asn1::ObjectIdentifier;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::md::{Md, MdRef};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::sign::RsaPssSaltlen;
use x509_cert::spki::AlgorithmIdentifierRef;

const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");

/// A signature algorithm with all its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureAlgorithm {
    RsaPkcs1(DigestAlgorithm),
    RsaPss(PssParameters),
    Ecdsa(DigestAlgorithm),
}

/// RSASSA-PSS-params (RFC 4055 §3.1) with MGF1 over the same digest, the only combination in real use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PssParameters {
    pub(crate) digest: DigestAlgorithm,
    pub(crate) salt: u8,
}

impl SignatureAlgorithm {
    /// The algorithm of a certificate or CRL, which names its digest.
    pub(crate) fn of_certificate(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, PkiError> {
        Self::read(algorithm, None)
    }

    /// The algorithm of a SignerInfo. Bare `rsaEncryption` (RFC 5754 §3.2) and, as an accepted deviation, bare
    /// `id-ecPublicKey` take the digest of the SignerInfo; one that names a digest must name the same.
    pub(crate) fn of_signer(
        algorithm: AlgorithmIdentifierRef<'_>,
        digest: DigestAlgorithm,
    ) -> Result<Self, PkiError> {
        let read = Self::read(algorithm, Some(digest))?;
        if read.digest() == digest {
            Ok(read)
        } else {
            Err(PkiError::Unsupported("pair of digest and signature"))
        }
    }

    pub(crate) fn digest(self) -> DigestAlgorithm {
        match self {
            Self::RsaPkcs1(digest) | Self::Ecdsa(digest) => digest,
            Self::RsaPss(parameters) => parameters.digest,
        }
    }

    fn read(algorithm: AlgorithmIdentifierRef<'_>, bare: Option<DigestAlgorithm>) -> Result<Self, PkiError> {
        if algorithm.oid == RSASSA_PSS {
            let parameters = algorithm.parameters.ok_or(PkiError::Malformed("PSS parameters"))?;
            let octets =
                der::Encode::to_der(&parameters).map_err(|_| PkiError::Malformed("PSS parameters"))?;
            return PssParameters::from_der(&octets).map(Self::RsaPss);
        }
        // RFC 3279 wants NULL with RSA and nothing with ECDSA; real ones have either with both.
        no_parameters(algorithm)?;
        let unknown = PkiError::Unsupported("signature algorithm");
        let (rsa, digest) = match algorithm.oid.to_string().as_str() {
            RSA_ENCRYPTION => (true, bare.ok_or(unknown)?),
            "1.2.840.113549.1.1.5" => (true, DigestAlgorithm::Sha1),
            "1.2.840.113549.1.1.14" => (true, DigestAlgorithm::Sha224),
            "1.2.840.113549.1.1.11" => (true, DigestAlgorithm::Sha256),
            "1.2.840.113549.1.1.12" => (true, DigestAlgorithm::Sha384),
            "1.2.840.113549.1.1.13" => (true, DigestAlgorithm::Sha512),
            "1.2.840.10045.4.1" => (false, DigestAlgorithm::Sha1),
            "1.2.840.10045.4.3.1" => (false, DigestAlgorithm::Sha224),
            "1.2.840.10045.4.3.2" => (false, DigestAlgorithm::Sha256),
            "1.2.840.10045.4.3.3" => (false, DigestAlgorithm::Sha384),
            "1.2.840.10045.4.3.4" => (false, DigestAlgorithm::Sha512),
            _ if algorithm.oid == EC_PUBLIC_KEY => (false, bare.ok_or(unknown)?),
            _ => return Err(unknown),
        };
        Ok(if rsa { Self::RsaPkcs1(digest) } else { Self::Ecdsa(digest) })
    }
}

impl PssParameters {
    /// Reads the parameters; what is left out has the default of RFC 4055 §3.1 (SHA-1, salt 20).
    pub(crate) fn from_der(octets: &[u8]) -> Result<Self, PkiError> {
        const WHAT: &str = "PSS parameters";
        let mut fields = Element::only(octets, WHAT)?.sequence()?;
        let mut field = |number| -> Result<Option<Element<'_>>, PkiError> {
            let Some(explicit) = fields.optional(constructed(number))? else { return Ok(None) };
            Element::only(explicit.contents(), WHAT).map(Some)
        };
        let digest = match field(0)? {
            Some(algorithm) => read_digest(algorithm)?,
            None => DigestAlgorithm::Sha1,
        };
        let mask_digest = match field(1)? {
            Some(mask) => {
                let mut mask = mask.sequence()?;
                if mask.next()?.oid()? != MGF1 {
                    return Err(PkiError::Unsupported("mask generation function"));
                }
                let digest = read_digest(mask.next()?)?;
                mask.end()?;
                digest
            }
            None => DigestAlgorithm::Sha1,
        };
        let salt = field(2)?.map_or(Ok(20), |salt| salt.small())?;
        let trailer = field(3)?.map_or(Ok(1), |trailer| trailer.small())?;
        fields.end()?;
        if mask_digest != digest || trailer != 1 {
            return Err(PkiError::Unsupported("PSS parameters"));
        }
        if usize::from(salt) > limits::PSS_SALT {
            return Err(PkiError::TooLarge);
        }
        Ok(Self { digest, salt })
    }
}

/// A digest AlgorithmIdentifier: parameters absent or NULL (RFC 5754 §2).
pub(crate) fn read_digest(element: Element<'_>) -> Result<DigestAlgorithm, PkiError> {
    let algorithm = algorithm(element)?;
    no_parameters(algorithm)?;
    DigestAlgorithm::of(algorithm.oid)
}

pub(crate) fn algorithm(element: Element<'_>) -> Result<AlgorithmIdentifierRef<'_>, PkiError> {
    der::Decode::from_der(element.whole).map_err(|_| PkiError::Malformed("algorithm identifier"))
}

fn no_parameters(algorithm: AlgorithmIdentifierRef<'_>) -> Result<(), PkiError> {
    match algorithm.parameters {
        Some(parameters) if !parameters.is_null() => Err(PkiError::Malformed("algorithm identifier")),
        _ => Ok(()),
    }
}

/// Checks one signature.
pub(crate) fn verify(
    algorithm: SignatureAlgorithm,
    key: &PublicKey,
    signature: &[u8],
    message: &[u8],
) -> Result<(), PkiError> {
    let digest = algorithm.digest().digest(message)?;
    let holds = match (algorithm, key) {
        (SignatureAlgorithm::Ecdsa(_), PublicKey::Ec(key)) => {
            // Only the one DER form of (r, s): trailing octets and padded numbers are not a second signature.
            let parsed = EcdsaSig::from_der(signature).map_err(|_| PkiError::BadSignature)?;
            parsed.to_der().is_ok_and(|canonical| canonical == signature)
                && parsed.verify(&digest, &key.key).unwrap_or(false)
        }
        (SignatureAlgorithm::RsaPkcs1(hash), PublicKey::Rsa(key)) => {
            key.only == RsaUse::Any && rsa_verify(key, hash, None, signature, &digest).unwrap_or(false)
        }
        (SignatureAlgorithm::RsaPss(used), PublicKey::Rsa(key)) => {
            let permitted = match key.only {
                RsaUse::Any | RsaUse::Pss => true,
                RsaUse::PssWith(only) => only.digest == used.digest && only.salt <= used.salt,
            };
            permitted && rsa_verify(key, used.digest, Some(used.salt), signature, &digest).unwrap_or(false)
        }
        _ => false,
    };
    if holds { Ok(()) } else { Err(PkiError::BadSignature) }
}

fn rsa_verify(
    key: &RsaKey,
    hash: DigestAlgorithm,
    pss_salt: Option<u8>,
    signature: &[u8],
    digest: &[u8],
) -> Result<bool, ErrorStack> {
    if signature.len() != key.key.size() {
        return Ok(false);
    }
    let mut context = PkeyCtx::new(&key.key)?;
    context.verify_init()?;
    context.set_rsa_padding(if pss_salt.is_some() { Padding::PKCS1_PSS } else { Padding::PKCS1 })?;
    context.set_signature_md(md(hash))?;
    if let Some(salt) = pss_salt {
        context.set_rsa_mgf1_md(md(hash))?;
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
