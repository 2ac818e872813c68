//! How are keys held in this process?

mod material;
mod unsealed;

use std::{fmt, path::Path};

use time::OffsetDateTime;
use zeroize::Zeroizing;

pub(crate) use self::material::Material;
use crate::{HsmError, KeyJob, KeyRole, PublishedKey, SIGNATURE_LEN, Signer};

/// Every key of every role, held in this process by aws-lc-rs.
///
/// The embedded default, for a machine without a hardware module.
pub struct SoftwareKeys {
    /// By role, then by number.
    pub(crate) generations: Vec<Generation>,
}

/// One key of a role, and when it is that role's key (*génération*).
pub(crate) struct Generation {
    pub(crate) role: KeyRole,
    /// From 1, in the order in which they were made; never given twice.
    pub(crate) number: u32,
    pub(crate) signs_from: OffsetDateTime,
    pub(crate) published_until: Option<OffsetDateTime>,
    pub(crate) material: Material,
}

impl SoftwareKeys {
    /// Makes a fresh key for every role, in use from that time on.
    ///
    /// # Errors
    /// [`HsmError::NoRandomness`] when the operating system gives none.
    pub fn generate(signs_from: OffsetDateTime) -> Result<Self, HsmError> {
        let signs_from = signs_from.replace_nanosecond(0).unwrap_or(signs_from);
        let generations = KeyRole::ALL.into_iter().map(|role| {
            let material = Material::generate(role)?;
            Ok(Generation { role, number: 1, signs_from, published_until: None, material })
        });
        Ok(Self { generations: generations.collect::<Result<_, HsmError>>()? })
    }

    /// Reads a key file of the first format, which is not sealed, to seal it at last.
    ///
    /// # Errors
    /// A file that others can read or write, that is not a key file, that lacks a role, that gives a role two
    /// keys or a key two roles.
    pub fn import(path: &Path) -> Result<Self, HsmError> {
        unsealed::load(path)
    }

    /// The keys of a role, newest first.
    pub(crate) fn of(&self, role: KeyRole) -> impl Iterator<Item = &Generation> {
        self.generations.iter().rev().filter(move |generation| generation.role == role)
    }
}

impl Signer for SoftwareKeys {
    fn published(&self, role: KeyRole, at: OffsetDateTime) -> Result<Vec<PublishedKey>, HsmError> {
        role.must(KeyJob::Sign)?;
        let keys = self.of(role).filter_map(Generation::published);
        Ok(keys.filter(|key| key.is_published(at)).collect())
    }

    fn sign(&self, role: KeyRole, kid: &str, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], HsmError> {
        role.must(KeyJob::Sign)?;
        let key = self
            .of(role)
            .find(|generation| generation.material.public().is_some_and(|public| public.kid() == kid));
        key.ok_or(HsmError::UnknownKey { role })?.material.sign(role, message)
    }

    fn mac(&self, role: KeyRole, message: &[u8]) -> Result<[u8; 32], HsmError> {
        role.must(KeyJob::Mac)?;
        self.of(role).next().ok_or(HsmError::MissingRole(role))?.material.mac(role, message)
    }

    fn seal(&self, role: KeyRole, plaintext: &[u8], associated_data: &[u8]) -> Result<Vec<u8>, HsmError> {
        role.must(KeyJob::Seal)?;
        let newest = self.of(role).next().ok_or(HsmError::MissingRole(role))?;
        newest.material.seal(role, plaintext, associated_data)
    }

    fn open(
        &self,
        role: KeyRole,
        sealed: &[u8],
        associated_data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        role.must(KeyJob::Seal)?;
        let mut opened = self.of(role).map(|key| key.material.open(role, sealed, associated_data));
        opened.find(Result::is_ok).unwrap_or(Err(HsmError::NotSealedHere { role }))
    }
}

impl fmt::Debug for SoftwareKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.generations).finish()
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.role)?;
        self.material.public().map_or(Ok(()), |public| write!(f, " {}", public.kid()))
    }
}

impl Generation {
    /// What anybody may know of a key that signs; nothing of the others.
    pub(crate) fn published(&self) -> Option<PublishedKey> {
        Some(PublishedKey {
            key: self.material.public()?.clone(),
            signs_from: self.signs_from,
            published_until: self.published_until,
            certificates: Vec::new(),
        })
    }
}
