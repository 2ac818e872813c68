//! `POST /oauth/token`: a session becomes a token for one back-end, narrower and bound; a received one goes on, once.

use bawaba_tests::counter::Counter;
use bawaba_tests::harness::Harness;
use bawaba_tests::oauth::{ACCESS_TOKEN, EXCHANGE};
use bawaba_tests::papers::{claims_of, header_of};
use serde_json::{Value, json};

/// Exchanges, and looks at the refusal and at its event.
async fn refused(
    town: &Harness,
    client: &str,
    token: &str,
    more: &[(&str, &str)],
    told: (&str, &str),
    exact: &str,
) {
    let before = town.event_count().await;
    let answer = town.counter(client).exchange_with(token, more).await;
    answer.is_oauth_error(told.0, told.1);
    let event = town.event_after(before, exact).await;
    assert_eq!((&event["kind"], &event["client"]), (&json!("token-refused"), &json!(client)), "{event}");
    assert!(!event.to_string().contains("eyJ"), "no token is written anywhere");
}

const PRESCRIPTION: &[(&str, &str)] = &[("audience", "prescription")];

#[tokio::test]
async fn a_counter_gets_a_token_for_one_back_end_bound_to_its_certificate() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let before = town.event_count().await;
    let answer = town.counter("pharmacy-1").exchange(&opened.token, "prescription").await;
    answer.is(200);
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    assert_eq!(answer.json["issued_token_type"], ACCESS_TOKEN);
    assert_eq!(answer.json["token_type"], "Bearer");
    assert_eq!(answer.json["scope"], "prescription");
    assert_eq!(answer.json["expires_in"], 300);
    let token = answer.json["access_token"].as_str().expect("a token");
    let (claims, session) = (claims_of(token), claims_of(&opened.token));
    assert_eq!(header_of(token)["typ"], "at+jwt");
    assert_eq!(claims["aud"], "prescription");
    assert_eq!(claims["sub"], opened.patient_at("prescription"), "the patient as that back-end knows them");
    assert_eq!(claims["cnf"], session["cnf"]);
    assert_eq!(claims["act"], json!({ "sub": "pharmacy-1" }));
    assert_eq!(claims["sid"], session["sid"]);
    for same in ["client_id", "establishment", "acr", "amr", "auth_time", "purpose", "pol"] {
        assert_eq!(claims[same], session[same], "{same}");
    }
    assert_eq!(claims["presence"]["id"], session["presence"]["id"]);
    assert_eq!(claims["presence"]["card"], Value::Null, "two back-ends share no name of the card");
    assert!(!claims.to_string().contains(session["sub"].as_str().expect("a subject")));
    let event = town.event_of_kind_after(before, "token-exchanged").await;
    assert_eq!((&event["service"], &event["outcome"]), (&json!("prescription"), &json!("permit")));
    assert_eq!(event["session"], session["sid"]);
}

#[tokio::test]
async fn the_target_is_named_by_audience_by_service_or_by_resource_but_once() {
    let town = Harness::healthy().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let counter = town.counter("pharmacy-1");
    let here = format!("https://localhost:{}/prescription", town.api.port());
    for more in [[("audience", "prescription")], [("resource", here.as_str())]] {
        assert_eq!(counter.exchange_with(&token, &more).await.is(200).json["scope"], "prescription");
    }
    let unknown = ("invalid_target", "target-unknown");
    for (more, told) in [
        (vec![], ("invalid_target", "target-missing")),
        (
            vec![("audience", "prescription"), ("resource", here.as_str())],
            ("invalid_target", "target-repeated"),
        ),
        (vec![("audience", "prescription"), ("audience", "billing")], ("invalid_target", "target-repeated")),
        (vec![("audience", "imaging")], unknown),
        (vec![("audience", "PRESCRIPTION")], unknown),
        (vec![("resource", "prescription")], unknown),
        (vec![("resource", "https://elsewhere.example/prescription")], unknown),
        (vec![("resource", &format!("{here}#x"))], unknown),
        (vec![("resource", &format!("{here}/Patient"))], unknown),
    ] {
        refused(&town, "pharmacy-1", &token, &more, told, told.1).await;
    }
}

