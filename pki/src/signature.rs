//! Is this signature by this key over these bytes? The one place where signatures are verified.
//!
//! Two libraries do the arithmetic: AWS-LC where its interface fits exactly, for it is several times as fast there, and
//! OpenSSL for all the rest. Which one never changes the answer: a test runs both over the same vectors.

mod aws_lc;
mod openssl;

pub(crate) use self::openssl::md;

use crate::asn1::{Element, constructed};
use crate::key::{EC_PUBLIC_KEY, EcPublicKey, PublicKey, RSASSA_PSS, RsaUse};
use crate::{DigestAlgorithm, PkiError, limits};
use der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use der::{Encode, Tag};
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

/// RSASSA-PSS-params (RFC 4055 §3.1): MGF1 and trailer 1 always, the mask's digest usually the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PssParameters {
    pub(crate) digest: DigestAlgorithm,
    /// The digest inside MGF1. One that differs is honoured: RFC 4055 §3.1 only recommends that it does not, and who
    /// leaves it out means SHA-1, of which a mask asks neither collision nor preimage resistance.
    pub(crate) mask: DigestAlgorithm,
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
            let octets = parameters.to_der().map_err(|_| PkiError::Malformed("PSS parameters"))?;
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
        let mask = match field(1)? {
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
        if trailer != 1 {
            return Err(PkiError::Unsupported("PSS parameters"));
        }
        if usize::from(salt) > limits::PSS_SALT {
            return Err(PkiError::TooLarge);
        }
        Ok(Self { digest, mask, salt })
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

/// Checks one signature over a message.
pub(crate) fn verify(
    algorithm: SignatureAlgorithm,
    key: &PublicKey,
    signature: &[u8],
    message: &[u8],
) -> Result<(), PkiError> {
    if !permitted(algorithm, key) || !well_formed(algorithm, key, signature) {
        return Err(PkiError::BadSignature);
    }
    let holds = match aws_lc::verify(algorithm, key, signature, message) {
        Some(holds) => holds,
        None => openssl::verify(algorithm, key, signature, message)?,
    };
    if holds { Ok(()) } else { Err(PkiError::BadSignature) }
}

/// Checks an ECDSA signature of bare numbers (BSI TR-03111 §5.2.1), each as long as the order or shorter.
pub(crate) fn verify_numbers(
    digest: DigestAlgorithm,
    key: &EcPublicKey,
    numbers: &Numbers<'_>,
    message: &[u8],
) -> Result<(), PkiError> {
    let signature = numbers.to_der()?;
    verify(SignatureAlgorithm::Ecdsa(digest), &PublicKey::Ec(key.clone()), &signature, message)
}

/// The key is of the algorithm's kind, and its own parameters allow this use (RFC 4055 §3.3).
fn permitted(algorithm: SignatureAlgorithm, key: &PublicKey) -> bool {
    match (algorithm, key) {
        (SignatureAlgorithm::Ecdsa(_), PublicKey::Ec(_)) => true,
        (SignatureAlgorithm::RsaPkcs1(_), PublicKey::Rsa(key)) => key.only == RsaUse::Any,
        (SignatureAlgorithm::RsaPss(used), PublicKey::Rsa(key)) => match key.only {
            RsaUse::Any | RsaUse::Pss => true,
            RsaUse::PssWith(only) => {
                only.digest == used.digest && only.mask == used.mask && only.salt <= used.salt
            }
        },
        _ => false,
    }
}

/// Only the one form of a signature: an RSA number as long as the modulus; of (r, s) the one DER encoding. Trailing
/// octets and padded numbers are not a second signature.
fn well_formed(algorithm: SignatureAlgorithm, key: &PublicKey, signature: &[u8]) -> bool {
    match (algorithm, key) {
        (SignatureAlgorithm::Ecdsa(_), PublicKey::Ec(_)) => Numbers::from_der(signature).is_ok(),
        (_, PublicKey::Rsa(key)) => signature.len() == key.size(),
        _ => false,
    }
}

/// ECDSA-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }, both positive (RFC 3279 §2.2.3), without leading zeros.
pub(crate) struct Numbers<'a> {
    pub(crate) r: &'a [u8],
    pub(crate) s: &'a [u8],
}

impl<'a> Numbers<'a> {
    pub(crate) fn from_der(signature: &'a [u8]) -> Result<Self, PkiError> {
        let mut numbers = Element::only(signature, "ECDSA signature")?.sequence()?;
        let (r, s) = (numbers.next()?.positive()?, numbers.next()?.positive()?);
        numbers.end()?;
        Ok(Self { r, s })
    }

    fn to_der(&self) -> Result<Vec<u8>, PkiError> {
        let integer = |number: &[u8]| {
            let unsigned = UintRef::new(number).map_err(|_| PkiError::BadSignature)?;
            unsigned.to_der().map_err(|_| PkiError::BadSignature)
        };
        let contents = [integer(self.r)?, integer(self.s)?].concat();
        let whole = AnyRef::new(Tag::Sequence, &contents).and_then(|sequence| sequence.to_der());
        whole.map_err(|_| PkiError::BadSignature)
    }
}

/// What each library says of a signature.
#[cfg(test)]
pub(crate) enum Engines {
    /// Refused for its form before either is asked: OpenSSL would take other encodings of r and s, AWS-LC would not.
    Neither,
    Both {
        aws_lc: bool,
        openssl: bool,
    },
    OnlyOpenSsl,
}

#[cfg(test)]
pub(crate) fn engines(
    algorithm: SignatureAlgorithm,
    key: &PublicKey,
    signature: &[u8],
    message: &[u8],
) -> Engines {
    if !permitted(algorithm, key) || !well_formed(algorithm, key, signature) {
        return Engines::Neither;
    }
    let openssl = openssl::verify(algorithm, key, signature, message) == Ok(true);
    match aws_lc::verify(algorithm, key, signature, message) {
        Some(aws_lc) => Engines::Both { aws_lc, openssl },
        None => Engines::OnlyOpenSsl,
    }
}
