//! What a hostile client tries on the public port. Each is refused by name, and on record.

use std::collections::BTreeMap;

use bawaba_tests::counter::{Reply, text};
use bawaba_tests::harness::Harness;
use bawaba_tests::mobile::{JWT_BEARER, Mobile};
use bawaba_tests::papers::claims_of;
use reqwest::Method;
use serde_json::{Value, json};

/// What a case changes.
type Change<'a> = Box<dyn Fn(Value) -> Value + 'a>;

/// What is asked for: answered by the gateway itself, whose clock is turned; a back-end goes by the machine's.
fn path(token: &str) -> String {
    format!("/v1/sessions/{}", text(&claims_of(token)["sid"]))
}

fn with(part: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut part = part.clone();
    part[name] = value.into();
    part
}

/// A request with this proof beside a sound token.
async fn shown(mobile: &Mobile, token: &str, proof: &str) -> Reply {
    let authorization = format!("DPoP {token}");
    mobile.send(Method::GET, &path(token), &[("authorization", &authorization), ("dpop", proof)], None).await
}

/// Looks at the answer and at its event; each refusal in a second of its own has one.
async fn refused(town: &Harness, mobile: &Mobile, token: &str, proof: &str, exact: &str) {
    town.clock.advance(time::Duration::seconds(1));
    let before = town.event_count().await;
    let answer = shown(mobile, token, proof).await;
    answer.is_problem(401, "proof-invalid");
    assert!(answer.header("www-authenticate").starts_with("DPoP error=\"invalid_dpop_proof\""), "{exact}");
    let event = town.event_after(before, "").await;
    assert_eq!((&event["code"], &event["outcome"]), (&json!(exact), &json!("refused")), "{event}");
    assert!(!event.to_string().contains("eyJ"), "no token is written anywhere");
}

#[tokio::test]
async fn a_proof_of_anything_else_is_refused_by_name() {
    let town = Harness::healthy().await;
    let mobile = town.mobile("mobile-2").await;
    let token = mobile.session(&town, "amina").await;
    let list = path(&token);
    let sound = |mobile: &Mobile| mobile.proof_claims(&Method::GET, &list, Some(&token));
    let now = || town.now().unix_timestamp();
    let header = mobile.proof_header();
    let base = format!("https://localhost:{}", town.public_port.port());
    let cases: Vec<(Change<'_>, &str)> = vec![
        (Box::new(|claims| with(&claims, "htm", "POST")), "dpop-method"),
        (Box::new(|claims| with(&claims, "htu", format!("{base}/dossier/Patient"))), "dpop-url"),
        (Box::new(|claims| with(&claims, "htu", format!("https://evil.example{list}"))), "dpop-url"),
        (Box::new(|claims| with(&claims, "htu", format!("http://localhost{list}"))), "dpop-url"),
        (Box::new(|claims| with(&claims, "ath", bawaba_tests::mobile::sha256("another"))), "dpop-token"),
        (Box::new(|claims| with(&claims, "ath", Value::Null)), "dpop-token"),
        (Box::new(|claims| with(&claims, "iat", now() - 62)), "dpop-too-old"),
        (Box::new(|claims| with(&claims, "iat", now() + 62)), "dpop-future"),
        (Box::new(|claims| with(&claims, "jti", "j".repeat(1_000))), "dpop-jti"),
        (Box::new(|claims| with(&claims, "jti", Value::Null)), "dpop-claims"),
    ];
    for (spoil, exact) in cases {
        town.clock.advance(time::Duration::seconds(1));
        let proof = mobile.sign(&header, &spoil(sound(&mobile)));
        refused(&town, &mobile, &token, &proof, exact).await;
    }
    let repeated = sound(&mobile).to_string().replacen('{', "{\"htm\":\"POST\",", 1);
    refused(&town, &mobile, &token, &mobile.sign_text(&header.to_string(), &repeated), "dpop-claims").await;

    // Query and fragment do not count (RFC 9449 §4.3).
    let claims =
        with(&sound(&mobile), "htu", format!("HTTPS://LOCALHOST:{}{list}?x=1#y", town.public_port.port()));
    shown(&mobile, &token, &mobile.sign(&header, &claims)).await.is(200);
}

