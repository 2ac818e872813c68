//! Keys and signatures made to hurt: giants, and numbers at and over the edges of their ranges.

use crate::hierarchy::{new_key, oid, sequence, tlv};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::EcGroup;
use openssl::nid::Nid;
use pki::{ActiveAuthenticationKey, ChipAuthenticationKey, DigestAlgorithm, PkiError, limits};

fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = sequence(&[&tlv(2, modulus), &tlv(2, exponent)]);
    let algorithm = sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]);
    sequence(&[&algorithm, &tlv(3, &[&[0], key.as_slice()].concat())])
}

/// An odd number of so many octets, its first bit set.
fn odd(octets: usize) -> Vec<u8> {
    let mut number = vec![0xd5; octets];
    number[octets - 1] = 0xd7;
    number
}

/// The contents of an INTEGER.
fn positive(magnitude: &[u8]) -> Vec<u8> {
    [&[0], magnitude].concat()
}

#[test]
fn rsa_keys_are_bounded_before_they_are_computed_with() {
    let e = &[1, 0, 1];
    let longest = limits::RSA_BITS_MAX as usize / 8;
    for (what, modulus, exponent, expected) in [
        ("2,048 bits", positive(&odd(256)), e.to_vec(), None),
        ("modulus of 1 MB", positive(&odd(1024 * 1024)), e.to_vec(), Some(PkiError::TooLarge)),
        ("one octet over the longest", positive(&odd(longest + 1)), e.to_vec(), Some(PkiError::TooLarge)),
        ("exponent of 1 MB", positive(&odd(256)), positive(&odd(1024 * 1024)), Some(PkiError::TooLarge)),
        ("exponent of nine octets", positive(&odd(256)), positive(&odd(9)), Some(PkiError::TooLarge)),
        (
            "exponent as long as the modulus",
            positive(&odd(256)),
            positive(&odd(256)),
            Some(PkiError::TooLarge),
        ),
        ("512 bits", positive(&odd(64)), e.to_vec(), Some(PkiError::BadKey)),
        ("even modulus", positive(&[odd(255), vec![2]].concat()), e.to_vec(), Some(PkiError::BadKey)),
        ("even exponent", positive(&odd(256)), vec![2], Some(PkiError::BadKey)),
        ("exponent 1", positive(&odd(256)), vec![1], Some(PkiError::BadKey)),
        ("exponent 0", positive(&odd(256)), vec![0], Some(PkiError::Malformed("RSA public key"))),
        ("modulus 0", vec![0], e.to_vec(), Some(PkiError::Malformed("RSA public key"))),
        ("negative modulus", vec![0x95; 256], e.to_vec(), Some(PkiError::Malformed("RSA public key"))),
        (
            "padded modulus",
            [vec![0], positive(&odd(256))].concat(),
            e.to_vec(),
            Some(PkiError::Malformed("RSA public key")),
        ),
    ] {
        assert_eq!(ActiveAuthenticationKey::from_spki(&rsa(&modulus, &exponent)).err(), expected, "{what}");
    }
}

#[test]
fn an_rsa_answer_of_another_length_is_not_computed() {
    let key = ActiveAuthenticationKey::from_spki(&rsa(&positive(&odd(256)), &[1, 0, 1])).unwrap();
    for length in [0, 1, 255, 257, limits::ACTIVE_SIGNATURE] {
        assert!(key.verify(None, &[0; 8], &vec![0x11; length]).is_err(), "{length}");
    }
    let giant = key.verify(None, &[0; 8], &vec![0x11; 1024 * 1024]);
    assert_eq!(giant.err(), Some(PkiError::TooLarge));
    // 0, 1, n-1, n, n+1 and all ones.
    let n = odd(256);
    let mut edges = vec![vec![0; 256], [vec![0; 255], vec![1]].concat(), n.clone(), vec![0xff; 256]];
    for last in [0xd6, 0xd8] {
        let mut near = n.clone();
        near[255] = last;
        edges.push(near);
    }
    for edge in edges {
        assert!(key.verify(None, &[0; 8], &edge).is_err(), "{:02x?}…", &edge[250..]);
    }
}

