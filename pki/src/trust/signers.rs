//! Which document signer is meant, when the security object does not carry its certificate?

use crate::certificate::name;
use crate::{PkiError, UntrustedCertificate, limits};
use std::collections::HashMap;
use std::sync::Arc;
use x509_cert::name::Name;

/// Document signer certificates from outside the security objects: a PKD, a file (certificats de signataires).
///
/// They are as untrusted as those inside: this finds one, [`super::TrustStore::verify_document_signer`] judges it.
#[derive(Default)]
pub(super) struct DocumentSigners {
    /// DER: a parsed certificate takes four times the room, and PKDs hold tens of thousands.
    certificates: Vec<Arc<[u8]>>,
    by_serial: HashMap<Vec<u8>, Vec<u32>>,
    by_key: HashMap<Vec<u8>, Vec<u32>>,
}

impl DocumentSigners {
    pub(super) fn new(certificates: Vec<UntrustedCertificate>) -> Result<Self, PkiError> {
        if certificates.len() > limits::DOCUMENT_SIGNERS {
            return Err(PkiError::TooLarge);
        }
        let mut signers = Self::default();
        for (index, certificate) in (0u32..).zip(certificates) {
            signers.by_serial.entry(certificate.serial().to_vec()).or_default().push(index);
            if let Some(identifier) = certificate.subject_key_identifier() {
                signers.by_key.entry(identifier.to_vec()).or_default().push(index);
            }
            signers.certificates.push(certificate.der().into());
        }
        Ok(signers)
    }

    pub(super) fn len(&self) -> usize {
        self.certificates.len()
    }

    /// Those of this serial number whose issuer bears this name, whatever the spelling.
    pub(super) fn by_serial(&self, issuer: &Name, serial: &[u8]) -> Vec<UntrustedCertificate> {
        let wanted = name::canonical(issuer);
        let mut found = self.read(self.by_serial.get(serial));
        found.retain(|certificate| name::canonical(certificate.issuer()) == wanted);
        found
    }

    /// Those with this subject key identifier.
    pub(super) fn by_key(&self, identifier: &[u8]) -> Vec<UntrustedCertificate> {
        self.read(self.by_key.get(identifier))
    }

    fn read(&self, indices: Option<&Vec<u32>>) -> Vec<UntrustedCertificate> {
        let indices = indices.into_iter().flatten().take(limits::ISSUER_TRIES);
        indices
            .filter_map(|index| self.certificates.get(usize::try_from(*index).ok()?))
            .filter_map(|der| UntrustedCertificate::from_der(der).ok())
            .collect()
    }
}
