//! Other spellings of a token, and signatures that are almost one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{AT, genuine, judged, part, tokens};

#[test]
fn every_changed_and_every_missing_character() {
    let (tokens, token) = (tokens(), genuine());
    let accepted = |token: &str| tokens.verify_session(token, &super::bound(), AT).is_ok();
    assert!(accepted(&token));
    for position in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
        assert!(!accepted(std::str::from_utf8(&changed).unwrap()), "changed at {position}");
        assert!(!accepted(&token[..position]), "cut at {position}");
    }
}

#[test]
fn encodings_that_are_not_the_one() {
    let token = genuine();
    let (signed_part, signature) = token.rsplit_once('.').unwrap();
    // 64 bytes leave four spare bits in the last character: 15 other spellings of one signature.
    let last = signature.chars().last().unwrap();
    assert!("AQgw".contains(last));
    let sloppy = format!("{}{}", &token[..token.len() - 1], char::from(u8::try_from(last).unwrap() + 1));
    let standard = token.replace('-', "+").replace('_', "/");
    for other in [
        format!("{token}=="),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}."),
        format!(".{token}"),
        format!("{signed_part}..{signature}"),
        format!("{token}.{signature}"),
        sloppy,
        json!({ "payload": token.split('.').nth(1), "signatures": [] }).to_string(),
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "é.é.é".to_owned(),
    ] {
        assert!(["token-malformed", "token-header"].contains(&judged(&other)), "{other}");
    }
    assert!(standard == token || judged(&standard) == "token-malformed");
}

#[test]
fn a_megabyte_is_not_looked_at() {
    assert_eq!(judged(&"A".repeat(1 << 20)), "token-malformed");
    assert_eq!(judged(&format!("{}{}", genuine(), "A".repeat(1 << 20))), "token-malformed");
    assert_eq!(judged(&".".repeat(4_000)), "token-header");
}

#[test]
fn signatures_out_of_range() {
    let token = genuine();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = signature.split_at(32);
    let (zero, order) = ([0; 32], hex::decode(ORDER).unwrap());
    for (r, s) in [(&zero[..], &zero[..]), (&zero, s), (r, &zero), (&order, s), (r, &order), (&[0xff; 32], s)]
    {
        let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode([r, s].concat()));
        assert_eq!(judged(&forged), "token-signature");
    }
    for length in [0, 32, 63, 65, 70, 128] {
        let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(vec![1; length]));
        assert_eq!(judged(&forged), "token-signature");
    }
}

const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

#[test]
fn a_signature_has_a_twin_so_revocation_goes_by_jti() {
    // (r, n−s) verifies wherever (r, s) does. Anybody can write the twin: whoever revokes a token by its bytes
    // has not revoked it. Both carry the same jti, and that is what sessions are ended by.
    let token = genuine();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = signature.split_at(32);
    let twin = format!("{message}.{}", URL_SAFE_NO_PAD.encode([r, &negated(s)].concat()));
    assert_ne!(twin, token);
    assert_eq!(judged(&twin), "accepted");
    assert_eq!(part(&twin, 1)["jti"], part(&token, 1)["jti"]);
}

/// n − s.
fn negated(s: &[u8]) -> Vec<u8> {
    let order = hex::decode(ORDER).unwrap();
    let mut borrow = 0;
    let mut digits: Vec<u8> = order
        .iter()
        .zip(s)
        .rev()
        .map(|(n, s)| {
            let digit = i16::from(*n) - i16::from(*s) - borrow;
            borrow = i16::from(digit < 0);
            digit.rem_euclid(256).try_into().unwrap()
        })
        .collect();
    digits.reverse();
    digits
}
