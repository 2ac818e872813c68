//! What does this certificate say of itself?

use crate::PkiError;

/// A certificate that nobody has vouched for yet (certificat non vérifié).
#[derive(Debug, Clone)]
pub struct UntrustedCertificate {
    der: Vec<u8>,
}

impl UntrustedCertificate {
    /// Reads one DER certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        Ok(Self { der: der.to_vec() })
    }

    /// The certificate as it was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}
