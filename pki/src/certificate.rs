//! What does this certificate say of itself?

mod extensions;
pub(crate) mod name;

pub(crate) use extensions::{Extensions, authority_key};

use crate::asn1::{Element, moment};
use crate::key::PublicKey;
use crate::signature::{self, SignatureAlgorithm};
use crate::{DigestAlgorithm, PkiError, limits};
use der::{Decode, Encode};
use std::fmt;
use time::OffsetDateTime;
use x509_cert::certificate::{CertificateInner, Raw, TbsCertificateInner, Version};
use x509_cert::name::Name;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

/// A certificate that nobody has vouched for yet (certificat non vérifié).
///
/// Read as strict DER but without the wishes of RFC 5280 that real CSCAs do not fulfil: negative and overlong
/// serial numbers and dates in either time type are accepted, and BOOLEAN and BIT STRING in basic constraints and key
/// usage need not be canonical.
#[derive(Clone)]
pub struct UntrustedCertificate {
    der: Vec<u8>,
    /// The octets that the issuer signed, as sent.
    tbs: Vec<u8>,
    inner: CertificateInner<Raw>,
    extensions: Extensions,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

/// Who signed a self-issued or cross-issued CSCA certificate (nature du certificat d'autorité).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CscaKind {
    /// By its own key: a root.
    SelfSigned,
    /// By another key, usually the generation before (certificat de lien). Same name does not mean same key.
    Link,
}

