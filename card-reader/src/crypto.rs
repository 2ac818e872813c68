//! Which keys, which cipher, which curve? (ICAO 9303-11 §9.6 to §9.8)

mod triple_des;

use std::fmt;

use aes::cipher::consts::U16;
use aes::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit,
};
use aes::{Aes128, Aes192, Aes256};
use cmac::{Cmac, Mac};
pub use pki::{CurvePoint, CurveSecret, Domain};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use triple_des::TripleDesKey;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of one AES block.
pub const BLOCK: usize = 16;
/// Bytes of a secure-messaging MAC and of a PACE token (the CMAC cut to eight).
pub const MAC: usize = 8;

/// The block cipher of a channel (algorithme symétrique), weakest first. CBC to encrypt; CMAC to authenticate with AES.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cipher {
    /// 3DES with two keys and the retail MAC; keys derived with SHA-1. After Chip Authentication with old chips only.
    TripleDes,
    /// AES with 128-bit keys; keys derived with SHA-1 (9303-11 §9.7.1.2).
    Aes128,
    /// AES with 192-bit keys; keys derived with SHA-256.
    Aes192,
    /// AES with 256-bit keys; keys derived with SHA-256.
    Aes256,
}

impl Cipher {
    /// The cipher that the last arc of a Chip Authentication OID names.
    #[must_use]
    pub const fn from_arc(arc: u8) -> Option<Self> {
        match arc {
            1 => Some(Self::TripleDes),
            2 => Some(Self::Aes128),
            3 => Some(Self::Aes192),
            4 => Some(Self::Aes256),
            _ => None,
        }
    }
}

impl Purpose {
    const fn counter(self) -> [u8; 4] {
        (self as u32).to_be_bytes()
    }
}

/// What a derived key is for: the counter of the derivation (9303-11 §9.7.1).
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Encryption = 1,
    Authentication = 2,
    Password = 3,
}

/// One derived key. Zeroized; never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
enum Key {
    TripleDes(TripleDesKey),
    Aes128([u8; 16]),
    Aes192([u8; 24]),
    Aes256([u8; 32]),
}

impl Key {
    /// KDF(K, c) = H(K ‖ c), cut to the key's length (9303-11 §9.7.1).
    fn derive(cipher: Cipher, secret: &[u8], purpose: Purpose) -> Self {
        let counter = purpose.counter();
        match cipher {
            Cipher::TripleDes => Self::TripleDes(TripleDesKey::derive(secret, purpose)),
            Cipher::Aes128 => Self::Aes128(cut(&hash::<Sha1>(secret, counter))),
            Cipher::Aes192 => Self::Aes192(cut(&hash::<Sha256>(secret, counter))),
            Cipher::Aes256 => Self::Aes256(cut(&hash::<Sha256>(secret, counter))),
        }
    }

    fn encrypt_cbc(&self, iv: [u8; BLOCK], blocks: &mut [u8]) {
        match self {
            Self::TripleDes(key) => key.encrypt_cbc(blocks),
            Self::Aes128(key) => encrypt(Aes128::new(&(*key).into()), iv, blocks),
            Self::Aes192(key) => encrypt(Aes192::new(&(*key).into()), iv, blocks),
            Self::Aes256(key) => encrypt(Aes256::new(&(*key).into()), iv, blocks),
        }
    }

    fn decrypt_cbc(&self, iv: [u8; BLOCK], blocks: &mut [u8]) {
        match self {
            Self::TripleDes(key) => key.decrypt_cbc(blocks),
            Self::Aes128(key) => decrypt(Aes128::new(&(*key).into()), iv, blocks),
            Self::Aes192(key) => decrypt(Aes192::new(&(*key).into()), iv, blocks),
            Self::Aes256(key) => decrypt(Aes256::new(&(*key).into()), iv, blocks),
        }
    }

    fn mac(&self, message: &[u8]) -> [u8; MAC] {
        match self {
            Self::TripleDes(key) => key.mac(message),
            Self::Aes128(key) => cut(&tag(Cmac::<Aes128>::new(&(*key).into()), message)),
            Self::Aes192(key) => cut(&tag(Cmac::<Aes192>::new(&(*key).into()), message)),
            Self::Aes256(key) => cut(&tag(Cmac::<Aes256>::new(&(*key).into()), message)),
        }
    }
}

/// K_π, the key that the password gives: it encrypts the chip's nonce (9303-11 §9.7.3).
pub struct PasswordKey(Key);

impl PasswordKey {
    /// `password` as the standard encodes it: the CAN's digits in ASCII, or SHA-1 of the MRZ information.
    #[must_use]
    pub fn derive(cipher: Cipher, password: &[u8]) -> Self {
        Self(Key::derive(cipher, password, Purpose::Password))
    }

