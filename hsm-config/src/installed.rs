//! Which signer does a profile make, with each key where it lives?

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::delegated::Delegates;
use crate::pkcs11::{TokenKeys, TokenPlace};
use crate::profile::{Place, Profile, ProfileError, Signing};
use crate::{Announcement, HsmError, KeyRole, PublicKey, PublishedKey, SIGNATURE_LEN, Signer};

/// Where the places of a profile are on this machine (*emplacements*).
#[derive(Clone, Default)]
pub struct Places {
    /// The keys of the file, for roles that live in one.
    pub file: Option<Arc<dyn Signer>>,
    /// The token, for roles that live in one.
    pub token: Option<TokenPlace>,
    /// The name of this node in the certificates of its delegates: letters, digits, dots and dashes.
    pub node: String,
}

/// The keys of a profile, each asked where it lives (*clés installées*).
pub struct InstalledKeys {
    places: BTreeMap<KeyRole, Place>,
    file: Option<Arc<dyn Signer>>,
    token: Option<Arc<TokenKeys>>,
    delegates: Option<Delegates>,
}

/// Opens every place that the profile names and makes the first delegates.
///
/// # Errors
/// A place that the machine does not have, and whatever keeps one from being opened.
pub fn open(profile: &Profile, places: Places, at: OffsetDateTime) -> Result<InstalledKeys, HsmError> {
    if places.node.is_empty()
        || !places.node.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
    {
        return Err(ProfileError::NodeName.into());
    }
    let lives_in = |place| profile.at(place).next().is_some();
    let in_file = lives_in(Place::SealedFile);
    if in_file && places.file.is_none() {
        return Err(ProfileError::PlaceUnknown("file").into());
    }
    let token = match (lives_in(Place::Pkcs11), &places.token) {
        (true, Some(place)) => Some(Arc::new(TokenKeys::open(place, profile)?)),
        (true, None) => return Err(ProfileError::PlaceUnknown("module").into()),
        (false, _) => None,
    };
    let delegated: BTreeMap<_, _> = profile
        .keys()
        .iter()
        .filter_map(|key| match key.signing {
            Signing::Delegated(times) => Some((key.role, times)),
            Signing::Direct => None,
        })
        .collect();
    let delegates = match &token {
        Some(token) if !delegated.is_empty() => {
            Some(Delegates::open(Arc::clone(token), delegated, places.node, at)?)
        }
        _ => None,
    };
    Ok(InstalledKeys {
        places: profile.keys().iter().map(|key| (key.role, key.place)).collect(),
        file: places.file.filter(|_| in_file),
        token,
        delegates,
    })
}

impl InstalledKeys {
    /// Who answers for that role, if not a delegate.
    fn of(&self, role: KeyRole) -> Result<&dyn Signer, HsmError> {
        let missing = || HsmError::MissingRole(role);
        match self.places.get(&role).ok_or_else(missing)? {
            Place::PlainFile | Place::SealedFile => self.file.as_deref().ok_or_else(missing),
            Place::Pkcs11 => self.token.as_deref().map(|token| token as &dyn Signer).ok_or_else(missing),
        }
    }

    fn delegates(&self, role: KeyRole) -> Option<&Delegates> {
        self.delegates.as_ref().filter(|delegates| delegates.has(role))
    }
}

impl Signer for InstalledKeys {
    fn published(&self, role: KeyRole, at: OffsetDateTime) -> Result<Vec<PublishedKey>, HsmError> {
        match self.delegates(role) {
            Some(delegates) => Ok(delegates.published(role, at)),
            None => self.of(role)?.published(role, at),
        }
    }

    fn current(&self, role: KeyRole, at: OffsetDateTime) -> Result<PublicKey, HsmError> {
        match self.delegates(role) {
            Some(delegates) => delegates.current(role, at),
            None => self.of(role)?.current(role, at),
        }
    }

    fn sign(&self, role: KeyRole, kid: &str, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], HsmError> {
        match self.delegates(role) {
            Some(delegates) => delegates.sign(role, kid, message),
            None => self.of(role)?.sign(role, kid, message),
        }
    }

    fn mac(&self, role: KeyRole, message: &[u8]) -> Result<[u8; 32], HsmError> {
        self.of(role)?.mac(role, message)
    }

    fn seal(&self, role: KeyRole, plaintext: &[u8], associated_data: &[u8]) -> Result<Vec<u8>, HsmError> {
        self.of(role)?.seal(role, plaintext, associated_data)
    }

    fn open(
        &self,
        role: KeyRole,
        sealed: &[u8],
        associated_data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        self.of(role)?.open(role, sealed, associated_data)
    }

    fn waits(&self, role: KeyRole) -> bool {
        self.places.get(&role) == Some(&Place::Pkcs11) && self.delegates(role).is_none()
    }

    fn announcements(&self, at: OffsetDateTime) -> Vec<Announcement> {
        self.delegates.as_ref().map_or_else(Vec::new, |delegates| delegates.announcements(at))
    }

    fn hear(&self, announced: &[Announcement], at: OffsetDateTime) -> Vec<HsmError> {
        self.delegates.as_ref().map_or_else(Vec::new, |delegates| delegates.hear(announced, at))
    }

    fn maintain(&self, at: OffsetDateTime) -> Result<(), HsmError> {
        // A module that does not answer must not keep a delegate from being forgotten.
        let seen = self.token.as_ref().map_or(Ok(()), |token| token.look_again());
        let renewed = self.delegates.as_ref().map_or(Ok(()), |delegates| delegates.renew(at));
        let kept = self.file.as_ref().map_or(Ok(()), |file| file.maintain(at));
        seen.and(renewed).and(kept)
    }
}

impl fmt::Debug for InstalledKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstalledKeys").field("places", &self.places).finish_non_exhaustive()
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("token", &self.token).field("node", &self.node).finish_non_exhaustive()
    }
}
