//! How does a key in the token sign, authenticate and seal?

use std::sync::atomic::Ordering;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use aws_lc_rs::{digest, rand};
use cryptoki::error::Error;
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::session::Session;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::catalogue::TokenKey;
use super::connection::{Connection, Failure, lost};
use super::fault::{self, Fault};
use super::{TokenKeys, published};
use crate::{HsmError, KeyJob, KeyRole, PublishedKey, SIGNATURE_LEN, Signer};

/// Bytes of an AES-GCM nonce (NIST SP 800-38D §8.2.2, random construction).
const NONCE_LEN: usize = 12;
/// Bytes of an AES-GCM tag.
const TAG_LEN: usize = 16;

impl Signer for TokenKeys {
    fn published(&self, role: KeyRole, at: OffsetDateTime) -> Result<Vec<PublishedKey>, HsmError> {
        role.must(KeyJob::Sign)?;
        let known = self.link.known();
        let keys = published(&known, self.declaration(role)?);
        Ok(keys.filter(|key| key.is_published(at)).collect())
    }

    fn sign(&self, role: KeyRole, kid: &str, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], HsmError> {
        role.must(KeyJob::Sign)?;
        self.link.run(|connection| {
            let keys = connection.keys();
            let named = |key: &&TokenKey| key.public.as_ref().is_some_and(|public| public.kid() == kid);
            let key = keys.iter().filter(|key| key.role == role).find(named);
            let key = key.ok_or(HsmError::UnknownKey { role })?;
            connection.within(|session| sign(session, key, message))
        })
    }

    fn mac(&self, role: KeyRole, message: &[u8]) -> Result<[u8; 32], HsmError> {
        role.must(KeyJob::Mac)?;
        self.link.run(|connection| {
            let key = newest_first(connection, role).next().ok_or(HsmError::MissingRole(role))?;
            connection.within(|session| {
                let code = session.sign(&Mechanism::Sha256Hmac, key.handle, message);
                let code = code.map_err(|error| failed(&error, role, KeyJob::Mac))?;
                Ok(code.try_into().map_err(|_| HsmError::OperationFailed { role, job: KeyJob::Mac })?)
            })
        })
    }

    fn seal(&self, role: KeyRole, plaintext: &[u8], associated_data: &[u8]) -> Result<Vec<u8>, HsmError> {
        role.must(KeyJob::Seal)?;
        self.link.run(|connection| {
            let key = newest_first(connection, role).next().ok_or(HsmError::MissingRole(role))?;
            connection.within(|session| {
                // Fresh for each attempt: a repeated sealing does not repeat the nonce.
                let mut nonce = [0; NONCE_LEN];
                rand::fill(&mut nonce).map_err(|_| HsmError::NoRandomness)?;
                let sealed = encrypt(session, &key, nonce, plaintext, associated_data);
                let sealed = sealed.map_err(|error| failed(&error, role, KeyJob::Seal))?;
                Ok([nonce.as_slice(), &sealed].concat())
            })
        })
    }

    fn open(
        &self,
        role: KeyRole,
        sealed: &[u8],
        associated_data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        role.must(KeyJob::Seal)?;
        let not_here = || HsmError::NotSealedHere { role };
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(not_here)?;
        if body.len() < TAG_LEN {
            return Err(not_here());
        }
        self.link.run(|connection| {
            connection.within(|session| {
                for key in newest_first(connection, role) {
                    if let Some(opened) = open(session, &key, *nonce, body, associated_data)? {
                        return Ok(opened);
                    }
                }
                Err(not_here().into())
            })
        })
    }
}

fn newest_first(connection: &Connection, role: KeyRole) -> impl Iterator<Item = TokenKey> + use<> {
    let keys = connection.keys();
    let mut of_role: Vec<TokenKey> = keys.iter().filter(|key| key.role == role).cloned().collect();
    of_role.reverse();
    of_role.into_iter()
}

/// SHA-256 here, ECDSA there: not every module can do both in one (SoftHSM 2.6 cannot).
pub(super) fn sign(
    session: &Session,
    key: &TokenKey,
    message: &[u8],
) -> Result<[u8; SIGNATURE_LEN], Failure> {
    let role = key.role;
    let hash = digest::digest(&digest::SHA256, message);
    let signature = session.sign(&Mechanism::Ecdsa, key.handle, hash.as_ref());
    let signature = signature.map_err(|error| failed(&error, role, KeyJob::Sign))?;
    let failed = || HsmError::OperationFailed { role, job: KeyJob::Sign };
    let signature: [u8; SIGNATURE_LEN] = signature.try_into().map_err(|_| failed())?;
    if !key.proven.load(Ordering::Relaxed) {
        // Handles are numbers: the first signature shows that this one is still this key.
        let public = key.public.as_ref().ok_or_else(failed)?;
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public.sec1_uncompressed());
        if public.verify(message, &signature).is_err() {
            return Err(Failure::Lost("another key signed".to_owned()));
        }
        key.proven.store(true, Ordering::Relaxed);
    }
    Ok(signature)
}

fn encrypt(
    session: &Session,
    key: &TokenKey,
    mut nonce: [u8; NONCE_LEN],
    plaintext: &[u8],
    associated_data: &[u8],
) -> Result<Vec<u8>, Error> {
    let parameters = GcmParams::new(&mut nonce, associated_data, 128.into())?;
    session.encrypt(&Mechanism::AesGcm(parameters), key.handle, plaintext)
}

/// None: this key did not seal it.
fn open(
    session: &Session,
    key: &TokenKey,
    mut nonce: [u8; NONCE_LEN],
    body: &[u8],
    associated_data: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    let failure = |error: &Error| failed(error, key.role, KeyJob::Seal);
    let parameters =
        GcmParams::new(&mut nonce, associated_data, 128.into()).map_err(|error| failure(&error))?;
    let error = match session.decrypt(&Mechanism::AesGcm(parameters), key.handle, body) {
        Ok(opened) => return Ok(Some(Zeroizing::new(opened))),
        Err(error) => error,
    };
    if !fault::may_be_ciphertext(&error) {
        return Err(failure(&error));
    }
    // A wrong tag is CKR_GENERAL_ERROR in some modules, and so is a broken module. If the same key seals in the same
    // session, it was the tag; else whoever sends bad ciphertext could have the module restarted at will.
    let mut probe = [0; NONCE_LEN];
    rand::fill(&mut probe).map_err(|_| HsmError::NoRandomness)?;
    match encrypt(session, key, probe, b"", b"probe") {
        Ok(_) => Ok(None),
        Err(error) => Err(failure(&error)),
    }
}

/// What a failed call means for a job of a role; what the module said stays in the module's own log.
fn failed(error: &Error, role: KeyRole, job: KeyJob) -> Failure {
    match fault::of(error) {
        Fault::Lost(_) => lost(error),
        Fault::Refused(_) => Failure::Final(HsmError::OperationFailed { role, job }),
    }
}