#[tokio::test]
async fn scope_is_narrowed_and_never_widened() {
    let town = Harness::healthy().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let with = async |scope: &str| {
        town.counter("pharmacy-1").exchange_with(&token, &[PRESCRIPTION[0], ("scope", scope)]).await
    };
    for scope in ["prescription", "prescription.read", "prescription.write prescription.read"] {
        let answer = with(scope).await;
        assert_eq!(answer.is(200).json["scope"], scope);
        assert_eq!(claims_of(answer.json["access_token"].as_str().expect("a token"))["scope"], scope);
    }
    for scope in ["billing", "dossier", "prescription billing", "prescription.delete", "openid"] {
        with(scope).await.is_oauth_error("invalid_scope", "scope-not-held");
    }
}

#[tokio::test]
async fn policy_decides_and_says_why_in_the_event() {
    let town = Harness::healthy().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let told = ("invalid_target", "target-denied");
    refused(&town, "pharmacy-1", &token, &[("audience", "dossier")], told, "pharmacy-no-dossier").await;
}

#[tokio::test]
async fn nobody_exchanges_what_is_not_a_running_session_of_its_own() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let told = |code| ("invalid_request", code);
    let there = town.exchanged("pharmacy-1", &opened.token, "prescription").await;
    let receipt = opened.json["receipt"].as_str().expect("a receipt");
    let (token, invalid) = (opened.token.as_str(), told("token-invalid"));
    refused(&town, "pharmacy-2", token, PRESCRIPTION, told("token-binding"), "token-binding").await;
    refused(&town, "hospital-1", token, PRESCRIPTION, told("token-binding"), "token-binding").await;
    refused(&town, "pharmacy-1", &there, PRESCRIPTION, invalid, "token-key-unknown").await;
    refused(&town, "pharmacy-1", receipt, PRESCRIPTION, invalid, "token-type").await;
    let list = claims_of(token)["status"]["status_list"]["uri"].clone();
    let path = list.as_str().expect("a URI").split_once("/status/").expect("a list").1.to_owned();
    let anyone = Counter::new(town.public_port, &town.files.ca_certificate(), None);
    let list = anyone.stream(&format!("/status/{path}"), "none").await.text().await.expect("a list");
    assert_eq!(header_of(&list)["typ"], "statuslist+jwt");
    refused(&town, "pharmacy-1", &list, PRESCRIPTION, invalid, "token-type").await;
    refused(&town, "pharmacy-1", "opaque", PRESCRIPTION, invalid, "token-malformed").await;
    refused(&town, "prescription", token, PRESCRIPTION, invalid, "token-key-unknown").await;
    refused(&town, "auditor", token, PRESCRIPTION, told("token-binding"), "token-binding").await;
    town.counter("pharmacy-1").revoke(token).await.is(200);
    refused(&town, "pharmacy-1", token, PRESCRIPTION, told("session-ended"), "token-revoked").await;
    refused(
        &town,
        "prescription",
        &there,
        &[("audience", "billing")],
        told("session-ended"),
        "token-revoked",
    )
    .await;
    let late = town.session("youssef", "pharmacy-1").await.token;
    town.clock.advance(time::Duration::seconds(901));
    refused(&town, "pharmacy-1", &late, PRESCRIPTION, told("token-expired"), "token-expired").await;
}

#[tokio::test]
async fn foreign_types_are_refused_by_name() {
    let town = Harness::healthy().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let counter = town.counter("pharmacy-1");
    let of = |kind: &str| format!("urn:ietf:params:oauth:token-type:{kind}");
    for kind in ["refresh_token", "id_token", "saml2", "saml1", "access_token "] {
        let kind = of(kind);
        let asked = [
            ("grant_type", EXCHANGE),
            ("subject_token", token.as_str()),
            ("subject_token_type", kind.as_str()),
            PRESCRIPTION[0],
        ];
        counter.form("/oauth/token", &asked).await.is_oauth_error("invalid_request", "subject-token-type");
        let more = [PRESCRIPTION[0], ("requested_token_type", kind.as_str())];
        counter.exchange_with(&token, &more).await.is_oauth_error("invalid_request", "requested-token-type");
    }
    let jwt = of("jwt");
    let answer = counter.exchange_with(&token, &[PRESCRIPTION[0], ("requested_token_type", &jwt)]).await;
    assert_eq!(answer.is(200).json["issued_token_type"], jwt);
    let actor = [PRESCRIPTION[0], ("actor_token", token.as_str()), ("actor_token_type", ACCESS_TOKEN)];
    counter.exchange_with(&token, &actor).await.is_oauth_error("invalid_request", "actor-token-type");
    for grant in ["password", "authorization_code", "refresh_token", "Urn:ietf"] {
        let answer = counter.form("/oauth/token", &[("grant_type", grant)]).await;
        answer.is_oauth_error("unsupported_grant_type", "grant-unsupported");
    }
    for missing in ["grant_type", "subject_token", "subject_token_type"] {
        let whole = [
            ("grant_type", EXCHANGE),
            ("subject_token", token.as_str()),
            ("subject_token_type", ACCESS_TOKEN),
            PRESCRIPTION[0],
        ];
        let asked: Vec<_> = whole.into_iter().filter(|(name, _)| *name != missing).collect();
        let answer = counter.form("/oauth/token", &asked).await;
        answer.is_oauth_error("invalid_request", "parameter-missing");
        assert_eq!(answer.json["error_description"], format!("{missing} is missing"));
    }
}

