//! Which answer to INTERNAL AUTHENTICATE proves the chip?

use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use pki::{ActiveAuthenticationKey, DigestAlgorithm, PkiError, SignatureForm};

const NONCE: [u8; 8] = *b"\x01\x02\x03\x04\x05\x06\x07\x08";
const CURVES: [(Nid, usize); 9] = [
    (Nid::SECP224R1, 28),
    (Nid::X9_62_PRIME256V1, 32),
    (Nid::SECP384R1, 48),
    (Nid::SECP521R1, 66),
    (Nid::BRAINPOOL_P224R1, 28),
    (Nid::BRAINPOOL_P256R1, 32),
    (Nid::BRAINPOOL_P320R1, 40),
    (Nid::BRAINPOOL_P384R1, 48),
    (Nid::BRAINPOOL_P512R1, 64),
];

struct Chip {
    key: EcKey<Private>,
    public: ActiveAuthenticationKey,
    order_size: i32,
}

impl Chip {
    fn over(nid: Nid, order_size: usize) -> Self {
        let key = EcKey::generate(&EcGroup::from_curve_name(nid).unwrap()).unwrap();
        let spki = PKey::from_ec_key(key.clone()).unwrap().public_key_to_der().unwrap();
        let public = ActiveAuthenticationKey::from_spki(&spki).unwrap();
        Self { key, public, order_size: order_size.try_into().unwrap() }
    }

    fn sign(&self, hash: DigestAlgorithm) -> EcdsaSig {
        EcdsaSig::sign(&hash.digest(&NONCE).unwrap(), &self.key).unwrap()
    }

    fn plain(&self, signature: &EcdsaSig) -> Vec<u8> {
        let fixed = |number: &openssl::bn::BigNumRef| number.to_vec_padded(self.order_size).unwrap();
        [fixed(signature.r()), fixed(signature.s())].concat()
    }
}

#[test]
fn plain_signatures_hold_over_every_curve_and_hash_and_der_is_told_apart() {
    for (nid, size) in CURVES {
        let chip = Chip::over(nid, size);
        for hash in DigestAlgorithm::ALL {
            let signature = chip.sign(hash);
            assert_eq!(
                chip.public.verify(Some(hash), &NONCE, &chip.plain(&signature)),
                Ok(SignatureForm::Plain)
            );
            let der = signature.to_der().unwrap();
            assert_eq!(chip.public.verify(Some(hash), &NONCE, &der), Ok(SignatureForm::Der));
        }
    }
}

#[test]
fn another_nonce_key_hash_or_bit_is_refused() {
    let (chip, clone) = (Chip::over(Nid::X9_62_PRIME256V1, 32), Chip::over(Nid::X9_62_PRIME256V1, 32));
    let hash = DigestAlgorithm::Sha256;
    let signature = chip.plain(&chip.sign(hash));
    let refused = Err(PkiError::BadSignature);
    assert_eq!(chip.public.verify(Some(hash), b"other!!!", &signature), refused);
    assert_eq!(clone.public.verify(Some(hash), &NONCE, &signature), refused);
    assert_eq!(chip.public.verify(Some(DigestAlgorithm::Sha384), &NONCE, &signature), refused);
    for position in 0..signature.len() {
        let mut changed = signature.clone();
        changed[position] ^= 0x10;
        assert_eq!(chip.public.verify(Some(hash), &NONCE, &changed), refused);
    }
    assert_eq!(chip.public.verify(Some(hash), &NONCE, &[0; 1025]), Err(PkiError::TooLarge));
    for length in 0..signature.len() {
        assert_eq!(chip.public.verify(Some(hash), &NONCE, &signature[..length]), refused);
    }
}

/// CVE-2022-21449 and its kin: r or s of 0, n, or one more than fits.
#[test]
fn numbers_outside_the_order_are_refused() {
    let chip = Chip::over(Nid::X9_62_PRIME256V1, 32);
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let (mut order, mut context) = (BigNum::new().unwrap(), openssl::bn::BigNumContext::new().unwrap());
    group.order(&mut order, &mut context).unwrap();
    let signature = chip.sign(DigestAlgorithm::Sha256);
    let (r, s) = (signature.r().to_vec_padded(32).unwrap(), signature.s().to_vec_padded(32).unwrap());
    let (zero, n) = (vec![0; 32], order.to_vec_padded(32).unwrap());
    for (r, s) in [(&zero, &zero), (&zero, &s), (&r, &zero), (&n, &s), (&r, &n), (&n, &n)] {
        let forged = [r.as_slice(), s.as_slice()].concat();
        let judged = chip.public.verify(Some(DigestAlgorithm::Sha256), &NONCE, &forged);
        assert_eq!(judged, Err(PkiError::BadSignature));
    }
}

#[test]
fn keys_that_are_not_sound_are_refused() {
    let chip = Chip::over(Nid::X9_62_PRIME256V1, 32);
    let spki = PKey::from_ec_key(chip.key.clone()).unwrap().public_key_to_der().unwrap();
    let mut off_curve = spki.clone();
    *off_curve.last_mut().unwrap() ^= 1;
    assert_eq!(ActiveAuthenticationKey::from_spki(&off_curve).unwrap_err(), PkiError::BadKey);
    let mut trailing = spki.clone();
    trailing.push(0);
    assert!(ActiveAuthenticationKey::from_spki(&trailing).is_err());
    let small = EcKey::generate(&EcGroup::from_curve_name(Nid::X9_62_PRIME192V1).unwrap()).unwrap();
    let spki = PKey::from_ec_key(small).unwrap().public_key_to_der().unwrap();
    assert_eq!(ActiveAuthenticationKey::from_spki(&spki).unwrap_err().code(), "unsupported-algorithm");
    let signature = chip.plain(&chip.sign(DigestAlgorithm::Sha256));
    assert_eq!(chip.public.verify(None, &NONCE, &signature).unwrap_err().code(), "unsupported-algorithm");
}
