//! What is in the files that trust comes from? PEM or DER, told apart by their first bytes.

use std::fs;
use std::path::{Path, PathBuf};

use pki::{ClientCrl, PkiError};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use crate::config::TlsConfig;
use crate::listen::ListenError;

use super::store::StoreError;

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
        /// The file of the server's certificate, or of the client authority's.
        path: PathBuf,
        /// Why.
        error: ListenError,
    },
}

/// A revocation list of which no use is made (LCR écartée).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// The file, folder or URL, as configured.
    pub source: String,
    /// Why.
    pub why: PkiError,
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

pub(super) fn revocation_lists(
    path: &Path,
) -> Result<Vec<CertificateRevocationListDer<'static>>, TrustError> {
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

/// The DER lists in these bytes, PEM or DER.
pub(super) fn lists_in(bytes: &[u8]) -> Vec<Vec<u8>> {
    match is_pem(bytes) {
        true => CertificateRevocationListDer::pem_slice_iter(bytes)
            .filter_map(Result::ok)
            .map(|list| list.to_vec())
            .collect(),
        false => vec![bytes.to_vec()],
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

pub(super) fn refused(path: &Path, error: PkiError) -> TrustError {
    TrustError::Refused { path: path.to_owned(), error }
}
