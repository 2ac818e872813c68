//! Whose policies are taken?
//!
//! Security officers sign bundles with keys of their own. The gateways know the public halves, by their configuration; a
//! bundle needs one of them.

use std::path::PathBuf;

use hsm_config::PublicKey;
use rustls::pki_types::{SubjectPublicKeyInfoDer, pem::PemObject};

use crate::dpop::ClientKey;
use crate::limits::POLICY_SIGNERS;

/// What stands before the point in a SubjectPublicKeyInfo over P-256 (RFC 5480 §2).
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Whose policies are taken (*signataires des règles*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers(Vec<ClientKey>);

/// Why a file is not a signer's key.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// It is of another kind, or more than a public key.
    #[error("is not a public P-256 key, as JWK or PEM")]
    Kind,
    /// None, or more than anybody needs.
    #[error("give between 1 and {POLICY_SIGNERS} signers")]
    Count,
}

impl Signers {
    /// The signer of this name, by RFC 7638 thumbprint.
    pub(super) fn of(&self, thumbprint: &str) -> Option<&ClientKey> {
        self.0.iter().find(|key| key.thumbprint() == thumbprint)
    }

    /// Reads a public key from each file: a JWK, or PEM (`openssl pkey -pubout`).
    ///
    /// # Errors
    /// The file, and what is wrong with it.
    pub fn load(files: &[PathBuf]) -> Result<Self, (PathBuf, SignerError)> {
        if files.is_empty() || files.len() > POLICY_SIGNERS {
            return Err((files.first().cloned().unwrap_or_default(), SignerError::Count));
        }
        let key = |path: &PathBuf| {
            let octets = std::fs::read(path).map_err(|error| (path.clone(), error.into()))?;
            public_key(&octets).ok_or_else(|| (path.clone(), SignerError::Kind))
        };
        files.iter().map(key).collect::<Result<_, _>>().map(Self)
    }
}

fn public_key(octets: &[u8]) -> Option<ClientKey> {
    if let Ok(key) = ClientKey::parse(octets) {
        return Some(key);
    }
    let info = SubjectPublicKeyInfoDer::from_pem_slice(octets).ok()?;
    of_point(info.as_ref().strip_prefix(&P256)?)
}

/// A key by its uncompressed point.
pub(super) fn of_point(point: &[u8]) -> Option<ClientKey> {
    let key = PublicKey::new(point.try_into().ok()?);
    let jwk = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, key.x(), key.y());
    ClientKey::parse(jwk.as_bytes()).ok()
}
