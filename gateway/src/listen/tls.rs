//! Under which terms does TLS open? Versions, groups, client certificates.
//!
//! TLS 1.3 first. TLS 1.2 is still accepted, because hospital integration engines live for a decade; rustls offers
//! there only ECDHE with AEAD (RFC 9325 §4.2), and the extended master secret (RFC 7627) is required. X25519MLKEM768
//! is offered first, so that a recorded session is not opened by a later quantum computer. No early data: a replayed
//! first flight would be a replayed request (RFC 8446 §8).
//!
//! Of a client's chain rustls-webpki judges signatures, validity, path length, name constraints and the purpose
//! clientAuth. What it does not read is read of the leaf by [`pki::ClientCertificate`]: that the key may sign, and the one
//! registered number of the subject. Which rule is where: [`pki::path`].

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as TlsError, RootCertStore,
    ServerConfig, SignatureScheme,
};
use thiserror::Error;

/// Why a TLS configuration cannot be built.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The certificate chain and key do not fit each other or the provider.
    #[error("the server certificate or its key is not usable: {0}")]
    ServerCertificate(#[source] TlsError),
    /// A client authority's certificate cannot be read.
    #[error("a client authority's certificate is not usable: {0}")]
    ClientAuthority(#[source] TlsError),
    /// There is no client authority at all.
    #[error("no client authority: {0}")]
    NoClientAuthority(#[source] VerifierBuilderError),
    /// The random source failed while ticket keys were made.
    #[error("no keys for session tickets: {0}")]
    TicketKeys(#[source] TlsError),
}

/// Whether a client certificate was revoked. Asked at every full handshake; a resumed session skips the handshake's
/// checks, so the same question is asked again at every request.
pub trait ClientStatus: Send + Sync {
    /// `true` also where the status is unknown: no list, or one too old.
    fn is_revoked(&self, certificate: &pki::ClientCertificate) -> bool;
}

/// Who may open a connection.
pub enum ClientAuth {
    /// Anyone: the public port.
    None,
    /// Holders of a certificate under one of these authorities.
    Required {
        /// DER certificates of the client authorities.
        roots: Vec<CertificateDer<'static>>,
        /// Our own revocation set. webpki would verify the CRL's signature at every handshake: 1.2 ms for 100,000 entries.
        status: Option<Arc<dyn ClientStatus>>,
    },
}

/// Builds a whole configuration. To reload, build another and swap it in: its ticket keys are new, so every client
/// makes a full handshake under the new trust; connections that are open go on.
pub fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    client_auth: ClientAuth,
) -> Result<ServerConfig, ListenError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(ListenError::ServerCertificate)?;
    let builder = match client_auth {
        ClientAuth::None => builder.with_no_client_auth(),
        ClientAuth::Required { roots, status } => {
            let chain = client_chain(roots)?;
            builder.with_client_cert_verifier(Arc::new(RevocationVerifier { chain, status }))
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(ListenError::ServerCertificate)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.max_early_data_size = 0;
    config.require_ems = true;
    // Stateless tickets: nothing is kept for twelve thousand counters, and a new configuration ends them all.
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(ListenError::TicketKeys)?;
    config.send_tls13_tickets = 1;
    Ok(config)
}

/// Who judges the chain of a client under these authorities; of revocation it says nothing.
pub fn client_chain(roots: Vec<CertificateDer<'static>>) -> Result<Arc<dyn ClientCertVerifier>, ListenError> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root).map_err(ListenError::ClientAuthority)?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider)
        .build()
        .map_err(ListenError::NoClientAuthority)
}

/// The chain as webpki judges it, then our own revocation set.
struct RevocationVerifier {
    chain: Arc<dyn ClientCertVerifier>,
    status: Option<Arc<dyn ClientStatus>>,
}

impl fmt::Debug for RevocationVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationVerifier").field("chain", &self.chain).finish_non_exhaustive()
    }
}

impl ClientCertVerifier for RevocationVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        let verified = self.chain.verify_client_cert(end_entity, intermediates, now)?;
        if let Some(status) = &self.status {
            let certificate =
                pki::ClientCertificate::from_der(end_entity).map_err(|_| CertificateError::BadEncoding)?;
            if status.is_revoked(&certificate) {
                return Err(CertificateError::Revoked.into());
            }
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
