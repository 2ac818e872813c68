//! What can be said of a key file without its passphrase?

use std::path::Path;

use time::OffsetDateTime;

use super::{derivation::Derivation, file, vault};
use crate::{HsmError, KeyJob, KeyRole, PublicKey, PublishedKey, SoftwareKeys};

/// What a key file says of its keys (*aperçu*). Without the passphrase it is what the file says, not what is proven.
#[derive(Clone, Debug)]
pub struct KeyFileView {
    /// How often it was written.
    pub revision: u64,
    /// When it was written last.
    pub written_at: OffsetDateTime,
    /// How its passphrase is stretched.
    pub derivation: Derivation,
    /// Every key, by role and number.
    pub keys: Vec<KeyView>,
}

/// What can be said of one key.
#[derive(Clone, Debug)]
pub struct KeyView {
    /// Its one job.
    pub role: KeyRole,
    /// From 1, in the order in which the keys of the role were made.
    pub number: u32,
    /// When it takes over.
    pub signs_from: OffsetDateTime,
    /// When it is no longer published.
    pub published_until: Option<OffsetDateTime>,
    /// Its public half, for a key that signs.
    pub key: Option<PublicKey>,
    /// Whether its private half is gone: it only verifies.
    pub retired: bool,
}

impl KeyFileView {
    /// Reads what is open in a key file.
    ///
    /// # Errors
    /// A file that others can reach, or that is not a key file.
    pub fn read(path: &Path) -> Result<Self, HsmError> {
        let list = file::read(path)?.list;
        let keys = list.keys.iter().map(|entry| {
            let open = &entry.open;
            Ok(KeyView {
                role: KeyRole::from_name(&open.role).ok_or(HsmError::UnknownRole)?,
                number: open.number,
                signs_from: open.signs_from,
                published_until: open.published_until,
                key: vault::public(open)?,
                retired: entry.sealed.is_none(),
            })
        });
        Ok(Self {
            revision: list.revision,
            written_at: list.written_at,
            derivation: list.derivation.clone(),
            keys: keys.collect::<Result<_, HsmError>>()?,
        })
    }

    /// The keys of a signing role that verifiers may meet.
    pub fn published(&self, role: KeyRole, at: OffsetDateTime) -> Vec<PublishedKey> {
        let of_role = self.keys.iter().filter(|key| key.role == role);
        of_role.filter_map(KeyView::published).filter(|key| key.is_published(at)).collect()
    }
}

impl KeyView {
    pub(crate) fn published(&self) -> Option<PublishedKey> {
        Some(PublishedKey {
            key: self.key.clone()?,
            signs_from: self.signs_from,
            published_until: self.published_until,
            certificates: Vec::new(),
        })
    }
}

impl SoftwareKeys {
    /// What can be said of these keys.
    #[must_use]
    pub fn view(&self) -> Vec<KeyView> {
        let keys = self.generations.iter().map(|key| KeyView {
            role: key.role,
            number: key.number,
            signs_from: key.signs_from,
            published_until: key.published_until,
            key: key.material.public().cloned(),
            retired: key.role.job() == KeyJob::Sign && key.material.is_retired(),
        });
        keys.collect()
    }
}
