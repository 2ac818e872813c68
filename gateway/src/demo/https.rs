//! How does the demonstration's own software speak HTTPS?

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Everything is on this machine.
const TIMEOUT: Duration = Duration::from_secs(10);

/// An HTTPS client that trusts these authorities (PEM) alone, with a certificate of its own where one is given.
pub fn client(authorities: &[u8], identity: Option<(&Path, &Path)>) -> Result<reqwest::Client> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities) {
        roots.add(certificate?)?;
    }
    // The provider by name: whatever else of this process is installed as default does not matter.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let tls = match identity {
        None => tls.with_no_client_auth(),
        Some((certificate, key)) => tls.with_client_auth_cert(chain(certificate)?, private_key(key)?)?,
    };
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(TIMEOUT);
    Ok(client.build()?)
}

/// The certificates of a PEM file, leaf first.
pub fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let chain =
        CertificateDer::pem_file_iter(path).with_context(|| format!("cannot read {}", path.display()))?;
    chain.collect::<Result<_, _>>().with_context(|| format!("{} is no certificate", path.display()))
}

/// The private key of a PEM file.
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_file(path).with_context(|| format!("{} is no private key", path.display()))
}
