//! The life of a session token, remembered or not.

use policies::{Acr, Purpose};
use time::Duration;

use super::{AT, SUBJECT, THUMBPRINT, bound, certificate, claims, tokens};
use crate::token::{SessionClaims, StatusReference, TokenRefusal, Tokens};

fn code(tokens: &Tokens, token: &str, thumbprint: &str, seconds: i64) -> &'static str {
    match tokens.verify_session(token, &certificate(thumbprint), AT + Duration::seconds(seconds)) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

#[test]
fn what_is_issued_is_what_is_verified() {
    let tokens = tokens();
    let full = SessionClaims {
        acr: Acr::Holder,
        purpose: Purpose::EmergencyTreatment,
        actor: Some("guardian-here".to_owned()),
        encounter: Some("enc-42".to_owned()),
        status: Some(StatusReference { list: 3, index: 70_000 }),
        ..claims()
    };
    for claims in [claims(), full] {
        let token = tokens.issue_session(&claims).unwrap();
        assert!(token.len() < 1_600, "{}", token.len());
        // The second time comes from memory.
        for _ in 0..2 {
            assert_eq!(tokens.verify_session(&token, &bound(), AT).unwrap().claims(), &claims);
        }
    }
}

#[test]
fn time_and_binding_are_judged_every_time() {
    let tokens = tokens();
    let token = tokens.issue_session(&claims()).unwrap();
    for _ in 0..2 {
        assert_eq!(code(&tokens, &token, THUMBPRINT, -6), "token-not-yet-valid");
        assert_eq!(code(&tokens, &token, THUMBPRINT, -5), "accepted");
        assert_eq!(code(&tokens, &token, THUMBPRINT, 899), "accepted");
        assert_eq!(code(&tokens, &token, THUMBPRINT, 900), "token-expired");
        assert_eq!(code(&tokens, &token, &THUMBPRINT.to_lowercase(), 0), "token-binding");
        assert_eq!(code(&tokens, &token, "", 0), "token-binding");
    }
}

#[test]
fn the_memory_is_bounded_and_holds_nothing_refused() {
    let tokens = tokens();
    let token = tokens.issue_session(&claims()).unwrap();
    // The last character of 64 octets is one of A, Q, g and w: written over, it may be what it was.
    let other = if token.ends_with('A') { 'Q' } else { 'A' };
    let altered = format!("{}{other}", &token[..token.len() - 1]);
    assert!(tokens.verify_session(&altered, &bound(), AT).is_err());
    assert!(tokens.verified.is_empty());
    tokens.verify_session(&token, &bound(), AT).unwrap();
    assert_eq!(tokens.verified.len(), 1);
    tokens.verify_session(&token, &bound(), AT).unwrap();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    let remembered = tokens.verified.get(hash.as_ref()).unwrap();
    for number in 0..40_000_u64 {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        tokens.verified.insert(key, remembered.clone());
    }
    assert!(tokens.verified.len() <= crate::limits::MAX_VERIFIED_TOKENS);
}

#[test]
fn a_session_longer_than_a_quarter_of_an_hour_is_not_issued() {
    let tokens = tokens();
    for seconds in [-1, 0, 901, i64::from(u32::MAX)] {
        let claims = SessionClaims { expires_at: AT + Duration::seconds(seconds), ..claims() };
        assert_eq!(tokens.issue_session(&claims).unwrap_err().code(), "token-claims");
    }
}

#[test]
fn a_token_too_long_to_be_read_is_not_issued() {
    let claims = SessionClaims { encounter: Some("e".repeat(4_000)), ..claims() };
    assert_eq!(tokens().issue_session(&claims).unwrap_err().code(), "token-claims");
}

#[test]
fn another_gateway_does_not_know_our_token() {
    let token = tokens().issue_session(&claims()).unwrap();
    let keys = std::sync::Arc::new(hsm_config::SoftwareKeys::generate(AT).unwrap());
    let other = Tokens::new(keys, super::ISSUER.to_owned(), super::ISSUER.to_owned());
    assert_eq!(code(&other, &token, THUMBPRINT, 0), "token-key-unknown");
}

#[test]
fn refusals_fold_into_what_the_caller_may_know() {
    let tokens = tokens();
    let token = tokens.issue_session(&claims()).unwrap();
    let refusal = |thumbprint, seconds| {
        tokens
            .verify_session(&token, &certificate(thumbprint), AT + Duration::seconds(seconds))
            .unwrap_err()
            .refusal()
    };
    assert_eq!(refusal(THUMBPRINT, 900), TokenRefusal::Expired);
    assert_eq!(refusal("another", 0), TokenRefusal::Binding);
    assert_eq!(tokens.verify_session("", &bound(), AT).unwrap_err().refusal(), TokenRefusal::Invalid);
}

#[test]
fn debug_names_no_patient() {
    let tokens = tokens();
    let token = tokens.issue_session(&claims()).unwrap();
    let verified = tokens.verify_session(&token, &bound(), AT).unwrap();
    let error = tokens.verify_session(&token, &certificate("another"), AT).unwrap_err();
    let shown = format!("{:?} {verified:?} {tokens:?} {error:?} {error}", claims());
    assert!(!shown.contains(SUBJECT) && !shown.contains(&token), "{shown}");
}
