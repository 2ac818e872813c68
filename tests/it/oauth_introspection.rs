//! `POST /oauth/introspect` and `POST /oauth/revoke`: who may know what a token is worth, and who may end it.

use bawaba_tests::counter::text;
use bawaba_tests::harness::Harness;
use bawaba_tests::papers::{claims_of, header_of};
use serde_json::{Value, json};

const SIGNED: &str = "application/token-introspection+jwt";

fn inactive() -> Value {
    json!({ "active": false })
}

#[tokio::test]
async fn a_back_end_learns_all_that_a_token_of_its_own_says() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let token = town.exchanged("pharmacy-1", &opened.token, "prescription").await;
    let before = town.event_count().await;
    let seen = town.counter("prescription").introspect(&token).await;
    let mut claims = claims_of(&token);
    claims.as_object_mut().expect("an object").remove("ref");
    claims["active"] = true.into();
    claims["token_type"] = "Bearer".into();
    assert_eq!(seen, claims);
    let event = town.event_of_kind_after(before, "token-introspected").await;
    assert_eq!((&event["client"], &event["code"]), (&json!("prescription"), &json!("token-active")));
    assert_eq!(event["service"], "prescription");
    // Its holder may ask too, about this one and about its session.
    assert_eq!(town.counter("pharmacy-1").introspect(&token).await["active"], true);
    assert_eq!(town.counter("pharmacy-1").introspect(&opened.token).await["sid"], claims["sid"]);
}

#[tokio::test]
async fn nobody_else_learns_anything_and_every_bad_token_looks_the_same() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let token = town.exchanged("pharmacy-1", &opened.token, "prescription").await;
    let receipt = text(&opened.json["receipt"]);
    let cut = &token[..token.len() - 2];
    for (client, token, code) in [
        ("billing", token.as_str(), "introspection-not-yours"),
        ("pharmacy-2", token.as_str(), "introspection-not-yours"),
        ("auditor", token.as_str(), "introspection-not-yours"),
        ("prescription", opened.token.as_str(), "introspection-not-yours"),
        ("pharmacy-2", opened.token.as_str(), "introspection-not-yours"),
        ("prescription", receipt.as_str(), "token-type"),
        ("prescription", cut, "token-signature"),
        ("prescription", "opaque", "token-malformed"),
    ] {
        let before = town.event_count().await;
        assert_eq!(town.counter(client).introspect(token).await, inactive(), "{client} {code}");
        let event = town.event_after(before, code).await;
        assert_eq!((&event["client"], &event["outcome"]), (&json!(client), &json!("refused")), "{event}");
    }
    let none = town.counter("prescription").form("/oauth/introspect", &[]).await;
    none.is_oauth_error("invalid_request", "parameter-missing");
    town.clock.advance(time::Duration::seconds(301));
    assert_eq!(town.counter("prescription").introspect(&token).await, inactive());
}

#[tokio::test]
async fn who_asks_for_it_gets_the_answer_under_our_signature_and_for_itself_alone() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let token = town.exchanged("pharmacy-1", &opened.token, "prescription").await;
    let asked = async |client: &str, accept: &str| {
        let headers = [("accept", accept)];
        town.counter(client).raw_form("/oauth/introspect", format!("token={token}"), &headers).await
    };
    let (answer, signed) = asked("prescription", SIGNED).await;
    assert_eq!(answer.header("content-type"), SIGNED);
    let keys = serde_json::from_value(town.public("/.well-known/jwks.json").await.json);
    let keys: jsonwebtoken::jwk::JwkSet = keys.expect("a JWK set");
    let header = header_of(&signed);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("token-introspection+jwt"), &json!("ES256")));
    let key = keys.find(header["kid"].as_str().expect("a kid")).expect("the key is published");
    let mut wanted = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    wanted.set_audience(&["prescription"]);
    wanted.set_required_spec_claims(&["iss", "aud"]);
    wanted.validate_exp = false;
    let key = jsonwebtoken::DecodingKey::from_jwk(key).expect("a key");
    let claims = jsonwebtoken::decode::<Value>(&signed, &key, &wanted).expect("our signature").claims;
    assert_eq!(claims["token_introspection"]["sub"], opened.patient_at("prescription"));
    assert!(claims["sub"].is_null() && claims["exp"].is_null(), "nobody takes it for an access token");
    let (_, signed) = asked("billing", SIGNED).await;
    assert_eq!(claims_of(&signed)["token_introspection"], inactive());
    for accept in ["application/json", "*/*", &format!("{SIGNED};q=0, application/json")] {
        assert_eq!(asked("prescription", accept).await.0.header("content-type"), "application/json");
    }
    let told = town.counter("prescription").introspect(&signed).await;
    assert_eq!(told, inactive(), "an answer is no token");
}

