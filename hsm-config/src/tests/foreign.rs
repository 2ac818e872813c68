//! Does somebody else's cryptography agree? (the `p256` crate, and the published RFC examples)

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{
    Signature, VerifyingKey,
    signature::{Signer as _, Verifier as _},
};

use super::{AT, KEYS};
use crate::{KeyJob, KeyRole, PublicKey, Signer as _};

#[test]
fn p256_verifies_what_each_role_signs() {
    for role in KeyRole::ALL.into_iter().filter(|role| role.job() == KeyJob::Sign) {
        let current = KEYS.current(role, AT).unwrap();
        let key = VerifyingKey::from_sec1_bytes(current.sec1_uncompressed()).unwrap();
        for round in 0..50_u32 {
            let message = round.to_be_bytes();
            let signature =
                Signature::from_slice(&KEYS.sign(role, current.kid(), &message).unwrap()).unwrap();
            key.verify(&message, &signature).unwrap();
            assert!(key.verify(b"another", &signature).is_err());
        }
    }
}

#[test]
fn a_key_made_elsewhere_signs_here() {
    use p256::pkcs8::EncodePrivateKey as _;
    let foreign = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let pkcs8 = foreign.to_pkcs8_der().unwrap();
    let key = crate::software::Material::restore(KeyRole::TokenSigning, pkcs8.as_bytes()).unwrap();
    let point = foreign.verifying_key().to_sec1_point(false);
    assert_eq!(key.public().unwrap().sec1_uncompressed().as_slice(), point.as_bytes());
    let _: Signature = foreign.sign(b"both sign");
}

#[test]
fn kid_is_the_rfc_7638_thumbprint() {
    // RFC 7515 appendix A.3 key; the thumbprint was computed with openssl over RFC 7638 §3.2's canonical form:
    // printf '{"crv":"P-256","kty":"EC","x":"…","y":"…"}' | openssl dgst -sha256 -binary | basenc --base64url
    let (x, y) =
        ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    let mut point = vec![4];
    point.extend(URL_SAFE_NO_PAD.decode(x).unwrap());
    point.extend(URL_SAFE_NO_PAD.decode(y).unwrap());
    let key = PublicKey::new(point.try_into().unwrap());
    assert_eq!((key.x().as_str(), key.y().as_str()), (x, y));
    assert_eq!(key.kid(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}
