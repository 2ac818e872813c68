//! Is only our token accepted, only while it lives, only over its own connection?

mod attacks;
mod back_end;
mod foreign;
mod received;
mod session;
mod shape;
mod spellings;

use std::sync::{Arc, LazyLock};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hsm_config::{KeyRole, Signer as _, SoftwareKeys};
use policies::{
    AccessRequest, Acr, Action, CardFacts, ClientFacts, ClientKind, Facts, Permit, PolicySet, Purpose,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, macros::datetime};
use uuid::Uuid;

use super::{Confirmation, PresenceClaims, SessionClaims, Tokens};
use crate::session::Session;

const ISSUER: &str = "https://gateway.example";
const AT: OffsetDateTime = datetime!(2026-11-22 09:00:00 UTC);
const THUMBPRINT: &str = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2";
const SUBJECT: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

static KEYS: LazyLock<Arc<SoftwareKeys>> =
    LazyLock::new(|| Arc::new(SoftwareKeys::generate(AT - Duration::days(1)).unwrap()));

/// Its own caches each time; one set of keys for all tests.
fn tokens() -> Tokens {
    Tokens::new(KEYS.clone(), ISSUER.to_owned(), ISSUER.to_owned())
}

fn certificate(thumbprint: &str) -> Confirmation {
    Confirmation::Certificate(thumbprint.to_owned())
}

fn bound() -> Confirmation {
    certificate(THUMBPRINT)
}

fn claims() -> SessionClaims {
    SessionClaims {
        id: Uuid::from_u128(0x0193_5000_0000_7000_8000_0000_0000_0001),
        token: Uuid::from_u128(0x0193_5000_0000_7000_8000_0000_0000_0003),
        subject: SUBJECT.to_owned(),
        client_id: "pharmacy-1".to_owned(),
        establishment: "pharmacy-1".to_owned(),
        confirmation: bound(),
        scope: "prescription billing".to_owned(),
        acr: Acr::Card,
        amr: vec!["sc".to_owned(), "hwk".to_owned()],
        authenticated_at: AT - Duration::seconds(1),
        issued_at: AT,
        expires_at: AT + Duration::minutes(15),
        actor: None,
        presence: PresenceClaims {
            id: Uuid::from_u128(0x0193_5000_0000_7000_8000_0000_0000_0002),
            method: "chip-authentication".to_owned(),
            proven_at: AT - Duration::seconds(1),
            station: "poste-1".to_owned(),
            card: Some("9c".repeat(16)),
        },
        purpose: Purpose::Treatment,
        encounter: None,
        policy: "ab".repeat(32),
        status: None,
        risk: policies::RiskFacts::default(),
    }
}

/// The session of those claims, as a request would bring it.
fn session_of(tokens: &Tokens, claims: &SessionClaims) -> Session {
    let token = tokens.issue_session(claims).unwrap();
    Session::never_ended(tokens.verify_session(&token, &bound(), claims.issued_at).unwrap())
}

/// A permit of the shipped policies; which one, the tokens do not ask.
fn permit() -> Permit {
    static PERMIT: LazyLock<Permit> = LazyLock::new(|| {
        let decision = PolicySet::shipped().unwrap().decide(&AccessRequest {
            client: ClientFacts { id: "pharmacy-1".to_owned(), kind: ClientKind::Pharmacy },
            action: Action::OpenSession(CardFacts::FRESH),
            purpose: Purpose::Treatment,
            acr: Acr::Card,
            dependant: false,
            facts: Facts::default(),
        });
        Arc::new(decision).permit().unwrap()
    });
    PERMIT.clone()
}

/// A token as the gateway issues it.
fn genuine() -> String {
    tokens().issue_session(&claims()).unwrap()
}

fn header() -> Value {
    let kid = KEYS.current(KeyRole::TokenSigning, AT).unwrap().kid().to_owned();
    json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid })
}

/// The payload of a genuine session token.
fn payload() -> Value {
    part(&genuine(), 1)
}

/// One part of a token, as JSON.
fn part(token: &str, number: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(number).unwrap()).unwrap()).unwrap()
}

/// Any header and payload, signed for real by the key of a role.
fn signed(role: KeyRole, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let key = KEYS.current(role, AT).unwrap();
    let signature = KEYS.sign(role, key.kid(), message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// What a token of this header and payload, signed by the session key, is refused for.
fn verdict(header: &str, payload: &str) -> &'static str {
    judged(&signed(KeyRole::TokenSigning, header, payload))
}

/// `accepted`, or the code of the refusal. Judged twice: a refusal must not become an answer by being remembered.
fn judged(token: &str) -> &'static str {
    let tokens = tokens();
    let once = || match tokens.verify_session(token, &bound(), AT) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    };
    let (first, second) = (once(), once());
    assert_eq!(first, second);
    first
}

/// A change to a JSON object.
fn with(mut object: Value, name: &str, value: Value) -> String {
    object[name] = value;
    object.to_string()
}

fn without(mut object: Value, name: &str) -> String {
    object.as_object_mut().unwrap().remove(name).unwrap();
    object.to_string()
}
