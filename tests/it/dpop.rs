//! Clients without a certificate on the public port: what they can do, and what makes their tokens worth nothing.

use bawaba_tests::counter::text;
use bawaba_tests::harness::Harness;
use bawaba_tests::mobile::{JWT_BEARER, Mobile};
use bawaba_tests::oauth::{ACCESS_TOKEN, EXCHANGE};
use bawaba_tests::papers::{claims_of, header_of};
use reqwest::Method;
use serde_json::json;

const LIST: &str = "/prescription/MedicationRequest";

fn exchange(token: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", EXCHANGE),
        ("subject_token", token),
        ("subject_token_type", ACCESS_TOKEN),
        ("audience", "prescription"),
    ]
}

#[tokio::test]
async fn a_mobile_unit_opens_a_session_and_reads_with_its_key_alone() {
    let town = Harness::healthy().await;
    let mobile = town.mobile("mobile-2").await;
    let before = town.event_count().await;
    let client_token = mobile.client_token().await;
    let (header, claims) = (header_of(&client_token), claims_of(&client_token));
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("ES256")));
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("mobile-2"), &json!("mobile-2")));
    assert_eq!(claims["scope"], "presence");
    assert_ne!(claims["aud"], claims["iss"], "no session's audience");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert!(claims["cnf"]["jkt"].is_string() && claims["cnf"]["x5t#S256"].is_null());
    let event = town.event_after(before, "client-token-issued").await;
    assert_eq!((&event["client"], &event["outcome"]), (&json!("mobile-2"), &json!("permit")));

    let token = mobile.session(&town, "amina").await;
    assert_eq!(claims_of(&token)["cnf"], claims["cnf"], "the session is bound to the same key");
    assert_eq!(town.event_after(before, "session-opened").await["client"], "mobile-2");
    mobile.get(LIST, &token).await.is(200);
    mobile.get("/prescription/MedicationRequest?status=active", &token).await.is(200);
    assert_eq!(town.event_of_kind_after(before, "access").await["outcome"], "permit");

    let answer = mobile.token(&exchange(&token)).await;
    assert_eq!(answer.is(200).json["token_type"], "DPoP");
    assert_eq!(claims_of(&text(&answer.json["access_token"]))["cnf"], claims["cnf"]);

    let path = format!("/v1/sessions/{}", text(&claims_of(&token)["sid"]));
    mobile.get(&path, &token).await.is(200);
    mobile.ask(Method::DELETE, &path, &token, None).await.is(204);
    mobile.get(LIST, &token).await.is_problem(401, "session-ended");
}

#[tokio::test]
async fn the_first_request_is_told_the_nonce_and_nobody_is_alarmed() {
    let town = Harness::healthy().await;
    let mobile = town.mobile("mobile-2").await;
    let before = town.event_count().await;
    let proof = mobile.proof(&Method::POST, "/oauth/token", None);
    let asked = mobile.form_with("/oauth/token", &[("dpop", &proof)], &[]).await;
    asked.is_oauth_error("use_dpop_nonce", "proof-nonce");
    assert!(!asked.header("dpop-nonce").is_empty());
    assert_eq!(town.event_count().await, before, "it is how the protocol begins");

    let token = mobile.session(&town, "amina").await;
    // A back-end goes by the machine's clock; this is answered by the gateway itself.
    let path = format!("/v1/sessions/{}", text(&claims_of(&token)["sid"]));
    let given = mobile.nonce();
    mobile.get(&path, &token).await.is(200);
    assert_eq!(mobile.nonce(), given, "a young nonce stays");
    town.clock.advance(time::Duration::seconds(61));
    mobile.get(&path, &token).await.is(200);
    assert_ne!(mobile.nonce(), given, "the next comes with an answer, in time");
    town.clock.advance(time::Duration::seconds(301));
    let proof = mobile.proof(&Method::GET, &path, Some(&token));
    let headers = [("authorization", &*format!("DPoP {token}")), ("dpop", &*proof)];
    let asked = mobile.send(Method::GET, &path, &headers, None).await;
    asked.is_problem(401, "proof-nonce");
    assert!(asked.header("www-authenticate").starts_with("DPoP error=\"use_dpop_nonce\", algs=\"ES256\""));
    mobile.get(&path, &token).await.is(200);
}

