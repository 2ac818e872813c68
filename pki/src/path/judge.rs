//! Is this path valid? RFC 5280 §6.1, from the anchor down to the leaf.

use super::extensions::Read;
use super::identity::RegisteredIdentity;
use super::name_constraints::{self, NameConstraints};
use super::policy::Policies;
use super::profile::{CERT_SIGN, Profile};
use super::search::{Place, Refusal, Search};
use super::{Held, PathReason};
use crate::certificate::signature_algorithm;
use crate::{DigestAlgorithm, RevocationStatus};
use der::asn1::ObjectIdentifier;

/// A path that held.
pub(super) struct Judged {
    /// Leaf first, anchor last.
    pub(super) path: Vec<Place>,
    /// How sure we are of each but the anchor, in the same order.
    pub(super) revocation: Vec<RevocationStatus>,
    pub(super) policies: Vec<ObjectIdentifier>,
    pub(super) identity: Option<RegisteredIdentity>,
}

impl<'a> Search<'a> {
    /// Judges a path whose signatures hold. Whoever is asked last costs most: revocation, whose lists have signatures.
    pub(super) fn judge(
        &mut self,
        path: &[Place],
        anchor: usize,
        profile: &Profile,
    ) -> Result<Judged, Refusal> {
        let Some((_, below)) = path.split_last() else {
            return Err(Refusal::judged(PathReason::NoIssuer, Place::Leaf, 0));
        };
        let refused = |depth: usize, place: Place| move |reason| Refusal::judged(reason, place, depth);
        self.meter.path().map_err(refused(0, Place::Leaf))?;

        let place = Place::Anchor(anchor);
        let held = self.held(place);
        let mut above = Above::of(held, profile, self.at).map_err(refused(below.len(), place))?;
        let mut policies = Policies::start(&profile.policies, below.len());

        for (depth, place) in below.iter().copied().enumerate().rev() {
            let refused = refused(depth, place);
            let held = self.held(place);
            let read = self.read(place).map_err(refused)?;
            let last = depth == 0;
            fit(held, self.at).map_err(refused)?;
            if last || !read.is_self_issued() {
                name_constraints::check(read, &above.names, &mut self.meter).map_err(refused)?;
            }
            policies.certificate(read, last).map_err(refused)?;
            if last {
                leaf(read, profile).map_err(refused)?;
            } else {
                policies.authority(read).map_err(refused)?;
                above.descend(read, profile).map_err(refused)?;
            }
            if read.unknown_critical {
                return Err(refused(PathReason::UnknownCritical));
            }
        }

        let Some(first) = path.first().copied() else {
            return Err(Refusal::judged(PathReason::NoIssuer, Place::Leaf, 0));
        };
        let refused_leaf = refused(0, first);
        let read = self.read(first).map_err(refused_leaf)?;
        let policies = policies.end(read).map_err(refused_leaf)?;
        let subject = self.held(first).certificate.subject();
        let identity = RegisteredIdentity::of(subject, profile.holder).map_err(refused_leaf)?;
        let mut revocation = Vec::new();
        for (depth, place) in below.iter().copied().enumerate().rev() {
            revocation.push(self.status(path, depth, anchor).map_err(refused(depth, place))?);
        }
        revocation.reverse();
        Ok(Judged { path: path.to_vec(), revocation, policies, identity })
    }
}

/// What the authorities above say for those below.
struct Above<'a> {
    names: Vec<&'a NameConstraints>,
    /// Authorities that may still follow, self-issued ones not counted.
    length: Option<u32>,
}

impl<'a> Above<'a> {
    /// The anchor is believed because it is pinned, but only as far as it goes itself (RFC 5937): validity, key usage,
    /// path length, name constraints and purposes of its certificate hold. A version 1 root need not be marked.
    fn of(anchor: &'a Held, profile: &Profile, at: time::OffsetDateTime) -> Result<Self, PathReason> {
        let read = anchor.read.as_ref().map_err(|reason| *reason)?;
        anchor.certificate.valid_at(at)?;
        anchor.key()?.strong_enough()?;
        if read.authority == Some(false) || (read.authority.is_none() && anchor.certificate.is_v3()) {
            return Err(PathReason::NotAnAuthority);
        }
        let mut above = Self { names: Vec::new(), length: None };
        above.usage(read, profile)?;
        if read.unknown_critical {
            return Err(PathReason::UnknownCritical);
        }
        Ok(above)
    }

    /// §6.1.4 (g), (k) to (n) for an authority between anchor and leaf.
    fn descend(&mut self, authority: &'a Read, profile: &Profile) -> Result<(), PathReason> {
        if authority.authority != Some(true) {
            return Err(PathReason::NotAnAuthority);
        }
        if !authority.is_self_issued() {
            self.length = match self.length {
                Some(0) => return Err(PathReason::PathTooLong),
                Some(left) => Some(left - 1),
                None => None,
            };
        }
        self.usage(authority, profile)
    }

    fn usage(&mut self, authority: &'a Read, profile: &Profile) -> Result<(), PathReason> {
        if let Some(length) = authority.path_length {
            self.length = Some(self.length.map_or(length, |left| left.min(length)));
        }
        if !authority.may(CERT_SIGN) {
            return Err(PathReason::KeyUsage);
        }
        // Nested extended key usage: not in RFC 5280, in use everywhere, and only ever narrows.
        if profile.purpose.is_some_and(|purpose| !authority.serves(purpose)) {
            return Err(PathReason::ExtendedKeyUsage);
        }
        self.names.extend(&authority.name_constraints);
        Ok(())
    }
}

/// Validity, key and digest of any certificate below the anchor.
fn fit(held: &Held, at: time::OffsetDateTime) -> Result<(), PathReason> {
    held.certificate.valid_at(at)?;
    held.key()?.strong_enough()?;
    let algorithm = held.certificate.inner().signature_algorithm();
    if signature_algorithm(algorithm)?.digest() == DigestAlgorithm::Sha1 {
        return Err(PathReason::WeakDigest);
    }
    Ok(())
}

/// What the profile asks of the leaf: both usages explicitly, since without them a certificate is for everything.
fn leaf(read: &Read, profile: &Profile) -> Result<(), PathReason> {
    if !read.may(profile.key_usage) || (profile.key_usage != 0 && read.key_usage.is_none()) {
        return Err(PathReason::KeyUsage);
    }
    if let Some(purpose) = profile.purpose {
        if read.purposes.is_none() || !read.serves(purpose) {
            return Err(PathReason::ExtendedKeyUsage);
        }
        // An authority's key that also answers challenges would let a signed challenge be a certificate.
        if read.authority == Some(true) {
            return Err(PathReason::KeyUsage);
        }
    }
    Ok(())
}
