//! How do old chips encrypt and authenticate? 3DES in CBC mode, and the retail MAC (9303-11 §9.8.6.1, §9.8.6.3 for 3DES).
//!
//! Spoken after Chip Authentication only, and only with chips whose signed DG14 knows nothing better: never in PACE.

use cbc::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit,
};
use des::{Des, TdesEde2};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{MAC, Purpose, cut, hash};

/// Bytes of one block.
pub(super) const BLOCK: usize = 8;

/// A key of two DES keys, their parity bits set.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(super) struct TripleDesKey([u8; 16]);

impl TripleDesKey {
    /// The first sixteen bytes of SHA-1(K ‖ c), each byte given odd parity (9303-11 §9.7.1.1).
    pub(super) fn derive(secret: &[u8], purpose: Purpose) -> Self {
        let digest = hash::<sha1::Sha1>(secret, purpose.counter());
        Self(cut::<16>(&digest).map(|byte| (byte & 0xfe) | u8::from((byte >> 1).count_ones() % 2 == 0)))
    }

    /// CBC with a zero IV.
    pub(super) fn encrypt_cbc(&self, data: &mut [u8]) {
        let (blocks, _) = Array::slice_as_chunks_mut(data);
        let cipher = TdesEde2::new(&self.0.into());
        cbc::Encryptor::inner_iv_init(cipher, &[0; BLOCK].into()).encrypt_blocks(blocks);
    }

    /// The same backwards.
    pub(super) fn decrypt_cbc(&self, data: &mut [u8]) {
        let (blocks, _) = Array::slice_as_chunks_mut(data);
        let cipher = TdesEde2::new(&self.0.into());
        cbc::Decryptor::inner_iv_init(cipher, &[0; BLOCK].into()).decrypt_blocks(blocks);
    }

    /// The retail MAC over whole blocks: MAC algorithm 3 of ISO/IEC 9797-1 with DES.
    pub(super) fn mac(&self, message: &[u8]) -> [u8; MAC] {
        let [first, second] = self.halves();
        let mut state = [0; BLOCK];
        for block in message.chunks(BLOCK) {
            for (to, from) in state.iter_mut().zip(block) {
                *to ^= from;
            }
            state = encrypted(&first, state);
        }
        encrypted(&first, decrypted(&second, state))
    }

    fn halves(&self) -> [Des; 2] {
        let (first, second) = self.0.split_at(BLOCK);
        [first, second].map(|half| Des::new(&cut::<BLOCK>(half).into()))
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> [u8; 16] {
        self.0
    }
}

fn encrypted(cipher: &Des, block: [u8; BLOCK]) -> [u8; BLOCK] {
    let mut block = block.into();
    cipher.encrypt_block(&mut block);
    block.into()
}

fn decrypted(cipher: &Des, block: [u8; BLOCK]) -> [u8; BLOCK] {
    let mut block = block.into();
    cipher.decrypt_block(&mut block);
    block.into()
}