#[tokio::test]
async fn a_client_proves_itself_once_and_by_its_certificate() {
    let town = Harness::healthy().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let counter = town.counter("pharmacy-1");
    counter.exchange_with(&token, &[PRESCRIPTION[0], ("client_id", "pharmacy-1")]).await.is(200);
    let other = counter.exchange_with(&token, &[PRESCRIPTION[0], ("client_id", "pharmacy-2")]).await;
    other.is_oauth_error("invalid_client", "client-id-mismatch");
    assert!(!other.header("www-authenticate").is_empty());
    for more in [("client_secret", "s"), ("client_assertion", "a")] {
        let answer = counter.exchange_with(&token, &[PRESCRIPTION[0], more]).await;
        answer.is_oauth_error("invalid_request", "client-authenticated-twice");
    }
    let (answer, _) =
        counter.raw_form("/oauth/token", "grant_type=x".into(), &[("authorization", "Basic YTpi")]).await;
    answer.is_oauth_error("invalid_request", "client-authenticated-twice");
}

#[tokio::test]
async fn a_form_that_is_none_is_refused_and_recorded() {
    let town = Harness::healthy().await;
    let counter = town.counter("pharmacy-1");
    let long = format!("token={}", "a".repeat(40_000));
    for (path, body, headers, code) in [
        ("/oauth/token", "{}", vec![("content-type", "application/json")], "form-media-type"),
        ("/oauth/token?grant_type=x", "token=a", vec![], "form-query"),
        ("/oauth/revoke", "token=a&token=b", vec![], "parameter-repeated"),
        ("/oauth/introspect", "token=%zz", vec![], "form-malformed"),
        ("/oauth/introspect", long.as_str(), vec![], "form-too-large"),
    ] {
        let before = town.event_count().await;
        let (answer, _) = counter.raw_form(path, body.to_owned(), &headers).await;
        answer.is_oauth_error("invalid_request", code);
        assert_eq!(town.event_after(before, code).await["client"], "pharmacy-1");
    }
    let get = counter.ask(reqwest::Method::GET, "/oauth/token", None, None).await;
    get.is_problem(405, "method-not-allowed");
}

#[tokio::test]
async fn a_received_token_goes_on_once_and_the_chain_is_visible() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let first = town.exchanged("hospital-1", &opened.token, "dossier").await;
    let answer = town.counter("dossier").exchange(&first, "prescription").await;
    let second = answer.is(200).json["access_token"].as_str().expect("a token").to_owned();
    let (before, after) = (claims_of(&first), claims_of(&second));
    assert_eq!(after["act"], json!({ "sub": "dossier", "act": { "sub": "hospital-1" } }));
    assert_eq!((&after["aud"], &after["client_id"]), (&json!("prescription"), &json!("dossier")));
    assert_eq!(after["sub"], opened.patient_at("prescription"));
    assert_eq!(after["establishment"], "hospital-1");
    assert_ne!(after["cnf"], before["cnf"], "bound to the back-end that goes on");
    assert!(after["exp"].as_i64() <= before["exp"].as_i64());
    assert_ne!(after["ref"], before["ref"]);
    // The next one sees where it came from, and goes nowhere.
    let again = ("invalid_request", "chain-too-long");
    refused(&town, "prescription", &second, &[("audience", "billing")], again, "chain-too-long").await;
}

