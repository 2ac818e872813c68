//! Which key is this CSCA, and to which family of generations does it belong?

use crate::certificate::name;
use crate::key::PublicKey;
use crate::{CscaKind, DigestAlgorithm, PkiError, UntrustedCertificate};
use der::Encode;
use std::collections::HashMap;
use std::sync::Arc;

/// A pinned CSCA with its key ready to use.
pub(crate) struct Authority {
    pub(crate) certificate: UntrustedCertificate,
    pub(crate) key: PublicKey,
    /// SHA-256 of the SubjectPublicKeyInfo: root and link certificate of one key share it.
    pub(crate) key_digest: KeyDigest,
    pub(crate) country: String,
}

/// SHA-256 of a public key's SubjectPublicKeyInfo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyDigest(pub(crate) [u8; 32]);

/// The certificates of one authority over its key generations. Doc 9303-12 §7.2: a CRL signed with its current key
/// speaks for the document signers of its former keys too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Family(usize);

impl Authority {
    pub(crate) fn pin(certificate: UntrustedCertificate) -> Result<Self, PkiError> {
        match certificate.csca_kind()? {
            // The operator vouches for either; a link's own issuer is often gone from every list.
            CscaKind::SelfSigned | CscaKind::Link => {}
        }
        let country = certificate.country().ok_or(PkiError::Malformed("CSCA without a country"))?;
        let spki = certificate.public_key_info().to_der().map_err(|_| PkiError::Malformed("public key"))?;
        let key_digest = KeyDigest(sha256(&spki)?);
        Ok(Self { key: certificate.public_key()?, certificate, key_digest, country })
    }

    pub(crate) fn may_sign_lists(&self) -> bool {
        self.certificate.extensions().key_usage.as_ref().is_none_or(|usage| usage.crl_sign())
    }

    /// Whether the key of `old` signed this certificate, asked only where key identifiers say so.
    fn links(&self, old: &Self) -> bool {
        self.country == old.country && self.certificate.signed_with(&old.key).is_ok()
    }
}

/// Which authorities belong together: same name, same key, or one vouched for the other by a link certificate.
///
/// Roots and links may come in any order and in loops: families are joined, never followed.
pub(crate) fn families(authorities: &[Arc<Authority>]) -> Vec<Family> {
    let mut joined = Joined { parent: (0..authorities.len()).collect() };
    let mut by_name = HashMap::new();
    let mut by_key = HashMap::new();
    let mut by_identifier: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (index, authority) in authorities.iter().enumerate() {
        let named = (authority.country.as_str(), name::canonical(authority.certificate.subject()));
        joined.join(index, *by_name.entry(named).or_insert(index));
        joined
            .join(index, *by_key.entry((authority.country.as_str(), authority.key_digest)).or_insert(index));
        if let Some(identifier) = authority.certificate.subject_key_identifier() {
            by_identifier.entry(identifier).or_default().push(index);
        }
    }
    for (index, authority) in authorities.iter().enumerate() {
        let Some(issuer) = authority.certificate.authority_key_identifier() else { continue };
        for old in by_identifier.get(issuer).into_iter().flatten().take(crate::limits::ISSUER_TRIES) {
            let apart = joined.root(index) != joined.root(*old);
            if apart && authorities.get(*old).is_some_and(|old| authority.links(old)) {
                joined.join(index, *old);
            }
        }
    }
    (0..authorities.len()).map(|index| Family(joined.root(index))).collect()
}

/// Disjoint sets: each points towards a representative of its set.
struct Joined {
    parent: Vec<usize>,
}

impl Joined {
    fn root(&self, mut index: usize) -> usize {
        while let Some(parent) = self.parent.get(index).filter(|parent| **parent != index) {
            index = *parent;
        }
        index
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        if let Some(parent) = self.parent.get_mut(one.max(other)) {
            *parent = one.min(other);
        }
    }
}

pub(crate) fn sha256(octets: &[u8]) -> Result<[u8; 32], PkiError> {
    DigestAlgorithm::Sha256.digest(octets)?.try_into().map_err(|_| PkiError::Internal)
}
