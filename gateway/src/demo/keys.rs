//! How does a demonstration hold the gateway's keys?
//!
//! As a real gateway: in a sealed file. But the passphrase lies beside it, so that the story runs unattended: for the
//! demonstration only, for whoever copies the folder has both.

use std::fs;

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hsm_config::{HsmError, KeyFile, KeyRole, SecretSource, Signer as _, SoftwareKeys, Turn};
use time::OffsetDateTime;

use super::folder::{StateFolder, write_private};
use crate::keys::schedule;

/// The keys of the folder; made, or taken over from a folder of an earlier version, if they are not there yet.
pub(super) fn ensure(folder: &StateFolder, at: OffsetDateTime) -> Result<SoftwareKeys> {
    let path = folder.keys();
    if path.exists() {
        return unlock(folder).and_then(|keys| completed(folder, keys, at));
    }
    if !folder.key_passphrase().exists() {
        let mut random = [0; 24];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| hsm_config::HsmError::NoRandomness)?;
        write_private(&folder.key_passphrase(), STANDARD.encode(random).as_bytes())?;
    }
    let open = folder.unsealed_keys();
    let keys = if open.exists() { SoftwareKeys::import(&open)? } else { SoftwareKeys::generate(at)? };
    KeyFile::create(&path, &passphrase(folder)?, &keys, at)?;
    if open.exists() {
        fs::remove_file(&open).with_context(|| format!("cannot remove {}", open.display()))?;
    }
    Ok(keys)
}

/// The keys of a folder that has them.
///
/// # Errors
/// No passphrase, or a file that it does not open.
pub fn unlock(folder: &StateFolder) -> Result<SoftwareKeys> {
    let (_, opened) = KeyFile::unlock(&folder.keys(), &passphrase(folder)?)?;
    Ok(opened.keys)
}

/// A folder made before nodes shared a state has no key for it yet.
fn completed(folder: &StateFolder, keys: SoftwareKeys, at: OffsetDateTime) -> Result<SoftwareKeys> {
    let role = KeyRole::StateSealing;
    if !matches!(keys.seal(role, b"", b""), Err(HsmError::MissingRole(_))) {
        return Ok(keys);
    }
    let (file, _) = KeyFile::unlock(&folder.keys(), &passphrase(folder)?)?;
    file.change(at, |keys| keys.rotate(role, Turn::Announced, &schedule(role), at))?;
    unlock(folder)
}

fn passphrase(folder: &StateFolder) -> Result<zeroize::Zeroizing<String>> {
    Ok(SecretSource::File(folder.key_passphrase()).read()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_config::KeyJob;
    use serde_json::json;
    use time::macros::datetime;

    const AT: OffsetDateTime = datetime!(2026-11-22 09:00:00 UTC);

    /// The key file of the first format.
    fn unsealed() -> serde_json::Value {
        let entries = KeyRole::ALL.map(|role| {
            let key = match role.job() {
                KeyJob::Sign => rcgen::KeyPair::generate().unwrap().serialize_der(),
                KeyJob::Mac | KeyJob::Seal => format!("{:-^32}", role.name()).into_bytes(),
            };
            json!({ "role": role.name(), "key": STANDARD.encode(key) })
        });
        json!({ "version": 1, "keys": entries })
    }

    #[test]
    fn keys_of_an_earlier_version_are_sealed_and_stay_what_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StateFolder::create(dir.path()).unwrap();
        write_private(&folder.unsealed_keys(), unsealed().to_string().as_bytes()).unwrap();
        let before = SoftwareKeys::import(&folder.unsealed_keys()).unwrap();
        let name = |keys: &SoftwareKeys| keys.mac(KeyRole::PairwiseSubject, b"a patient").unwrap();
        for keys in [ensure(&folder, AT).unwrap(), ensure(&folder, AT).unwrap(), unlock(&folder).unwrap()] {
            assert_eq!(name(&keys), name(&before));
            let kid = |keys: &SoftwareKeys| keys.current(KeyRole::TokenSigning, AT).unwrap();
            assert_eq!(kid(&keys), kid(&before));
        }
        assert!(!folder.unsealed_keys().exists(), "the open keys are gone");
    }
}
