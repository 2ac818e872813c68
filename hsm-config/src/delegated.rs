//! How does a key in memory sign for a key in a module, for an hour at most?
//!
//! The module's key signs a short certificate for a key that lives in this process only; that key signs tokens. So the hot
//! path asks no module, and what is stolen from a node's memory is worthless within the hour.
//!
//! ```text
//! made ──lead──► signs ────────────► stops ──life of a token──► ends (notAfter)
//! ├─ published, with certificates ────────────────────────────┤
//!                ▲ here its successor is made
//! ```
//!
//! As soon as a delegate begins to sign, its successor is made and published; so a module that fails then is survived until
//! the delegate stops. After that nothing is signed, by whatever key.
//!
//! # Several nodes
//!
//! Each node has delegates of its own and tells the others ([`Announcement`]), so that every node's JWKS shows those of all.
//!
//! A node that starts has no delegate that was announced: its first one signs at once, and verifiers have to fetch the JWKS again when
//! they meet an unknown `kid`, as stock clients do.

pub(crate) mod certificate;
mod neighbours;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use time::OffsetDateTime;

use self::certificate::{Issuer, Span};
pub use self::neighbours::Announcement;
pub(crate) use self::neighbours::Certifying;
use self::neighbours::Neighbours;
use crate::pkcs11::{ModuleError, TokenKeys, after};
use crate::profile::{CLOCK_LEEWAY, DelegationTimes, TOKEN_LIFE};
use crate::software::Material;
use crate::{HsmError, KeyRole, PublicKey, PublishedKey, SIGNATURE_LEN, Signer as _};

/// The delegates of this process (*clés déléguées*).
pub(crate) struct Delegates {
    token: Arc<TokenKeys>,
    node: String,
    roles: BTreeMap<KeyRole, DelegationTimes>,
    /// Oldest first.
    living: RwLock<Arc<[Delegate]>>,
    /// One renewal at a time.
    renewing: Mutex<()>,
    neighbours: Neighbours,
}

/// A key in memory and what it was certified for (*délégué*).
#[derive(Clone)]
struct Delegate {
    role: KeyRole,
    material: Arc<Material>,
    public: PublicKey,
    signs_from: OffsetDateTime,
    /// From then on a token that it signed could outlive its certificate.
    signs_until: OffsetDateTime,
    ends: OffsetDateTime,
    /// Its own certificate, then the module key's.
    certificates: Vec<Vec<u8>>,
}

impl Delegates {
    /// Makes the first delegate of each role.
    pub(crate) fn open(
        token: Arc<TokenKeys>,
        roles: BTreeMap<KeyRole, DelegationTimes>,
        node: String,
        at: OffsetDateTime,
    ) -> Result<Self, HsmError> {
        let living = RwLock::new(Vec::new().into());
        let (renewing, neighbours) = (Mutex::new(()), Neighbours::default());
        let delegates = Self { token, node, roles, living, renewing, neighbours };
        delegates.renew(at)?;
        Ok(delegates)
    }

    /// Whether the role's keys are delegates.
    pub(crate) fn has(&self, role: KeyRole) -> bool {
        self.roles.contains_key(&role)
    }

    /// Forgets delegates that ended, and makes a successor for each that began to sign.
    pub(crate) fn renew(&self, at: OffsetDateTime) -> Result<(), HsmError> {
        // The times of keys are whole seconds: whoever asks for this second finds the delegate that was made in it.
        let at = at.replace_nanosecond(0).unwrap_or(at);
        let _one_at_a_time = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut living: Vec<Delegate> = self.living().iter().filter(|key| at < key.ends).cloned().collect();
        let mut failure = Ok(());
        for (role, times) in &self.roles {
            let newest = living.iter().rev().find(|key| key.role == *role);
            if newest.is_some_and(|newest| at < newest.signs_from) {
                continue;
            }
            // Announced before it signs, if another one signs until then; if none does, waiting would help nobody.
            let signs_from =
                newest.map_or(at, |newest| newest.signs_until.min(after(at, times.lead)).max(at));
            match self.make(*role, *times, at, signs_from) {
                Ok(delegate) => living.push(delegate),
                Err(error) => failure = Err(error),
            }
        }
        *self.living.write().unwrap_or_else(PoisonError::into_inner) = living.into();
        failure
    }

