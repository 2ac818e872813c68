//! The README's quick start, run as it stands there: which tokens does each library believe, and what if the keys are away?

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bawaba_tests::harness::Harness;
use bawaba_tests::papers::{Forger, claims_of, header_of};
use bawaba_tests::snippets::{self, Library, Snippet};
use bawaba_tests::verifiers::readme;
use gateway::clock::{Clock, SystemClock};
use jsonwebtoken::jwk::JwkSet;
use serde_json::{Value, json};

/// A token as the gateway makes it for a back-end, through the answer to the service's own proxy.
async fn for_service(town: &Harness, token: &str, service: &str, path: &str) -> String {
    let certificate = STANDARD.encode(town.identity("hospital-1").certificate());
    let question = format!(
        "GET /v1/authorize HTTP/1.1\r\nHost: localhost\r\nX-Original-Method: GET\r\nX-Original-URI: {path}\r\n\
         Client-Cert: :{certificate}:\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    let answer = town.wire(service).await.ask(&question).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .expect("a token")
        .to_owned()
}

/// A sound token, and with a reason each, tokens that nobody may believe.
async fn tokens(town: &Harness) -> (Vec<String>, Vec<(&'static str, String)>) {
    let opened = town.session("amina", "hospital-1").await;
    let at = |service: &str| opened.patient_at(service);
    let genuine = for_service(town, &opened.token, "dossier", &format!("/Patient/{}", at("dossier"))).await;
    let path = format!("/MedicationRequest?patient={}", at("prescription"));
    let prescriptions = for_service(town, &opened.token, "prescription", &path).await;
    let forger = Forger::new(town);
    let (mut header, claims) = (header_of(&opened.token), claims_of(&genuine));
    header["typ"] = "at+jwt".into();
    let now = SystemClock.now().unix_timestamp();
    let said = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        forger.sign(&header, &claims)
    };
    let headed = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        forger.sign(&header, &claims)
    };
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().expect("claims").remove(name);
        forger.sign(&header, &claims)
    };
    let parts: Vec<&str> = genuine.split('.').collect();
    let mut other = claims.clone();
    other["sub"] = "somebody-else".into();
    let tampered = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(other.to_string()), parts[2]);
    let sound = vec![genuine, forger.sign(&header, &claims)];
    let none = json!({ "alg": "none", "typ": "at+jwt", "kid": header["kid"] });
    let hmac = json!({ "alg": "HS256", "typ": "at+jwt", "kid": header["kid"] });
    let receipt = opened.json["receipt"].as_str().expect("a receipt").to_owned();
    let wrong = vec![
        ("for another service", prescriptions),
        ("the counter's own token", opened.token.clone()),
        ("another issuer", said("iss", "https://evil.example".into())),
        ("expired", said("exp", (now - 60).into())),
        ("not valid yet", said("nbf", (now + 600).into())),
        ("no expiry", without("exp")),
        ("no audience", without("aud")),
        ("no issuer", without("iss")),
        ("bound to a key", said("cnf", json!({ "x5t#S256": "A".repeat(43) }))),
        ("a receipt", receipt),
        ("another type", headed("typ", "JWT".into())),
        ("a receipt's type", headed("typ", "receipt+jwt".into())),
        ("a key that is not published", headed("kid", "unknown".into())),
        ("alg none", forger.unsigned(&none, &claims)),
        ("an HMAC with the public key", forger.sign_with_public_key(&hmac, &claims)),
        ("another's key under our name", forger.sign_with_own_key(&header, &claims)),
        ("tampered with", tampered),
        ("nothing like a token", "opaque".to_owned()),
    ];
    (sound, wrong)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_snippet_believes_our_tokens_and_no_other() {
    let town = Harness::healthy().await;
    let (sound, wrong) = tokens(&town).await;
    for mut snippet in Library::ALL.iter().filter_map(|library| Snippet::start(*library, &town)) {
        for token in &sound {
            assert_eq!(snippet.check(token), Ok(()), "{:?}", snippet.library);
        }
        for (what, token) in &wrong {
            let said = snippet.check(token);
            assert!(said.is_err(), "{:?} believes a token: {what}", snippet.library);
        }
        assert_eq!(
            snippet.check(&sound[0]),
            Ok(()),
            "{:?}: a refusal leaves nothing behind",
            snippet.library
        );
    }
}

#[tokio::test]
async fn the_rust_snippet_too_and_it_is_the_one_of_the_readme() {
    let shipped = bawaba_tests::source::read("tests/src/verifiers/readme.rs");
    let module = shipped.split_once("\n\n").expect("a first line, then the snippet").1;
    assert_eq!(module, snippets::code("Rust, jsonwebtoken"), "left: what runs, right: the README");
    let town = Harness::healthy().await;
    let keys: JwkSet =
        serde_json::from_value(town.public("/.well-known/jwks.json").await.json).expect("a JWK Set");
    let issuer = format!("https://localhost:{}", town.public_port.port());
    let (sound, wrong) = tokens(&town).await;
    for token in &sound {
        assert!(readme::check(token, &keys, &issuer, "dossier").is_some());
    }
    for (what, token) in &wrong {
        assert!(readme::check(token, &keys, &issuer, "dossier").is_none(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_keys_cannot_be_fetched_kept_ones_go_on_and_then_the_libraries_say_so() {
    let mut town = Harness::new().start_as_program().await;
    let opened = town.session("amina", "hospital-1").await;
    let path = format!("/Patient/{}", opened.patient_at("dossier"));
    let token = for_service(&town, &opened.token, "dossier", &path).await;
    // How long each keeps keys, and the word by which a back-end tells "cannot fetch" from "not believed".
    let habits = [(Library::PyJwt, 300, "Fail to fetch data"), (Library::Jose, 600, "TypeError")];
    let mut kept = Vec::new();
    for (library, seconds, word) in habits {
        if let Some(mut snippet) = Snippet::start(library, &town) {
            assert_eq!(snippet.check(&token), Ok(()), "{library:?}");
            kept.push((snippet, seconds, word));
        }
    }
    let newcomers: Vec<_> = habits
        .into_iter()
        .filter_map(|(library, _, word)| Some((Snippet::start(library, &town)?, word)))
        .collect();
    town.kill();
    for (mut snippet, word) in newcomers {
        let said = snippet.check(&token).expect_err("no keys, no belief");
        assert!(said.contains(word), "{:?}: {said}", snippet.library);
    }
    for (snippet, seconds, word) in &mut kept {
        assert_eq!(snippet.check(&token), Ok(()), "{:?} goes on with what it keeps", snippet.library);
        snippet.later(*seconds - 5);
        assert_eq!(snippet.check(&token), Ok(()), "{:?} for so long", snippet.library);
        snippet.later(*seconds + 5);
        let said = snippet.check(&token).expect_err("keys too old to be believed");
        assert!(said.contains(*word), "{:?}: {said}", snippet.library);
    }
    town.restart().await;
    for (snippet, ..) in &mut kept {
        assert_eq!(snippet.check(&token), Ok(()), "{:?} is well again by itself", snippet.library);
    }
}
