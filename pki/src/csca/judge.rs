//! Is this one entry a country signer, a document signer or a revocation list, and what is odd about it?

use super::{Deviation, KeyFingerprint, Refusal, inspect};
use crate::{CscaKind, PkiError, UntrustedCertificate, UntrustedCrl, limits};
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// What an accepted entry is (nature de l'entrée).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A country signer signed by its own key.
    SelfSigned,
    /// A country signer signed by another key of the same state, usually the generation before.
    Link,
    /// A certificate whose key signs documents.
    DocumentSigner,
}

impl EntryKind {
    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SelfSigned => "self-signed",
            Self::Link => "link",
            Self::DocumentSigner => "document-signer",
        }
    }

    /// Whether it is a country signer.
    #[must_use]
    pub const fn is_csca(self) -> bool {
        matches!(self, Self::SelfSigned | Self::Link)
    }
}

/// The outcome for one entry (jugement).
#[derive(Debug, Clone)]
pub enum Judgement {
    /// It is what it says. Whether it is *believed* depends on who vouches for it.
    Accepted(Box<Accepted>),
    /// It is not taken over.
    Refused(Box<Refused>),
}

/// An accepted entry.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The certificate.
    pub certificate: UntrustedCertificate,
    /// What it is.
    pub kind: EntryKind,
    /// Its key, whatever certificate carries it.
    pub key: KeyFingerprint,
    /// The keys at hand that signed it; empty for a root, and where the signer is not at hand.
    pub issuers: BTreeSet<KeyFingerprint>,
    /// What is odd about it.
    pub deviations: BTreeSet<Deviation>,
}

/// A refused entry.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The certificate, if it could be read.
    pub certificate: Option<UntrustedCertificate>,
    /// Its key, if it could be read: the same key may be accepted from another certificate.
    pub key: Option<KeyFingerprint>,
    /// Why.
    pub reason: Refusal,
}

impl Judgement {
    pub(super) fn refuse(certificate: Option<UntrustedCertificate>, reason: Refusal) -> Self {
        let key = certificate.as_ref().and_then(|read| KeyFingerprint::of(&read.public_key().ok()?));
        Self::Refused(Box::new(Refused { certificate, key, reason }))
    }

    /// The certificate, accepted or refused, if it could be read.
    #[must_use]
    pub fn certificate(&self) -> Option<&UntrustedCertificate> {
        match self {
            Self::Accepted(accepted) => Some(&accepted.certificate),
            Self::Refused(refused) => refused.certificate.as_ref(),
        }
    }

    /// The accepted entry.
    #[must_use]
    pub fn accepted(&self) -> Option<&Accepted> {
        match self {
            Self::Accepted(accepted) => Some(accepted),
            Self::Refused(_) => None,
        }
    }
}

/// Judges one DER certificate by itself, at the moment `at`. How it stands to others is judged by
/// [`judge_all`](super::judge_all).
#[must_use]
pub fn judge(der: &[u8], at: OffsetDateTime) -> Judgement {
    let certificate = match UntrustedCertificate::from_der(der) {
        Ok(certificate) => certificate,
        Err(error) => return Judgement::refuse(None, Refusal::of_certificate(error)),
    };
    let extensions = certificate.extensions();
    let signs_certificates = extensions.key_usage.as_ref().is_some_and(|usage| usage.key_cert_sign());
    // A certificate that may sign certificates, or says that it may, is meant as a country signer.
    let judged = if extensions.authority || signs_certificates {
        country_signer(&certificate)
    } else {
        document_signer(&certificate).map(|()| EntryKind::DocumentSigner)
    };
    let key = certificate.public_key().ok().and_then(|key| KeyFingerprint::of(&key));
    match (judged, key) {
        (Ok(kind), Some(key)) => {
            let deviations = inspect::deviations(&certificate, kind, at);
            let issuers = BTreeSet::new();
            Judgement::Accepted(Box::new(Accepted { certificate, kind, key, issuers, deviations }))
        }
        (Ok(_), None) => Judgement::refuse(Some(certificate), Refusal::BadKey),
        (Err(reason), _) => Judgement::refuse(Some(certificate), reason),
    }
}

/// The same questions as [`UntrustedCertificate::csca_kind`], each with its own name; that function has the last word.
fn country_signer(certificate: &UntrustedCertificate) -> Result<EntryKind, Refusal> {
    let extensions = certificate.extensions();
    one_country(certificate)?;
    if !certificate.is_v3() {
        return Err(Refusal::NotVersion3);
    }
    if extensions.authority_denied {
        return Err(Refusal::SaysNoAuthority);
    }
    if extensions.key_usage.as_ref().is_some_and(|usage| !usage.key_cert_sign()) {
        return Err(Refusal::MayNotSignCertificates);
    }
    if extensions.unknown_critical {
        return Err(Refusal::UnknownCriticalExtension);
    }
    let key = certificate.public_key().map_err(Refusal::of_certificate)?;
    key.strong_enough().map_err(|_| Refusal::KeyTooShort)?;
    match certificate.csca_kind() {
        Ok(CscaKind::SelfSigned) => Ok(EntryKind::SelfSigned),
        Ok(CscaKind::Link) => Ok(EntryKind::Link),
        Err(PkiError::WrongUsage) => Err(Refusal::StatesNoAuthority),
        Err(error) => Err(Refusal::of_certificate(error)),
    }
}

/// Read only as far as needed to keep it: the trust store judges a document signer again at every card.
fn document_signer(certificate: &UntrustedCertificate) -> Result<(), Refusal> {
    let extensions = certificate.extensions();
    one_country(certificate)?;
    if !certificate.is_v3() {
        return Err(Refusal::NotVersion3);
    }
    if extensions.unknown_critical {
        return Err(Refusal::UnknownCriticalExtension);
    }
    // Master list, deviation list and barcode signers stand below the same country signers (Doc 9303-12 §7.1).
    let signs = extensions.key_usage.as_ref().is_some_and(|usage| usage.digital_signature());
    if !signs || extensions.extended_key_usage {
        return Err(if extensions.key_usage.is_some() {
            Refusal::OtherPurpose
        } else {
            Refusal::StatesNoAuthority
        });
    }
    let key = certificate.public_key().map_err(Refusal::of_certificate)?;
    key.strong_enough().map_err(|_| Refusal::KeyTooShort)
}

fn one_country(certificate: &UntrustedCertificate) -> Result<(), Refusal> {
    let country = certificate.country().ok_or(Refusal::NoCountry)?;
    match certificate.issuer_country() {
        Some(issuer) if issuer != country => Err(Refusal::CrossesCountries),
        _ => Ok(()),
    }
}

/// Reads one DER revocation list; who signed it is asked by [`crl_signer`](super::crl_signer).
pub fn judge_crl(der: &[u8]) -> Result<UntrustedCrl, Refusal> {
    if der.len() > limits::CRL {
        return Err(Refusal::TooLarge);
    }
    UntrustedCrl::from_der(der).map_err(|error| match error {
        PkiError::TooLarge => Refusal::TooLarge,
        PkiError::Unsupported(_) => Refusal::CrlUnsupported,
        _ => Refusal::MalformedCrl,
    })
}
