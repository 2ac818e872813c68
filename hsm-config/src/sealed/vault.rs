//! How are keys sealed into a list, and taken out of it again?

use std::path::Path;

use aws_lc_rs::{
    aead::{Aad, Nonce},
    hmac,
};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{
    derivation::RootKey,
    file::{OpenEntry, SealedEntry, SealedFile, SealedList},
};
use crate::{
    HsmError, KeyJob, KeyRole, PublicKey, SoftwareKeys,
    software::{Generation, Material},
};

/// Bytes of an AES-GCM nonce (NIST SP 800-38D §8.2.2, random construction).
const NONCE_LEN: usize = 12;

/// The entry of one generation.
pub(super) fn seal(root: &RootKey, key: &Generation) -> Result<SealedEntry, HsmError> {
    let open = OpenEntry {
        role: key.role.name().to_owned(),
        number: key.number,
        signs_from: key.signs_from,
        published_until: key.published_until,
        public: key.material.public().map(|public| public.sec1_uncompressed().to_vec()),
    };
    let failed = |_| HsmError::OperationFailed { role: key.role, job: KeyJob::Seal };
    let Some(mut body) = key.material.expose(key.role)? else {
        return Ok(SealedEntry { open, sealed: None });
    };
    // Room for the tag: a growing buffer would leave a copy of the key behind.
    body.reserve_exact(16);
    let bound = Aad::from(canonical(&open)?);
    let nonce =
        root.sealing(key.role, key.number)?.seal_in_place_append_tag(bound, &mut *body).map_err(failed)?;
    let sealed = [nonce.as_ref().as_slice(), &body].concat();
    Ok(SealedEntry { open, sealed: Some(sealed) })
}

/// The whole file.
pub(super) fn close(root: &RootKey, list: SealedList) -> Result<SealedFile, HsmError> {
    let tag = hmac::sign(&root.listing()?, &canonical(&list)?);
    let tag = tag.as_ref().to_vec();
    Ok(SealedFile::new(list, tag))
}

/// Every key of a file, once the whole list is known to be what was written.
pub(super) fn open(root: &RootKey, file: &SealedFile, path: &Path) -> Result<SoftwareKeys, HsmError> {
    let not_opened = || HsmError::FileNotOpened { path: path.to_owned() };
    hmac::verify(&root.listing()?, &canonical(&file.list)?, &file.tag).map_err(|_| not_opened())?;
    let keys = file.list.keys.iter().map(|entry| unseal(root, entry)?.ok_or_else(not_opened));
    let generations: Vec<Generation> = keys.collect::<Result<_, HsmError>>()?;
    for role in KeyRole::ALL {
        let mut numbers: Vec<u32> =
            generations.iter().filter(|key| key.role == role).map(|key| key.number).collect();
        numbers.sort_unstable();
        let count = numbers.len();
        numbers.dedup();
        match (count, numbers.len()) {
            (0, _) if !role.is_newer_than_some_files() => return Err(HsmError::MissingRole(role)),
            (all, different) if all != different => return Err(HsmError::DuplicateRole(role)),
            _ => {}
        }
    }
    let mut keys = SoftwareKeys { generations };
    keys.generations.sort_by_key(|key| (key.role, key.number));
    Ok(keys)
}

/// One generation; none when its entry does not open.
fn unseal(root: &RootKey, entry: &SealedEntry) -> Result<Option<Generation>, HsmError> {
    let OpenEntry { number, signs_from, published_until, .. } = entry.open;
    let role = KeyRole::from_name(&entry.open.role).ok_or(HsmError::UnknownRole)?;
    let public = public(&entry.open)?;
    let material = match (&entry.sealed, public) {
        (None, Some(public)) => Material::Retired { public },
        (None, None) => return Err(HsmError::KeyRejected(role)),
        (Some(sealed), public) => {
            let Some((nonce, body)) = sealed.split_first_chunk::<NONCE_LEN>() else { return Ok(None) };
            let mut body = Zeroizing::new(body.to_vec());
            let (nonce, bound) = (Nonce::assume_unique_for_key(*nonce), Aad::from(canonical(&entry.open)?));
            let key = root.sealing(role, number)?;
            let Ok(secret) = key.open_in_place(nonce, bound, &mut body) else { return Ok(None) };
            let material = Material::restore(role, secret)?;
            if material.public() != public.as_ref() {
                return Err(HsmError::KeyRejected(role));
            }
            material
        }
    };
    Ok(Some(Generation { role, number, signs_from, published_until, material }))
}

/// The public half that an entry names.
pub(super) fn public(entry: &OpenEntry) -> Result<Option<PublicKey>, HsmError> {
    let role = KeyRole::from_name(&entry.role).ok_or(HsmError::UnknownRole)?;
    match &entry.public {
        Some(point) => {
            let point = point.as_slice().try_into().map_err(|_| HsmError::KeyRejected(role))?;
            Ok(Some(PublicKey::new(point)))
        }
        None => Ok(None),
    }
}

/// What is authenticated: the members in the order of their declaration, without white space. What was read is
/// written again, so that nothing is believed that the tag does not cover.
fn canonical(value: &impl Serialize) -> Result<Vec<u8>, HsmError> {
    serde_json::to_vec(value).map_err(|_| HsmError::NotWritable)
}
