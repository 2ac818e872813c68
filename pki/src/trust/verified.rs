//! What may a document signer be, and what is known once it is believed?

use crate::{PkiError, RevocationStatus, Sha1Use, UntrustedCertificate};

/// What Doc 9303-12 §7.1 asks of a document signer: version 3, key usage digitalSignature and nothing that issues,
/// not an authority, no extended key usage (those are master list and deviation list signers, below the same CSCA).
pub(super) fn usage(certificate: &UntrustedCertificate) -> Result<(), PkiError> {
    let extensions = certificate.extensions();
    let may_sign = extensions
        .key_usage
        .as_ref()
        .is_some_and(|usage| usage.digital_signature() && !usage.key_cert_sign() && !usage.crl_sign());
    let forbidden = extensions.authority || extensions.extended_key_usage || extensions.unknown_critical;
    if !certificate.is_v3() || !may_sign || forbidden {
        return Err(PkiError::WrongUsage);
    }
    certificate.public_key()?.strong_enough()
}

/// A document signer under one of our CSCAs, valid and not revoked at a moment (certificat vérifié).
///
/// Made only by [`TrustStore::verify_document_signer`](crate::TrustStore::verify_document_signer):
///
/// ```compile_fail
/// fn forge(certificate: pki::UntrustedCertificate) -> pki::VerifiedCertificate {
///     pki::VerifiedCertificate { certificate, revocation: pki::RevocationStatus::Unknown, sha1: Vec::new() }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct VerifiedCertificate {
    certificate: UntrustedCertificate,
    revocation: RevocationStatus,
    sha1: Vec<Sha1Use>,
}

impl VerifiedCertificate {
    /// Only [`TrustStore::verify_document_signer`](crate::TrustStore::verify_document_signer) calls this.
    pub(super) fn proven(
        certificate: UntrustedCertificate,
        revocation: RevocationStatus,
        sha1: Vec<Sha1Use>,
    ) -> Self {
        Self { certificate, revocation, sha1 }
    }

    /// What the certificate says, believed now.
    #[must_use]
    pub fn certificate(&self) -> &UntrustedCertificate {
        &self.certificate
    }

    /// How sure we are that it was not revoked.
    #[must_use]
    pub fn revocation(&self) -> RevocationStatus {
        self.revocation
    }

    /// Where SHA-1 was believed for it.
    #[must_use]
    pub fn accepted_sha1(&self) -> &[Sha1Use] {
        &self.sha1
    }

    /// The document codes (first MRZ characters) this signer may sign for, if it is restricted
    /// (documentTypeList, Doc 9303-12 §7.1.1.6).
    #[must_use]
    pub fn document_types(&self) -> Option<&[String]> {
        self.certificate.extensions().document_types.as_deref()
    }
}
