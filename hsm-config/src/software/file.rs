//! What does a key file look like, and who may read it?
//!
//! JSON, mode 0600, one entry a role. A list and not a table of roles, so that a role can later hold the
//! key before and the key after a rotation.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{MacKey, SealingKey, SigningKey, SoftwareKeys};
use crate::{HsmError, KeyJob, KeyRole};

/// Bytes of the largest key file that is read; seven keys take less than 2 KiB.
const MAX_FILE_LEN: u64 = 64 * 1024;
const FILE_VERSION: u32 = 1;
const OWNER_ONLY: u32 = 0o600;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    version: u32,
    keys: Vec<KeyEntry>,
}

/// `key` is base64: PKCS#8 DER for a signing role, 32 bytes for the others.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    role: String,
    key: String,
}

pub(super) fn load(path: &Path) -> Result<SoftwareKeys, HsmError> {
    let text = read_private(path)?;
    let file: KeyFile = serde_json::from_slice(&text).map_err(|cause| HsmError::FileMalformed {
        path: path.to_owned(),
        line: cause.line(),
        column: cause.column(),
    })?;
    if file.version != FILE_VERSION {
        return Err(HsmError::FileVersion(file.version));
    }
    let keys = RoleKeys::sort(&file.keys)?;
    Ok(SoftwareKeys {
        token: keys.signing(KeyRole::TokenSigning)?,
        backend_token: keys.signing(KeyRole::BackendTokenSigning)?,
        receipt: keys.signing(KeyRole::ReceiptSigning)?,
        checkpoint: keys.signing(KeyRole::CheckpointSigning)?,
        pairwise: MacKey::new(keys.secret(KeyRole::PairwiseSubject)?),
        registry_index: MacKey::new(keys.secret(KeyRole::RegistryIndex)?),
        registry_sealing: SealingKey::new(KeyRole::RegistrySealing, keys.secret(KeyRole::RegistrySealing)?)?,
    })
}

pub(super) fn save(keys: &SoftwareKeys, path: &Path) -> Result<(), HsmError> {
    let entries = KeyRole::ALL.into_iter().map(|role| {
        let material = match role.job() {
            KeyJob::Sign => keys.signing(role, KeyJob::Sign)?.to_pkcs8(role)?,
            KeyJob::Mac | KeyJob::Seal => keys.secret(role)?,
        };
        Ok(KeyEntry { role: role.name().to_owned(), key: STANDARD.encode(&*material) })
    });
    let file = KeyFile { version: FILE_VERSION, keys: entries.collect::<Result<_, HsmError>>()? };
    let unwritable = |cause| HsmError::File { path: path.to_owned(), cause };
    let mut text =
        Zeroizing::new(serde_json::to_vec_pretty(&file).map_err(io::Error::from).map_err(unwritable)?);
    text.push(b'\n');
    write_private(path, &text).map_err(unwritable)
}

/// The keys of a file by role: none missing, none twice, none shared.
struct RoleKeys(Vec<(KeyRole, Zeroizing<Vec<u8>>)>);

impl RoleKeys {
    fn sort(entries: &[KeyEntry]) -> Result<Self, HsmError> {
        let mut keys: Vec<(KeyRole, Zeroizing<Vec<u8>>)> = Vec::with_capacity(KeyRole::ALL.len());
        for entry in entries {
            let role = KeyRole::from_name(&entry.role).ok_or(HsmError::UnknownRole)?;
            let key = STANDARD.decode(&entry.key).map_err(|_| HsmError::KeyRejected(role))?;
            let key = Zeroizing::new(key);
            if keys.iter().any(|(other, _)| *other == role) {
                return Err(HsmError::DuplicateRole(role));
            }
            if let Some((other, _)) = keys.iter().find(|(_, taken)| **taken == *key) {
                return Err(HsmError::SharedKey(*other, role));
            }
            keys.push((role, key));
        }
        Ok(Self(keys))
    }

    fn key(&self, role: KeyRole) -> Result<&[u8], HsmError> {
        let found = self.0.iter().find(|(of, _)| *of == role);
        found.map(|(_, key)| key.as_slice()).ok_or(HsmError::MissingRole(role))
    }

    fn signing(&self, role: KeyRole) -> Result<SigningKey, HsmError> {
        SigningKey::from_pkcs8(role, self.key(role)?)
    }

    fn secret(&self, role: KeyRole) -> Result<Zeroizing<[u8; 32]>, HsmError> {
        let key = self.key(role)?.try_into().map_err(|_| HsmError::KeyRejected(role))?;
        Ok(Zeroizing::new(key))
    }
}

impl SoftwareKeys {
    fn secret(&self, role: KeyRole) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        let secret = match role {
            KeyRole::PairwiseSubject => &self.pairwise.secret,
            KeyRole::RegistryIndex => &self.registry_index.secret,
            KeyRole::RegistrySealing => &self.registry_sealing.secret,
            _ => return Err(HsmError::WrongRole { role, job: KeyJob::Seal }),
        };
        Ok(Zeroizing::new(secret.to_vec()))
    }
}

/// Reads a file that nobody but its owner can read or write.
///
/// The permissions are asked of the open file, not of the path: between the two it could be replaced.
fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, HsmError> {
    let unreadable = |cause| HsmError::File { path: path.to_owned(), cause };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(HsmError::FileExposed { path: path.to_owned(), mode });
    }
    if !metadata.is_file() || metadata.len() > MAX_FILE_LEN {
        return Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, "not a key file")));
    }
    // Room for the whole file at once: a growing buffer would leave copies of the keys behind.
    let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(MAX_FILE_LEN).unwrap_or(0)));
    file.take(MAX_FILE_LEN).read_to_end(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// Writes a file all at once: a crash leaves the old keys or the new ones, never half of them.
fn write_private(path: &Path, text: &[u8]) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let draft = directory.join(name);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&draft)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        File::open(directory)?.sync_all()
    })();
    if written.is_err() {
        // What is left of a failed write is a secret too; that it cannot be removed is said by the error itself.
        let _ = fs::remove_file(&draft);
    }
    written
}
