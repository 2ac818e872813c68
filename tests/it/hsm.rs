//! The gateway with its signing keys in a hardware module (SoftHSM2): used, lost, and back.

use std::time::Duration;

use bawaba_tests::back_end::Manner;
use bawaba_tests::harness::Harness;
use bawaba_tests::papers::header_of;
use bawaba_tests::program::{self, bawaba};
use bawaba_tests::soft_hsm::{PIN, PIN_VARIABLE, SoftHsm, TOKEN};
use serde_json::Value;

const LIST: &str = "/prescription/MedicationRequest";

/// What signs is in the module; what names and seals stays in the file that the kingdom was made with.
fn profile(tokens: &str) -> String {
    let mut text = "environment = \"staging\"\n".to_owned();
    for (role, id, signing) in [
        ("token-signing", "b1", tokens),
        ("backend-token-signing", "b2", tokens),
        ("receipt-signing", "b3", "{ by = \"itself\" }"),
        ("checkpoint-signing", "b4", "{ by = \"itself\" }"),
    ] {
        text += &format!(
            "[[key]]\nrole = \"{role}\"\nplace = \"pkcs11\"\nlabel = \"test-{role}\"\nid = \"{id}\"\n\
             mechanism = \"ecdsa-p256-sha256\"\nsigning = {signing}\n"
        );
    }
    for (role, mechanism) in [
        ("pairwise-subject", "hmac-sha256"),
        ("registry-index", "hmac-sha256"),
        ("registry-sealing", "aes-256-gcm"),
        ("state-sealing", "aes-256-gcm"),
    ] {
        text += &format!(
            "[[key]]\nrole = \"{role}\"\nplace = \"sealed-file\"\nlabel = \"{role}\"\nmechanism = \"{mechanism}\"\n"
        );
    }
    text
}

/// A gateway whose keys were put into the module by `bawaba keys init`; none where there is no SoftHSM2.
async fn town(signing: &str) -> Option<(SoftHsm, tempfile::TempDir, Harness)> {
    let hsm = SoftHsm::new()?;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("profile.toml");
    std::fs::write(&path, profile(signing)).expect("a writable folder");
    let (path, library) = (path.to_str().expect("text"), hsm.library().to_str().expect("text"));
    let pin = format!("env:{PIN_VARIABLE}");
    let words = [
        "keys",
        "init",
        "--profile",
        path,
        "--module",
        library,
        "--token",
        TOKEN,
        "--pin-from",
        &pin,
        "--json",
    ];
    for made in [true, false] {
        let ran = program::run(hsm.environment(&mut bawaba(&words)), Duration::from_secs(30));
        assert!(ran.status.success(), "{}", program::text(&ran.stderr));
        let report: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
        let all = report.as_array().expect("a list");
        assert_eq!(all.len(), 4, "{report}");
        assert!(all.iter().all(|key| key["made"] == made), "{report}");
    }
    let keys = toml::toml! {
        profile = path
        module = library
        token = TOKEN
        pin = pin
        node = "rabat-1"
    };
    let plan = Harness::new().keys(keys).variables(hsm.variables());
    let town = plan.log("info").back_end("prescription", Manner::Answers).start_as_program().await;
    Some((hsm, folder, town))
}

