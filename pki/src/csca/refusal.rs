//! Why was an entry refused? A closed list of names, each with one sentence for the operator.

use crate::PkiError;

/// Why one entry, list or file is not taken over (motif de refus).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is told by `sentence`")]
pub enum Refusal {
    AnchorExpired,
    BadKey,
    CrossesCountries,
    CrlUnsupported,
    CrlWithoutAuthority,
    DeletionRecord,
    DuplicateExtension,
    EmptyList,
    ExactDuplicate,
    KeyTooShort,
    ListNotAnchored,
    ListSignatureDoesNotHold,
    ListSignerExpired,
    ListSignerMissing,
    ListSignerNotYetValid,
    ListSignerWrongUsage,
    MalformedCertificate,
    MalformedCrl,
    MalformedExtension,
    MalformedList,
    MalformedPublicKey,
    MalformedRecord,
    MayNotSignCertificates,
    NoAnchor,
    NoCountry,
    NotAMasterList,
    NotSignedByNamedKey,
    NotVersion3,
    OtherPurpose,
    SaysNoAuthority,
    SignatureDoesNotHold,
    StatesNoAuthority,
    StoreFull,
    TooLarge,
    TooManyEntries,
    UnknownAttribute,
    UnknownCriticalExtension,
    UnknownCurve,
    UnknownFormat,
    UnsupportedAlgorithm,
}

