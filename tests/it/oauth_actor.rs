//! `actor_token` at `POST /oauth/token`: the practitioner who acts signs that they do, for one session.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bawaba_tests::harness::{Harness, Opened};
use bawaba_tests::papers::{claims_of, self_signed_client};
use bawaba_tests::raw::Identity;
use serde_json::{Value, json};

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const DOCTOR: &str = "INPE-104217";

/// A JWS by the key of a certificate.
fn signed(header: &Value, payload: &Value, by: &Identity) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(payload.to_string())
    );
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, by.key_der()).expect("a P-256 key");
    let signature = key.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn header(of: &Identity) -> Value {
    json!({ "alg": "ES256", "typ": "actor+jwt", "x5c": [STANDARD.encode(of.certificate())] })
}

fn assertion(town: &Harness, opened: &Opened) -> Value {
    let now = town.now().unix_timestamp();
    json!({
        "iss": DOCTOR, "aud": format!("https://localhost:{}", town.public_port.port()),
        "sid": claims_of(&opened.token)["sid"], "iat": now, "exp": now + 300,
    })
}

async fn exchange(town: &Harness, opened: &Opened, actor: &str) -> bawaba_tests::counter::Reply {
    let more = [("audience", "dossier"), ("actor_token", actor), ("actor_token_type", JWT)];
    town.counter("hospital-1").exchange_with(&opened.token, &more).await
}

#[tokio::test]
async fn act_carries_the_establishment_and_the_practitioner_and_so_does_what_comes_of_it() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let doctor = town.issue_client(DOCTOR);
    let actor = signed(&header(&doctor), &assertion(&town, &opened), &doctor);
    let before = town.event_count().await;
    let answer = exchange(&town, &opened, &actor).await;
    let token = answer.is(200).json["access_token"].as_str().expect("a token").to_owned();
    let act = json!({ "sub": "hospital-1", "practitioner": DOCTOR });
    assert_eq!(claims_of(&token)["act"], act);
    let event = town.event_of_kind_after(before, "token-exchanged").await;
    assert!(event["detail"].as_str().expect("a detail").contains(DOCTOR), "the patient can see who looked");
    let onward = town.exchanged("dossier", &token, "prescription").await;
    assert_eq!(claims_of(&onward)["act"], json!({ "sub": "dossier", "act": act }));
    assert_eq!(town.counter("dossier").introspect(&token).await["act"], act);
    // The same assertion serves the other back-ends of this session.
    exchange(&town, &opened, &actor).await.is(200);
    let more = [("audience", "prescription"), ("actor_token", actor.as_str()), ("actor_token_type", JWT)];
    let own = town.counter("dossier").exchange_with(&token, &more).await;
    own.is_oauth_error("invalid_request", "actor-token-type");
}

#[tokio::test]
async fn whoever_is_no_practitioner_in_this_session_is_refused_by_name() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let other = town.session("youssef", "hospital-1").await;
    let (doctor, colleague) = (town.issue_client(DOCTOR), town.issue_client("INPE-7"));
    let stranger = self_signed_client(DOCTOR);
    let (head, said) = (header(&doctor), assertion(&town, &opened));
    let with = |name: &str, value: Value| {
        let mut said = said.clone();
        said[name] = value;
        signed(&head, &said, &doctor)
    };
    let now = town.now().unix_timestamp();
    let hospital = town.identity("hospital-1");
    let mut typed = head.clone();
    typed["typ"] = "at+jwt".into();
    for (actor, exact) in [
        (signed(&head, &said, &colleague), "actor-token-signature"),
        (signed(&header(&colleague), &said, &colleague), "actor-token-claims"),
        (signed(&header(&stranger), &said, &stranger), "reported-certificate-not-ours"),
        (signed(&header(&hospital), &said, &hospital), "actor-not-a-practitioner"),
        (signed(&head, &assertion(&town, &other), &doctor), "actor-token-session"),
        (signed(&typed, &said, &doctor), "actor-token-malformed"),
        (with("aud", "https://elsewhere.example".into()), "actor-token-claims"),
        (with("exp", json!(now + 1_000)), "actor-token-claims"),
        (with("exp", json!(now)), "actor-token-claims"),
        (with("iat", json!(now + 60)), "actor-token-expired"),
        (with("more", json!(1)), "actor-token-claims"),
        ("opaque".to_owned(), "actor-token-malformed"),
        (opened.token.clone(), "actor-token-malformed"),
    ] {
        let before = town.event_count().await;
        exchange(&town, &opened, &actor).await.is_oauth_error("invalid_request", "actor-token-invalid");
        assert_eq!(town.event_after(before, exact).await["client"], "hospital-1", "{exact}");
    }
    let alone = [("audience", "dossier"), ("actor_token", "x")];
    let answer = town.counter("hospital-1").exchange_with(&opened.token, &alone).await;
    answer.is_oauth_error("invalid_request", "actor-token-type");
    let good = signed(&head, &said, &doctor);
    exchange(&town, &opened, &good).await.is(200);
    town.revoke(DOCTOR).await;
    let before = town.event_count().await;
    exchange(&town, &opened, &good).await.is_oauth_error("invalid_request", "actor-token-invalid");
    town.event_after(before, "actor-certificate-revoked").await;
}
