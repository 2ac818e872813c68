//! Why does no path lead to an anchor, and which certificate is at fault?

use super::Work;
use crate::PkiError;
use std::fmt;
use thiserror::Error;

/// Why a path was refused (motif du refus).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PathReason {
    /// The certificate itself cannot be read, or its key or algorithm is not accepted.
    #[error("{0}")]
    Certificate(PkiError),
    /// More certificates, anchors or lists than one bag may hold.
    #[error("too many certificates or lists")]
    TooMany,
    /// No certificate at hand bears the name of the issuer.
    #[error("no certificate of its issuer is at hand")]
    NoIssuer,
    /// Certificates bear the issuer's name, and none of their keys made the signature.
    #[error("no certificate of its issuer's name holds the key that signed it")]
    BadSignature,
    /// The path goes further than [`crate::limits::PATH_DEPTH`].
    #[error("the path is longer than any honest one")]
    TooDeep,
    /// Signed over SHA-1: whoever finds a collision holds two certificates for one signature.
    #[error("signed over a digest that is not collision-resistant any more")]
    WeakDigest,
    /// Begins after the moment of the check.
    #[error("not valid yet")]
    NotYetValid,
    /// Ended before the moment of the check.
    #[error("expired")]
    Expired,
    /// Issues certificates without being an authority (RFC 5280 §6.1.4 (k)).
    #[error("issues certificates, but is not marked as an authority")]
    NotAnAuthority,
    /// More authorities below it than its path length allows (RFC 5280 §6.1.4 (l)).
    #[error("more authorities stand below it than it allows")]
    PathTooLong,
    /// The key usage does not allow what the key was used for.
    #[error("its key usage does not allow this use")]
    KeyUsage,
    /// The extended key usage, its own or that of an authority above, does not allow the purpose.
    #[error("its extended key usage does not allow this purpose")]
    ExtendedKeyUsage,
    /// A critical extension that nobody here understands (RFC 5280 §4.2).
    #[error("a critical extension is not understood")]
    UnknownCritical,
    /// A critical policy qualifier that nobody here understands (RFC 5280 §4.2.1.4).
    #[error("a critical policy qualifier is not understood")]
    PolicyQualifier,
    /// No certificate policy that is wanted holds along the whole path (RFC 5280 §6.1.5 (g)).
    #[error("no wanted certificate policy holds along the path")]
    Policy,
    /// A mapping from or to anyPolicy (RFC 5280 §6.1.4 (a)).
    #[error("a policy mapping names anyPolicy")]
    PolicyMapping,
    /// A name outside what an authority above may vouch for.
    #[error("a name is outside what an authority above it may certify")]
    NameNotPermitted,
    /// A name that an authority above must not vouch for.
    #[error("a name is excluded by an authority above it")]
    NameExcluded,
    /// A constraint on a form of names that cannot be compared here, and such a name below it.
    #[error("a name is of a constrained form that cannot be compared")]
    NameForm,
    /// A name that is not well-formed meets a constraint of its form.
    #[error("a constrained name is not well-formed")]
    NameMalformed,
    /// On the revocation list of its issuer.
    #[error("revoked")]
    Revoked,
    /// On the revocation list of its issuer for the time being (certificateHold).
    #[error("on hold")]
    OnHold,
    /// No fresh revocation list of its issuer covers it for all reasons.
    #[error("whether it is revoked is not known")]
    RevocationUnknown,
    /// The subject has no X.520 serialNumber (2.5.4.5).
    #[error("the subject has no registered number")]
    SerialNumberMissing,
    /// The subject has several: a reader might take either.
    #[error("the subject has more than one registered number")]
    SerialNumberRepeated,
    /// It is in another string type than PrintableString or UTF8String, empty, too long, or has odd characters.
    #[error("the registered number in the subject is in an unexpected form")]
    SerialNumberForm,
    /// The subject has no organizationIdentifier (2.5.4.97).
    #[error("the subject has no organization identifier")]
    OrganizationMissing,
    /// The subject has several.
    #[error("the subject has more than one organization identifier")]
    OrganizationRepeated,
    /// It is in another string type than PrintableString or UTF8String, empty, too long, or has odd characters.
    #[error("the organization identifier in the subject is in an unexpected form")]
    OrganizationForm,
    /// The path was validated for another profile than the one it is used for.
    #[error("validated for another purpose")]
    WrongProfile,
    /// The budget of signature checks is spent.
    #[error("too many signature checks")]
    BudgetSignatures,
    /// The budget of candidate paths is spent.
    #[error("too many possible paths")]
    BudgetPaths,
    /// The budget of edges is spent.
    #[error("too many possible issuers")]
    BudgetSteps,
    /// The budget of name comparisons is spent.
    #[error("too many names and name constraints")]
    BudgetNames,
}

