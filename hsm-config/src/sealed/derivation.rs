//! How does a passphrase become keys?
//!
//! Argon2id (RFC 9106) makes each guess cost memory and time; HKDF (RFC 5869) then gives every entry of the file a
//! key of its own, so that no sealed key opens in the place of another.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{
    aead::{AES_256_GCM, RandomizedNonceKey},
    hkdf, hmac, rand,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{HsmError, KeyRole};

/// Bytes of the salt (RFC 9106 §3.1 recommends 16).
const SALT_LEN: usize = 16;
/// KiB of memory that a file may ask for: below, a guess is cheap (OWASP's least is 19 MiB); above, a file that
/// somebody put there would take the machine's memory.
const MEMORY_KIB: std::ops::RangeInclusive<u32> = 19 * 1024..=256 * 1024;
/// Passes over that memory.
const PASSES: std::ops::RangeInclusive<u32> = 1..=16;
/// Lanes: they are computed one after the other here, so more of them only help a guesser with more processors.
const LANES: std::ops::RangeInclusive<u32> = 1..=4;
/// KiB times passes: the work of one start, at most some seconds.
const WORK_MAX: u64 = 1024 * 1024;

/// How the passphrase is stretched (*dérivation*), as the file says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derivation {
    algorithm: Argon2id,
    /// KiB of memory.
    memory_kib: u32,
    /// Passes over it.
    passes: u32,
    /// Lanes in it.
    lanes: u32,
    /// Base64; another one for each passphrase.
    #[serde(with = "super::base64_text")]
    salt: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Argon2id {
    Argon2id,
}

/// What the passphrase became: the key of keys of one file. It never leaves this process.
pub(super) struct RootKey(hkdf::Prk);

impl Derivation {
    /// More than the 46 MiB in one pass that OWASP's password storage cheat sheet puts first, and less than a tenth
    /// of a second at the start of a gateway; and a fresh salt.
    pub(super) fn fresh() -> Result<Self, HsmError> {
        let mut salt = vec![0; SALT_LEN];
        rand::fill(&mut salt).map_err(|_| HsmError::NoRandomness)?;
        Ok(Self { algorithm: Argon2id::Argon2id, memory_kib: 64 * 1024, passes: 1, lanes: 1, salt })
    }

    /// Which figure is out of bounds, before any memory is taken.
    pub(super) fn out_of_bounds(&self) -> Option<&'static str> {
        let work = u64::from(self.memory_kib) * u64::from(self.passes);
        if !MEMORY_KIB.contains(&self.memory_kib) {
            Some("memory_kib is not 19456 to 262144")
        } else if !PASSES.contains(&self.passes) {
            Some("passes is not 1 to 16")
        } else if !LANES.contains(&self.lanes) {
            Some("lanes is not 1 to 4")
        } else if work > WORK_MAX {
            Some("memory_kib times passes is over 1048576")
        } else if self.salt.len() != SALT_LEN {
            Some("salt is not 16 bytes")
        } else {
            None
        }
    }

    /// Takes the memory, some tens of milliseconds, and gives the memory back.
    pub(super) fn root(&self, passphrase: &str) -> Result<RootKey, HsmError> {
        let failed = |_| HsmError::NoMemory;
        let mut root = Zeroizing::new([0; 32]);
        let params =
            Params::new(self.memory_kib, self.passes, self.lanes, Some(root.len())).map_err(failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(passphrase.as_bytes(), &self.salt, &mut *root).map_err(failed)?;
        Ok(RootKey(hkdf::Salt::new(hkdf::HKDF_SHA256, b"bawaba key file 2").extract(&*root)))
    }
}

impl std::fmt::Display for Derivation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sealed with Argon2id, {} MiB, {} pass(es)", self.memory_kib / 1024, self.passes)
    }
}

impl RootKey {
    /// The key that seals one generation of one role, and nothing else.
    pub(super) fn sealing(&self, role: KeyRole, number: u32) -> Result<RandomizedNonceKey, HsmError> {
        let key = self.expand(&[b"seal", role.name().as_bytes(), &number.to_be_bytes()])?;
        RandomizedNonceKey::new(&AES_256_GCM, &*key).map_err(|_| HsmError::KeyRejected(role))
    }

    /// The key that authenticates the list of all of them.
    pub(super) fn listing(&self) -> Result<hmac::Key, HsmError> {
        Ok(hmac::Key::new(hmac::HMAC_SHA256, &*self.expand(&[b"list"])?))
    }

    fn expand(&self, info: &[&[u8]]) -> Result<Zeroizing<[u8; 32]>, HsmError> {
        // Only the last part varies in content, none in number within one use: parts cannot run together.
        let mut separated = Vec::with_capacity(info.len() * 2);
        for part in info {
            separated.push(*part);
            separated.push(b"\0");
        }
        let mut key = Zeroizing::new([0; 32]);
        let failed = |_| HsmError::NoRandomness;
        self.0.expand(&separated, hkdf::HKDF_SHA256).map_err(failed)?.fill(&mut *key).map_err(failed)?;
        Ok(key)
    }
}
