//! Which Chip Authentication is to be run, and with which key? (9303-11 §6.2.3; BSI TR-03110-3 §A.1.1.2)

use std::fmt;

use pki::{ChipAuthenticationKey, KeyAgreement, PkiError};

use super::{CHIP_AUTHENTICATION, ChipProtocol, agreement_arc, arc};
use crate::crypto::Cipher;

/// A Chip Authentication that we speak, with the chip's key (authentification de puce).
#[derive(Clone)]
pub struct ChipAuthenticationInfo {
    /// The cipher of the new channel.
    pub cipher: Cipher,
    /// Which key, where the chip has several: big-endian, without leading zeroes.
    pub key_id: Option<Vec<u8>>,
    /// The chip's public key, fit to agree with.
    pub key: ChipAuthenticationKey,
}

impl ChipAuthenticationInfo {
    /// The protocol's object identifier, as MSE:Set AT carries it.
    #[must_use]
    pub fn protocol(&self) -> Vec<u8> {
        [CHIP_AUTHENTICATION, &[agreement_arc(self.key.agreement()), arc(self.cipher)]].concat()
    }
}

/// It may tell persons apart: a chip's key is its own.
impl fmt::Debug for ChipAuthenticationInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChipAuthenticationInfo({:?}, {:?})", self.key.agreement(), self.cipher)
    }
}

/// A key that the chip announces, not yet looked into: SubjectPublicKeyInfo.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ChipKey {
    pub(super) agreement: KeyAgreement,
    pub(super) spki: Vec<u8>,
    pub(super) key_id: Option<Vec<u8>>,
}

impl fmt::Debug for ChipKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChipKey({:?}, redacted)", self.agreement)
    }
}

impl ChipKey {
    fn read(&self) -> Result<ChipAuthenticationKey, PkiError> {
        let key = ChipAuthenticationKey::from_spki(&self.spki)?;
        if key.agreement() == self.agreement { Ok(key) } else { Err(PkiError::BadKey) }
    }

    fn with(&self, cipher: Cipher) -> Result<ChipAuthenticationInfo, PkiError> {
        Ok(ChipAuthenticationInfo { cipher, key_id: self.key_id.clone(), key: self.read()? })
    }
}

/// The one with the strongest cipher, and of two the one over a curve: it is quicker.
pub(super) fn best(
    protocols: &[ChipProtocol],
    keys: &[ChipKey],
) -> Result<Option<ChipAuthenticationInfo>, PkiError> {
    let announced = protocols.iter().flat_map(|protocol| {
        let of_protocol =
            |key: &&ChipKey| key.agreement == protocol.agreement && key.key_id == protocol.key_id;
        keys.iter().filter(of_protocol).map(|key| (protocol.cipher, key))
    });
    let inferred = keys
        .iter()
        .filter(|key| !protocols.iter().any(|protocol| protocol.agreement == key.agreement))
        .map(|key| (Cipher::TripleDes, key));
    let mut candidates: Vec<_> = announced.chain(inferred).collect();
    candidates.sort_by_key(|(cipher, key)| std::cmp::Reverse((*cipher, key.agreement == KeyAgreement::Ecdh)));
    let mut refusal = None;
    for (cipher, key) in candidates {
        match key.with(cipher) {
            Ok(info) => return Ok(Some(info)),
            // Over a curve or group that we do not speak, or of another shape: somebody else's protocol.
            Err(PkiError::BadKey) => refusal = Some(PkiError::BadKey),
            Err(_) => {}
        }
    }
    refusal.map_or(Ok(None), Err)
}
