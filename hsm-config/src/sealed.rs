//! How do keys lie in a file that is worth nothing to a thief?

mod base64_text;
mod derivation;
pub(crate) mod file;
mod vault;
mod view;

use std::{
    fmt,
    fs::File,
    path::{Path, PathBuf},
};

use time::OffsetDateTime;

pub use self::{
    derivation::Derivation,
    view::{KeyFileView, KeyView},
};
use self::{
    derivation::RootKey,
    file::{SealedFile, SealedList},
};
use crate::{HsmError, SoftwareKeys, private_file};

/// Characters of a new passphrase, at least (NIST SP 800-63B-4 §3.1.1.2: 15 where it is the only factor).
const PASSPHRASE_LEN_MIN: usize = 15;
/// Different characters of a new passphrase, at least: against `aaaaaaaaaaaaaaa`.
const PASSPHRASE_DIFFERENT_MIN: usize = 8;

/// A key file of which the passphrase is known (*fichier de clés ouvert*).
///
/// What the passphrase was stretched into is kept, so that the file can be read again when it changes without
/// asking for the passphrase, which a pipe gives only once.
pub struct KeyFile {
    path: PathBuf,
    derivation: Derivation,
    root: RootKey,
}

impl KeyFile {
    /// Writes a new file; one that is there is never replaced.
    ///
    /// # Errors
    /// [`HsmError::FileExists`], [`HsmError::PassphraseWeak`], [`HsmError::File`] when it cannot be written.
    pub fn create(
        path: &Path,
        passphrase: &str,
        keys: &SoftwareKeys,
        at: OffsetDateTime,
    ) -> Result<Self, HsmError> {
        strong(passphrase)?;
        let derivation = Derivation::fresh()?;
        let root = derivation.root(passphrase)?;
        let file = Self { path: path.to_owned(), derivation, root };
        private_file::create(path, &file.sealed(keys, 1, at)?).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::AlreadyExists => HsmError::FileExists { path: path.to_owned() },
            _ => HsmError::File { path: path.to_owned(), cause },
        })?;
        Ok(file)
    }

    /// Opens a file with its passphrase.
    ///
    /// # Errors
    /// A file that others can reach, that is not a key file, that asks for too much, or that this passphrase does
    /// not open.
    pub fn unlock(path: &Path, passphrase: &str) -> Result<(Self, Unlocked), HsmError> {
        let read = file::read(path)?;
        let derivation = read.list.derivation.clone();
        let root = derivation.root(passphrase)?;
        let keys = vault::open(&root, &read, path)?;
        Ok((
            Self { path: path.to_owned(), derivation, root },
            Unlocked { keys, revision: read.list.revision },
        ))
    }

    /// Reads the file again, as it is now.
    ///
    /// # Errors
    /// As [`KeyFile::unlock`]; a file that was sealed under another passphrase meanwhile does not open.
    pub fn read(&self) -> Result<Unlocked, HsmError> {
        let read = file::read(&self.path)?;
        if read.list.derivation != self.derivation {
            return Err(HsmError::FileNotOpened { path: self.path.clone() });
        }
        Ok(Unlocked { keys: vault::open(&self.root, &read, &self.path)?, revision: read.list.revision })
    }

    /// Changes the keys of the file, whole or not at all, while nobody else does.
    ///
    /// # Errors
    /// As [`KeyFile::read`], what the change itself says, [`HsmError::File`] when it cannot be written.
    pub fn change<T>(
        &self,
        at: OffsetDateTime,
        change: impl FnOnce(&mut SoftwareKeys) -> Result<T, HsmError>,
    ) -> Result<T, HsmError> {
        let _lock = self.lock()?;
        let Unlocked { mut keys, revision } = self.read()?;
        let changed = change(&mut keys)?;
        self.write(&self.sealed(&keys, revision.saturating_add(1), at)?)?;
        Ok(changed)
    }

    /// Seals the file under another passphrase; the keys stay what they are.
    ///
    /// # Errors
    /// [`HsmError::PassphraseWeak`], and as [`KeyFile::change`].
    pub fn reseal(&mut self, passphrase: &str, at: OffsetDateTime) -> Result<(), HsmError> {
        strong(passphrase)?;
        let _lock = self.lock()?;
        let Unlocked { keys, revision } = self.read()?;
        let derivation = Derivation::fresh()?;
        let root = derivation.root(passphrase)?;
        let new = Self { path: self.path.clone(), derivation, root };
        new.write(&new.sealed(&keys, revision.saturating_add(1), at)?)?;
        *self = new;
        Ok(())
    }

    fn sealed(&self, keys: &SoftwareKeys, revision: u64, at: OffsetDateTime) -> Result<Vec<u8>, HsmError> {
        let entries = keys.generations.iter().map(|key| vault::seal(&self.root, key));
        let entries = entries.collect::<Result<_, HsmError>>()?;
        let at = at.replace_nanosecond(0).unwrap_or(at);
        let list =
            SealedList { revision, written_at: at, derivation: self.derivation.clone(), keys: entries };
        let file: SealedFile = vault::close(&self.root, list)?;
        let mut text = serde_json::to_vec_pretty(&file).map_err(|_| HsmError::NotWritable)?;
        text.push(b'\n');
        Ok(text)
    }

    fn write(&self, text: &[u8]) -> Result<(), HsmError> {
        private_file::write(&self.path, text)
            .map_err(|cause| HsmError::File { path: self.path.clone(), cause })
    }

    /// Two who change the file at once would lose one of the changes. The folder is locked: the file itself is
    /// another one after each change.
    fn lock(&self) -> Result<File, HsmError> {
        let folder = private_file::folder_of(&self.path);
        let locked = File::open(folder).and_then(|folder| folder.lock().map(|()| folder));
        locked.map_err(|cause| HsmError::File { path: self.path.clone(), cause })
    }
}

/// The keys of a file at one moment.
#[derive(Debug)]
pub struct Unlocked {
    /// Every key.
    pub keys: SoftwareKeys,
    /// How often the file was written: it only ever grows.
    pub revision: u64,
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyFile").field(&self.path).finish()
    }
}

/// Refuses a new passphrase that can be guessed. What is generated passes: `head -c 24 /dev/urandom | base64`.
///
/// # Errors
/// [`HsmError::PassphraseWeak`] with what is missing.
pub fn strong(passphrase: &str) -> Result<(), HsmError> {
    let mut different: Vec<char> = passphrase.chars().collect();
    let length = different.len();
    different.sort_unstable();
    different.dedup();
    if length < PASSPHRASE_LEN_MIN {
        Err(HsmError::PassphraseWeak("it has fewer than 15 characters"))
    } else if different.len() < PASSPHRASE_DIFFERENT_MIN {
        Err(HsmError::PassphraseWeak("it has fewer than 8 different characters"))
    } else {
        Ok(())
    }
}
