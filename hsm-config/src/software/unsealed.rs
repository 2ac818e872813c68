//! What did a key file of the first format look like?
//!
//! JSON, mode 0600, one entry a role, the keys open to whoever reads the disk or a backup of it. It is only read,
//! to be sealed.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use time::OffsetDateTime;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Generation, Material, SoftwareKeys};
use crate::{HsmError, KeyRole, sealed::file::read_private};

const FILE_VERSION: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    version: u32,
    keys: Vec<KeyEntry>,
}

/// `key` is base64: PKCS#8 DER for a signing role, 32 bytes for the others.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
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
        let material = match keys.key(role) {
            Err(HsmError::MissingRole(role)) if role.is_newer_than_some_files() => Material::generate(role)?,
            key => Material::restore(role, key?)?,
        };
        Ok(Generation {
            role,
            number: 1,
            signs_from: OffsetDateTime::UNIX_EPOCH,
            published_until: None,
            material,
        })
    });
    Ok(SoftwareKeys { generations: generations.collect::<Result<_, HsmError>>()? })
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
