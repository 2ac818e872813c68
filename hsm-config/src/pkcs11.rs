//! How are keys used that never leave a hardware module?
//!
//! | module | the question it answers |
//! |---|---|
//! | `module` | how is a library loaded once, and started again when it lost its device? |
//! | `connection` | how do many threads share one login and a bounded number of sessions? |
//! | `link` | what happens when the module is lost, and how does it come back by itself? |
//! | `fault` | which failures go away with a new session, and which stay? |
//! | `catalogue` | which keys are in the token, and is each what the profile declares? |
//! | `attributes` | what must a key be able to do, and what must it never? |
//! | `key_id` | which generation is a key, and when does it begin to sign? |
//! | `operations` | how does a key in the token sign, authenticate and seal? |
//! | `provision` | how do keys come into the token? |
//!
//! # What may be repeated
//!
//! Signing, authenticating, sealing and opening leave nothing behind in the module: when a connection is lost in the middle
//! they are repeated on the next one, three times at most; an answer that got lost is never used. Making a key is not repeated:
//! after a failure the token is asked whether the key is there.
//!
//! A module that crashes takes the process with it. Where the vendor's library cannot be trusted with that, put
//! `p11-kit server` between: then the crash is a lost connection like any other.

mod attributes;
mod catalogue;
mod connection;
mod error;
mod fault;
mod key_id;
mod link;
mod module;
mod operations;
mod provision;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use cryptoki::error::Error;
use cryptoki::types::AuthPin;
use time::OffsetDateTime;

use self::catalogue::TokenKey;
use self::connection::Token;
pub use self::error::ModuleError;
use self::fault::Fault;
use self::link::Link;
use self::module::Module;
pub use self::provision::Provisioned;
use crate::delegated::Certifying;
use crate::profile::{KeyDeclaration, Place, Profile};
use crate::{HsmError, KeyRole, PublicKey, PublishedKey, SecretSource};

/// Operations in the module at once; more wait. Network modules often give a client 16 sessions.
const SESSIONS: usize = 14;

/// Which token of which module, and who may enter (*emplacement du jeton*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPlace {
    /// The PKCS#11 library.
    pub module: PathBuf,
    /// The label of the token.
    pub token: String,
    /// Where the user PIN is read from.
    pub pin: SecretSource,
}

/// The keys of a token (*clés du module*).
pub struct TokenKeys {
    link: Arc<Link>,
}

impl TokenPlace {
    fn token(&self, declared: Vec<KeyDeclaration>) -> Result<Token, HsmError> {
        // Read once: a pipe gives it once, and later logins need it again.
        let pin = self.pin.read()?;
        Ok(Token {
            module: Module::load(&self.module)?,
            label: self.token.clone(),
            pin: AuthPin::from(pin.as_str()),
            declared,
            sessions: SESSIONS,
        })
    }
}

impl TokenKeys {
    /// Opens the token and finds every key that the profile declares there.
    ///
    /// # Errors
    /// [`ModuleError`]: no such module or token, PIN refused, a key missing, there twice, or able to do what it must not.
    pub fn open(place: &TokenPlace, profile: &Profile) -> Result<Self, HsmError> {
        let declared = profile.at(Place::Pkcs11).cloned().collect();
        Ok(Self { link: Link::open(place.token(declared)?)? })
    }

    /// Looks which keys are there now: another process may have made the next generation.
    ///
    /// # Errors
    /// [`ModuleError`] while the module does not answer; the keys known so far stay known.
    pub fn look_again(&self) -> Result<(), HsmError> {
        self.link.look_again()
    }

    /// The declaration of a role's key.
    pub(crate) fn declaration(&self, role: KeyRole) -> Result<&KeyDeclaration, HsmError> {
        let declared = &self.link.token.declared;
        declared.iter().find(|key| key.role == role).ok_or(HsmError::MissingRole(role))
    }

    /// The newest key of a signing role whose time has come, with its certificate.
    pub(crate) fn certifying(
        &self,
        role: KeyRole,
        at: OffsetDateTime,
    ) -> Result<(PublicKey, Option<Vec<u8>>), HsmError> {
        let known = self.link.known();
        let newest = known.iter().rev().find(|key| key.role == role && key.id.signs_from <= at);
        let key = newest.ok_or(HsmError::NoCurrentKey { role })?;
        let public = key.public.clone().ok_or(HsmError::MissingRole(role))?;
        Ok((public, key.certificate.clone()))
    }
}

impl TokenKeys {
    /// Every key of a signing role with a certificate, whenever it certifies.
    pub(crate) fn certifying_keys(&self, role: KeyRole) -> Vec<Certifying> {
        let known = self.link.known();
        let keys = known.iter().filter(|key| key.role == role);
        keys.filter_map(|key| {
            Some(Certifying { public: key.public.clone()?, certificate: key.certificate.clone()? })
        })
        .collect()
    }
}

/// What anybody may know of the keys of a signing role, with the times that follow from their order.
fn published(keys: &[TokenKey], declaration: &KeyDeclaration) -> impl Iterator<Item = PublishedKey> {
    let of_role = || keys.iter().filter(|key| key.role == declaration.role);
    of_role().zip(of_role().skip(1).map(Some).chain([None])).filter_map(|(key, successor)| {
        let until = successor.zip(declaration.stays).map(|(next, stay)| after(next.id.signs_from, stay));
        Some(PublishedKey {
            key: key.public.clone()?,
            signs_from: key.id.signs_from,
            published_until: until,
            certificates: key.certificate.iter().cloned().collect(),
        })
    })
}

/// That much later, or the end of time.
pub(crate) fn after(time: OffsetDateTime, pause: std::time::Duration) -> OffsetDateTime {
    time.saturating_add(pause.try_into().unwrap_or(time::Duration::MAX))
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.link.known();
        let kids = known.iter().filter_map(|key| key.public.as_ref().map(PublicKey::kid));
        f.debug_struct("TokenKeys")
            .field("token", &self.link.token.label)
            .field("keys", &kids.collect::<Vec<_>>())
            .finish()
    }
}

/// A failed call while connecting or looking: what was not refused is tried again.
fn unavailable(error: &Error) -> ModuleError {
    match fault::of(error) {
        Fault::Lost(why) => ModuleError::Unavailable(why),
        Fault::Refused(why) => ModuleError::Refused(why),
    }
}
