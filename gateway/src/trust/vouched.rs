//! Is a certificate that a proxy reports one of our clients'?

use std::time::Duration;

use pki::ClientCertificate;
use rustls::CertificateError;
use rustls::pki_types::{CertificateDer, UnixTime};
use time::OffsetDateTime;

use super::Trust;

/// A certificate under our client authority, in time, for clients (*certificat rapporté*). The proxy that reports it
/// says that its holder proved to have the key; whether it is revoked now is asked of [`Trust::client_standing`].
///
/// Only [`Trust::vouched`] makes one:
///
/// ```compile_fail
/// fn forge(certificate: pki::ClientCertificate) -> gateway::trust::VouchedCertificate {
///     gateway::trust::VouchedCertificate { certificate }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct VouchedCertificate {
    certificate: ClientCertificate,
}

/// Why a reported certificate is none of our clients'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unvouched {
    /// Past the last moment of its validity.
    #[error("the reported certificate has expired")]
    Expired,
    /// Not under the client authority, not for clients, or not readable.
    #[error("the reported certificate is not one of our clients'")]
    NotOurs,
}

impl Unvouched {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Expired => "reported-certificate-expired",
            Self::NotOurs => "reported-certificate-not-ours",
        }
    }
}

impl VouchedCertificate {
    /// What it says.
    #[must_use]
    pub fn certificate(&self) -> &ClientCertificate {
        &self.certificate
    }
}

impl Trust {
    /// Judges a chain, leaf first, as the handshake of the API port judges one.
    pub fn vouched(
        &self,
        chain: &[CertificateDer<'_>],
        at: OffsetDateTime,
    ) -> Result<VouchedCertificate, Unvouched> {
        let (leaf, intermediates) = chain.split_first().ok_or(Unvouched::NotOurs)?;
        let seconds = u64::try_from(at.unix_timestamp()).map_err(|_| Unvouched::NotOurs)?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let judged = self.current.load().client_chain.verify_client_cert(leaf, intermediates, now);
        judged.map_err(|error| match error {
            rustls::Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            ) => Unvouched::Expired,
            _ => Unvouched::NotOurs,
        })?;
        let certificate = ClientCertificate::from_der(leaf).map_err(|_| Unvouched::NotOurs)?;
        Ok(VouchedCertificate { certificate })
    }
}
