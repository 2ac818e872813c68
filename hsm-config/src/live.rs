//! How do the keys of a running gateway follow their file?

use std::{
    fmt, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use arc_swap::ArcSwap;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{
    HsmError, KeyFile, KeyRole, PublicKey, PublishedKey, SIGNATURE_LEN, SecretSource, Signer, SoftwareKeys,
    sealed::Unlocked,
};

/// The keys of a sealed file, swapped whole when it changes (*clés suivies*).
///
/// A file that cannot be used, or that is older than the one before, is not taken: the keys stay what they were.
pub struct LiveKeys {
    path: PathBuf,
    passphrase: SecretSource,
    current: ArcSwap<SoftwareKeys>,
    seen: Mutex<Seen>,
}

/// What is known of the file.
struct Seen {
    file: KeyFile,
    stamp: Option<Stamp>,
    revision: u64,
}

/// What tells one state of the file from another: it is replaced at each change.
type Stamp = (u64, SystemTime, u64);

impl LiveKeys {
    /// Opens a key file with the passphrase of that source.
    ///
    /// # Errors
    /// No passphrase, or as [`KeyFile::unlock`].
    pub fn open(path: &Path, passphrase: SecretSource) -> Result<Self, HsmError> {
        // Before the file: a change between the two is seen at the next look.
        let stamp = stamp(path).ok();
        let (file, Unlocked { keys, revision }) = KeyFile::unlock(path, &passphrase.read()?)?;
        let seen = Mutex::new(Seen { file, stamp, revision });
        Ok(Self { path: path.to_owned(), passphrase, current: ArcSwap::from_pointee(keys), seen })
    }

    /// Whether the file is another one than at the last look.
    pub fn has_changed(&self) -> bool {
        self.seen().stamp != stamp(&self.path).ok()
    }

    /// How often the file had been written when its keys were taken.
    pub fn revision(&self) -> u64 {
        self.seen().revision
    }

    /// Takes the file's keys if it has changed since the last look; whether it had.
    ///
    /// # Errors
    /// Why the changed file was not taken. Said once: it is looked at again when it changes again.
    pub fn refresh(&self) -> Result<bool, HsmError> {
        let mut seen = self.seen();
        let now = stamp(&self.path).map_err(|cause| HsmError::File { path: self.path.clone(), cause });
        let stamp = now.as_ref().ok().copied();
        if seen.stamp == stamp {
            return Ok(false);
        }
        seen.stamp = stamp;
        now?;
        self.take(&mut seen).map(|()| true)
    }

    /// Takes the file's keys, changed or not, as an operator asked for it.
    ///
    /// # Errors
    /// Why the file was not taken.
    pub fn reload(&self) -> Result<(), HsmError> {
        let mut seen = self.seen();
        seen.stamp = stamp(&self.path).ok();
        self.take(&mut seen)
    }

    fn take(&self, seen: &mut Seen) -> Result<(), HsmError> {
        let read = match seen.file.read() {
            // Sealed under another passphrase meanwhile: the source may know it already.
            Err(not_opened @ HsmError::FileNotOpened { .. }) => {
                let passphrase = self.passphrase.read().map_err(|_| not_opened)?;
                let (file, read) = KeyFile::unlock(&self.path, &passphrase)?;
                seen.file = file;
                read
            }
            read => read?,
        };
        if read.revision < seen.revision {
            let (found, known) = (read.revision, seen.revision);
            return Err(HsmError::FileRolledBack { path: self.path.clone(), found, known });
        }
        seen.revision = read.revision;
        self.current.store(read.keys.into());
        Ok(())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Whatever a panic left half done is read again at the next change.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let metadata = std::fs::symlink_metadata(path)?;
    Ok((metadata.ino(), metadata.modified()?, metadata.len()))
}

impl Signer for LiveKeys {
    fn published(&self, role: KeyRole, at: OffsetDateTime) -> Result<Vec<PublishedKey>, HsmError> {
        self.current.load().published(role, at)
    }

    fn current(&self, role: KeyRole, at: OffsetDateTime) -> Result<PublicKey, HsmError> {
        self.current.load().current(role, at)
    }

    fn sign(&self, role: KeyRole, kid: &str, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], HsmError> {
        self.current.load().sign(role, kid, message)
    }

    fn mac(&self, role: KeyRole, message: &[u8]) -> Result<[u8; 32], HsmError> {
        self.current.load().mac(role, message)
    }

    fn seal(&self, role: KeyRole, plaintext: &[u8], associated_data: &[u8]) -> Result<Vec<u8>, HsmError> {
        self.current.load().seal(role, plaintext, associated_data)
    }

    fn open(
        &self,
        role: KeyRole,
        sealed: &[u8],
        associated_data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        match self.current.load().open(role, sealed, associated_data) {
            // Another process may have sealed it under a key that came into the file since the last look.
            Err(HsmError::NotSealedHere { .. }) if matches!(self.refresh(), Ok(true)) => {
                self.current.load().open(role, sealed, associated_data)
            }
            opened => opened,
        }
    }
}

impl fmt::Debug for LiveKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LiveKeys").field(&self.path).finish()
    }
}
