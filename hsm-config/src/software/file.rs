//! What does a key file look like, and who may read it?
//!
//! JSON, mode 0600, one entry a role. A list and not a table of roles, so that a role can later hold the
//! key before and the key after a rotation.

use std::{
    io::{self, Read as _},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Generation, Material, SoftwareKeys};
use crate::{HsmError, KeyRole, private_file};

/// Bytes of the largest key file that is read; seven keys take less than 2 KiB.
const MAX_FILE_LEN: u64 = 64 * 1024;
const FILE_VERSION: u32 = 1;

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
    let generations = KeyRole::ALL.into_iter().map(|role| {
        // This format knows no times: its keys have signed since ever.
        let material = Material::restore(role, keys.key(role)?)?;
        Ok(Generation { role, signs_from: OffsetDateTime::UNIX_EPOCH, published_until: None, material })
    });
    Ok(SoftwareKeys { generations: generations.collect::<Result<_, HsmError>>()? })
}

pub(super) fn save(keys: &SoftwareKeys, path: &Path) -> Result<(), HsmError> {
    let entries = keys.generations.iter().map(|generation| {
        let key = STANDARD.encode(&*generation.material.expose(generation.role)?);
        Ok(KeyEntry { role: generation.role.name().to_owned(), key })
    });
    let file = KeyFile { version: FILE_VERSION, keys: entries.collect::<Result<_, HsmError>>()? };
    let unwritable = |cause| HsmError::File { path: path.to_owned(), cause };
    let mut text =
        Zeroizing::new(serde_json::to_vec_pretty(&file).map_err(io::Error::from).map_err(unwritable)?);
    text.push(b'\n');
    private_file::write(path, &text).map_err(unwritable)
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
}

/// Reads a file that nobody but its owner can read or write.
fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, HsmError> {
    let unreadable = |cause| HsmError::File { path: path.to_owned(), cause };
    let file = private_file::open(path).map_err(|refusal| match refusal {
        private_file::Refusal::Io(cause) => unreadable(cause),
        private_file::Refusal::Exposed(cause) => HsmError::FileExposed { path: path.to_owned(), cause },
    })?;
    if file.metadata().map_err(unreadable)?.len() > MAX_FILE_LEN {
        return Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, "not a key file")));
    }
    // Room for the whole file at once: a growing buffer would leave copies of the keys behind.
    let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(MAX_FILE_LEN).unwrap_or(0)));
    file.take(MAX_FILE_LEN).read_to_end(&mut text).map_err(unreadable)?;
    Ok(text)
}
