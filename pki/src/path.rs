//! Does a path lead from this certificate to an authority that the operator pinned? (RFC 5280 §6, RFC 4158, RFC 9618)
//!
//! For the certificates of health professionals' and holders' cards and of establishments. Documents have a shorter way, with Doc
//! 9303's own rules: [`crate::TrustStore`].
//!
//! | question | module |
//! |---|---|
//! | what is the certificate needed for? | `profile` |
//! | what does RFC 5280 read in it? | `extensions`, `general_name`, `distinguished_name` |
//! | which way leads to an anchor? | `search` |
//! | is this way valid? | `judge`, with `name_constraints` and `policy` |
//! | is one of its certificates revoked? | `status`, with `list` and `distribution` |
//! | whose certificate is it? | `identity` |
//! | how much may all this cost? | `budget` |
//!
//! # Which rule is checked where
//!
//! An establishment's TLS connection is first judged by `rustls-webpki`, in every handshake; a card's certificate and
//! `bawaba pki verify` are judged here alone.
//!
//! | rule | webpki, in the handshake | here |
//! |---|---|---|
//! | signatures, validity, names chain octet for octet | yes | yes, names by meaning (§7.1) |
//! | basic constraints, path length | yes | yes, self-issued certificates not counted |
//! | extended key usage | clientAuth, if there is one at all | must be there, and in every authority that has one |
//! | key usage | not read | must be there; of the client in the handshake by [`crate::ClientCertificate`] |
//! | name constraints | dNSName, iPAddress, directoryName | and rfc822Name, URI; other forms refuse the name |
//! | certificate policies, mappings, constraints | ignored, or refused where critical | yes |
//! | unknown critical extensions | refused | refused |
//! | revocation | not used: it would verify the list's signature in every handshake | complete lists, by distribution point and reason |
//! | registered number in the subject | not read | yes; of the client in the handshake by [`crate::ClientCertificate`] |
//! | work | 100 signatures, 250,000 name comparisons, 200,000 calls | [`Budget`] |
//!
//! Policies are not judged a second time in the handshake: the gateway's client authorities are pinned for this one
//! purpose, and a second path building would cost each handshake as much again as webpki's.
//!
//! # Not supported, refused by name
//!
//! Delta and indirect revocation lists, lists of attribute certificates, DSA, name constraints with minimum or maximum.

mod budget;
mod distinguished_name;
mod distribution;
mod error;
mod extensions;
mod general_name;
mod identity;
mod judge;
mod list;
mod name_constraints;
mod policy;
mod profile;
mod search;
mod status;
mod validated;

pub use budget::{Budget, Work};
pub use error::{FaultyCertificate, PathError, PathReason};
pub use identity::RegisteredIdentity;
pub use list::PathCrl;
pub use profile::{Holder, Profile};
pub use validated::{ValidatedPath, VerifiedEstablishment, VerifiedHolder, VerifiedProfessional};

pub(crate) use identity::serial_number;

use crate::key::PublicKey;
use crate::{DigestAlgorithm, PkiError, RevocationPolicy, UntrustedCertificate, limits};
use der::Encode;
use distinguished_name::DistinguishedName;
use extensions::Read;
use search::{Goal, Place, Search};
use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;
use time::OffsetDateTime;

/// What path validation knows: pinned anchors, and unbelieved intermediates and lists (validateur de chemins).
///
/// Nothing in the bag is believed for being there, and nothing in it can spoil a path that does not go through it.
pub struct PathValidator {
    anchors: Vec<Held>,
    bag: Vec<Held>,
    lists: Vec<PathCrl>,
    anchors_by_name: HashMap<DistinguishedName, Vec<usize>>,
    bag_by_name: HashMap<DistinguishedName, Vec<usize>>,
    lists_by_issuer: HashMap<DistinguishedName, Vec<usize>>,
    revocation: RevocationPolicy,
}

