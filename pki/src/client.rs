//! Which client is on the other end of the TLS connection?

use crate::PkiError;
use time::OffsetDateTime;

/// The certificate of a TLS client, whose chain the TLS library has verified (certificat du client).
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    subject_serial_number: String,
    serial: String,
    thumbprint: String,
    not_after: OffsetDateTime,
}

impl ClientCertificate {
    /// Reads the peer certificate of a connection.
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        let _ = der;
        Err(PkiError::Malformed("client certificate"))
    }

    /// The X.520 serialNumber (2.5.4.5) of the subject: the registered client id.
    #[must_use]
    pub fn subject_serial_number(&self) -> &str {
        &self.subject_serial_number
    }

    /// The certificate's serial number, lower-case hex without leading zero octets.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// SHA-256 of the certificate, base64url without padding (RFC 8705 §3.1 `x5t#S256`).
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// The last moment of its validity.
    #[must_use]
    pub fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }
}

/// A revocation list of the authority that certifies our clients, its signature checked (LCR des clients).
#[derive(Debug, Clone)]
pub struct ClientCrl {
    this_update: OffsetDateTime,
    next_update: OffsetDateTime,
}

impl ClientCrl {
    /// Reads a DER CRL and checks that the holder of the DER certificate `ca` signed it.
    pub fn verify(crl: &[u8], ca: &[u8]) -> Result<Self, PkiError> {
        let _ = (crl, ca);
        Err(PkiError::UntrustedCrl)
    }

    /// Whether the certificate with this serial number (as [`ClientCertificate::serial`] gives it) is listed.
    #[must_use]
    pub fn is_revoked(&self, serial: &str) -> bool {
        let _ = serial;
        true
    }

    /// When the list was made.
    #[must_use]
    pub fn this_update(&self) -> OffsetDateTime {
        self.this_update
    }

    /// When the next one was promised.
    #[must_use]
    pub fn next_update(&self) -> OffsetDateTime {
        self.next_update
    }
}