    /// z → s (9303-11 §4.4.3.3, CBC with a zero IV).
    #[must_use]
    pub fn decrypt_nonce(&self, mut nonce: [u8; BLOCK]) -> [u8; BLOCK] {
        self.0.decrypt_cbc([0; BLOCK], &mut nonce);
        nonce
    }

    /// s → z, the chip's side.
    #[must_use]
    pub fn encrypt_nonce(&self, mut nonce: [u8; BLOCK]) -> [u8; BLOCK] {
        self.0.encrypt_cbc([0; BLOCK], &mut nonce);
        nonce
    }
}

/// The two keys of a channel, K_Enc and K_MAC (clés de session).
#[derive(Clone)]
pub struct SessionKeys {
    encryption: Key,
    authentication: Key,
}

impl SessionKeys {
    /// From the shared secret of PACE or Chip Authentication: the x coordinate, fixed width.
    #[must_use]
    pub fn derive(cipher: Cipher, secret: &[u8]) -> Self {
        Self {
            encryption: Key::derive(cipher, secret, Purpose::Encryption),
            authentication: Key::derive(cipher, secret, Purpose::Authentication),
        }
    }

    /// Encrypts whole blocks under IV = E(K_Enc, SSC) (9303-11 §9.8.6.1); with 3DES under a zero IV.
    pub fn encrypt(&self, counter: u128, blocks: &mut [u8]) {
        self.encryption.encrypt_cbc(self.iv(counter), blocks);
    }

    /// Decrypts whole blocks under the same IV.
    pub fn decrypt(&self, counter: u128, blocks: &mut [u8]) {
        self.encryption.decrypt_cbc(self.iv(counter), blocks);
    }

    /// Bytes of a block.
    #[must_use]
    pub const fn block(&self) -> usize {
        match self.encryption {
            Key::TripleDes(_) => triple_des::BLOCK,
            Key::Aes128(_) | Key::Aes192(_) | Key::Aes256(_) => BLOCK,
        }
    }

    /// The send sequence counter as the MAC covers it: as long as a block (9303-11 §9.8.6.3).
    #[must_use]
    pub fn counter(&self, counter: u128) -> Vec<u8> {
        counter.to_be_bytes().into_iter().skip(BLOCK - self.block()).collect()
    }

    /// The MAC over whole blocks: the CMAC cut to eight bytes, or the retail MAC.
    #[must_use]
    pub fn mac(&self, message: &[u8]) -> [u8; MAC] {
        self.authentication.mac(message)
    }

    /// Compares a MAC in constant time.
    #[must_use]
    pub fn verifies(&self, message: &[u8], mac: &[u8]) -> bool {
        self.mac(message).ct_eq(mac).into()
    }

    fn iv(&self, counter: u128) -> [u8; BLOCK] {
        let mut block = counter.to_be_bytes();
        self.encryption.encrypt_cbc([0; BLOCK], &mut block);
        block
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKeys(redacted)")
    }
}

/// Padding method 2 of ISO/IEC 9797-1: 80, then zeroes to the block.
pub fn pad(bytes: &mut Vec<u8>, block: usize) {
    bytes.push(0x80);
    bytes.resize(bytes.len().next_multiple_of(block), 0);
}

/// Takes that padding off; `None` if it is not there.
#[must_use]
pub fn unpad(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().rposition(|&byte| byte != 0)?;
    (bytes.get(end) == Some(&0x80)).then(|| bytes.get(..end)).flatten()
}

/// Random bytes of the operating system.
///
/// # Errors
/// It has none.
pub fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

fn hash<D: Digest>(secret: &[u8], counter: [u8; 4]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(D::new().chain_update(secret).chain_update(counter).finalize().to_vec())
}

/// The first `N` bytes of something at least as long.
fn cut<const N: usize>(bytes: &[u8]) -> [u8; N] {
    std::array::from_fn(|index| bytes.get(index).copied().unwrap_or_default())
}

fn encrypt<C: BlockCipherEncrypt<BlockSize = U16>>(cipher: C, iv: [u8; BLOCK], data: &mut [u8]) {
    let (blocks, _) = Array::slice_as_chunks_mut(data);
    cbc::Encryptor::inner_iv_init(cipher, &iv.into()).encrypt_blocks(blocks);
}

fn decrypt<C: BlockCipherDecrypt<BlockSize = U16>>(cipher: C, iv: [u8; BLOCK], data: &mut [u8]) {
    let (blocks, _) = Array::slice_as_chunks_mut(data);
    cbc::Decryptor::inner_iv_init(cipher, &iv.into()).decrypt_blocks(blocks);
}

fn tag<M: Mac>(mac: M, message: &[u8]) -> Vec<u8> {
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests;
