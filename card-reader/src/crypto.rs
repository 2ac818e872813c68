//! Which keys, which cipher, which curve? (ICAO 9303-11 §9.6 to §9.8)

mod curve;

use std::fmt;

use aes::cipher::consts::U16;
use aes::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit,
};
use aes::{Aes128, Aes192, Aes256};
use cmac::{Cmac, Mac};
pub use curve::{CurvePoint, CurveSecret};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of one AES block.
pub const BLOCK: usize = 16;
/// Bytes of a secure-messaging MAC and of a PACE token (the CMAC cut to eight).
pub const MAC: usize = 8;

/// The block cipher of a channel (algorithme symétrique). CBC to encrypt, CMAC to authenticate; 3DES is not spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cipher {
    /// AES with 128-bit keys; keys derived with SHA-1 (9303-11 §9.7.1.2).
    Aes128,
    /// AES with 192-bit keys; keys derived with SHA-256.
    Aes192,
    /// AES with 256-bit keys; keys derived with SHA-256.
    Aes256,
}

impl Cipher {
    /// The cipher that the last arc of a PACE or Chip Authentication OID names: 2, 3, 4; 1 is 3DES.
    #[must_use]
    pub const fn from_arc(arc: u8) -> Option<Self> {
        match arc {
            2 => Some(Self::Aes128),
            3 => Some(Self::Aes192),
            4 => Some(Self::Aes256),
            _ => None,
        }
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
    Aes128([u8; 16]),
    Aes192([u8; 24]),
    Aes256([u8; 32]),
}

impl Key {
    /// KDF(K, c) = H(K ‖ c), cut to the key's length (9303-11 §9.7.1).
    fn derive(cipher: Cipher, secret: &[u8], purpose: Purpose) -> Self {
        let counter = (purpose as u32).to_be_bytes();
        match cipher {
            Cipher::Aes128 => Self::Aes128(cut(&hash::<Sha1>(secret, counter))),
            Cipher::Aes192 => Self::Aes192(cut(&hash::<Sha256>(secret, counter))),
            Cipher::Aes256 => Self::Aes256(cut(&hash::<Sha256>(secret, counter))),
        }
    }

    fn encrypt_cbc(&self, iv: [u8; BLOCK], blocks: &mut [u8]) {
        match self {
            Self::Aes128(key) => encrypt(Aes128::new(&(*key).into()), iv, blocks),
            Self::Aes192(key) => encrypt(Aes192::new(&(*key).into()), iv, blocks),
            Self::Aes256(key) => encrypt(Aes256::new(&(*key).into()), iv, blocks),
        }
    }

    fn decrypt_cbc(&self, iv: [u8; BLOCK], blocks: &mut [u8]) {
        match self {
            Self::Aes128(key) => decrypt(Aes128::new(&(*key).into()), iv, blocks),
            Self::Aes192(key) => decrypt(Aes192::new(&(*key).into()), iv, blocks),
            Self::Aes256(key) => decrypt(Aes256::new(&(*key).into()), iv, blocks),
        }
    }

    fn mac(&self, message: &[u8]) -> [u8; MAC] {
        match self {
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

    /// Encrypts whole blocks under IV = E(K_Enc, SSC) (9303-11 §9.8.6.1).
    pub fn encrypt(&self, counter: u128, blocks: &mut [u8]) {
        self.encryption.encrypt_cbc(self.iv(counter), blocks);
    }

    /// Decrypts whole blocks under the same IV.
    pub fn decrypt(&self, counter: u128, blocks: &mut [u8]) {
        self.encryption.decrypt_cbc(self.iv(counter), blocks);
    }

    /// The CMAC cut to eight bytes.
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
pub fn pad(bytes: &mut Vec<u8>) {
    bytes.push(0x80);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
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
mod tests {
    use super::*;

    // ICAO 9303-11 appendix G.1 (PACE, ECDH generic mapping, AES-128).
    #[test]
    fn the_password_key_of_the_worked_example_decrypts_its_nonce() {
        let password = hex::decode("7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD").unwrap();
        let key = PasswordKey::derive(Cipher::Aes128, &password);
        let Key::Aes128(bytes) = &key.0 else { panic!() };
        assert_eq!(hex::encode_upper(bytes), "89DED1B26624EC1E634C1989302849DD");
        let nonce = cut(&hex::decode("95A3A016522EE98D01E76CB6B98B42C3").unwrap());
        assert_eq!(hex::encode_upper(key.decrypt_nonce(nonce)), "3F00C4D39D153F2B2A214A078D899B22");
        assert_eq!(key.encrypt_nonce(key.decrypt_nonce(nonce)), nonce);
    }

    // The same appendix: K = x coordinate of the agreed point.
    #[test]
    fn the_session_keys_of_the_worked_example() {
        let secret = hex::decode("28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925").unwrap();
        let keys = SessionKeys::derive(Cipher::Aes128, &secret);
        let (Key::Aes128(encryption), Key::Aes128(authentication)) = (&keys.encryption, &keys.authentication)
        else {
            panic!()
        };
        assert_eq!(hex::encode_upper(encryption), "F5F0E35C0D7161EE6724EE513A0D9A7F");
        assert_eq!(hex::encode_upper(authentication), "FE251C7858B356B24514B3BD5F4297D1");
    }

    // Value computed by two independent implementations (dmrtd, gmrtd) for the CAN 123456.
    #[test]
    fn a_can_is_hashed_as_ascii() {
        let Key::Aes128(bytes) = &PasswordKey::derive(Cipher::Aes128, b"123456").0 else { panic!() };
        assert_eq!(hex::encode(bytes), "591468cda83d65219cccb8560233600f");
    }

    #[test]
    fn padding_is_put_on_and_taken_off() {
        for length in 0..40 {
            let plain = vec![0; length];
            let mut padded = plain.clone();
            pad(&mut padded);
            assert_eq!(padded.len() % BLOCK, 0);
            assert_eq!(unpad(&padded), Some(plain.as_slice()));
        }
        assert_eq!(unpad(&[0; 16]), None);
        assert_eq!(unpad(&[]), None);
        assert_eq!(unpad(&[1; 16]), None);
    }

    #[test]
    fn every_cipher_decrypts_what_it_encrypts() {
        for cipher in [Cipher::Aes128, Cipher::Aes192, Cipher::Aes256] {
            let keys = SessionKeys::derive(cipher, b"secret");
            let mut data = [7; 48];
            keys.encrypt(5, &mut data);
            assert_ne!(data, [7; 48]);
            keys.decrypt(5, &mut data);
            assert_eq!(data, [7; 48]);
            assert!(keys.verifies(&data, &keys.mac(&data)));
            assert!(!keys.verifies(&data, &[0; 8]) && !keys.verifies(&data, &[]));
        }
    }
}
