//! Who signed these policies, which version are they, and from when on do they count?
//!
//! A bundle is one file: a compact JWS (RFC 7515) whose payload holds every file of the set, its hash, a version and the
//! moment from which it counts. Any JOSE library can make one. It is taken whole or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use policies::{PolicyError, PolicyFile, PolicySet};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::signers::{Signers, of_point};
use crate::dpop::ClientKey;
use crate::dpop::jws::Compact;
use crate::limits::POLICY_BUNDLE_BYTES;

/// `typ` of a bundle: no other JWS of that key is one (RFC 8725 §3.11).
const TYPE: &str = "bawaba-policies+jws";

/// Policies that a known signer signed, and that are sound (*paquet de règles vérifié*).
///
/// Only [`Bundle::open`] makes one:
///
/// ```compile_fail
/// fn forge(policies: policies::PolicySet) -> gateway::decisions::Bundle {
///     gateway::decisions::Bundle { policies, version: 9, not_before: time::OffsetDateTime::UNIX_EPOCH, text: String::new() }
/// }
/// ```
#[derive(Debug)]
pub struct Bundle {
    policies: PolicySet,
    version: u64,
    not_before: OffsetDateTime,
    text: String,
}

/// What a bundle is to say besides its files.
#[derive(Clone, Copy, Debug)]
pub struct Edition {
    /// One more than the one before.
    pub version: u64,
    /// From when on it counts.
    pub not_before: OffsetDateTime,
}

/// Why a bundle is not taken (*paquet refusé*). What was in force stays in force.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file cannot be read, or is larger than any bundle.
    #[error("{path}: {cause}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// Not a compact JWS of this kind.
    #[error("it is not a signed bundle of policies")]
    Malformed,
    /// By nobody whom the configuration names.
    #[error("it is signed by a key that is not among the signers")]
    Signer,
    /// Not by that key over these bytes.
    #[error("its signature does not verify")]
    Signature,
    /// The hash in it is not that of its files.
    #[error("its hash is not that of its files")]
    Hash,
    /// A newer one was taken before.
    #[error(
        "version {version} is older than version {newest}, which was in force; sign it again as a newer one"
    )]
    RolledBack {
        /// Of the bundle.
        version: u64,
        /// The newest that was taken.
        newest: u64,
    },
    /// Other policies were taken as this version.
    #[error("version {0} was given to other policies before")]
    VersionReused(u64),
    /// It does not count yet.
    #[error("version {version} counts only from {not_before}")]
    NotYet {
        /// Of the bundle.
        version: u64,
        /// From when on it counts.
        not_before: OffsetDateTime,
    },
    /// Its policies are not sound.
    #[error(transparent)]
    Policies(#[from] PolicyError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    version: u64,
    /// Seconds since 1970.
    nbf: i64,
    hash: String,
    files: BTreeMap<String, String>,
}

impl Bundle {
    /// Believes a bundle that one of the signers signed and whose policies are sound. Which version may follow which is
    /// not asked here.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn open(text: &str, signers: &Signers) -> Result<Self, BundleError> {
        let text = text.trim_ascii();
        if text.len() > POLICY_BUNDLE_BYTES {
            return Err(BundleError::Malformed);
        }
        let jws = Compact::parse(text).map_err(|_| BundleError::Malformed)?;
        let header: Header = jws.header().ok_or(BundleError::Malformed)?;
        if header.alg != "ES256" || header.typ != TYPE {
            return Err(BundleError::Malformed);
        }
        let signer = signers.of(&header.kid);
        let signed = jws.signed_by(signer.ok_or(BundleError::Signer)?).map_err(|_| BundleError::Signature)?;
        let Payload { version, nbf, hash, files } = signed.claims().ok_or(BundleError::Malformed)?;
        let not_before = OffsetDateTime::from_unix_timestamp(nbf).map_err(|_| BundleError::Malformed)?;
        // PostgreSQL's whole numbers are signed.
        if i64::try_from(version).is_err() {
            return Err(BundleError::Malformed);
        }
        let files = files.into_iter().map(|(name, text)| PolicyFile { name, text }).collect();
        let policies = PolicySet::of_files(files)?;
        if policies.hash() != hash {
            return Err(BundleError::Hash);
        }
        Ok(Self { policies, version, not_before, text: text.to_owned() })
    }

    /// Reads and believes a file.
    ///
    /// # Errors
    /// As [`Bundle::open`], and where the file cannot be read.
    pub fn read(path: &Path, signers: &Signers) -> Result<Self, BundleError> {
        Self::open(&text(path)?, signers)
    }

    /// Signs a set with a PKCS#8 key over P-256 (PEM or DER); nothing where the key is of another kind. The second is
    /// the public key, for the configuration of the gateways.
    #[must_use]
    pub fn sign(policies: &PolicySet, edition: Edition, key: &[u8]) -> Option<(String, ClientKey)> {
        let der =
            PrivateKeyDer::from_pem_slice(key).or_else(|_| PrivateKeyDer::try_from(key.to_vec())).ok()?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_der()).ok()?;
        let public = of_point(pair.public_key().as_ref())?;
        let payload = Payload {
            version: edition.version,
            nbf: edition.not_before.unix_timestamp(),
            hash: policies.hash().to_owned(),
            files: policies.files().iter().map(|file| (file.name.clone(), file.text.clone())).collect(),
        };
        let header = format!(r#"{{"alg":"ES256","typ":"{TYPE}","kid":"{}"}}"#, public.thumbprint());
        let payload = serde_json::to_vec(&payload).ok()?;
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        Some((format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)), public))
    }

    /// The policies in it.
    #[must_use]
    pub const fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// The policies in it, for whoever only looks at them.
    #[must_use]
    pub fn into_policies(self) -> PolicySet {
        self.policies
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// From when on it counts.
    #[must_use]
    pub const fn not_before(&self) -> OffsetDateTime {
        self.not_before
    }

    /// As it was signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its version and its policies.
    pub(super) fn into_parts(self) -> (u64, PolicySet) {
        (self.version, self.policies)
    }

    /// The same, if it counts at that moment.
    ///
    /// # Errors
    /// [`BundleError::NotYet`].
    pub fn counting(self, at: OffsetDateTime) -> Result<Self, BundleError> {
        let Self { version, not_before, .. } = self;
        if not_before <= at { Ok(self) } else { Err(BundleError::NotYet { version, not_before }) }
    }
}

/// The text of a bundle file, within its bound.
fn text(path: &Path) -> Result<String, BundleError> {
    use std::io::Read as _;
    let unreadable = |cause| BundleError::Unreadable { path: path.to_owned(), cause };
    let mut text = String::new();
    let bound = u64::try_from(POLICY_BUNDLE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(bound).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

impl BundleError {
    /// The stable name of this error in logs, metrics and audit events.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "policies-unreadable",
            Self::Malformed => "policies-bundle-malformed",
            Self::Signer => "policies-signer-unknown",
            Self::Signature => "policies-signature",
            Self::Hash => "policies-hash",
            Self::RolledBack { .. } => "policies-rolled-back",
            Self::VersionReused(_) => "policies-version-reused",
            Self::NotYet { .. } => "policies-not-yet",
            Self::Policies(error) => error.code(),
        }
    }
}
