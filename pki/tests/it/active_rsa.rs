//! Which RSA answer to INTERNAL AUTHENTICATE proves the chip? Real chips' answers, and a second implementation.

use num_bigint::BigUint;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use pki::{ActiveAuthenticationKey, DigestAlgorithm, PkiError, SignatureForm};

const NONCE: [u8; 8] = *b"\x01\x02\x03\x04\x05\x06\x07\x08";
const REFUSED: Result<SignatureForm, PkiError> = Err(PkiError::BadSignature);

fn octets(hex: &str) -> Vec<u8> {
    hex::decode(hex.replace([' ', '\n'], "")).unwrap()
}

/// Captured from three passports' chips: their DG15 keys, the readers' nonces, the chips' answers. Where each is from
/// stands beside it in the file; only the numbers are taken.
#[test]
fn answers_of_real_chips_hold_and_for_their_own_nonce_only() {
    let vectors = include_str!("active_rsa.txt");
    let mut key = None;
    let mut answers = 0;
    for line in vectors.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.split_once(' ').unwrap() {
            ("key", spki) => key = Some(ActiveAuthenticationKey::from_spki(&octets(spki)).unwrap()),
            (nonce, signature) => {
                let (key, signature) = (key.as_ref().unwrap(), octets(signature));
                let mut nonce: [u8; 8] = octets(nonce).try_into().unwrap();
                let digest =
                    if signature.len() > 128 { DigestAlgorithm::Sha256 } else { DigestAlgorithm::Sha1 };
                let judged = key.verify(None, &nonce, &signature);
                assert_eq!(judged, Ok(SignatureForm::Recovery(digest)), "{line}");
                nonce[7] ^= 1;
                assert_eq!(key.verify(None, &nonce, &signature), REFUSED);
                answers += 1;
            }
        }
    }
    assert_eq!(answers, 6);
}

/// A chip that signs what it is told to, and the same arithmetic done again by num-bigint.
struct Chip {
    key: Rsa<Private>,
    public: ActiveAuthenticationKey,
}

impl Chip {
    fn new(bits: u32) -> Self {
        let key = Rsa::generate(bits).unwrap();
        let spki = PKey::from_rsa(key.clone()).unwrap().public_key_to_der().unwrap();
        Self { public: ActiveAuthenticationKey::from_spki(&spki).unwrap(), key }
    }

    fn size(&self) -> usize {
        self.key.size().try_into().unwrap()
    }

    /// Raw RSA over a representative.
    fn sign(&self, representative: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.size()];
        self.key.private_encrypt(representative, &mut signature, Padding::NONE).unwrap();
        signature
    }

    /// n - s: the smaller or larger twin, which the standard lets a chip send instead.
    fn twin(&self, signature: &[u8]) -> Vec<u8> {
        let n = BigUint::from_bytes_be(&self.key.n().to_vec());
        let twin = (n - BigUint::from_bytes_be(signature)).to_bytes_be();
        [vec![0; self.size() - twin.len()], twin].concat()
    }

    /// `header ‖ M1 ‖ H(M1 ‖ nonce) ‖ trailer`, M1 as long as fits.
    fn representative(&self, header: &[u8], digest: DigestAlgorithm, trailer: &[u8]) -> Vec<u8> {
        let length = self.size() - header.len() - digest.size() - trailer.len();
        let recovered: Vec<u8> = (0..length).map(|index| (index * 7 + 3) as u8).collect();
        let hash = digest.digest(&[recovered.as_slice(), &NONCE].concat()).unwrap();
        [header, &recovered, &hash, trailer].concat()
    }

    /// What ISO/IEC 9796-2 scheme 1 says of a signature, computed with num-bigint and slices counted from the end.
    fn oracle(&self, signature: &[u8], nonce: &[u8]) -> bool {
        let n = BigUint::from_bytes_be(&self.key.n().to_vec());
        let s = BigUint::from_bytes_be(signature);
        if signature.len() != self.size() || s >= n {
            return false;
        }
        let mut f = s.modpow(&BigUint::from_bytes_be(&self.key.e().to_vec()), &n);
        if &f % 16u32 != BigUint::from(12u32) {
            f = n - f;
        }
        let hexadecimal = format!("{:0>width$}", f.to_str_radix(16), width = 2 * self.size());
        let known = [
            ("bc", DigestAlgorithm::Sha1),
            ("33cc", DigestAlgorithm::Sha1),
            ("34cc", DigestAlgorithm::Sha256),
            ("35cc", DigestAlgorithm::Sha512),
            ("36cc", DigestAlgorithm::Sha384),
            ("38cc", DigestAlgorithm::Sha224),
        ];
        let Some((trailer, digest)) = known.into_iter().find(|(trailer, _)| hexadecimal.ends_with(trailer))
        else {
            return false;
        };
        let body = hexadecimal.strip_suffix(trailer).unwrap();
        let Some(padded) = body.strip_prefix('6') else { return false };
        let unpadded = padded.trim_start_matches('b');
        let Some(rest) = unpadded.strip_prefix('a') else { return false };
        if rest.len() < 2 * digest.size() || rest.len() % 2 != 0 {
            return false;
        }
        let (recovered, hash) = rest.split_at(rest.len() - 2 * digest.size());
        let message = [hex::decode(recovered).unwrap().as_slice(), nonce].concat();
        hex::encode(digest.digest(&message).unwrap()) == hash
    }

    /// Both implementations agree.
    fn judge(&self, signature: &[u8]) -> Result<SignatureForm, PkiError> {
        let judged = self.public.verify(None, &NONCE, signature);
        assert_eq!(judged.is_ok(), self.oracle(signature, &NONCE), "{}", hex::encode(signature));
        judged
    }
}

