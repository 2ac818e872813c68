//! A back-end's own tokens: which are believed when they are shown, and what they become.

use hsm_config::{KeyRole, Signer as _};
use serde_json::{Value, json};
use time::Duration;
use uuid::Uuid;

use super::{
    AT, ISSUER, KEYS, bound, certificate, claims, part, permit, session_of, signed, tokens, with, without,
};
use crate::oauth::Received;
use crate::token::{BackEndGrant, Confirmation, Holder, SessionClaims, TokenError, TokenSays, Tokens};

const GRANT: BackEndGrant<'_> =
    BackEndGrant { audience: "prescription", subject: "patient-there", scope: "prescription", consent: None };

fn held<'a>(client_id: &'a str, confirmation: &'a Confirmation) -> Holder<'a> {
    Holder { client_id, confirmation }
}

fn genuine(tokens: &Tokens) -> String {
    let session = session_of(tokens, &claims());
    tokens.exchange(&session, &permit(), &GRANT, (held("pharmacy-1", &bound()), None), AT).unwrap().token
}

/// `accepted`, or the code of the refusal; judged twice, because what verified is remembered.
fn judged(token: &str, audience: &str, seconds: i64) -> &'static str {
    let tokens = tokens();
    let once = || {
        let at = AT + Duration::seconds(seconds);
        tokens.verify_back_end(token, audience, at).map_or_else(|error| error.code(), |_| "accepted")
    };
    let first = once();
    assert_eq!(first, once());
    first
}

/// What a token of this payload, signed by the back-end token key, is refused for.
fn verdict(payload: &str) -> &'static str {
    let kid = KEYS.current(KeyRole::BackendTokenSigning, AT).unwrap().kid().to_owned();
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid }).to_string();
    judged(&signed(KeyRole::BackendTokenSigning, &header, payload), "prescription", 0)
}

fn payload() -> Value {
    part(&genuine(&tokens()), 1)
}

#[test]
fn it_is_believed_by_its_own_audience_while_it_lives() {
    let token = genuine(&tokens());
    assert_eq!(judged(&token, "prescription", 0), "accepted");
    assert_eq!(judged(&token, "prescription", 299), "accepted");
    assert_eq!(judged(&token, "prescription", 300), "token-expired");
    assert_eq!(judged(&token, "prescription", -5), "accepted");
    assert_eq!(judged(&token, "prescription", -6), "token-not-yet-valid");
    for other in ["billing", "", "prescription ", "PRESCRIPTION", ISSUER] {
        assert_eq!(judged(&token, other, 0), "token-audience", "{other}");
    }
}

#[test]
fn other_kinds_of_token_are_none() {
    let tokens = tokens();
    let session = tokens.issue_session(&claims()).unwrap();
    assert_eq!(judged(&session, ISSUER, 0), "token-key-unknown");
    let receipt = tokens.issue_receipt(&super::shape::receipt()).unwrap();
    assert_eq!(judged(&receipt, "prescription", 0), "token-type");
    let answer = tokens.sign_introspection("prescription", json!({ "active": true }), AT).unwrap();
    assert_eq!(judged(&answer, "prescription", 0), "token-type");
    let back_end = genuine(&tokens);
    let error = tokens.verify_session(&back_end, &bound(), AT).unwrap_err();
    assert_eq!(error.code(), "token-key-unknown");
}

#[test]
fn every_claim_is_needed_and_judged() {
    assert_eq!(verdict(&payload().to_string()), "accepted");
    let needed = [
        "iss",
        "aud",
        "sub",
        "exp",
        "iat",
        "nbf",
        "jti",
        "client_id",
        "scope",
        "acr",
        "amr",
        "auth_time",
        "act",
        "sid",
        "establishment",
        "presence",
        "purpose",
        "pol",
        "ref",
    ];
    for name in needed {
        assert_eq!(verdict(&without(payload(), name)), "token-claims", "{name}");
        assert_eq!(verdict(&with(payload(), name, json!(null))), "token-claims", "{name}");
        assert_eq!(verdict(&with(payload(), name, json!([1]))), "token-claims", "{name}");
        let text = payload().to_string().replacen('{', &format!("{{\"{name}\":\"x\","), 1);
        assert_eq!(verdict(&text), "token-claims", "{name} twice");
    }
    let iat = AT.unix_timestamp();
    for (name, value, code) in [
        ("iss", json!("https://evil.example"), "token-issuer"),
        // The sealed patient belongs to the audience too.
        ("aud", json!("billing"), "token-claims"),
        ("exp", json!(iat + 301), "token-claims"),
        ("exp", json!(iat), "token-claims"),
        ("exp", json!(i64::MIN), "token-claims"),
        ("nbf", json!(iat - 1), "token-claims"),
        ("cnf", json!({}), "token-claims"),
        ("cnf", json!({ "jkt": "a", "x5t#S256": "b" }), "token-claims"),
        ("acr", json!("none"), "token-claims"),
        ("purpose", json!("MARKT"), "token-claims"),
        ("ref", json!(""), "token-claims"),
        ("ref", json!("AAAA"), "token-claims"),
        ("jti", json!(Uuid::new_v4()), "token-claims"),
        ("added_later", json!({ "a": 1 }), "accepted"),
    ] {
        assert_eq!(verdict(&with(payload(), name, value)), code, "{name}");
    }
}

