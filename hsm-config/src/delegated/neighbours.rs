//! Which delegates of other nodes may verifiers meet?
//!
//! Nodes tell each other of their delegates over a store that somebody else may write to. So an announcement is believed for its
//! certificate alone: it must be signed by a key that this node finds in the module itself, for that role. When the delegate
//! begins to sign is only told; nothing is permitted by it.

use std::sync::{Arc, PoisonError, RwLock};

use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier as _};
use time::OffsetDateTime;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use super::certificate::ECDSA_WITH_SHA256;
use crate::pkcs11::ModuleError;
use crate::profile::CLOCK_LEEWAY;
use crate::{HsmError, KeyRole, PublicKey, PublishedKey};

/// Delegates of other nodes that are remembered: three of a role for each of 170 nodes, two roles.
const HEARD_MAX: usize = 1_024;

/// What a node tells the others of one of its delegates (*annonce de clé*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// What it signs.
    pub role: KeyRole,
    /// When it begins to.
    pub signs_from: OffsetDateTime,
    /// Its certificate, then the module key's, as DER.
    pub certificates: Vec<Vec<u8>>,
}

/// The delegates of other nodes that were believed (*clés des autres nœuds*).
#[derive(Default)]
pub(super) struct Neighbours(RwLock<Arc<[Neighbour]>>);

#[derive(Clone)]
struct Neighbour {
    role: KeyRole,
    key: PublishedKey,
    ends: OffsetDateTime,
}

/// A key in the module that certifies delegates, with the certificate that it has there.
pub(crate) struct Certifying {
    pub(crate) public: PublicKey,
    pub(crate) certificate: Vec<u8>,
}

impl Neighbours {
    /// Replaces what was heard; says how many announcements were not believed.
    pub(super) fn hear(
        &self,
        announced: &[Announcement],
        at: OffsetDateTime,
        certifying: impl Fn(KeyRole) -> Vec<Certifying>,
    ) -> Vec<HsmError> {
        let known = self.heard();
        let mut believed: Vec<Neighbour> = Vec::new();
        let mut refused = Vec::new();
        for announcement in announced.iter().take(HEARD_MAX) {
            // A signature that was verified once need not be verified every second.
            let again = known.iter().find(|one| {
                one.role == announcement.role && one.key.certificates == announcement.certificates
            });
            match again.cloned().map_or_else(|| believe(announcement, at, &certifying), Ok) {
                Ok(told) if told.ends <= at || believed.iter().any(|one| one.key.key == told.key.key) => {}
                Ok(told) => believed.push(told),
                Err(error) => refused.push(error),
            }
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = believed.into();
        refused
    }

    pub(super) fn published(&self, role: KeyRole, at: OffsetDateTime) -> Vec<PublishedKey> {
        let heard = self.heard();
        heard.iter().filter(|one| one.role == role && at < one.ends).map(|one| one.key.clone()).collect()
    }

    fn heard(&self) -> Arc<[Neighbour]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn believe(
    announcement: &Announcement,
    at: OffsetDateTime,
    certifying: impl Fn(KeyRole) -> Vec<Certifying>,
) -> Result<Neighbour, HsmError> {
    let role = announcement.role;
    let wrong = |problem| HsmError::from(ModuleError::CertificateWrong { role, problem });
    let [leaf, issuer] = announcement.certificates.as_slice() else {
        return Err(wrong("of another node is not a chain of two"));
    };
    let known = certifying(role);
    let issuer = known.iter().find(|key| key.certificate == *issuer);
    let issuer = issuer.ok_or(wrong("of another node is of no key in the module"))?;
    let leaf = Certificate::from_der(leaf).map_err(|_| wrong("of another node is not a certificate"))?;
    if !is_signed_by(&leaf, &issuer.public) {
        return Err(wrong("of another node is not signed by the module's key"));
    }
    let body = leaf.tbs_certificate();
    let constraints = body.get_extension::<BasicConstraints>().ok().flatten();
    let usage = body.get_extension::<KeyUsage>().ok().flatten();
    let signs_only = constraints.is_some_and(|(_, constraints)| !constraints.ca)
        && usage.is_some_and(|(_, usage)| usage.digital_signature() && !usage.key_cert_sign());
    if !signs_only {
        return Err(wrong("of another node is not that of a key which only signs"));
    }
    let seconds = |time: x509_cert::time::Time| {
        let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| wrong("of another node has no times"))
    };
    let begins = seconds(body.validity().not_before)?;
    let ends = seconds(body.validity().not_after)?;
    if at.saturating_add(CLOCK_LEEWAY.try_into().unwrap_or_default()) < begins {
        return Err(wrong("of another node is not valid yet"));
    }
    let point = body.subject_public_key_info().subject_public_key.as_bytes();
    let point: [u8; 65] = point
        .and_then(|point| point.try_into().ok())
        .filter(|point: &[u8; 65]| VerifyingKey::from_sec1_bytes(point).is_ok())
        .ok_or(wrong("of another node has no P-256 key"))?;
    let key = PublishedKey {
        key: PublicKey::new(point),
        signs_from: announcement.signs_from,
        published_until: Some(ends),
        certificates: announcement.certificates.clone(),
    };
    Ok(Neighbour { role, key, ends })
}

fn is_signed_by(certificate: &Certificate, issuer: &PublicKey) -> bool {
    let verified = || {
        let key = VerifyingKey::from_sec1_bytes(issuer.sec1_uncompressed()).ok()?;
        let signature = Signature::from_der(certificate.signature().as_bytes()?).ok()?;
        let body = certificate.tbs_certificate().to_der().ok()?;
        key.verify(&body, &signature).ok()
    };
    certificate.signature_algorithm().oid == ECDSA_WITH_SHA256 && verified().is_some()
}