impl UntrustedCertificate {
    /// Reads one DER certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        const WHAT: &str = "certificate";
        if der.len() > limits::CERTIFICATE {
            return Err(PkiError::TooLarge);
        }
        let tbs = Element::only(der, WHAT)?.sequence()?.next()?.whole.to_vec();
        let inner = CertificateInner::<Raw>::from_der(der).map_err(|_| PkiError::Malformed(WHAT))?;
        let read = inner.tbs_certificate();
        // RFC 5280 §4.1.1.2: the algorithm inside the signed part is the one that counts.
        if inner.signature_algorithm() != read.signature() {
            return Err(PkiError::Malformed(WHAT));
        }
        if read.subject().len().max(read.issuer().len()) > limits::NAME_ATTRIBUTES {
            return Err(PkiError::TooLarge);
        }
        let extensions = Extensions::read(read.extensions().map_or(&[], Vec::as_slice))?;
        let not_before = moment(read.validity().not_before.to_unix_duration())?;
        let not_after = moment(read.validity().not_after.to_unix_duration())?;
        Ok(Self { der: der.to_vec(), tbs, inner, extensions, not_before, not_after })
    }

    /// The certificate as it was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The serial number: the content octets of the DER integer.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        self.inner.tbs_certificate().serial_number().as_bytes()
    }

    /// First moment of validity.
    #[must_use]
    pub fn not_before(&self) -> OffsetDateTime {
        self.not_before
    }

    /// Last moment of validity.
    #[must_use]
    pub fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    /// The country of the subject, two letters in upper case.
    #[must_use]
    pub fn country(&self) -> Option<String> {
        name::country(self.subject())
    }

    /// The country of the issuer, two letters in upper case.
    #[must_use]
    pub fn issuer_country(&self) -> Option<String> {
        name::country(self.issuer())
    }

    /// The subject name as RFC 4514 writes it, without control characters.
    #[must_use]
    pub fn subject_text(&self) -> String {
        name::text(self.subject())
    }

    /// The subject key identifier (RFC 5280 §4.2.1.2).
    #[must_use]
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.extensions.subject_key.as_deref()
    }

    /// The key identifier of the issuer (RFC 5280 §4.2.1.1).
    #[must_use]
    pub fn authority_key_identifier(&self) -> Option<&[u8]> {
        self.extensions.authority_key.as_deref()
    }

    /// Whether issuer and subject bear the same name. It does not follow that it signed itself.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        name::canonical(self.subject()) == name::canonical(self.issuer())
    }

    /// Checks that this is fit to be a country signing authority (Doc 9303-12 §7.1) and tells which kind.
    ///
    /// Accepted deviations, each seen in published lists: key usage absent or not critical, basic constraints absent
    /// where key usage names certificate signing, basic constraints not critical, path length above 0.
    pub fn csca_kind(&self) -> Result<CscaKind, PkiError> {
        let extensions = &self.extensions;
        let may_sign = extensions.key_usage.as_ref().is_none_or(|usage| usage.key_cert_sign());
        // RFC 5280 §6.1.4 (k): without basic constraints only something else can say that it is an authority; here that
        // is its key usage, in a certificate that somebody pinned.
        let says_so = extensions.key_usage.as_ref().is_some_and(|usage| usage.key_cert_sign());
        let authority = extensions.authority || (!extensions.authority_denied && says_so);
        if !self.is_v3() || !authority || !may_sign || extensions.unknown_critical {
            return Err(PkiError::WrongUsage);
        }
        let key = self.public_key()?;
        key.strong_enough()?;
        match self.signed_with(&key) {
            Ok(()) => Ok(CscaKind::SelfSigned),
            Err(PkiError::BadSignature) if self.claims_own_key() => Err(PkiError::BadSignature),
            Err(PkiError::BadSignature) => Ok(CscaKind::Link),
            Err(other) => Err(other),
        }
    }

    /// Checks that the key of `issuer` signed this certificate. Says nothing of names, dates or usage.
    pub fn signed_by(&self, issuer: &Self) -> Result<(), PkiError> {
        self.signed_with(&issuer.public_key()?)
    }

    /// A self-issued certificate that names its own key as its signer's: if the signature does not hold, it is not
    /// a link certificate but a broken root.
    fn claims_own_key(&self) -> bool {
        self.is_self_issued()
            && match (self.authority_key_identifier(), self.subject_key_identifier()) {
                (Some(authority), Some(subject)) => authority == subject,
                _ => true,
            }
    }

    pub(crate) fn signed_with(&self, key: &PublicKey) -> Result<(), PkiError> {
        let (algorithm, signature) = (self.inner.signature_algorithm(), self.inner.signature().as_bytes());
        check_signed(&self.tbs, algorithm, signature, key)
    }

    pub(crate) fn signature_algorithm(&self) -> Result<SignatureAlgorithm, PkiError> {
        signature_algorithm(self.inner.signature_algorithm())
    }

    /// What was signed, field by field.
    pub(crate) fn fields(&self) -> &TbsCertificateInner<Raw> {
        self.inner.tbs_certificate()
    }

    /// The digest under its issuer's signature.
    pub(crate) fn signature_digest(&self) -> Result<DigestAlgorithm, PkiError> {
        signature_digest(self.inner.signature_algorithm())
    }

    pub(crate) fn public_key(&self) -> Result<PublicKey, PkiError> {
        PublicKey::from_spki(self.public_key_info())
    }

    pub(crate) fn public_key_info(&self) -> &SubjectPublicKeyInfoOwned {
        self.inner.tbs_certificate().subject_public_key_info()
    }

    pub(crate) fn subject(&self) -> &Name {
        self.inner.tbs_certificate().subject()
    }

    pub(crate) fn issuer(&self) -> &Name {
        self.inner.tbs_certificate().issuer()
    }

    /// Everything as it was read, for those who judge by another profile than Doc 9303's.
    pub(crate) fn inner(&self) -> &CertificateInner<Raw> {
        &self.inner
    }

    pub(crate) fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    pub(crate) fn is_v3(&self) -> bool {
        self.inner.tbs_certificate().version() == Version::V3
    }

    /// `Ok` if `at` lies within the validity, both ends included (RFC 5280 §4.1.2.5).
    pub(crate) fn valid_at(&self, at: OffsetDateTime) -> Result<(), PkiError> {
        if at < self.not_before {
            Err(PkiError::NotYetValid)
        } else if at > self.not_after {
            Err(PkiError::Expired)
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for UntrustedCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UntrustedCertificate")
            .field("serial", &hex::encode(self.serial()))
            .field("country", &self.country())
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// Checks the signature of a certificate or CRL over its signed part.
pub(crate) fn check_signed(
    tbs: &[u8],
    algorithm: &AlgorithmIdentifierOwned,
    signature: Option<&[u8]>,
    key: &PublicKey,
) -> Result<(), PkiError> {
    let algorithm = signature_algorithm(algorithm)?;
    signature::verify(algorithm, key, signature.ok_or(PkiError::BadSignature)?, tbs)
}

/// With what a certificate or CRL says it was signed.
pub(crate) fn signature_algorithm(
    algorithm: &AlgorithmIdentifierOwned,
) -> Result<SignatureAlgorithm, PkiError> {
    let octets = algorithm.to_der().map_err(|_| PkiError::Malformed("algorithm identifier"))?;
    let algorithm = signature::algorithm(Element::only(&octets, "algorithm identifier")?)?;
    SignatureAlgorithm::of_certificate(algorithm)
}

/// The digest under the signature of a certificate or CRL.
pub(crate) fn signature_digest(algorithm: &AlgorithmIdentifierOwned) -> Result<DigestAlgorithm, PkiError> {
    signature_algorithm(algorithm).map(SignatureAlgorithm::digest)
}
