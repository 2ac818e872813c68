//! `/v1/authorize` for a counter that has a key instead of a certificate (RFC 9449): its proof goes through the service's proxy.

use bawaba_tests::harness::Harness;
use bawaba_tests::mobile::Mobile;
use bawaba_tests::papers::claims_of;
use bawaba_tests::raw::Answer;
use reqwest::Method;
use serde_json::Value;

/// Where counters reach the proxy of the dossier.
const PROXY: &str = "https://dossier.example.ma";

async fn town() -> Harness {
    let public_url = |config: &mut toml::Table, _: &_| {
        config["backends"]["dossier"]
            .as_table_mut()
            .expect("a table")
            .insert("public_url".into(), PROXY.into());
    };
    Harness::new().configured(public_url).start().await
}

/// A proof for that request at the proxy, with the last nonce.
fn proof(mobile: &Mobile, method: &Method, path: &str, token: &str, origin: &str) -> String {
    let mut claims = mobile.proof_claims(method, path, Some(token));
    claims["htu"] = format!("{origin}{path}").into();
    mobile.sign(&mobile.proof_header(), &claims)
}

/// The proxy's question about a reading of that path.
async fn ask(town: &Harness, path: &str, token: &str, proof: &str) -> Answer {
    let question = format!(
        "GET /v1/authorize HTTP/1.1\r\nHost: localhost\r\nX-Original-Method: GET\r\nX-Original-URI: {path}\r\n\
         Authorization: DPoP {token}\r\nDPoP: {proof}\r\n\r\n"
    );
    town.wire("dossier").await.ask(&question).await
}

fn opened(answer: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&answer["token"]), format!("/Patient/{}", text(&answer["session"]["patient_at"]["dossier"])))
}

#[tokio::test]
async fn a_proof_for_the_proxys_url_is_believed_once() {
    let town = town().await;
    let mobile = town.mobile("mobile-2").await;
    let (token, path) = opened(&mobile.open(&mut town.card("amina"), "TREAT").await.json);
    let sound = proof(&mobile, &Method::GET, &path, &token, PROXY);
    let before = town.event_count().await;
    let answer = ask(&town, &path, &token, &sound).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let given =
        answer.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).expect("a token");
    assert_eq!(claims_of(given)["aud"], "dossier");
    assert_eq!(town.event_after(before, "permitted").await["client"], "mobile-2");

    let elsewhere = proof(&mobile, &Method::GET, &path, &token, "https://localhost:8441");
    let other_path = proof(&mobile, &Method::GET, "/Patient/other", &token, PROXY);
    let other_method = proof(&mobile, &Method::DELETE, &path, &token, PROXY);
    let other_token = proof(&mobile, &Method::GET, &path, "another", PROXY);
    let other_key = proof(&town.mobile("mobile-3").await, &Method::GET, &path, &token, PROXY);
    for (what, proof) in [
        ("the same proof again", &sound),
        ("a proof for another host", &elsewhere),
        ("for another path", &other_path),
        ("for another method", &other_method),
        ("for another token", &other_token),
        ("by another key", &other_key),
        ("nothing like a proof", &"x".to_owned()),
    ] {
        let before = town.event_count().await;
        let answer = ask(&town, &path, &token, proof).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        assert_eq!(answer.header("authorization"), None, "{what}");
        assert!(
            answer.header("www-authenticate").is_some_and(|value| value.starts_with("DPoP")),
            "{what}: {answer:?}"
        );
        assert_eq!(town.event_after(before, "").await["outcome"], "refused", "{what}");
    }
}

#[tokio::test]
async fn a_counter_without_a_nonce_is_given_one_through_the_proxy() {
    let town = town().await;
    let mobile = town.mobile("mobile-2").await;
    let (token, path) = opened(&mobile.open(&mut town.card("amina"), "TREAT").await.json);
    let mut claims = mobile.proof_claims(&Method::GET, &path, Some(&token));
    claims["htu"] = format!("{PROXY}{path}").into();
    claims.as_object_mut().expect("claims").remove("nonce");
    let answer = ask(&town, &path, &token, &mobile.sign(&mobile.proof_header(), &claims)).await;
    assert_eq!(answer.status, 401, "{answer:?}");
    assert!(
        answer.header("www-authenticate").is_some_and(|value| value.contains("use_dpop_nonce")),
        "{answer:?}"
    );
    claims["nonce"] = answer.header("dpop-nonce").expect("a nonce").into();
    claims["jti"] = "another".into();
    let answer = ask(&town, &path, &token, &mobile.sign(&mobile.proof_header(), &claims)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_key_bound_token_without_its_proof_is_worth_nothing_and_a_service_without_a_url_takes_no_proofs() {
    let town = Harness::healthy().await;
    let mobile = town.mobile("mobile-2").await;
    let (token, path) = opened(&mobile.open(&mut town.card("amina"), "TREAT").await.json);
    let sound = proof(&mobile, &Method::GET, &path, &token, PROXY);
    let answer = ask(&town, &path, &token, &sound).await;
    assert_eq!((answer.status, answer.code().as_deref()), (401, Some("unauthenticated")), "{answer:?}");
    let question = format!(
        "GET /v1/authorize HTTP/1.1\r\nHost: localhost\r\nX-Original-Method: GET\r\nX-Original-URI: {path}\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    );
    let answer = town.wire("dossier").await.ask(&question).await;
    assert_eq!((answer.status, answer.code().as_deref()), (401, Some("unauthenticated")), "{answer:?}");
}
