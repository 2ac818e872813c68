//! How do keys live in a file of this machine?

mod file;

use std::{fmt, path::Path};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    hmac,
    rand::{self, SystemRandom},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use zeroize::Zeroizing;

use crate::{HsmError, KeyJob, KeyRole, PublicKey, SIGNATURE_LEN, Signer};

/// Bytes of the keys that authenticate and seal.
const SECRET_LEN: usize = 32;
/// Bytes of an AES-GCM nonce (NIST SP 800-38D §8.2.2, random construction).
const NONCE_LEN: usize = 12;

/// One key a role, held in this process by aws-lc-rs.
///
/// The embedded default, for a machine without a hardware module.
pub struct SoftwareKeys {
    token: SigningKey,
    backend_token: SigningKey,
    receipt: SigningKey,
    checkpoint: SigningKey,
    pairwise: MacKey,
    registry_index: MacKey,
    registry_sealing: SealingKey,
}

pub(crate) struct SigningKey {
    pair: EcdsaKeyPair,
    pub(crate) public: PublicKey,
}

struct MacKey {
    secret: Zeroizing<[u8; SECRET_LEN]>,
    key: hmac::Key,
}

struct SealingKey {
    secret: Zeroizing<[u8; SECRET_LEN]>,
    key: RandomizedNonceKey,
}

impl SoftwareKeys {
    /// Makes a fresh key for every role.
    ///
    /// # Errors
    /// [`HsmError::NoRandomness`] when the operating system gives none.
    pub fn generate() -> Result<Self, HsmError> {
        Ok(Self {
            token: SigningKey::generate(KeyRole::TokenSigning)?,
            backend_token: SigningKey::generate(KeyRole::BackendTokenSigning)?,
            receipt: SigningKey::generate(KeyRole::ReceiptSigning)?,
            checkpoint: SigningKey::generate(KeyRole::CheckpointSigning)?,
            pairwise: MacKey::new(random_secret()?),
            registry_index: MacKey::new(random_secret()?),
            registry_sealing: SealingKey::new(KeyRole::RegistrySealing, random_secret()?)?,
        })
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// A file that others can read or write, that is not a key file, that lacks a role, that gives a role two
    /// keys or a key two roles.
    pub fn load(path: &Path) -> Result<Self, HsmError> {
        file::load(path)
    }

    /// Writes a key file that only its owner can read, all of it or none of it.
    ///
    /// # Errors
    /// [`HsmError::File`] when the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), HsmError> {
        file::save(self, path)
    }

    fn signing(&self, role: KeyRole, job: KeyJob) -> Result<&SigningKey, HsmError> {
        match role {
            KeyRole::TokenSigning => Ok(&self.token),
            KeyRole::BackendTokenSigning => Ok(&self.backend_token),
            KeyRole::ReceiptSigning => Ok(&self.receipt),
            KeyRole::CheckpointSigning => Ok(&self.checkpoint),
            KeyRole::PairwiseSubject | KeyRole::RegistryIndex | KeyRole::RegistrySealing => {
                Err(HsmError::WrongRole { role, job })
            }
        }
    }

    fn sealing(&self, role: KeyRole) -> Result<&SealingKey, HsmError> {
        match role {
            KeyRole::RegistrySealing => Ok(&self.registry_sealing),
            _ => Err(HsmError::WrongRole { role, job: KeyJob::Seal }),
        }
    }
}

impl Signer for SoftwareKeys {
    fn sign(&self, role: KeyRole, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], HsmError> {
        let failed = HsmError::OperationFailed { role, job: KeyJob::Sign };
        let key = self.signing(role, KeyJob::Sign)?;
        match key.pair.sign(&SystemRandom::new(), message) {
            Ok(signature) => signature.as_ref().try_into().map_err(|_| failed),
            Err(_) => Err(failed),
        }
    }

    fn public_key(&self, role: KeyRole) -> Result<PublicKey, HsmError> {
        Ok(self.signing(role, KeyJob::Sign)?.public.clone())
    }

    fn mac(&self, role: KeyRole, message: &[u8]) -> Result<[u8; 32], HsmError> {
        let key = match role {
            KeyRole::PairwiseSubject => &self.pairwise,
            KeyRole::RegistryIndex => &self.registry_index,
            _ => return Err(HsmError::WrongRole { role, job: KeyJob::Mac }),
        };
        let failed = HsmError::OperationFailed { role, job: KeyJob::Mac };
        hmac::sign(&key.key, message).as_ref().try_into().map_err(|_| failed)
    }

    fn seal(&self, role: KeyRole, plaintext: &[u8], associated_data: &[u8]) -> Result<Vec<u8>, HsmError> {
        let key = self.sealing(role)?;
        let failed = |_| HsmError::OperationFailed { role, job: KeyJob::Seal };
        // Encrypted in place: the copy of the plaintext does not outlive the call.
        let mut body = plaintext.to_vec();
        let nonce =
            key.key.seal_in_place_append_tag(Aad::from(associated_data), &mut body).map_err(failed)?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + body.len());
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    fn open(
        &self,
        role: KeyRole,
        sealed: &[u8],
        associated_data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        let key = self.sealing(role)?;
        let not_here = || HsmError::NotSealedHere { role };
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(not_here)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = key
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(associated_data), &mut body)
            .map_err(|_| not_here())?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

impl fmt::Debug for SoftwareKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoftwareKeys")
            .field("token", &self.token.public)
            .field("backend_token", &self.backend_token.public)
            .field("receipt", &self.receipt.public)
            .field("checkpoint", &self.checkpoint.public)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    fn generate(role: KeyRole) -> Result<Self, HsmError> {
        let pair =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| HsmError::NoRandomness)?;
        Self::new(role, pair)
    }

    pub(crate) fn from_pkcs8(role: KeyRole, pkcs8: &[u8]) -> Result<Self, HsmError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map_err(|_| HsmError::KeyRejected(role))?;
        Self::new(role, pair)
    }

    fn new(role: KeyRole, pair: EcdsaKeyPair) -> Result<Self, HsmError> {
        let point = pair.public_key().as_ref().try_into().map_err(|_| HsmError::KeyRejected(role))?;
        Ok(Self { pair, public: PublicKey::new(point) })
    }

    fn to_pkcs8(&self, role: KeyRole) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        let document = self.pair.to_pkcs8v1().map_err(|_| HsmError::KeyRejected(role))?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }
}

impl MacKey {
    fn new(secret: Zeroizing<[u8; SECRET_LEN]>) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*secret);
        Self { secret, key }
    }
}

impl SealingKey {
    fn new(role: KeyRole, secret: Zeroizing<[u8; SECRET_LEN]>) -> Result<Self, HsmError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &*secret).map_err(|_| HsmError::KeyRejected(role))?;
        Ok(Self { secret, key })
    }
}

fn random_secret() -> Result<Zeroizing<[u8; SECRET_LEN]>, HsmError> {
    let mut secret = Zeroizing::new([0; SECRET_LEN]);
    rand::fill(&mut *secret).map_err(|_| HsmError::NoRandomness)?;
    Ok(secret)
}
