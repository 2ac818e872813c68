//! Why was it not believed?

use crate::Sha1Use;
use thiserror::Error;

/// Why a certificate, a CRL, an EF.SOD or a signature was refused. Ranked by how far the check came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PkiError {
    /// The bytes are longer, deeper or more numerous than [`crate::limits`] allows.
    #[error("larger than any honest object of its kind")]
    TooLarge,
    /// Not the ASN.1 structure it should be, or not DER where DER is due.
    #[error("not a well-formed {0}")]
    Malformed(&'static str),
    /// Well-formed, but with an algorithm, a curve or a version that is not accepted.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// A public key that does not lie on its curve, or is too short to be worth a check.
    #[error("the public key is not acceptable")]
    BadKey,
    /// No certificate in the object is the one its signer claims.
    #[error("the signer's certificate is not in the object")]
    SignerNotFound,
    /// The signed attributes do not name this content (RFC 5652 §5.4).
    #[error("the signed digest is not the digest of the content")]
    DigestMismatch,
    /// What was signed is not declared to be an LDS security object.
    #[error("what was signed is something else")]
    WrongContentType,
    /// The arithmetic says no.
    #[error("the signature is not by this key over these bytes")]
    BadSignature,
    /// The certificate's extensions forbid what it was used for.
    #[error("the certificate may not be used for this")]
    WrongUsage,
    /// Made with SHA-1, where the policy does not believe it.
    #[error("SHA-1 is not accepted for this")]
    Sha1Refused(Sha1Use),
    /// No configured CSCA signed this document signer.
    #[error("no trusted CSCA signed this certificate")]
    Untrusted,
    /// The certificate, or the CSCA above it, begins after the moment of the check.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// The certificate, or the CSCA above it, ended before the moment of the check.
    #[error("the certificate has expired")]
    Expired,
    /// The CSCA's revocation list names this certificate.
    #[error("the certificate is revoked")]
    Revoked,
    /// The CSCA's newest revocation list holds this certificate for now.
    #[error("the certificate is on hold")]
    OnHold,
    /// No fresh revocation list of this CSCA is at hand.
    #[error("whether the certificate is revoked is not known")]
    RevocationUnknown,
    /// A revocation list that no configured CSCA signed.
    #[error("no trusted CSCA signed this revocation list")]
    UntrustedCrl,
    /// A revocation list that only tells what changed since another.
    #[error("a delta revocation list: it says nothing of the certificates it does not name")]
    CrlDelta,
    /// A revocation list that names certificates of other authorities.
    #[error("an indirect revocation list: it speaks for several authorities")]
    CrlIndirect,
    /// A revocation list for some of the certificates, or for some of the reasons.
    #[error("a partitioned revocation list: it speaks for some certificates only")]
    CrlPartitioned,
    /// A revocation list that never grows stale.
    #[error("a revocation list that does not say when the next one comes")]
    CrlWithoutNextUpdate,
    /// A revocation list made before one that is known already.
    #[error("a revocation list older than the one it would replace")]
    CrlRolledBack,
    /// A revocation list that is dated after the moment of the check.
    #[error("a revocation list from the future")]
    CrlFromTheFuture,
    /// The EF.SOD has no digest for this data group.
    #[error("the security object does not list this data group")]
    DataGroupNotListed,
    /// The data group is not the one whose digest the EF.SOD holds.
    #[error("the data group is not the one that was signed")]
    DataGroupChanged,
    /// The cryptographic library failed at something that cannot fail.
    #[error("the cryptographic library failed")]
    Internal,
}

impl PkiError {
    /// The stable name used alike in log, metric, audit event and problem.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Malformed(_) => "malformed",
            Self::Unsupported(_) => "unsupported-algorithm",
            Self::BadKey => "bad-key",
            Self::SignerNotFound => "signer-not-found",
            Self::DigestMismatch => "digest-mismatch",
            Self::WrongContentType => "wrong-content-type",
            Self::BadSignature => "bad-signature",
            Self::WrongUsage => "wrong-usage",
            Self::Sha1Refused(_) => "sha1-refused",
            Self::Untrusted => "signer-untrusted",
            Self::NotYetValid => "signer-not-yet-valid",
            Self::Expired => "signer-expired",
            Self::Revoked => "signer-revoked",
            Self::OnHold => "signer-on-hold",
            Self::RevocationUnknown => "revocation-unknown",
            Self::UntrustedCrl => "crl-untrusted",
            Self::CrlDelta => "crl-delta",
            Self::CrlIndirect => "crl-indirect",
            Self::CrlPartitioned => "crl-partitioned",
            Self::CrlWithoutNextUpdate => "crl-without-next-update",
            Self::CrlRolledBack => "crl-rolled-back",
            Self::CrlFromTheFuture => "crl-from-the-future",
            Self::DataGroupNotListed => "data-group-not-listed",
            Self::DataGroupChanged => "data-group-changed",
            Self::Internal => "crypto-failure",
        }
    }
}
