//! Where is what was imported kept? A folder of dated snapshots, one of them current.
//!
//! | file | |
//! |---|---|
//! | `snapshots/DATE-DIGEST.json` | one snapshot; written once, never changed |
//! | `current` | the name and SHA-256 of the one that counts; replaced atomically |
//! | `lock` | held while a new snapshot is made from the current one |
//!
//! A reader takes `current` and the snapshot it names: whole, or an error. Writers wait for each other, and each begins
//! with what the one before left.

pub(crate) mod snapshot;
pub(crate) mod standing;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use pki::UntrustedCertificate;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;

pub(crate) use snapshot::Snapshot;

/// Octets of a snapshot: the whole ICAO PKD in base64, twice.
const SNAPSHOT_OCTETS: u64 = 512 * 1024 * 1024;

/// A trust-store folder (dossier du magasin de confiance).
#[derive(Debug, Clone)]
pub(crate) struct StoreFolder {
    root: PathBuf,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file of it cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file of it is not what this program wrote.
    #[error("{}: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// What `current` says.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Current {
    snapshot: String,
    sha256: String,
}

impl StoreFolder {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The file that changes with every import and decision.
    pub(crate) fn current(&self) -> PathBuf {
        self.root.join("current")
    }

    /// The current snapshot; none, before the first import.
    pub(crate) fn load(&self) -> Result<Option<Snapshot>, StoreError> {
        let path = self.current();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::Io { path, error }),
        };
        let damaged = |path: &Path, problem| StoreError::Damaged { path: path.to_owned(), problem };
        let current: Current =
            serde_json::from_slice(&text).map_err(|_| damaged(&path, "does not name a snapshot"))?;
        if current.snapshot.contains('/') {
            return Err(damaged(&path, "names a file outside the store"));
        }
        let path = self.snapshots().join(&current.snapshot);
        let size = fs::metadata(&path).map_err(|error| StoreError::Io { path: path.clone(), error })?.len();
        if size > SNAPSHOT_OCTETS {
            return Err(damaged(&path, "larger than any honest snapshot"));
        }
        let bytes = fs::read(&path).map_err(|error| StoreError::Io { path: path.clone(), error })?;
        if sha256(&bytes) != current.sha256 {
            return Err(damaged(&path, "was changed after it was written"));
        }
        let read: Snapshot = serde_json::from_slice(&bytes)
            .map_err(|_| damaged(&path, "is not a snapshot of this program"))?;
        match read.version {
            snapshot::VERSION => Ok(Some(read)),
            _ => Err(damaged(&path, "was written by another version of this program")),
        }
    }

    /// Makes the next snapshot from the current one, while nobody else does. `change` may refuse.
    pub(crate) fn update<T, E: From<StoreError>>(
        &self,
        at: OffsetDateTime,
        change: impl FnOnce(&mut Snapshot) -> Result<T, E>,
    ) -> Result<T, E> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error| StoreError::Io { path, error }
        };
        fs::create_dir_all(self.snapshots()).map_err(io(&self.snapshots()))?;
        let path = self.root.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path).map_err(io(&path))?;
        lock.lock().map_err(io(&path))?;
        let before = self.load()?;
        let mut next = before.unwrap_or_else(|| Snapshot::empty(at));
        next.previous = self.current_name();
        next.made_at = at;
        let done = change(&mut next)?;
        next.drop_orphans();
        self.publish(&next)?;
        Ok(done)
    }

    /// Writes the snapshot, then makes it the current one.
    fn publish(&self, next: &Snapshot) -> Result<(), StoreError> {
        let damaged = |problem| StoreError::Damaged { path: self.root.clone(), problem };
        let bytes =
            serde_json::to_vec(next).map_err(|_| damaged("the snapshot cannot be written as JSON"))?;
        let sha256 = sha256(&bytes);
        let stamp = format_description!("[year]-[month]-[day]T[hour][minute][second].[subsecond digits:6]Z");
        let date = next.made_at.to_offset(time::UtcOffset::UTC).format(stamp).unwrap_or_default();
        let name = format!("{date}-{}.json", sha256.get(..12).unwrap_or_default());
        let path = self.snapshots().join(&name);
        replace(&path, &bytes, 0o444)?;
        let current = serde_json::to_vec_pretty(&Current { snapshot: name, sha256 })
            .map_err(|_| damaged("the name of the snapshot cannot be written"))?;
        replace(&self.current(), &current, 0o644)
    }

    fn current_name(&self) -> Option<String> {
        let text = fs::read(self.current()).ok()?;
        serde_json::from_slice::<Current>(&text).ok().map(|current| current.snapshot)
    }

    fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }
}

/// Puts a whole file in place: written beside, made durable, renamed.
fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), StoreError> {
    let beside = path.with_extension("new");
    let write = || {
        let _ = fs::remove_file(&beside);
        let mut file = File::create_new(&beside)?;
        file.write_all(bytes)?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|error| StoreError::Io { path: path.to_owned(), error })
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

impl Snapshot {
    /// The certificates of the believed country signers.
    pub(crate) fn believed_cscas(&self) -> Vec<UntrustedCertificate> {
        self.known()
            .values()
            .filter(|known| known.kind.is_csca() && known.standing.is_believed())
            .filter_map(|known| UntrustedCertificate::from_der(&self.der(known.fingerprint)?).ok())
            .collect()
    }

    /// The DER objects of this kind, whoever believes them.
    pub(crate) fn ders(&self, kind: snapshot::ObjectKind) -> Vec<Vec<u8>> {
        let known = self.known();
        known
            .values()
            .filter(|known| known.kind == kind)
            .filter_map(|known| self.der(known.fingerprint))
            .collect()
    }
}