#[tokio::test]
async fn a_header_of_any_other_shape_is_refused_by_name() {
    let town = Harness::healthy().await;
    let (mobile, other) = (town.mobile("mobile-2").await, town.mobile("mobile-3").await);
    let token = mobile.session(&town, "amina").await;
    let list = path(&token);
    let header = mobile.proof_header();
    let private = with(&header["jwk"], "d", "AAAA");
    for (header, exact) in [
        (with(&header, "typ", "at+jwt"), "dpop-type"),
        (with(&header, "alg", "none"), "dpop-algorithm"),
        (with(&header, "alg", "HS256"), "dpop-algorithm"),
        (with(&header, "alg", "RS256"), "dpop-algorithm"),
        (with(&header, "jwk", private), "dpop-key-private"),
        (
            with(&header, "jwk", json!({ "kty": "RSA", "n": "A".repeat(2_000), "e": "AQAB" })),
            "dpop-key-malformed",
        ),
        (with(&header, "jwk", other.jwk()), "dpop-signature"),
        (with(&header, "x5c", json!([])), "dpop-header"),
    ] {
        let claims = mobile.proof_claims(&Method::GET, &list, Some(&token));
        refused(&town, &mobile, &token, &mobile.sign(&header, &claims), exact).await;
    }
    for (proof, exact) in [
        ("x".repeat(5_000), "dpop-proof-too-long"),
        ("x".to_owned(), "dpop-proof-malformed"),
        (mobile.proof(&Method::GET, &list, Some(&token)) + ".x", "dpop-proof-malformed"),
    ] {
        refused(&town, &mobile, &token, &proof, exact).await;
    }
    // A jti of a megabyte does not even come in: the head is longer than any that is read.
    for length in [16_000, 1_000_000] {
        let huge = with(&mobile.proof_claims(&Method::GET, &list, Some(&token)), "jti", "j".repeat(length));
        let proof = mobile.sign(&header, &huge);
        match mobile.try_send(&list, &[("authorization", &format!("DPoP {token}")), ("dpop", &proof)]).await {
            Some(answer) => {
                assert!([401, 431].contains(&answer.status.as_u16()), "{length}: {}", answer.json)
            }
            None => assert!(length > 32 << 10, "not answered"),
        }
    }

    town.clock.advance(time::Duration::seconds(1));
    let before = town.event_count().await;
    let authorization = format!("DPoP {token}");
    let [one, two] = [0, 1].map(|_| mobile.proof(&Method::GET, &list, Some(&token)));
    let both = [("authorization", authorization.as_str()), ("dpop", &one), ("dpop", &two)];
    mobile.send(Method::GET, &list, &both, None).await.is_problem(401, "proof-invalid");
    town.event_after(before, "dpop-proof-repeated").await;
    mobile.send(Method::GET, &list, &both[..1], None).await.is_problem(401, "proof-invalid");
    let in_query = format!("{list}?access_token={token}");
    mobile.send(Method::GET, &in_query, &[("dpop", &one)], None).await.is_problem(401, "unauthenticated");
    shown(&mobile, &token, &one).await.is(200);
    town.clock.advance(time::Duration::seconds(1));
    refused(&town, &mobile, &token, &one, "dpop-replayed").await;
}

#[tokio::test]
async fn a_nonce_that_we_did_not_make_is_no_nonce() {
    let town = Harness::healthy().await;
    let mobile = town.mobile("mobile-2").await;
    let token = mobile.session(&town, "amina").await;
    let list = path(&token);
    let elsewhere = Harness::healthy().await;
    let foreign = elsewhere.mobile("mobile-2").await;
    foreign.client_token().await;
    let mut altered = mobile.nonce().expect("a nonce").into_bytes();
    altered[20] = if altered[20] == b'A' { b'B' } else { b'A' };
    for (nonce, exact) in [
        // The same keys: it is sealed as ours are, in a memory that is not this one.
        (foreign.nonce().expect("a nonce"), "dpop-nonce-epoch"),
        (String::from_utf8(altered).expect("text"), "dpop-nonce-foreign"),
        ("A".repeat(70), "dpop-nonce-foreign"),
        ("A".to_owned(), "dpop-nonce-foreign"),
    ] {
        town.clock.advance(time::Duration::seconds(1));
        let before = town.event_count().await;
        let claims = with(&mobile.proof_claims(&Method::GET, &list, Some(&token)), "nonce", nonce);
        let answer = shown(&mobile, &token, &mobile.sign(&mobile.proof_header(), &claims)).await;
        answer.is_problem(401, "proof-nonce");
        assert!(!answer.header("dpop-nonce").is_empty());
        assert_eq!(town.event_after(before, exact).await["outcome"], "refused");
    }
}