#[tokio::test]
async fn auditors_ask_where_a_policy_of_the_place_says_so() {
    let rule = "@id(\"auditors-ask\")\n@reason(\"control\")\n@legal(\"loi 09-08, art. 23\")\n@fr(\"Contrôle.\")\n\
        @ar(\"مراقبة.\")\n@en(\"Control.\")\n\
        permit (principal is Bawaba::Auditor, action == Bawaba::Action::\"introspect\", resource);\n";
    let town = Harness::new()
        .configured(move |config, files| {
            let folder = files.root().join("policies");
            let shipped = bawaba_tests::source::root().join("policies/cedar");
            std::fs::create_dir_all(&folder).expect("a folder");
            for entry in std::fs::read_dir(shipped).expect("the shipped policies").flatten() {
                std::fs::copy(entry.path(), folder.join(entry.file_name())).expect("a copy");
            }
            std::fs::write(folder.join("local.cedar"), rule).expect("a policy");
            let policies = toml::Table::from_iter([("dir".to_owned(), "policies".into())]);
            config.insert("policies".to_owned(), policies.into());
        })
        .start()
        .await;
    let opened = town.session("amina", "pharmacy-1").await;
    assert_eq!(town.counter("auditor").introspect(&opened.token).await["active"], true);
    assert_eq!(town.counter("billing").introspect(&opened.token).await, inactive());
}

#[tokio::test]
async fn a_revoked_session_takes_every_token_with_it() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let token = town.exchanged("hospital-1", &opened.token, "dossier").await;
    let onward = town.exchanged("dossier", &token, "prescription").await;
    let counter = town.counter("hospital-1");
    let before = town.event_count().await;
    let answer =
        counter.form("/oauth/revoke", &[("token", &opened.token), ("token_type_hint", "whatever")]).await;
    answer.is(200);
    assert_eq!(answer.json, Value::Null, "an empty body");
    let event = town.event_of_kind_after(before, "token-revoked").await;
    assert_eq!((&event["code"], &event["client"]), (&json!("session-revoked"), &json!("hospital-1")));
    counter.get("/dossier/Condition", &opened.token).await.is_problem(401, "session-ended");
    assert_eq!(counter.introspect(&opened.token).await, inactive());
    assert_eq!(town.counter("dossier").introspect(&token).await, inactive());
    assert_eq!(town.counter("prescription").introspect(&onward).await, inactive());
    counter.revoke(&opened.token).await.is(200);
}

#[tokio::test]
async fn one_token_can_be_taken_back_alone_and_only_by_whom_it_was_issued_to() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let token = town.exchanged("hospital-1", &opened.token, "dossier").await;
    let other = town.exchanged("hospital-1", &opened.token, "dossier").await;
    let onward = town.exchanged("dossier", &token, "prescription").await;
    for (client, token) in [
        ("dossier", &token),
        ("pharmacy-1", &token),
        ("prescription", &onward),
        ("hospital-1", &onward),
        ("pharmacy-1", &opened.token),
        ("auditor", &opened.token),
    ] {
        let before = town.event_count().await;
        town.counter(client).revoke(token).await.is_oauth_error("invalid_grant", "token-not-yours");
        assert_eq!(town.event_after(before, "token-not-yours").await["client"], client);
    }
    town.counter("hospital-1").revoke(&token).await.is(200);
    let dossier = town.counter("dossier");
    assert_eq!(dossier.introspect(&token).await, inactive());
    dossier.exchange(&token, "prescription").await.is_oauth_error("invalid_request", "session-ended");
    assert_eq!(dossier.introspect(&other).await["active"], true, "the others live");
    assert_eq!(town.counter("hospital-1").introspect(&opened.token).await["active"], true);
    town.counter("dossier").revoke(&onward).await.is(200);
    assert_eq!(town.counter("prescription").introspect(&onward).await, inactive());
}

#[tokio::test]
async fn revoking_what_is_no_token_succeeds_and_says_nothing() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let receipt = text(&opened.json["receipt"]);
    let counter = town.counter("pharmacy-1");
    for (token, code) in [("opaque", "token-malformed"), (receipt.as_str(), "token-type")] {
        let before = town.event_count().await;
        counter.revoke(token).await.is(200);
        assert_eq!(town.event_of_kind_after(before, "token-revoked").await["code"], code);
    }
    counter.get("/prescription/MedicationRequest", &opened.token).await.is(200);
    counter.form("/oauth/revoke", &[]).await.is_oauth_error("invalid_request", "parameter-missing");
}

#[tokio::test]
async fn what_was_revoked_stays_revoked_after_a_crash() {
    let mut town = Harness::new().start_as_program().await;
    let opened = town.session("amina", "hospital-1").await;
    let token = town.exchanged("hospital-1", &opened.token, "dossier").await;
    let second = town.session("youssef", "hospital-1").await;
    town.counter("hospital-1").revoke(&token).await.is(200);
    town.counter("hospital-1").revoke(&second.token).await.is(200);
    town.kill();
    town.restart().await;
    assert_eq!(town.counter("dossier").introspect(&token).await, inactive());
    let counter = town.counter("hospital-1");
    counter.get("/dossier/Condition", &second.token).await.is_problem(401, "session-ended");
    counter.exchange(&opened.token, "dossier").await.is(200);
}
