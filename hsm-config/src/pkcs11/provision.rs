//! How do keys come into the token?

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cryptoki::object::{Attribute, CertificateType, ObjectClass};
use cryptoki::session::Session;
use time::OffsetDateTime;

use super::catalogue::{self, TokenKey};
use super::connection::{Connection, Failure, Token};
use super::key_id::KeyId;
use super::{ModuleError, TokenKeys, TokenPlace, after, attributes, operations, published, unavailable};
use crate::delegated::certificate;
use crate::profile::{KeyDeclaration, Place, Profile, Signing};
use crate::{HsmError, KeyJob, KeyRole, PublishedKey};

/// SoftHSM loses keys that two threads make at once (its issues 485 and 573); making keys is rare enough to wait.
static MAKING: Mutex<()> = Mutex::new(());

/// What became of a declared key (*clé mise en place*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioned {
    /// Whose key.
    pub role: KeyRole,
    /// Whether it was made now; else it was there already.
    pub made: bool,
}

/// A key in the token, as an operator may see it (*état d'une clé*).
#[derive(Clone, Debug)]
pub struct KeyStatus {
    /// Its role.
    pub role: KeyRole,
    /// Its `CKA_LABEL`.
    pub label: String,
    /// From 1.
    pub generation: u32,
    /// From when on it is the role's key.
    pub signs_from: OffsetDateTime,
    /// For a key that signs: its public half and its times.
    pub published: Option<PublishedKey>,
}

impl TokenKeys {
    /// Makes what the profile declares in a token and is not there yet; what is there is left as it is.
    ///
    /// # Errors
    /// [`ModuleError`]: no such module or token, PIN refused, a key that is there and wrong, or the module refused.
    pub fn provision(
        place: &TokenPlace,
        profile: &Profile,
        at: OffsetDateTime,
    ) -> Result<Vec<Provisioned>, HsmError> {
        let workshop = Workshop::open(place, profile)?;
        let mut report = Vec::new();
        for declaration in &workshop.token.declared {
            let made = workshop.newest(declaration.role).is_none();
            if made {
                workshop.make(declaration, KeyId { generation: 1, signs_from: at })?;
            }
            report.push(Provisioned { role: declaration.role, made });
        }
        workshop.certify(at)?;
        Ok(report)
    }

    /// Makes the next key of a role; it is published at once and signs after that time.
    ///
    /// # Errors
    /// [`ModuleError::NotRotated`] for a role whose key names things, [`ModuleError::RotationPending`] while the last new
    /// key does not sign yet, and what [`TokenKeys::provision`] says.
    pub fn rotate(
        place: &TokenPlace,
        profile: &Profile,
        role: KeyRole,
        at: OffsetDateTime,
        lead: Duration,
    ) -> Result<KeyStatus, HsmError> {
        if role.job() == KeyJob::Mac {
            return Err(ModuleError::NotRotated(role).into());
        }
        let workshop = Workshop::open(place, profile)?;
        let declared = workshop.token.declared.iter().find(|declaration| declaration.role == role);
        let declaration = declared.ok_or(HsmError::MissingRole(role))?;
        let newest = workshop.newest(role).ok_or(ModuleError::KeyMissing(role))?;
        if newest.signs_from > at {
            return Err(ModuleError::RotationPending(role).into());
        }
        let generation = newest.generation.saturating_add(1);
        workshop.make(declaration, KeyId { generation, signs_from: after(at, lead) })?;
        workshop.certify(at)?;
        let made = Self::status(place, profile)?;
        let made = made.into_iter().find(|key| key.role == role && key.generation == generation);
        made.ok_or_else(|| ModuleError::KeyMissing(role).into())
    }