#[test]
fn a_sealed_patient_belongs_to_one_token() {
    let other = payload()["ref"].clone();
    assert_eq!(verdict(&with(payload(), "ref", other)), "token-claims");
    let tokens = tokens();
    let of_child = SessionClaims { actor: Some("guardian".to_owned()), ..claims() };
    let session = session_of(&tokens, &of_child);
    let token =
        tokens.exchange(&session, &permit(), &GRANT, (held("pharmacy-1", &bound()), None), AT).unwrap().token;
    let patient = tokens.verify_back_end(&token, "prescription", AT).unwrap().patient().clone();
    assert_eq!((patient.subject.as_str(), patient.guardian.as_deref()), (super::SUBJECT, Some("guardian")));
    assert!(!format!("{patient:?}").contains(super::SUBJECT));
}

#[test]
fn onward_is_once_narrower_and_shorter() {
    let tokens = tokens();
    let received = |token: &str, audience, at| {
        Received::never_withdrawn(tokens.verify_back_end(token, audience, at).unwrap())
    };
    let first = received(&genuine(&tokens), "prescription", AT);
    let key = certificate("the-back-end-s-own");
    let grant = BackEndGrant {
        audience: "billing",
        subject: "patient-at-billing",
        scope: "billing.read",
        consent: None,
    };
    let at = AT + Duration::seconds(100);
    let onward = |first: &Received, client, at| {
        tokens.exchange_onward(first, (&permit(), &permit()), &grant, held(client, &key), at)
    };
    let second = onward(&first, "prescription", at).unwrap();
    assert_eq!(second.expires_at, first.claims().expires_at, "never longer");
    let payload = part(&second.token, 1);
    assert_eq!(payload["act"], json!({ "sub": "prescription", "act": { "sub": "pharmacy-1" } }));
    assert_eq!(payload["cnf"], json!({ "x5t#S256": "the-back-end-s-own" }));
    assert_eq!((&payload["aud"], &payload["sub"]), (&json!("billing"), &json!("patient-at-billing")));
    let again = received(&second.token, "billing", at);
    assert_eq!(again.patient(), first.patient());
    assert!(matches!(onward(&again, "billing", at), Err(TokenError::Claims("act"))));
    let over = onward(&first, "prescription", AT + Duration::seconds(300)).unwrap_err();
    assert_eq!(over.code(), "token-expired");
}

#[test]
fn an_exchanged_token_ends_with_its_session_and_is_new_each_time() {
    let tokens = tokens();
    let session = session_of(&tokens, &claims());
    let at = |seconds: i64| AT + Duration::seconds(seconds);
    let exchange =
        |at| tokens.exchange(&session, &permit(), &GRANT, (held("pharmacy-1", &bound()), None), at);
    assert_eq!(exchange(at(0)).unwrap().expires_at, at(300));
    assert_eq!(exchange(at(850)).unwrap().expires_at, at(900));
    assert_eq!(exchange(at(900)).unwrap_err().code(), "token-expired");
    assert_ne!(exchange(at(0)).unwrap().id, exchange(at(0)).unwrap().id);
    let wider = BackEndGrant { scope: "dossier", ..GRANT };
    let wider =
        tokens.exchange(&session, &permit(), &wider, (held("pharmacy-1", &bound()), None), AT).unwrap_err();
    assert_eq!(wider.code(), "token-scope");
}

#[test]
fn introspection_says_what_the_token_says_but_not_the_sealed_patient() {
    let tokens = tokens();
    let token = genuine(&tokens);
    let says = tokens.introspect(&token, AT).unwrap();
    assert_eq!(says.session(), claims().id);
    let mut expected = part(&token, 1);
    expected.as_object_mut().unwrap().remove("ref");
    expected["active"] = json!(true);
    expected["token_type"] = json!("Bearer");
    assert_eq!(tokens.introspection(&says).unwrap(), expected);
    let key = SessionClaims { confirmation: Confirmation::Key("jkt".to_owned()), ..claims() };
    let session = tokens.issue_session(&key).unwrap();
    let says = tokens.introspect(&session, AT).unwrap();
    assert!(matches!(says, TokenSays::Session(_)));
    assert_eq!(tokens.introspection(&says).unwrap()["token_type"], "DPoP");
    for over in [AT + Duration::seconds(900), AT - Duration::seconds(6)] {
        assert!(tokens.introspect(&session, over).is_err());
    }
}