/// What a back-end does with the token it was given, with a stock library and the published keys.
async fn verified_by_a_back_end(town: &Harness) -> Value {
    let heard = town.heard("prescription");
    let request = heard.last().expect("a request").to_ascii_lowercase();
    let at = request.find("authorization: bearer ").expect("a token") + "authorization: bearer ".len();
    let token = heard.last().expect("a request")[at..].lines().next().expect("a line").trim().to_owned();
    let keys: jsonwebtoken::jwk::JwkSet =
        serde_json::from_value(town.public("/.well-known/jwks.json").await.json).expect("a JWK set");
    let kid = header_of(&token)["kid"].as_str().expect("a name").to_owned();
    let key = keys.find(&kid).expect("a published key");
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    rules.validate_aud = false;
    let key = jsonwebtoken::DecodingKey::from_jwk(key).expect("a usable key");
    jsonwebtoken::decode::<Value>(&token, &key, &rules).expect("a sound token").claims
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_that_goes_away_is_named_and_one_that_is_back_is_used() {
    let Some((hsm, _folder, mut town)) = town("{ by = \"itself\" }").await else { return };
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    counter.get(LIST, &opened.token).await.is(200);
    assert!(verified_by_a_back_end(&town).await["sub"].is_string());

    hsm.take_away();
    let before = town.event_count().await;
    let refused = counter.open(&mut town.card("youssef"), "TREAT").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "signer-unavailable"), "{}", refused.json);
    assert!(refused.json["token"].is_null());
    let events = town.events_after(before).await;
    let codes: Vec<_> = events.iter().filter_map(|event| event["code"].as_str()).collect();
    assert!(codes.iter().any(|code| code.starts_with("hsm-")), "{codes:?}");
    // Who verifies needs no module: old tokens are known, and the keys are published.
    assert_eq!(town.public("/.well-known/jwks.json").await.json["keys"].as_array().expect("keys").len(), 4);
    counter.get("/v1/sessions/none", &opened.token).await;
    let ready = async || town.public("/readyz").await;
    assert!(town.eventually(async || ready().await.status.as_u16() == 503).await, "traffic goes on coming");
    assert!(ready().await.json["checks"]["keys"].as_str().expect("a code").starts_with("hsm-"));

    hsm.bring_back();
    let back = async || counter.open(&mut town.card("youssef"), "TREAT").await.status.as_u16() == 201;
    assert!(town.eventually(back).await, "it does not come back by itself");
    assert!(town.eventually(async || ready().await.status.as_u16() == 200).await, "traffic stays away");
    counter.get(LIST, &opened.token).await.is(200);
    let log = town.stop_and_read_log().await;
    assert!(!log.contains(PIN), "the PIN is in the log");
    assert!(log.contains("keys not maintained") || log.contains("hsm-"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delegates_sign_while_the_module_is_away() {
    let delegate = "{ by = \"delegate\", life_secs = 3600, lead_secs = 600 }";
    let Some((hsm, _folder, town)) = town(delegate).await else { return };
    let opened = town.session("amina", "pharmacy-1").await;
    let keys = town.public("/.well-known/jwks.json").await.json;
    let certified = keys["keys"].as_array().expect("keys").iter().filter(|key| key["x5c"].is_array());
    assert!(certified.count() >= 2, "{keys}");
    hsm.take_away();
    let counter = town.counter("pharmacy-1");
    counter.get(LIST, &opened.token).await.is(200);
    assert!(verified_by_a_back_end(&town).await["sub"].is_string());
    // A receipt is verified for years: the module itself signs it, and without it there is no session.
    let refused = counter.open(&mut town.card("youssef"), "TREAT").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "signer-unavailable"), "{}", refused.json);
    hsm.bring_back();
    let back = async || counter.open(&mut town.card("youssef"), "TREAT").await.status.as_u16() == 201;
    assert!(town.eventually(back).await, "it does not come back by itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_sees_rotates_and_diagnoses_the_keys_of_a_module() {
    let Some((hsm, _folder, town)) = town("{ by = \"itself\" }").await else { return };
    let opened = town.session("amina", "pharmacy-1").await;
    let config = town.files.config().display().to_string();
    let ask = |words: &[&str]| {
        let words = [words, &["--config", &config, "--json"]].concat();
        let ran = program::run(hsm.environment(&mut bawaba(&words)), Duration::from_secs(30));
        let said = program::text(&ran.stdout) + &program::text(&ran.stderr);
        assert!(!said.contains(PIN), "{words:?} shows the PIN");
        (ran.status.success(), serde_json::from_slice::<Value>(&ran.stdout).unwrap_or_default(), said)
    };
    let asked = |words: &[&str]| {
        let (well, json, said) = ask(words);
        assert!(well, "{words:?}: {said}");
        json
    };
    let kids = |set: &Value| -> Vec<String> {
        let keys = set["keys"].as_array().expect("keys").iter();
        let mut kids: Vec<_> = keys.map(|key| key["kid"].as_str().expect("a name").to_owned()).collect();
        kids.sort();
        kids
    };
    let published = async || kids(&town.public("/.well-known/jwks.json").await.json);
    assert_eq!(asked(&["keys", "list"]).as_array().expect("roles").len(), 8);
    assert_eq!(kids(&asked(&["keys", "export"])), published().await);

    let rotated = asked(&["keys", "rotate", "token-signing"]);
    let next = rotated["kid"].as_str().expect("a name").to_owned();
    assert!(
        town.eventually(async || published().await.contains(&next)).await,
        "the next key is not announced"
    );
    assert_eq!(published().await.len(), 5);
    // The one that signs is still the old one, and its tokens are believed.
    town.counter("pharmacy-1").get(LIST, &opened.token).await.is(200);
    assert_ne!(header_of(&town.session("youssef", "pharmacy-1").await.token)["kid"], next.as_str());
    let status = asked(&["keys", "status"]);
    let announced = status.as_array().expect("keys").iter().filter(|key| key["state"] == "announced");
    assert_eq!(announced.map(|key| key["kid"].as_str()).collect::<Vec<_>>(), [Some(next.as_str())]);
    let (well, _, said) = ask(&["keys", "rotate", "token-signing"]);
    assert!(!well && said.contains("announced"), "{said}");

    let found = |report: &Value| {
        let findings = report["findings"].as_array().expect("findings").iter();
        findings.filter(|one| one["check"] == "keys").cloned().collect::<Vec<_>>().remove(0)
    };
    let (_, report, said) = ask(&["doctor"]);
    assert_eq!(found(&report)["standing"], "ok", "{said}");
    hsm.take_away();
    let (well, report, said) = ask(&["doctor"]);
    assert!(!well && found(&report)["standing"] == "failed", "{said}");
    assert!(found(&report)["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{said}");
}
