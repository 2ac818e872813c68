//! What is in the files that trust comes from? PEM or DER, told apart by their first bytes.

use std::fs;
use std::path::{Path, PathBuf};

use pki::{ClientCrl, PkiError, RevocationPolicy, TrustStore, UntrustedCertificate, UntrustedCrl};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use crate::config::{TlsConfig, TrustConfig};
use crate::listen::ListenError;

use super::store::{StoreError, StoreFolder};
use super::stored;

/// Why a set of trust files is not taken; each names the file.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It cannot be read.
    #[error("{}: cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is neither PEM nor DER of what is expected there.
    #[error("{}: no {expected} in it", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What is expected there.
        expected: &'static str,
    },
    /// Its content is not accepted.
    #[error("{}: {error}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        error: PkiError,
    },
    /// The trust store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// TLS cannot be built on it.
    #[error("{}: {error}", path.display())]
    Tls {
        /// The server certificate's file.
        path: PathBuf,
        /// Why.
        error: ListenError,
    },
}

pub(crate) fn trust_store(config: &TrustConfig) -> Result<TrustStore, TrustError> {
    let mut signers = Vec::new();
    for path in &config.csca {
        for der in certificates(path)? {
            signers.push(UntrustedCertificate::from_der(&der).map_err(|error| refused(path, error))?);
        }
    }
    let mut lists = Vec::new();
    for path in &config.crl {
        for der in revocation_lists(path)? {
            lists.push(UntrustedCrl::from_der(&der).map_err(|error| refused(path, error))?);
        }
    }
    if let Some(store) = &config.store {
        return stored::with_store(&StoreFolder::new(store), signers, lists)
            .map(|store| store.with_sha1_policy(config.sha1));
    }
    let first = config.csca.first().map(PathBuf::as_path).unwrap_or(Path::new("trust.csca"));
    // How old a list may be for what is a matter of policy, not of this reading.
    TrustStore::new(signers, lists)
        .map(|store| store.with_revocation_policy(RevocationPolicy::Report).with_sha1_policy(config.sha1))
        .map_err(|error| refused(first, error))
}

pub(super) fn client_crl(config: &TlsConfig) -> Result<ClientCrl, TrustError> {
    let lists = revocation_lists(&config.client_crl)?;
    let authorities = certificates(&config.client_ca)?;
    let (Some(list), Some(authority)) = (lists.first(), authorities.first()) else {
        return Err(TrustError::Empty { path: config.client_crl.clone(), expected: "revocation list" });
    };
    ClientCrl::verify(list, authority).map_err(|error| refused(&config.client_crl, error))
}

pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    read_objects(path, "certificate", CertificateDer::from)
}

fn revocation_lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, TrustError> {
    read_objects(path, "revocation list", CertificateRevocationListDer::from)
}

pub(super) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TrustError> {
    let bytes = read(path)?;
    let empty = || TrustError::Empty { path: path.to_owned(), expected: "private key" };
    if is_pem(&bytes) {
        PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| empty())
    } else {
        PrivateKeyDer::try_from(bytes).map_err(|_| empty())
    }
}

/// Every object of that kind in the file: all of a PEM file, or the one that a DER file is.
fn read_objects<T: PemObject>(
    path: &Path,
    expected: &'static str,
    from_der: impl Fn(Vec<u8>) -> T,
) -> Result<Vec<T>, TrustError> {
    let bytes = read(path)?;
    let empty = || TrustError::Empty { path: path.to_owned(), expected };
    let objects = if is_pem(&bytes) {
        T::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>().map_err(|_| empty())?
    } else {
        vec![from_der(bytes)]
    };
    if objects.is_empty() { Err(empty()) } else { Ok(objects) }
}

fn is_pem(bytes: &[u8]) -> bool {
    // A DER certificate, list or key begins with SEQUENCE; a PEM file may begin with a comment.
    bytes.first() != Some(&0x30)
}

fn read(path: &Path) -> Result<Vec<u8>, TrustError> {
    fs::read(path).map_err(|error| TrustError::Unreadable { path: path.to_owned(), error })
}

fn refused(path: &Path, error: PkiError) -> TrustError {
    TrustError::Refused { path: path.to_owned(), error }
}