#[tokio::test]
async fn a_back_end_goes_on_only_with_its_own_tokens_and_where_policy_lets_both() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let dossier = town.exchanged("hospital-1", &opened.token, "dossier").await;
    let prescription = town.exchanged("hospital-1", &opened.token, "prescription").await;
    let denied = ("invalid_target", "target-denied");
    let other = ("invalid_request", "token-audience");
    refused(&town, "dossier", &prescription, &[("audience", "billing")], other, "token-audience").await;
    refused(&town, "dossier", &dossier, &[("audience", "billing")], denied, "no-rule-permits").await;
    refused(&town, "dossier", &dossier, &[("audience", "dossier")], denied, "no-rule-permits").await;
    refused(&town, "prescription", &prescription, &[("audience", "dossier")], denied, "no-rule-permits")
        .await;
    let reads = town.counter("hospital-1");
    let reads =
        reads.exchange_with(&opened.token, &[("audience", "dossier"), ("scope", "dossier.read")]).await;
    let reads = reads.is(200).json["access_token"].as_str().expect("a token").to_owned();
    let onward = town.counter("dossier");
    assert_eq!(onward.exchange(&reads, "prescription").await.is(200).json["scope"], "prescription.read");
    let wider =
        onward.exchange_with(&reads, &[("audience", "prescription"), ("scope", "prescription.write")]).await;
    wider.is_oauth_error("invalid_scope", "scope-not-held");
}

#[tokio::test]
async fn the_token_that_the_gateway_itself_forwarded_can_go_on_too() {
    use bawaba_tests::back_end::Manner;
    let town = Harness::new().back_end("dossier", Manner::Answers).start().await;
    let opened = town.session("amina", "hospital-1").await;
    let path = format!("/dossier/Patient/{}", opened.patient_at("dossier"));
    town.counter("hospital-1").get(&path, &opened.token).await;
    let heard = town.heard("dossier").pop().expect("a request that was forwarded");
    let forwarded =
        heard.lines().find_map(|line| line.strip_prefix("authorization: Bearer ")).expect("a token");
    assert!(claims_of(forwarded)["cnf"].is_null());
    let answer = town.counter("dossier").exchange(forwarded, "prescription").await;
    let claims = claims_of(answer.is(200).json["access_token"].as_str().expect("a token"));
    assert_eq!(claims["act"]["act"]["sub"], "hospital-1");
    assert_eq!(claims["sub"], opened.patient_at("prescription"));
}

#[tokio::test]
async fn a_suspended_establishment_takes_its_tokens_with_it() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let dossier = town.exchanged("hospital-1", &opened.token, "dossier").await;
    let registry = &town.app().registry;
    let client = gateway::registry::Client {
        active: false,
        ..(*registry.client("hospital-1").expect("there")).clone()
    };
    registry.register_client(&client).await.expect("a registry");
    let told = ("invalid_request", "session-ended");
    refused(&town, "dossier", &dossier, &[("audience", "prescription")], told, "client-suspended").await;
    town.counter("hospital-1").exchange(&opened.token, "dossier").await.is_problem(403, "client-revoked");
}

#[tokio::test]
async fn without_a_log_there_is_no_token() {
    let town = Harness::healthy().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    town.audit.fail(bawaba_tests::faulty::Fault::WithoutEffect);
    let answer = town.counter("pharmacy-1").exchange(&token, "prescription").await;
    answer.is_problem(503, "audit-unavailable");
    assert_eq!(answer.json["access_token"], Value::Null);
}

#[tokio::test]
async fn a_client_that_is_registered_to_read_reads_through_the_gateway_too_and_no_more() {
    let town = Harness::new().back_end("prescription", bawaba_tests::back_end::Manner::Answers).start().await;
    let registry = &town.app().registry;
    let client = registry.client("pharmacy-1").expect("registered");
    let client =
        gateway::registry::Client { scopes: vec!["prescription.read".to_owned()], ..(*client).clone() };
    registry.register_client(&client).await.expect("a registry");
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    counter.get("/prescription/MedicationRequest", &opened.token).await.is(200);
    let heard = town.heard("prescription").pop().expect("a request that was forwarded");
    let forwarded =
        heard.lines().find_map(|line| line.strip_prefix("authorization: Bearer ")).expect("a token");
    assert_eq!(claims_of(forwarded)["scope"], "prescription.read");
    let dispensing = json!({
        "resourceType": "MedicationDispense", "status": "completed",
        "subject": { "reference": format!("Patient/{}", opened.patient_at("prescription")) },
    });
    let before = town.event_count().await;
    counter
        .post("/prescription/MedicationDispense", &opened.token, &dispensing)
        .await
        .is_problem(403, "denied");
    assert_eq!(town.event_after(before, "token-scope").await["outcome"], "refused");
    let wider = [PRESCRIPTION[0], ("scope", "prescription")];
    counter.exchange_with(&opened.token, &wider).await.is_oauth_error("invalid_scope", "scope-not-held");
    assert_eq!(
        counter.exchange(&opened.token, "prescription").await.is(200).json["scope"],
        "prescription.read"
    );
}
