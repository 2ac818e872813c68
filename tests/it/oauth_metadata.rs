//! RFC 8414 and RFC 9728: is everything there that the documents promise, and nothing missing from them?

use bawaba_tests::counter::Counter;
use bawaba_tests::harness::Harness;
use reqwest::Method;
use serde_json::{Value, json};

const SERVER: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

fn words(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(|word| word.as_str().expect("a word")).collect()
}

#[tokio::test]
async fn every_endpoint_that_is_named_answers_and_takes_what_is_promised() {
    let town = Harness::healthy().await;
    let document = town.public(SERVER).await;
    document.is(200);
    assert!(document.header("cache-control").starts_with("public, max-age="));
    let server = &document.json;
    let issuer = format!("https://localhost:{}", town.public_port.port());
    assert_eq!(server["issuer"], issuer);
    let keys = server["jwks_uri"].as_str().expect("a URL").strip_prefix(&issuer).expect("here");
    town.public(keys).await.is(200);
    let api = format!("https://localhost:{}", town.api.port());
    let counter = town.counter("pharmacy-1");
    let anyone = Counter::new(town.public_port, &town.files.ca_certificate(), None);
    for of in ["token", "introspection", "revocation"] {
        let name = format!("{of}_endpoint");
        let alias = server["mtls_endpoint_aliases"][&name].as_str().expect("an alias");
        let path = alias.strip_prefix(&api).expect("at the port that asks for certificates");
        let answer = counter.form(path, &[]).await;
        answer.is_oauth_error("invalid_request", "parameter-missing");
        assert!(words(&server[format!("{of}_endpoint_auth_methods_supported")]).contains(&"tls_client_auth"));
        // Without a certificate the same endpoint is at the issuer, and asks for proofs.
        let here = server[&name].as_str().expect("a URL").strip_prefix(&issuer).expect("at the issuer");
        let (asked, _) = anyone.raw_form(here, String::new(), &[]).await;
        assert!([400, 401].contains(&asked.status.as_u16()), "{}", asked.json);
        assert!(asked.json["error"].is_string(), "{}", asked.json);
    }
    for grant in words(&server["grant_types_supported"]) {
        let answer = counter.form("/oauth/token", &[("grant_type", grant)]).await;
        assert_ne!(answer.json["error"], "unsupported_grant_type", "{grant}");
    }
    assert_eq!(server["response_types_supported"], json!([]));
    assert_eq!(server["tls_client_certificate_bound_access_tokens"], true);
    assert_eq!(server["introspection_signing_alg_values_supported"], json!(["ES256"]));
}

#[tokio::test]
async fn every_scope_and_resource_that_is_named_can_be_asked_for() {
    let town = Harness::healthy().await;
    let token = town.session("amina", "hospital-1").await.token;
    let server = town.public(SERVER).await.json;
    let counter = town.counter("hospital-1");
    for scope in words(&server["scopes_supported"]) {
        let service = scope.split('.').next().expect("a word");
        let answer = counter.exchange_with(&token, &[("audience", service), ("scope", scope)]).await;
        if ["billing", "billing.write"].contains(&scope) {
            // A claim goes through the gateway, where what it rests on is judged.
            assert_eq!(answer.is(400).json["code"], "scope-not-held");
            continue;
        }
        assert_eq!(answer.is(200).json["scope"], scope);
    }
    for resource in words(&server["protected_resources"]) {
        counter.exchange_with(&token, &[("resource", resource)]).await.is(200);
        let (base, path) = resource.rsplit_once('/').expect("a path");
        let own = match base == format!("https://localhost:{}", town.api.port()) {
            true => counter.ask(Method::GET, &format!("{RESOURCE}/{path}"), None, None).await,
            false => town.public(&format!("{RESOURCE}/{path}")).await,
        };
        assert_eq!(own.is(200).json["resource"], resource, "RFC 9728 section 3.3");
        assert_eq!(own.json["authorization_servers"], json!([server["issuer"]]));
        for scope in words(&own.json["scopes_supported"]) {
            assert!(words(&server["scopes_supported"]).contains(&scope), "{scope}");
        }
    }
    let whole = counter.ask(Method::GET, RESOURCE, None, None).await;
    assert_eq!(whole.is(200).json["resource"], format!("https://localhost:{}", town.api.port()));
    counter.ask(Method::GET, &format!("{RESOURCE}/imaging"), None, None).await.is_problem(404, "not-found");
    town.public(&format!("{RESOURCE}/imaging")).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn a_challenge_says_where_the_metadata_is() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    let base = format!("https://localhost:{}{RESOURCE}", town.api.port());
    for (path, token, code, at) in [
        ("/prescription/MedicationRequest", None, "unauthenticated", format!("{base}/prescription")),
        ("/prescription/MedicationRequest", Some("opaque"), "token-invalid", format!("{base}/prescription")),
        ("/v1/sessions/00000000-0000-4000-8000-000000000000", Some("opaque"), "token-invalid", base.clone()),
    ] {
        let answer = counter.ask(Method::GET, path, token, None).await;
        answer.is_problem(401, code);
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("Bearer "), "{challenge}");
        assert!(challenge.ends_with(&format!("resource_metadata=\"{at}\"")), "{challenge}");
        let metadata = at.strip_prefix(&format!("https://localhost:{}", town.api.port())).expect("here");
        counter.ask(Method::GET, metadata, None, None).await.is(200);
    }
    let public = town.public("/prescription/MedicationRequest").await;
    assert_eq!(public.status.as_u16(), 401, "{}", public.json);
    let here = format!("https://localhost:{}{RESOURCE}/prescription", town.public_port.port());
    for challenge in public.headers.get_all("www-authenticate") {
        let challenge = challenge.to_str().expect("text");
        assert!(challenge.contains(&format!("resource_metadata=\"{here}\"")), "{challenge}");
    }
    let fine = counter.get("/prescription/MedicationRequest", &opened.token).await;
    assert_eq!(fine.header("www-authenticate"), "");
}

#[test]
fn the_refusals_change_only_by_agreement() {
    let golden = bawaba_tests::source::root().join("tests/golden/oauth.txt");
    let table: String = gateway::oauth::Fault::ALL
        .iter()
        .map(|one| {
            format!("{} {:<25} {:<27} {}\n", one.status.as_u16(), one.code, one.error, one.description)
        })
        .collect();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, &table).expect("a writable tree");
    }
    let agreed = std::fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(table, agreed, "vendors program against these codes; if it is meant: BLESS=1 make test");
}