/// Every r and s at and over the edges, in both forms, over every curve that a chip may have.
#[test]
fn r_and_s_out_of_range() {
    for nid in [
        Nid::SECP224R1,
        Nid::X9_62_PRIME256V1,
        Nid::SECP384R1,
        Nid::SECP521R1,
        Nid::BRAINPOOL_P224R1,
        Nid::BRAINPOOL_P256R1,
        Nid::BRAINPOOL_P320R1,
        Nid::BRAINPOOL_P384R1,
        Nid::BRAINPOOL_P512R1,
    ] {
        let group = EcGroup::from_curve_name(nid).unwrap();
        let mut order = BigNum::new().unwrap();
        group.order(&mut order, &mut BigNumContext::new().unwrap()).unwrap();
        let size = usize::try_from(order.num_bytes()).unwrap();
        let pair = openssl::ec::EcKey::generate(&group).unwrap();
        let spki = openssl::pkey::PKey::from_ec_key(pair).unwrap().public_key_to_der().unwrap();
        let key = ActiveAuthenticationKey::from_spki(&spki).unwrap();
        let shifted = |by: i64| {
            let mut number = order.to_owned().unwrap();
            if by < 0 {
                number.sub_word(u32::try_from(-by).unwrap()).unwrap();
            } else {
                number.add_word(u32::try_from(by).unwrap()).unwrap();
            }
            number
        };
        let numbers = [
            BigNum::new().unwrap(),
            BigNum::from_u32(1).unwrap(),
            shifted(-1),
            shifted(0),
            shifted(1),
            BigNum::from_slice(&vec![0xff; size]).unwrap(),
        ];
        for (index, (r, s)) in numbers.iter().flat_map(|r| numbers.iter().map(move |s| (r, s))).enumerate() {
            let width = i32::try_from(size).unwrap();
            if let (Ok(plain_r), Ok(plain_s)) = (r.to_vec_padded(width), s.to_vec_padded(width)) {
                refused(&key, &[plain_r, plain_s].concat(), &format!("{nid:?} plain {index}"));
            }
            let der = |number: &BigNum| tlv(2, &[&[0], number.to_vec().as_slice()].concat());
            refused(&key, &sequence(&[&der(r), &der(s)]), &format!("{nid:?} DER {index}"));
        }
        let huge = tlv(2, &positive(&odd(4096)));
        for (what, signature) in [
            ("nothing", vec![]),
            ("negative", sequence(&[&tlv(2, &vec![0x80; size]), &tlv(2, &[1])])),
            ("empty numbers", sequence(&[&tlv(2, &[]), &tlv(2, &[])])),
            ("over-long", sequence(&[&huge, &huge])),
            ("one number", sequence(&[&tlv(2, &[1])])),
            ("odd length", vec![1; 2 * size - 1]),
            ("one octet more", vec![1; 2 * size + 1]),
            ("a megabyte", vec![1; 1024 * 1024]),
        ] {
            refused(&key, &signature, &format!("{nid:?} {what}"));
        }
    }
}

fn refused(key: &ActiveAuthenticationKey, signature: &[u8], what: &str) {
    assert!(key.verify(Some(DigestAlgorithm::Sha256), &[0; 8], signature).is_err(), "{what}");
}

/// Points that are none, on the wire of either kind of key.
#[test]
fn points_that_are_no_keys() {
    let spki = new_key().public_key_to_der().unwrap();
    let start = spki.len() - 65;
    let with = |point: &[u8]| {
        let algorithm = &spki[2..start - 3];
        sequence(&[algorithm, &tlv(3, &[&[0], point].concat())])
    };
    assert!(ActiveAuthenticationKey::from_spki(&with(&spki[start..])).is_ok());
    let mut moved = spki[start..].to_vec();
    moved[64] ^= 1;
    for (what, point) in [
        ("infinity", vec![0]),
        ("nothing", vec![]),
        ("off the curve", moved),
        ("zero", [vec![4], vec![0; 64]].concat()),
        ("beyond the field", [vec![4], vec![0xff; 64]].concat()),
        ("short", vec![4; 64]),
        ("long", vec![4; 66]),
        ("hybrid", [vec![6], spki[start + 1..].to_vec()].concat()),
        ("a megabyte", vec![4; 1024 * 1024]),
    ] {
        assert!(ActiveAuthenticationKey::from_spki(&with(&point)).is_err(), "{what}");
        assert!(ChipAuthenticationKey::from_spki(&with(&point)).is_err(), "{what}");
    }
}
