//! Which client is on the other end of the TLS connection, and may it still be there?

use crate::certificate::name;
use crate::path::{PathReason, serial_number};
use crate::{DigestAlgorithm, PkiError, UntrustedCertificate, UntrustedCrl};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::OffsetDateTime;

/// The certificate of a TLS client, whose chain the TLS library has verified (certificat du client).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    subject_serial_number: String,
    serial: String,
    thumbprint: String,
    not_after: OffsetDateTime,
}

impl ClientCertificate {
    /// Reads the peer certificate of a connection.
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        let certificate = UntrustedCertificate::from_der(der)?;
        let subject_serial_number = serial_number(certificate.subject()).map_err(|reason| {
            PkiError::Malformed(match reason {
                PathReason::SerialNumberMissing => "client certificate: subject without serialNumber",
                PathReason::SerialNumberRepeated => "client certificate: subject with several serialNumbers",
                _ => "client certificate: serialNumber in an unexpected form",
            })
        })?;
        // The TLS library does not read the key usage (RFC 8446 §4.4.2.2 wants digitalSignature where there is one).
        if certificate.extensions().key_usage.is_some_and(|usage| !usage.digital_signature()) {
            return Err(PkiError::WrongUsage);
        }
        let thumbprint = DigestAlgorithm::Sha256.digest(der)?;
        Ok(Self {
            subject_serial_number,
            serial: serial_hex(certificate.serial()),
            thumbprint: URL_SAFE_NO_PAD.encode(thumbprint),
            not_after: certificate.not_after(),
        })
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
///
/// Made only by [`ClientCrl::verify`]:
///
/// ```compile_fail
/// fn forge(list: pki::UntrustedCrl) -> pki::ClientCrl {
///     pki::ClientCrl { list }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ClientCrl {
    list: UntrustedCrl,
}

impl ClientCrl {
    /// Reads a DER CRL and checks that the holder of the DER certificate `ca` issued it: name, key usage, signature.
    pub fn verify(crl: &[u8], ca: &[u8]) -> Result<Self, PkiError> {
        let (list, ca) = (UntrustedCrl::from_der(crl)?, UntrustedCertificate::from_der(ca)?);
        if name::canonical(list.issuer()) != name::canonical(ca.subject()) {
            return Err(PkiError::UntrustedCrl);
        }
        if ca.extensions().key_usage.as_ref().is_some_and(|usage| !usage.crl_sign()) {
            return Err(PkiError::WrongUsage);
        }
        list.signed_with(&ca.public_key()?)?;
        Ok(Self { list })
    }

    /// Whether the certificate with this serial number (as [`ClientCertificate::serial`] gives it) is listed.
    /// What is no serial number is not vouched for either.
    #[must_use]
    pub fn is_revoked(&self, serial: &str) -> bool {
        let Ok(octets) = hex::decode(serial) else { return true };
        // A DER integer whose first bit is set carries a zero octet before it.
        let mut positive = vec![0];
        positive.extend_from_slice(&octets);
        self.list.entry(&octets).is_some() || self.list.entry(&positive).is_some()
    }

    /// When the list was made.
    #[must_use]
    pub fn this_update(&self) -> OffsetDateTime {
        self.list.this_update()
    }

    /// When the next one was promised.
    #[must_use]
    pub fn next_update(&self) -> OffsetDateTime {
        self.list.next_update()
    }
}

fn serial_hex(serial: &[u8]) -> String {
    match serial {
        [0, rest @ ..] if !rest.is_empty() => hex::encode(rest),
        other => hex::encode(other),
    }
}