#[tokio::test]
async fn an_assertion_of_anything_else_is_refused_by_name() {
    let town = Harness::healthy().await;
    let (mobile, other) = (town.mobile("mobile-2").await, town.mobile("mobile-3").await);
    mobile.client_token().await;
    let header = json!({ "alg": "ES256", "typ": "JWT" });
    let sound = || mobile.assertion_claims();
    let now = town.now().unix_timestamp();
    let cases: Vec<(String, &str)> = vec![
        (mobile.sign(&with(&header, "alg", "none"), &sound()), "assertion-algorithm"),
        (mobile.sign(&with(&header, "alg", "HS256"), &sound()), "assertion-algorithm"),
        (mobile.sign(&with(&header, "typ", "dpop+jwt"), &sound()), "assertion-type"),
        (mobile.sign(&with(&header, "kid", "another"), &sound()), "assertion-key-unknown"),
        (mobile.sign(&with(&header, "jwk", mobile.jwk()), &sound()), "assertion-header"),
        (other.sign(&header, &sound()), "assertion-signature"),
        (other.sign(&header, &other.assertion_claims()), "assertion-of-another-client"),
        (mobile.sign(&header, &with(&sound(), "sub", "mobile-3")), "assertion-client"),
        (mobile.sign(&header, &with(&sound(), "aud", "https://evil.example")), "assertion-audience"),
        (
            mobile.sign(&header, &with(&sound(), "aud", json!(["https://evil.example", "x"]))),
            "assertion-claims",
        ),
        (mobile.sign(&header, &with(&sound(), "exp", now - 1)), "assertion-expired"),
        (mobile.sign(&header, &with(&sound(), "exp", now + 400)), "assertion-expired"),
        (
            mobile.sign(&header, &with(&with(&sound(), "iat", now + 100), "exp", now + 200)),
            "assertion-future",
        ),
        (mobile.sign(&header, &with(&sound(), "jti", "")), "assertion-jti"),
        (
            mobile.sign_text(&header.to_string(), &sound().to_string().replacen('{', "{\"sub\":\"x\",", 1)),
            "assertion-malformed",
        ),
        ("x".to_owned(), "assertion-malformed"),
    ];
    for (assertion, exact) in cases {
        let before = town.event_count().await;
        let proof = mobile.proof(&Method::POST, "/oauth/token", None);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", JWT_BEARER),
            ("client_assertion", &assertion),
        ];
        let answer = mobile.form_with("/oauth/token", &[("dpop", &proof)], &form).await;
        answer.is_oauth_error("invalid_client", "client-unauthenticated");
        // The key of the proof is known: its client's refusals are each on record.
        assert_eq!(town.event_after(before, exact).await["client"], "mobile-2", "{exact}");
    }
    let spent = mobile.sign(&header, &sound());
    for exact in ["client-token-issued", "assertion-replayed"] {
        let before = town.event_count().await;
        let proof = mobile.proof(&Method::POST, "/oauth/token", None);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", JWT_BEARER),
            ("client_assertion", &spent),
        ];
        mobile.form_with("/oauth/token", &[("dpop", &proof)], &form).await;
        town.event_after(before, exact).await;
    }
}

#[tokio::test]
async fn a_flood_of_unknowns_writes_a_number_and_is_not_looked_at_for_long() {
    let town = Harness::healthy().await;
    let mobile = town.mobile("mobile-2").await;
    let token = mobile.session(&town, "amina").await;
    let list = path(&token);
    town.clock.advance(time::Duration::seconds(1));
    let before = town.event_count().await;
    let mut told = BTreeMap::<u16, usize>::new();
    for _ in 0..510 {
        let answer = shown(&mobile, &token, "x").await;
        *told.entry(answer.status.as_u16()).or_default() += 1;
    }
    assert_eq!(told, BTreeMap::from([(401, 500), (429, 10)]));
    assert_eq!(town.event_count().await, before + 1, "one event of an address and second");
    mobile.get(&list, &token).await.is_problem(429, "rate-limited");
    town.clock.advance(time::Duration::seconds(1));
    let counted = town.event_after(before, "unproven-callers-refused").await;
    assert!(counted["detail"].as_str().expect("a text").contains("; 510 more"), "{counted}");
    mobile.get(&list, &token).await.is(200);
}