const TRAILERS: [(&[u8], DigestAlgorithm); 6] = [
    (b"\xbc", DigestAlgorithm::Sha1),
    (b"\x33\xcc", DigestAlgorithm::Sha1),
    (b"\x34\xcc", DigestAlgorithm::Sha256),
    (b"\x35\xcc", DigestAlgorithm::Sha512),
    (b"\x36\xcc", DigestAlgorithm::Sha384),
    (b"\x38\xcc", DigestAlgorithm::Sha224),
];

#[test]
fn every_trailer_padding_and_twin_holds() {
    for bits in [1024, 1280, 2048, 3072] {
        let chip = Chip::new(bits);
        for (trailer, digest) in TRAILERS {
            for header in [&b"\x6a"[..], b"\x6b\xba", b"\x6b\xbb\xbb\xba"] {
                let signature = chip.sign(&chip.representative(header, digest, trailer));
                assert_eq!(chip.judge(&signature), Ok(SignatureForm::Recovery(digest)));
                assert_eq!(chip.judge(&chip.twin(&signature)), Ok(SignatureForm::Recovery(digest)));
            }
        }
    }
}

#[test]
fn another_header_trailer_or_digest_is_refused() {
    let chip = Chip::new(1024);
    let digest = DigestAlgorithm::Sha256;
    let trailer = b"\x34\xcc";
    // Total recovery, no header, padding that never ends, padding of something else.
    for header in [&b"\x4a"[..], b"\x00", b"\x7a", b"\x2a", b"\x6b", b"\x6b\xbc\xba", b"\x60", b"\x6c"] {
        assert_eq!(chip.judge(&chip.sign(&chip.representative(header, digest, trailer))), REFUSED);
    }
    assert_eq!(chip.judge(&chip.sign(&[&[0x6b][..], &[0xbb; 126], &[0xbc]].concat())), REFUSED);
    // Digests that Doc 9303 does not name, trailers of the wrong digest, trailers that are none.
    for trailer in [
        &b"\x31\xcc"[..],
        b"\x37\xcc",
        b"\x3a\xcc",
        b"\x35\xcc",
        b"\x33\xcc",
        b"\xbc",
        b"\xcc\xcc",
        b"\x34\x0c",
    ] {
        assert_eq!(chip.judge(&chip.sign(&chip.representative(b"\x6a", digest, trailer))), REFUSED);
    }
    // Neither of the twins ends in C.
    let mut neither = chip.representative(b"\x6a", digest, trailer);
    *neither.last_mut().unwrap() = 0xc3;
    assert_eq!(chip.judge(&chip.sign(&neither)), REFUSED);
}

#[test]
fn a_changed_truncated_or_too_large_signature_is_refused() {
    let (chip, clone) = (Chip::new(1024), Chip::new(1024));
    let signature = chip.sign(&chip.representative(b"\x6a", DigestAlgorithm::Sha1, b"\xbc"));
    assert_eq!(clone.judge(&signature), REFUSED);
    assert_eq!(chip.public.verify(None, b"other!!!", &signature), REFUSED);
    for position in 0..signature.len() {
        let mut changed = signature.clone();
        changed[position] ^= 0x10;
        assert_eq!(chip.judge(&changed), REFUSED);
        assert_eq!(chip.judge(&signature[..position]), REFUSED);
    }
    let n = chip.key.n().to_vec();
    for number in [vec![0; 128], n.clone(), vec![0xff; 128], [signature.as_slice(), &[0]].concat()] {
        assert_eq!(chip.judge(&number), REFUSED);
    }
    // s + n is the same number modulo n, and longer than the modulus or at least n.
    let sum = (BigUint::from_bytes_be(&signature) + BigUint::from_bytes_be(&n)).to_bytes_be();
    assert_eq!(chip.judge(&sum), REFUSED);
    assert_eq!(chip.public.verify(None, &NONCE, &[0; 1025]), Err(PkiError::TooLarge));
}

#[test]
fn keys_that_are_too_short_or_odd_are_refused() {
    for (bits, code) in [(768, "bad-key"), (1023, "bad-key"), (1030, "unsupported-algorithm")] {
        let key = PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap().public_key_to_der().unwrap();
        assert_eq!(ActiveAuthenticationKey::from_spki(&key).unwrap_err().code(), code, "{bits}");
    }
}
