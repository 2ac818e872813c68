//! How do keys come into the token?

use std::sync::{Mutex, PoisonError};

use cryptoki::object::{Attribute, CertificateType, ObjectClass};
use cryptoki::session::Session;
use time::OffsetDateTime;

use super::catalogue::{self, TokenKey};
use super::connection::{Connection, Failure, Token};
use super::key_id::KeyId;
use super::{ModuleError, TokenKeys, TokenPlace, attributes, operations, published, unavailable};
use crate::delegated::certificate;
use crate::profile::{KeyDeclaration, Place, Profile, Signing};
use crate::{HsmError, KeyJob, KeyRole, KeyView, PublishedKey, Rotated, Schedule, Turn};

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
                workshop.make(
                    declaration,
                    KeyId { generation: 1, signs_from: at.replace_nanosecond(0).unwrap_or(at) },
                )?;
            }
            report.push(Provisioned { role: declaration.role, made });
        }
        workshop.certify(at)?;
        Ok(report)
    }

    /// Makes the next key of a role, as [`SoftwareKeys::rotate`](crate::SoftwareKeys::rotate) does in a file.
    ///
    /// How long the old one stays is said by the profile, for all nodes; only a withdrawal destroys it in the token.
    ///
    /// # Errors
    /// [`HsmError::NeverRotated`] for a role whose key names things, [`HsmError::RotationPending`] while the last new key
    /// does not sign yet, and what [`TokenKeys::provision`] says.
    pub fn rotate(
        place: &TokenPlace,
        profile: &Profile,
        role: KeyRole,
        turn: Turn,
        schedule: &Schedule,
        at: OffsetDateTime,
    ) -> Result<Rotated, HsmError> {
        if role.job() == KeyJob::Mac {
            return Err(HsmError::NeverRotated(role));
        }
        let workshop = Workshop::open(place, profile)?;
        let declaration = workshop.declaration(role)?;
        let newest = workshop.newest(role).ok_or(ModuleError::KeyMissing(role))?;
        // The times of keys are whole seconds.
        let now = at.replace_nanosecond(0).unwrap_or(at);
        let signs_from = match (turn, role.job()) {
            (Turn::Announced, KeyJob::Sign) if newest.signs_from > at => {
                return Err(HsmError::RotationPending { role, signs_from: newest.signs_from });
            }
            (Turn::Announced, KeyJob::Sign) => now.saturating_add(schedule.lead + time::Duration::SECOND),
            // Nobody has to know a sealing key before it is used.
            _ => now,
        };
        let id = KeyId { generation: newest.generation.saturating_add(1), signs_from };
        workshop.make(declaration, id)?;
        workshop.certify(at)?;
        if turn == Turn::AtOnce && role.job() == KeyJob::Sign {
            workshop.withdraw(declaration, id)?;
        }
        let keys = Self::view(place, profile)?;
        let of_role = |key: &&KeyView| key.role == role;
        let made = keys.iter().filter(of_role).find(|key| key.number == id.generation);
        let before = keys.iter().filter(of_role).rfind(|key| key.number < id.generation);
        Ok(Rotated {
            role,
            key: made.ok_or(ModuleError::KeyMissing(role))?.key.clone(),
            signs_from,
            old_until: match turn {
                Turn::AtOnce => (role.job() == KeyJob::Sign).then_some(now),
                Turn::Announced => before.and_then(|key| key.published_until),
            },
        })
    }

    /// Every declared key that is in the token, and nothing that is secret.
    ///
    /// # Errors
    /// [`ModuleError`]: no such module or token, PIN refused, or a key that is there and wrong.
    pub fn view(place: &TokenPlace, profile: &Profile) -> Result<Vec<KeyView>, HsmError> {
        let workshop = Workshop::open(place, profile)?;
        let keys = workshop.connection.keys();
        let view = |key: &TokenKey| {
            let declared = workshop.token.declared.iter().find(|declaration| declaration.role == key.role);
            let same = |known: &PublishedKey| key.public.as_ref() == Some(&known.key);
            let known = declared.and_then(|declaration| published(&keys, declaration).find(same));
            KeyView {
                role: key.role,
                number: key.id.generation,
                signs_from: key.id.signs_from,
                published_until: known.and_then(|known| known.published_until),
                key: key.public.clone(),
                retired: false,
            }
        };
        Ok(keys.iter().map(view).collect())
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

    fn declaration(&self, role: KeyRole) -> Result<&KeyDeclaration, HsmError> {
        let declared = self.token.declared.iter().find(|declaration| declaration.role == role);
        declared.ok_or(HsmError::MissingRole(role))
    }

    /// Destroys the keys of a role that came before that one: what they signed dies with them.
    fn withdraw(&self, declaration: &KeyDeclaration, newest: KeyId) -> Result<(), HsmError> {
        let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        self.with_writer(|session| {
            for key in catalogue::read(session, std::slice::from_ref(declaration))? {
                if key.id.generation >= newest.generation {
                    continue;
                }
                let name = [
                    Attribute::Token(true),
                    Attribute::Label(declaration.label.clone().into_bytes()),
                    Attribute::Id(key.id.encode(&declaration.id)),
                ];
                for object in session.find_objects(&name).map_err(|error| unavailable(&error))? {
                    session.destroy_object(object).map_err(|error| unavailable(&error))?;
                }
            }
            Ok(())
        })
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
