//! Which message does this RSA signature bring back? ISO/IEC 9796-2 scheme 1, as Doc 9303-11 §6.1.2.2 profiles it.
//!
//! `s^e mod n`, or `n` minus that, is the representative
//!
//! ```text
//! F = 6A ‖ M1 ‖ H(M1 ‖ nonce) ‖ trailer        6 = 01 header, 1 partial recovery, 0 padding; A = end of the padding
//! ```
//!
//! where M1 is random data of the chip. A chip that leaves room pads with nibbles B before the A: `6B … BA`. Every
//! refusal is the same one, [`PkiError::BadSignature`], after the same work: nothing tells a forger how far he came.

use crate::key::{RsaKey, RsaUse};
use crate::{DigestAlgorithm, PkiError};
use openssl::bn::BigNum;
use openssl::pkey::Public;
use openssl::rsa::{Padding, Rsa};

/// An RSA key whose signatures bring (part of) their message back.
#[derive(Clone)]
pub(super) struct RecoveryKey {
    key: Rsa<Public>,
    /// Octets of the modulus, and so of a signature and of its representative.
    size: usize,
}

impl RecoveryKey {
    /// The modulus must be of whole octets: for others the standard shifts the representative, and no chip has one.
    pub(super) fn new(key: RsaKey) -> Result<Self, PkiError> {
        // A key that says it is for PSS is not for this (RFC 4055 §1.2).
        if key.only != RsaUse::Any {
            return Err(PkiError::BadKey);
        }
        if !key.bits.is_multiple_of(8) {
            return Err(PkiError::Unsupported("active authentication key of odd length"));
        }
        let size = key.size();
        key.key.rsa().map(|key| Self { key, size }).map_err(|_| PkiError::BadKey)
    }

    /// Octets of a signature.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Checks that the signature is over recovered data followed by `nonce`, and tells the digest it used.
    pub(super) fn verify(&self, nonce: &[u8], signature: &[u8]) -> Result<DigestAlgorithm, PkiError> {
        let representative = self.representative(signature)?;
        let (digest, before_trailer) = trailer(&representative)?;
        let hash_at = before_trailer.len().checked_sub(digest.size()).ok_or(PkiError::BadSignature)?;
        let (front, hash) = before_trailer.split_at_checked(hash_at).ok_or(PkiError::BadSignature)?;
        let recovered = without_header(front)?;
        if digest.digest(&[recovered, nonce].concat())? == hash {
            Ok(digest)
        } else {
            Err(PkiError::BadSignature)
        }
    }

    /// F: the one of `s^e mod n` and `n - s^e mod n` that ends in the nibble C (ISO/IEC 9796-2 §6.4, annex A.5).
    fn representative(&self, signature: &[u8]) -> Result<Vec<u8>, PkiError> {
        if signature.len() != self.size {
            return Err(PkiError::BadSignature);
        }
        let mut power = vec![0; self.size];
        // Fails where s is n or more, too.
        let length = self
            .key
            .public_decrypt(signature, &mut power, Padding::NONE)
            .map_err(|_| PkiError::BadSignature)?;
        if length != self.size {
            return Err(PkiError::BadSignature);
        }
        let power_number = BigNum::from_slice(&power).map_err(|_| PkiError::Internal)?;
        let complement = self.key.n() - &power_number;
        let width = i32::try_from(self.size).map_err(|_| PkiError::Internal)?;
        let complement = complement.to_vec_padded(width).map_err(|_| PkiError::Internal)?;
        match (ends_in_c(&power), ends_in_c(&complement)) {
            (true, _) => Ok(power),
            (false, true) => Ok(complement),
            (false, false) => Err(PkiError::BadSignature),
        }
    }
}

fn ends_in_c(octets: &[u8]) -> bool {
    octets.last().is_some_and(|last| last & 0x0f == 0x0c)
}

/// The digest that the trailer names, and what stands before it. `BC` names none, which means SHA-1
/// (Doc 9303-11 §6.1.2.2); `xx CC` names one by its number in ISO/IEC 10118-3.
fn trailer(representative: &[u8]) -> Result<(DigestAlgorithm, &[u8]), PkiError> {
    match representative {
        [before @ .., 0xbc] => Ok((DigestAlgorithm::Sha1, before)),
        [before @ .., 0x33, 0xcc] => Ok((DigestAlgorithm::Sha1, before)),
        [before @ .., 0x34, 0xcc] => Ok((DigestAlgorithm::Sha256, before)),
        [before @ .., 0x35, 0xcc] => Ok((DigestAlgorithm::Sha512, before)),
        [before @ .., 0x36, 0xcc] => Ok((DigestAlgorithm::Sha384, before)),
        [before @ .., 0x38, 0xcc] => Ok((DigestAlgorithm::Sha224, before)),
        // RIPEMD (31, 32), WHIRLPOOL (37), SHA-512/224 (39) and SHA-512/256 (3A): none is in Doc 9303-11 table 5.
        _ => Err(PkiError::BadSignature),
    }
}

/// M1: what follows `6A` or `6B … BA`. Total recovery (`4x`) would not cover the nonce, and is refused.
fn without_header(front: &[u8]) -> Result<&[u8], PkiError> {
    match front {
        [0x6a, recovered @ ..] => Ok(recovered),
        [0x6b, rest @ ..] => {
            let padding = rest.iter().take_while(|octet| **octet == 0xbb).count();
            match rest.split_at_checked(padding) {
                Some((_, [0xba, recovered @ ..])) => Ok(recovered),
                _ => Err(PkiError::BadSignature),
            }
        }
        _ => Err(PkiError::BadSignature),
    }
}