    /// Every declared key that is in the token, and nothing that is secret.
    ///
    /// # Errors
    /// [`ModuleError`]: no such module or token, PIN refused, or a key that is there and wrong.
    pub fn status(place: &TokenPlace, profile: &Profile) -> Result<Vec<KeyStatus>, HsmError> {
        let workshop = Workshop::open(place, profile)?;
        let keys = workshop.connection.keys();
        let mut report = Vec::new();
        for declaration in &workshop.token.declared {
            let known: Vec<PublishedKey> = published(&keys, declaration).collect();
            for key in keys.iter().filter(|key| key.role == declaration.role) {
                let same = |known: &&PublishedKey| key.public.as_ref() == Some(&known.key);
                report.push(KeyStatus {
                    role: key.role,
                    label: declaration.label.clone(),
                    generation: key.id.generation,
                    signs_from: key.id.signs_from,
                    published: known.iter().find(same).cloned(),
                });
            }
        }
        Ok(report)
    }
}

/// A login with the right to make keys, whichever are there already.
struct Workshop {
    token: Token,
    connection: Connection,
}

impl Workshop {
    fn open(place: &TokenPlace, profile: &Profile) -> Result<Self, HsmError> {
        let token = place.token(profile.at(Place::Pkcs11).cloned().collect())?;
        let connection = token.connect_first()?;
        Ok(Self { token, connection })
    }

    fn newest(&self, role: KeyRole) -> Option<KeyId> {
        self.connection.keys().iter().rev().find(|key| key.role == role).map(|key| key.id)
    }

    /// Makes one key, once. Whether a failed call made it is asked of the token, never tried again.
    fn make(&self, declaration: &KeyDeclaration, id: KeyId) -> Result<(), HsmError> {
        let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        self.with_writer(|session| {
            let recipe = attributes::recipe(declaration, id);
            let made = match declaration.role.job() {
                KeyJob::Sign => {
                    session.generate_key_pair(&recipe.mechanism, &recipe.public, &recipe.secret).map(drop)
                }
                KeyJob::Mac | KeyJob::Seal => {
                    session.generate_key(&recipe.mechanism, &recipe.secret).map(drop)
                }
            };
            let there = catalogue::read(session, std::slice::from_ref(declaration))?;
            match made {
                Err(error) if there.iter().all(|key| key.id != id) => Err(unavailable(&error).into()),
                _ => Ok(()),
            }
        })
    }

    /// Gives every delegating key that has none its certificate, signed by itself.
    fn certify(&self, at: OffsetDateTime) -> Result<(), HsmError> {
        let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        self.with_writer(|session| {
            for key in catalogue::read(session, &self.token.declared)? {
                self.certify_one(session, &key, at)?;
            }
            Ok(())
        })
    }

    fn certify_one(&self, session: &Session, key: &TokenKey, at: OffsetDateTime) -> Result<(), HsmError> {
        let declared = self.token.declared.iter().find(|declaration| declaration.role == key.role);
        let (Some(declaration), Some(public), None) = (declared, &key.public, &key.certificate) else {
            return Ok(());
        };
        if declaration.signing == Signing::Direct {
            return Ok(());
        }
        let sign = |body: &[u8]| {
            operations::sign(session, key, body).map_err(|failure| match failure {
                Failure::Final(error) => error,
                Failure::Lost(why) => ModuleError::Unavailable(why).into(),
            })
        };
        let der = certificate::self_signed(key.role, public, at, sign)?;
        let [subject, issuer, serial] = certificate::names(key.role, &der)?;
        let object = [
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::Class(ObjectClass::CERTIFICATE),
            Attribute::CertificateType(CertificateType::X_509),
            Attribute::Label(declaration.label.clone().into_bytes()),
            Attribute::Id(key.id.encode(&declaration.id)),
            Attribute::Subject(subject),
            Attribute::Issuer(issuer),
            Attribute::SerialNumber(serial),
            Attribute::Value(der),
        ];
        session.create_object(&object).map(drop).map_err(|error| unavailable(&error).into())
    }

    fn with_writer<T>(&self, work: impl FnOnce(&Session) -> Result<T, HsmError>) -> Result<T, HsmError> {
        let running = self.token.module.wait();
        let slot = running.slot_of(&self.token.label)?;
        let session = running.context.open_rw_session(slot).map_err(|error| unavailable(&error))?;
        work(&session)
    }
}
