//! A proof is spent once among all nodes, on a real Redis; and when Redis has lost its memory, nothing is spendable again.

use std::sync::Arc;

use bawaba_tests::harness::{Harness, Plan};
use bawaba_tests::mobile::{JWT_BEARER, Mobile};
use bawaba_tests::redis::Redis;
use reqwest::Method;
use serde_json::json;

const LIST: &str = "/prescription/MedicationRequest";

fn on(redis: &Redis) -> Plan {
    let state = redis.state();
    Harness::new().configured(move |config, _| {
        config.insert("state".to_owned(), state.clone().into());
    })
}

/// A request with this proof beside a token; the exact code of its answer.
async fn shown(mobile: &Mobile, token: &str, proof: &str) -> String {
    let authorization = format!("DPoP {token}");
    let headers = [("authorization", authorization.as_str()), ("dpop", proof)];
    let answer = mobile.send(Method::GET, LIST, &headers, None).await;
    if answer.status == 200 { "ok".to_owned() } else { answer.code().to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_nodes_and_all_copies_one_gets_through() {
    let redis = Redis::start();
    let town = on(&redis).start().await;
    let beside = town.beside().await;
    let here = Arc::new(town.mobile("mobile-2").await);
    beside.app().registry.refresh().await.expect("a registry");
    let there = Arc::new(here.at(&beside));
    let token = here.session(&town, "amina").await;
    for round in 0..25 {
        // Both nodes are the issuer: a proof for its URL is good at either.
        let proof = here.proof(&Method::GET, LIST, Some(&token));
        let copies = (0..8).map(|copy| {
            let node = if (copy + round) % 2 == 0 { here.clone() } else { there.clone() };
            let (token, proof) = (token.clone(), proof.clone());
            tokio::spawn(async move { shown(&node, &token, &proof).await })
        });
        let mut answers = Vec::new();
        for copy in copies.collect::<Vec<_>>() {
            answers.push(copy.await.expect("an answer"));
        }
        answers.sort_unstable();
        let mut wanted = vec!["proof-invalid"; 7];
        wanted.insert(0, "ok");
        assert_eq!(answers, wanted, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_spent_stays_spent_when_redis_comes_back_empty() {
    let redis = Redis::start();
    let town = on(&redis).start().await;
    let mobile = town.mobile("mobile-2").await;
    let token = mobile.session(&town, "amina").await;
    let spent = mobile.proof(&Method::GET, LIST, Some(&token));
    assert_eq!(shown(&mobile, &token, &spent).await, "ok");
    let unspent = mobile.proof(&Method::GET, LIST, Some(&token));
    let assertion = mobile.sign(&json!({ "alg": "ES256" }), &mobile.assertion_claims());
    let form = [("client_assertion_type", JWT_BEARER), ("client_assertion", &*assertion)];
    let proof = mobile.proof(&Method::POST, "/oauth/token", None);
    let first = [form.as_slice(), &[("grant_type", "client_credentials")]].concat();
    mobile.form_with("/oauth/token", &[("dpop", &proof)], &first).await.is(200);

    redis.kill();
    let refused = shown(&mobile, &token, &mobile.proof(&Method::GET, LIST, Some(&token))).await;
    assert_eq!(refused, "state-unavailable", "no window in which nobody counts");
    redis.start_again();

    let answered = async || shown(&mobile, &token, &spent).await != "state-unavailable";
    assert!(town.eventually(answered).await, "Redis is found again");
    for (what, proof) in [("spent", &spent), ("of the old epoch", &unspent)] {
        assert_eq!(shown(&mobile, &token, proof).await, "proof-nonce", "{what}");
    }
    // Alone, without a proof of this epoch, the assertion could have been spent before: as it was.
    let again = [form.as_slice(), &[("token", &*token)]].concat();
    let answer = mobile.form_with("/oauth/introspect", &[], &again).await;
    answer.is_oauth_error("temporarily_unavailable", "unavailable");
    mobile.get(LIST, &token).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_no_proof_and_no_assertion_counts_and_certificates_go_on() {
    let redis = Redis::start();
    let town = on(&redis).start().await;
    let mobile = town.mobile("mobile-2").await;
    let token = mobile.session(&town, "amina").await;
    let opened = town.session("youssef", "pharmacy-1").await;
    redis.kill();
    let before = town.event_count().await;
    let answer = mobile.get(LIST, &token).await;
    answer.is_problem(503, "state-unavailable");
    assert_eq!(answer.json["party"], "gateway");
    assert_eq!(town.event_after(before, "").await["outcome"], "error");
    let answer = mobile.token(&[("grant_type", "client_credentials")]).await;
    answer.is_oauth_error("temporarily_unavailable", "unavailable");
    town.counter("pharmacy-1").get(LIST, &opened.token).await.is(200);
}
