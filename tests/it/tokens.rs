//! Session tokens: which are believed, on which connection, and what the others are told.

use bawaba_tests::harness::Harness;
use bawaba_tests::papers::{Forger, claims_of, header_of};
use serde_json::{Value, json};

const LIST: &str = "/prescription/MedicationRequest";

/// Shows `token` and looks at the answer and at the event.
async fn refused(town: &Harness, client: &str, token: &str, what: &str) {
    let before = town.event_count().await;
    let answer = town.counter(client).get(LIST, token).await;
    assert_eq!(answer.status.as_u16(), 401, "{what}: {}", answer.json);
    assert!(answer.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""), "{what}");
    let event = town.event_after(before, "").await;
    assert_eq!(event["outcome"], "refused", "{what}: {event}");
    assert_eq!(event["client"], client, "{what}: {event}");
}

#[tokio::test]
async fn an_altered_token_is_refused_whatever_was_altered() {
    let town = Harness::healthy().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let forger = Forger::new(&town);
    let (header, claims) = (header_of(&token), claims_of(&token));
    let with = |part: &Value, name: &str, value: Value| {
        let mut part = part.clone();
        part[name] = value;
        part
    };
    let without = |part: &Value, name: &str| {
        let mut part = part.clone();
        part.as_object_mut().expect("an object").remove(name);
        part
    };
    town.counter("pharmacy-1").get(LIST, &forger.sign(&header, &claims)).await.is(200);
    let headers = [
        ("alg none", with(&header, "alg", "none".into())),
        ("alg none, another case", with(&header, "alg", "nOnE".into())),
        ("alg ES384", with(&header, "alg", "ES384".into())),
        ("no alg", without(&header, "alg")),
        ("another typ", with(&header, "typ", "JWT".into())),
        ("no typ", without(&header, "typ")),
        ("a key that we do not have", with(&header, "kid", "unknown".into())),
        ("no kid", without(&header, "kid")),
        ("a key of its own", with(&header, "jwk", forger.own_jwk())),
        ("a critical extension", with(&with(&header, "crit", json!(["b64"])), "b64", true.into())),
    ];
    for (what, header) in headers {
        refused(&town, "pharmacy-1", &forger.sign(&header, &claims), what).await;
    }
    let bodies = [
        ("another audience", with(&claims, "aud", "https://dossier".into())),
        ("no audience", without(&claims, "aud")),
        ("another issuer", with(&claims, "iss", "https://evil.example".into())),
        ("no issuer", without(&claims, "iss")),
        ("no expiry", without(&claims, "exp")),
        ("an expiry in words", with(&claims, "exp", "9999999999".into())),
        ("not valid yet", with(&claims, "nbf", json!(claims["exp"].as_i64().expect("seconds") + 60))),
        ("no binding", without(&claims, "cnf")),
        ("bound to another certificate", with(&claims, "cnf", json!({ "x5t#S256": "A".repeat(43) }))),
    ];
    for (what, claims) in bodies {
        refused(&town, "pharmacy-1", &forger.sign(&header, &claims), what).await;
    }
}

#[tokio::test]
async fn a_token_nobody_signed_is_refused() {
    let town = Harness::healthy().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let forger = Forger::new(&town);
    let parts: Vec<&str> = token.split('.').collect();
    let hmac = json!({ "alg": "HS256", "typ": "at+jwt", "kid": header_of(&token)["kid"] });
    let none = json!({ "alg": "none", "typ": "at+jwt" });
    let mut flipped = token.clone().into_bytes();
    let last = flipped.len() - 8;
    flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
    let vectors = [
        ("alg none, no signature", forger.unsigned(&none, &claims_of(&token))),
        ("HS256 with the public key", forger.sign_with_public_key(&hmac, &claims_of(&token))),
        ("an ES256 key of its own", forger.sign_with_own_key(&header_of(&token), &claims_of(&token))),
        ("one letter of the signature", String::from_utf8(flipped).expect("text")),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{token}.x")),
        ("an all-zero signature", format!("{}.{}.{}", parts[0], parts[1], "A".repeat(86))),
        ("padding", format!("{token}==")),
        ("a very long one", format!("{}.{}.{}", parts[0], "A".repeat(20_000), parts[2])),
        ("nothing like a token", "opaque".to_owned()),
    ];
    for (what, token) in vectors {
        let before = town.event_count().await;
        let answer = town.counter("pharmacy-1").get(LIST, &token).await;
        let status = answer.status.as_u16();
        assert!(
            status == 401 || (what.contains("long") && status == 431),
            "{what}: {status} {}",
            answer.json
        );
        assert_eq!(town.event_after(before, "").await["outcome"], "refused", "{what}");
    }
}

#[tokio::test]
async fn a_receipt_or_a_back_ends_token_is_no_session_token() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let receipt = opened.json["receipt"].as_str().expect("a receipt");
    refused(&town, "pharmacy-1", receipt, "a receipt").await;
}

#[tokio::test]
async fn a_token_on_another_clients_connection_is_refused() {
    let town = Harness::healthy().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    town.counter("pharmacy-1").get(LIST, &token).await.is(200);
    // After it was believed once: a cache must not believe it for everybody.
    refused(&town, "pharmacy-2", &token, "another certificate").await;
    refused(&town, "hospital-1", &token, "another certificate").await;
}

#[tokio::test]
async fn an_expired_token_is_refused_even_if_it_was_believed_a_moment_ago() {
    let town = Harness::healthy().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    town.counter("pharmacy-1").get(LIST, &token).await.is(200);
    town.clock.advance(time::Duration::seconds(901));
    refused(&town, "pharmacy-1", &token, "expired").await;
}

#[tokio::test]
async fn no_token_at_all_is_asked_for_one() {
    let town = Harness::healthy().await;
    let before = town.event_count().await;
    let answer = town.counter("pharmacy-1").ask(reqwest::Method::GET, LIST, None, None).await;
    answer.is_problem(401, "unauthenticated");
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
    assert_eq!(town.event_after(before, "unauthenticated").await["outcome"], "refused");
}

#[tokio::test]
async fn an_ended_session_is_over() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    counter.get(LIST, &opened.token).await.is(200);
    let path = format!("/v1/sessions/{}", opened.json["session"]["id"].as_str().expect("an id"));
    let ended = counter.ask(reqwest::Method::DELETE, &path, Some(&opened.token), None).await;
    assert!(ended.status.is_success(), "{}", ended.json);
    let before = town.event_count().await;
    counter.get(LIST, &opened.token).await.is_problem(401, "session-ended");
    assert_eq!(town.event_after(before, "session-ended").await["outcome"], "refused");
}

#[tokio::test]
async fn any_standard_library_believes_our_tokens_with_the_published_keys() {
    let town = Harness::healthy().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let keys: jsonwebtoken::jwk::JwkSet =
        serde_json::from_value(town.public("/.well-known/jwks.json").await.json).expect("a JWK set");
    let header = jsonwebtoken::decode_header(&token).expect("a header");
    let key = keys.find(header.kid.as_deref().expect("a kid")).expect("the key is published");
    let mut wanted = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    wanted.validate_aud = false;
    wanted.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    let key = jsonwebtoken::DecodingKey::from_jwk(key).expect("a key");
    let claims = jsonwebtoken::decode::<Value>(&token, &key, &wanted).expect("a sound token").claims;
    for name in [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "jti",
        "client_id",
        "scope",
        "acr",
        "amr",
        "auth_time",
        "purpose",
        "pol",
    ] {
        assert!(!claims[name].is_null(), "{name} is missing in {claims}");
    }
    assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 900);
}