    pub(crate) fn published(&self, role: KeyRole, at: OffsetDateTime) -> Vec<PublishedKey> {
        let living = self.living();
        let keys = living.iter().filter(|key| key.role == role && at < key.ends);
        let mut keys: Vec<_> = keys.map(Delegate::published).collect();
        let others = self.neighbours.published(role, at);
        keys.extend(others.into_iter().filter(|other| !living.iter().any(|own| own.public == other.key)));
        keys
    }

    /// What the other nodes should know.
    pub(crate) fn announcements(&self, at: OffsetDateTime) -> Vec<Announcement> {
        let living = self.living();
        let announced = |key: &Delegate| Announcement {
            role: key.role,
            signs_from: key.signs_from,
            certificates: key.certificates.clone(),
        };
        living.iter().filter(|key| at < key.ends).map(announced).collect()
    }

    /// What the other nodes told.
    pub(crate) fn hear(&self, announced: &[Announcement], at: OffsetDateTime) -> Vec<HsmError> {
        self.neighbours.hear(announced, at, |role| self.token.certifying_keys(role))
    }

    pub(crate) fn current(&self, role: KeyRole, at: OffsetDateTime) -> Result<PublicKey, HsmError> {
        let living = self.living();
        let mut keys = living.iter().rev().filter(|key| key.role == role && key.signs_from <= at);
        match keys.next() {
            Some(newest) if at < newest.signs_until => Ok(newest.public.clone()),
            Some(_) => Err(ModuleError::DelegateEnded(role).into()),
            None => Err(HsmError::NoCurrentKey { role }),
        }
    }

    pub(crate) fn sign(
        &self,
        role: KeyRole,
        kid: &str,
        message: &[u8],
    ) -> Result<[u8; SIGNATURE_LEN], HsmError> {
        let living = self.living();
        let key = living.iter().find(|key| key.role == role && key.public.kid() == kid);
        key.ok_or(HsmError::UnknownKey { role })?.material.sign(role, message)
    }

    fn make(
        &self,
        role: KeyRole,
        times: DelegationTimes,
        at: OffsetDateTime,
        signs_from: OffsetDateTime,
    ) -> Result<Delegate, HsmError> {
        let (public, certificate) = self.token.certifying(role, at)?;
        let certificate = certificate.ok_or(ModuleError::CertificateMissing(role))?;
        let issuer = Issuer::read(role, &public, certificate)?;
        let material = Material::generate(role)?;
        let delegate = material.public().ok_or(HsmError::KeyRejected(role))?.clone();
        // The clock of a verifier may be behind.
        let from = at.saturating_sub(CLOCK_LEEWAY.try_into().unwrap_or_default());
        let ends = after(from, times.life).min(issuer.until);
        let signs_until = ends.saturating_sub((TOKEN_LIFE + CLOCK_LEEWAY).try_into().unwrap_or_default());
        if signs_until <= signs_from {
            return Err(ModuleError::CertificateWrong { role, problem: "ends too soon" }.into());
        }
        let span = Span { from, until: ends };
        let sign = |body: &[u8]| self.token.sign(role, public.kid(), body);
        let own = issuer.certify(&delegate, &self.node, span, sign)?;
        let certificates = vec![own, issuer.der];
        let material = Arc::new(material);
        Ok(Delegate { role, material, public: delegate, signs_from, signs_until, ends, certificates })
    }

    fn living(&self) -> Arc<[Delegate]> {
        Arc::clone(&self.living.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Delegate {
    fn published(&self) -> PublishedKey {
        PublishedKey {
            key: self.public.clone(),
            signs_from: self.signs_from,
            published_until: Some(self.ends),
            certificates: self.certificates.clone(),
        }
    }
}