#[tokio::test]
async fn a_token_is_good_for_one_thing_in_one_way() {
    let town = Harness::healthy().await;
    let mobile = town.mobile("mobile-2").await;
    let (client_token, session) = (mobile.client_token().await, mobile.session(&town, "amina").await);
    mobile.get(LIST, &client_token).await.is_problem(401, "token-invalid");
    mobile
        .ask(Method::POST, "/v1/presences", &session, Some(&json!({})))
        .await
        .is_problem(401, "token-invalid");

    // Downgrade: as a bearer token here, or over somebody's mutual TLS.
    let before = town.event_count().await;
    let proof = mobile.proof(&Method::GET, LIST, Some(&session));
    let headers = [("authorization", &*format!("Bearer {session}")), ("dpop", &*proof)];
    let refused = mobile.send(Method::GET, LIST, &headers, None).await;
    refused.is_problem(401, "unauthenticated");
    let challenge = refused.header("www-authenticate");
    assert!(challenge.starts_with("DPoP ") && challenge.contains("algs=\"ES256\""), "{refused:?}");
    assert_eq!(town.event_after(before, "authorization-scheme").await["outcome"], "refused");
    town.counter("pharmacy-1").get(LIST, &session).await.is_problem(401, "token-invalid");

    // A certificate's token is not made better by a proof.
    let opened = town.session("youssef", "pharmacy-1").await;
    let before = town.event_count().await;
    mobile.get(LIST, &opened.token).await.is_problem(401, "token-invalid");
    assert_eq!(town.event_after(before, "token-binding").await["client"], "mobile-2");
}

#[tokio::test]
async fn a_stolen_token_is_worth_nothing_without_its_key() {
    let town = Harness::healthy().await;
    let (mobile, thief) = (town.mobile("mobile-2").await, town.mobile("mobile-3").await);
    let (client_token, session) = (mobile.client_token().await, mobile.session(&town, "amina").await);
    for (path, token) in [(LIST, &session), ("/v1/presences", &client_token)] {
        let before = town.event_count().await;
        let method = if path == LIST { Method::GET } else { Method::POST };
        let body = (path != LIST).then(|| json!({}));
        thief.ask(method, path, token, body.as_ref()).await.is_problem(401, "token-invalid");
        town.event_after(before, "token-binding").await;
    }
    let stranger = Mobile::new(&town, "mobile-2", rcgen::KeyPair::generate().expect("a key"));
    stranger.get(LIST, &session).await.is_problem(401, "proof-invalid");
    thief.token(&exchange(&session)).await.is_oauth_error("invalid_request", "token-binding");
}

#[tokio::test]
async fn a_suspended_client_and_a_replaced_key_are_out_with_all_their_tokens() {
    let town = Harness::healthy().await;
    let mobile = town.mobile("mobile-2").await;
    let session = mobile.session(&town, "amina").await;
    mobile.register(&town, false).await;
    let before = town.event_count().await;
    mobile.get(LIST, &session).await.is_problem(403, "client-revoked");
    assert_eq!(town.event_after(before, "client-suspended").await["client"], "mobile-2");
    mobile
        .token(&[("grant_type", "client_credentials")])
        .await
        .is_oauth_error("invalid_client", "client-refused");
    mobile.register(&town, true).await;

    let before = town.event_count().await;
    let renewed = town.mobile("mobile-2").await;
    town.clock.advance(time::Duration::seconds(2));
    mobile.get(LIST, &session).await.is_problem(401, "proof-invalid");
    assert_eq!(town.event_after(before, "dpop-key-unknown").await["outcome"], "refused");
    renewed.get(LIST, &session).await.is_problem(401, "token-invalid");
    let fresh = renewed.session(&town, "amina").await;
    renewed.get(LIST, &fresh).await.is(200);
}

#[tokio::test]
async fn without_dpop_a_client_may_ask_about_its_token_and_take_it_back_once_the_memory_is_old_enough() {
    let town = Harness::healthy().await;
    let mobile = town.mobile("mobile-2").await;
    let session = mobile.session(&town, "amina").await;
    let ask = async |path: &str| {
        let assertion = mobile.sign(&json!({ "alg": "ES256" }), &mobile.assertion_claims());
        let form =
            [("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion), ("token", &session)];
        mobile.form_with(path, &[], &form).await
    };
    // It could have been spent in a memory before this one, by a client whose clock is ahead.
    ask("/oauth/introspect").await.is_oauth_error("temporarily_unavailable", "unavailable");
    town.clock.advance(time::Duration::seconds(121));
    assert_eq!(ask("/oauth/introspect").await.is(200).json["active"], true);
    ask("/oauth/revoke").await.is(200);
    mobile.get(LIST, &session).await.is_problem(401, "session-ended");
}