impl PathReason {
    /// The stable name used alike in log, metric, audit event and problem.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Certificate(error) => error.code(),
            Self::TooMany => "too-many-certificates",
            Self::NoIssuer => "issuer-not-found",
            Self::BadSignature => "bad-signature",
            Self::TooDeep => "path-too-deep",
            Self::WeakDigest => "weak-digest",
            Self::NotYetValid => "not-yet-valid",
            Self::Expired => "expired",
            Self::NotAnAuthority => "not-an-authority",
            Self::PathTooLong => "path-length-exceeded",
            Self::KeyUsage => "key-usage",
            Self::ExtendedKeyUsage => "extended-key-usage",
            Self::UnknownCritical => "unknown-critical-extension",
            Self::PolicyQualifier => "unknown-policy-qualifier",
            Self::Policy => "policy-not-valid",
            Self::PolicyMapping => "policy-mapping-any",
            Self::NameNotPermitted => "name-not-permitted",
            Self::NameExcluded => "name-excluded",
            Self::NameForm => "name-form-unsupported",
            Self::NameMalformed => "name-malformed",
            Self::Revoked => "revoked",
            Self::OnHold => "on-hold",
            Self::RevocationUnknown => "revocation-unknown",
            Self::SerialNumberMissing => "registered-number-missing",
            Self::SerialNumberRepeated => "registered-number-repeated",
            Self::SerialNumberForm => "registered-number-form",
            Self::OrganizationMissing => "organization-identifier-missing",
            Self::OrganizationRepeated => "organization-identifier-repeated",
            Self::OrganizationForm => "organization-identifier-form",
            Self::WrongProfile => "wrong-profile",
            Self::BudgetSignatures => "budget-signatures",
            Self::BudgetPaths => "budget-paths",
            Self::BudgetSteps => "budget-steps",
            Self::BudgetNames => "budget-names",
        }
    }

    /// What whoever supplies the certificates can do about it.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::NoIssuer | Self::BadSignature => {
                "supply the certificate of the authority that issued this one, or check that the anchor is the right generation"
            }
            Self::Expired => "renew the certificate, or check the moment of the check",
            Self::NotYetValid => "wait until it begins, or check the clock of this machine",
            Self::RevocationUnknown => {
                "supply a current revocation list of the issuer that covers this certificate for all reasons"
            }
            Self::Revoked => "ask the issuer for a new certificate; this one is withdrawn",
            Self::OnHold => "ask the issuer why it is on hold; a newer list may release it",
            Self::KeyUsage | Self::ExtendedKeyUsage | Self::Policy => {
                "ask the issuer for a certificate made for this purpose"
            }
            Self::SerialNumberMissing | Self::SerialNumberRepeated | Self::SerialNumberForm => {
                "the issuer must put the registered number once into the subject, as serialNumber (2.5.4.5), PrintableString"
            }
            Self::OrganizationMissing | Self::OrganizationRepeated | Self::OrganizationForm => {
                "the issuer must put the registered establishment once into the subject, as organizationIdentifier (2.5.4.97), UTF8String"
            }
            Self::BudgetSignatures
            | Self::BudgetPaths
            | Self::BudgetSteps
            | Self::BudgetNames
            | Self::TooMany => "supply only the certificates of this path",
            Self::Certificate(PkiError::BadKey) | Self::WeakDigest => {
                "the issuer must use RSA of 2,048 bits or more or a known curve, and SHA-256 or longer"
            }
            _ => "the issuer has to correct this certificate",
        }
    }

    /// Whether the work, not the certificates, ended the validation.
    pub(super) const fn is_budget(&self) -> bool {
        matches!(self, Self::BudgetSignatures | Self::BudgetPaths | Self::BudgetSteps | Self::BudgetNames)
    }
}

impl From<PkiError> for PathReason {
    fn from(error: PkiError) -> Self {
        match error {
            PkiError::BadSignature => Self::BadSignature,
            PkiError::Expired => Self::Expired,
            PkiError::NotYetValid => Self::NotYetValid,
            PkiError::Revoked => Self::Revoked,
            PkiError::OnHold => Self::OnHold,
            PkiError::RevocationUnknown => Self::RevocationUnknown,
            other => Self::Certificate(other),
        }
    }
}

/// A refusal, and which certificate it is about (refus motivé). Of several candidate paths, the one that came furthest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError {
    /// Why.
    pub reason: PathReason,
    /// The certificate at fault, as DER; none where the work ran out. Not shown: it names a person.
    pub certificate: Option<FaultyCertificate>,
    /// What it cost to find out.
    pub work: Work,
}

/// The certificate that a refusal is about. Its `Debug` shows the place only.
#[derive(Clone, PartialEq, Eq)]
pub struct FaultyCertificate {
    /// 0 is the leaf, 1 its issuer, and so on.
    pub depth: usize,
    /// The certificate.
    pub der: Vec<u8>,
}

impl fmt::Debug for FaultyCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FaultyCertificate").field("depth", &self.depth).finish_non_exhaustive()
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.certificate {
            Some(at) if at.depth == 0 => write!(formatter, "the certificate: {}", self.reason),
            Some(at) => write!(formatter, "authority {} above the certificate: {}", at.depth, self.reason),
            None => self.reason.fmt(formatter),
        }
    }
}

impl std::error::Error for PathError {}

impl PathError {
    /// The stable name of the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.reason.code()
    }
}