/// A certificate with what was read in it; a bad one fails where a path wants to go through it.
struct Held {
    certificate: UntrustedCertificate,
    read: Result<Read, PathReason>,
    key: OnceLock<Result<PublicKey, PkiError>>,
    /// SHA-256 of the public key info: an authority has many certificates for one key, and one signature check
    /// answers for all of them.
    key_name: Vec<u8>,
}

impl PathValidator {
    /// Pins these anchors. Revocation is strict, and there are no lists yet.
    pub fn new(anchors: Vec<UntrustedCertificate>) -> Result<Self, PathReason> {
        let anchors = hold(anchors)?;
        Ok(Self {
            anchors_by_name: by_name(&anchors),
            anchors,
            bag: Vec::new(),
            lists: Vec::new(),
            bag_by_name: HashMap::new(),
            lists_by_issuer: HashMap::new(),
            revocation: RevocationPolicy::RequireFresh,
        })
    }

    /// The same with these certificates to build paths from, in any order.
    pub fn with_intermediates(mut self, bag: Vec<UntrustedCertificate>) -> Result<Self, PathReason> {
        self.bag = hold(bag)?;
        self.bag_by_name = by_name(&self.bag);
        Ok(self)
    }

    /// The same with these lists.
    pub fn with_lists(mut self, lists: Vec<PathCrl>) -> Result<Self, PathReason> {
        if lists.len() > limits::PATH_BAG {
            return Err(PathReason::TooMany);
        }
        self.lists_by_issuer = HashMap::new();
        for (index, list) in lists.iter().enumerate() {
            self.lists_by_issuer.entry(list.issuer.clone()).or_default().push(index);
        }
        self.lists = lists;
        Ok(self)
    }

    /// The same with another answer to a missing or stale list.
    #[must_use]
    pub fn with_revocation_policy(mut self, policy: RevocationPolicy) -> Self {
        self.revocation = policy;
        self
    }

    /// Looks for a path from `leaf` to an anchor that is valid for `profile` at the moment `at`.
    pub fn validate(
        &self,
        leaf: UntrustedCertificate,
        profile: &Profile,
        at: OffsetDateTime,
        budget: Budget,
    ) -> Result<ValidatedPath, PathError> {
        let leaf = Held::new(leaf);
        let mut search = Search::new(self, &leaf, at, budget);
        match search.find(Place::Leaf, &Goal { profile, anchor: None }) {
            Ok(judged) => Ok(ValidatedPath::made(&search, judged, profile)),
            Err(refusal) => Err(search.error(refusal)),
        }
    }
}

impl Held {
    fn new(certificate: UntrustedCertificate) -> Self {
        let public_key_info = certificate.public_key_info().to_der().unwrap_or_default();
        let key_name = DigestAlgorithm::Sha256.digest(&public_key_info).unwrap_or_default();
        Self { read: Read::of(&certificate), certificate, key: OnceLock::new(), key_name }
    }

    fn key(&self) -> Result<&PublicKey, PkiError> {
        if self.key_name.is_empty() {
            // Without its name nothing may be remembered of it.
            return Err(PkiError::Internal);
        }
        self.key.get_or_init(|| self.certificate.public_key()).as_ref().map_err(|error| *error)
    }
}

fn hold(certificates: Vec<UntrustedCertificate>) -> Result<Vec<Held>, PathReason> {
    if certificates.len() > limits::PATH_BAG {
        return Err(PathReason::TooMany);
    }
    Ok(certificates.into_iter().map(Held::new).collect())
}

fn by_name(held: &[Held]) -> HashMap<DistinguishedName, Vec<usize>> {
    let mut index: HashMap<DistinguishedName, Vec<usize>> = HashMap::new();
    for (place, held) in held.iter().enumerate() {
        // Under its name even where the rest cannot be read, so that the refusal says so.
        if let Ok(name) = DistinguishedName::of(held.certificate.subject()) {
            index.entry(name).or_default().push(place);
        }
    }
    index
}

impl fmt::Debug for PathValidator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PathValidator")
            .field("anchors", &self.anchors.len())
            .field("intermediates", &self.bag.len())
            .field("lists", &self.lists.len())
            .finish_non_exhaustive()
    }
}