impl Refusal {
    /// The stable name, used in tables and JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.told().0
    }

    /// Why, in one sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        self.told().1
    }

    #[allow(clippy::too_many_lines, reason = "a table that is looked things up in")]
    const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::AnchorExpired => ("anchor-expired", "the anchor is outside its validity"),
            Self::BadKey => ("bad-key", "its public key is off its curve or no sound RSA key"),
            Self::CrossesCountries => (
                "crosses-countries",
                "its issuer is of another country: no state vouches for another's key (Doc 9303-12 §7.1)",
            ),
            Self::CrlUnsupported => {
                ("crl-unsupported", "a delta or partial revocation list: absence from it means nothing")
            }
            Self::CrlWithoutAuthority => {
                ("crl-without-authority", "no accepted country signer signed this revocation list")
            }
            Self::DeletionRecord => (
                "deletion-record",
                "an LDIF change record that deletes is not followed: import the complete file",
            ),
            Self::DuplicateExtension => {
                ("duplicate-extension", "it carries the same extension twice (RFC 5280 §4.2)")
            }
            Self::EmptyList => ("empty-list", "the list is signed and has no entry"),
            Self::ExactDuplicate => ("exact-duplicate", "the same certificate stands in this file already"),
            Self::KeyTooShort => {
                ("key-too-short", "its RSA key has fewer than 2,048 bits (Doc 9303-12 §4.4.1)")
            }
            Self::NotSignedByNamedKey => (
                "not-signed-by-named-key",
                "it names a key at hand as its signer, and neither that key nor another signed it",
            ),
            Self::ListNotAnchored => {
                ("list-not-anchored", "the list's signer does not stand below any anchor given")
            }
            Self::ListSignatureDoesNotHold => (
                "list-signature-does-not-hold",
                "the list is not what its signer signed: it was changed or cut",
            ),
            Self::ListSignerExpired => {
                ("list-signer-expired", "the certificate of the list's signer has expired")
            }
            Self::ListSignerMissing => {
                ("list-signer-missing", "the certificate of the list's signer is not in the file")
            }
            Self::ListSignerNotYetValid => {
                ("list-signer-not-yet-valid", "the certificate of the list's signer is not valid yet")
            }
            Self::ListSignerWrongUsage => (
                "list-signer-wrong-usage",
                "its signer is not certified for master lists (EKU 2.23.136.1.1.3)",
            ),
            Self::MalformedCertificate => ("malformed-certificate", "not a well-formed X.509 certificate"),
            Self::MalformedCrl => ("malformed-crl", "not a well-formed revocation list"),
            Self::MalformedExtension => {
                ("malformed-extension", "an extension that decides something cannot be read")
            }
            Self::MalformedList => ("malformed-list", "not a well-formed master list"),
            Self::MalformedPublicKey => ("malformed-public-key", "its public key cannot be read"),
            Self::MalformedRecord => ("malformed-record", "an LDIF record that cannot be read"),
            Self::MayNotSignCertificates => (
                "may-not-sign-certificates",
                "its key usage does not let it sign certificates (RFC 5280 §4.2.1.3)",
            ),
            Self::NoAnchor => ("no-anchor", "a master list counts only under an anchor given with --anchor"),
            Self::NoCountry => ("no-country", "it does not name exactly one country"),
            Self::NotAMasterList => {
                ("not-a-master-list", "signed data, but not a CSCA master list (2.23.136.1.1.2)")
            }
            Self::NotVersion3 => {
                ("not-version-3", "an X.509 certificate before version 3 cannot say that it is an authority")
            }
            Self::OtherPurpose => {
                ("other-purpose", "it may not sign documents: its key is for something else")
            }
            Self::SaysNoAuthority => (
                "says-no-authority",
                "its basic constraints say that it is no authority (cA FALSE), and then its key may verify no certificate (RFC 5280 §4.2.1.9)",
            ),
            Self::SignatureDoesNotHold => {
                ("signature-does-not-hold", "it names itself as its signer, and its signature does not hold")
            }
            Self::StatesNoAuthority => {
                ("states-no-authority", "neither basic constraints nor key usage say that it is an authority")
            }
            Self::StoreFull => ("store-full", "more objects than a trust store holds"),
            Self::TooLarge => ("too-large", "larger than any honest object of its kind"),
            Self::TooManyEntries => ("too-many-entries", "more entries than any honest list has"),
            Self::UnknownAttribute => {
                ("unknown-attribute", "a binary value of an LDIF attribute that is not known here")
            }
            Self::UnknownCriticalExtension => (
                "unknown-critical-extension",
                "it carries a critical extension that is not known here (RFC 5280 §4.2)",
            ),
            Self::UnknownCurve => ("unknown-curve", "its curve is none of Doc 9303-12 §4.4.2"),
            Self::UnknownFormat => (
                "unknown-format",
                "not a certificate, revocation list or master list in DER or PEM, and not LDIF",
            ),
            Self::UnsupportedAlgorithm => (
                "unsupported-algorithm",
                "it is signed, or its key works, with an algorithm that is not accepted",
            ),
        }
    }

    /// Of a certificate that could not be read or whose signature could not be computed.
    pub(super) fn of_certificate(error: PkiError) -> Self {
        match error {
            PkiError::TooLarge => Self::TooLarge,
            PkiError::Malformed("certificate" | "time") => Self::MalformedCertificate,
            PkiError::Malformed("public key" | "RSA public key" | "EC parameters") => {
                Self::MalformedPublicKey
            }
            PkiError::Malformed("certificate extension") => Self::DuplicateExtension,
            PkiError::Malformed(_) => Self::MalformedExtension,
            PkiError::Unsupported("curve" | "curve over a binary field") => Self::UnknownCurve,
            PkiError::Unsupported(_) => Self::UnsupportedAlgorithm,
            PkiError::BadKey => Self::BadKey,
            PkiError::BadSignature => Self::SignatureDoesNotHold,
            _ => Self::MalformedCertificate,
        }
    }

    /// Of a master list whose signature was checked.
    pub(super) fn of_list(error: PkiError) -> Self {
        match error {
            PkiError::TooLarge => Self::TooManyEntries,
            PkiError::WrongContentType => Self::NotAMasterList,
            PkiError::SignerNotFound => Self::ListSignerMissing,
            PkiError::DigestMismatch | PkiError::BadSignature => Self::ListSignatureDoesNotHold,
            PkiError::WrongUsage => Self::ListSignerWrongUsage,
            PkiError::Untrusted => Self::ListNotAnchored,
            PkiError::NotYetValid => Self::ListSignerNotYetValid,
            PkiError::Expired => Self::ListSignerExpired,
            PkiError::Unsupported(_) | PkiError::BadKey => Self::UnsupportedAlgorithm,
            _ => Self::MalformedList,
        }
    }
}
