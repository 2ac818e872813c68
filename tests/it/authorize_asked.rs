//! `/v1/authorize` asked directly: the requests that Envoy and Traefik send by their documentation, which cannot be run
//! here, and every question that could be read in two ways.
//!
//! Envoy: `http_service.path_prefix`, the method and the rest of the path as they came, `Host` of the original request,
//! `Content-Length: 0`. Traefik: `GET` with `X-Forwarded-{Method,Proto,Host,Uri,For}` and the counter's own headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bawaba_tests::harness::{Harness, Opened};
use bawaba_tests::papers::claims_of;
use bawaba_tests::raw::{Answer, Identity, Wire, client_config};

/// The percent-encoded PEM of nginx and Envoy.
fn escaped_pem(identity: &Identity) -> String {
    let base64 = STANDARD.encode(identity.certificate());
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"));
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    pem.bytes().map(escape).collect()
}

fn xfcc(identity: &Identity) -> String {
    format!(
        "X-Forwarded-Client-Cert: By=spiffe://ma/dossier;Hash=0a;Cert=\"{}\";Subject=\"serialNumber=hospital-1\"",
        escaped_pem(identity)
    )
}

fn rfc_9440(identity: &Identity) -> String {
    format!("Client-Cert: :{}:", STANDARD.encode(identity.certificate()))
}

fn traefik(identity: &Identity) -> String {
    format!("X-Forwarded-Tls-Client-Cert: {}", STANDARD.encode(identity.certificate()))
}

/// One question of this asker, with these header lines.
async fn ask(town: &Harness, asker: &str, line: &str, headers: &[String]) -> Answer {
    let mut request = format!("{line} HTTP/1.1\r\nHost: localhost\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    town.wire(asker).await.ask(&format!("{request}\r\n")).await
}

fn bearer(opened: &Opened) -> String {
    format!("Authorization: Bearer {}", opened.token)
}

fn permitted(answer: &Answer, opened: &Opened) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.is_empty());
    let token =
        answer.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).expect("a token");
    assert_eq!(claims_of(token)["sub"], opened.patient_at("dossier"));
    assert_eq!(answer.header("x-bawaba-subject"), Some(opened.patient_at("dossier").as_str()));
    assert_eq!(answer.header("x-bawaba-purpose"), Some("TREAT"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-bawaba-problem"), None);
}

/// Refused with this code, in body and head, and on record.
async fn refused(town: &Harness, answer: &Answer, before: u64, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code().as_deref()), (status, Some(code)), "{answer:?}");
    let head: serde_json::Value =
        serde_json::from_str(answer.header("x-bawaba-problem").expect("the problem in the head"))
            .expect("JSON");
    let body: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(head, body);
    assert_eq!(answer.header("authorization"), None);
    let event = town.event_after(before, "").await;
    assert_ne!(event["outcome"], "permit", "{event}");
    assert_eq!(event["request_id"], body["request_id"]);
}

#[tokio::test]
async fn envoy_asks_with_the_path_itself() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let certificate = xfcc(&town.identity("hospital-1"));
    let patient = opened.patient_at("dossier");
    let envoy = |rest: &str| {
        [
            bearer(&opened),
            certificate.clone(),
            "Content-Length: 0".to_owned(),
            "x-envoy-internal: true".to_owned(),
            "x-forwarded-for: 192.0.2.7".to_owned(),
            "x-forwarded-proto: https".to_owned(),
            rest.to_owned(),
        ]
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
    };
    let line = format!("GET /v1/authorize/AllergyIntolerance?patient={patient}&_count=2");
    permitted(&ask(&town, "dossier", &line, &envoy("")).await, &opened);
    let before = town.event_count().await;
    let write = ask(
        &town,
        "dossier",
        "POST /v1/authorize/Observation",
        &envoy("Content-Type: application/fhir+json"),
    )
    .await;
    refused(&town, &write, before, 403, "body-not-shown").await;
    for line in [
        "GET /v1/authorize/AllergyIntolerance/../Patient",
        "GET /v1/authorize/Patient/%2e%2e/x",
        "GET /v1/authorize//Patient",
    ] {
        let before = town.event_count().await;
        refused(&town, &ask(&town, "dossier", line, &envoy("")).await, before, 400, "malformed").await;
    }
    let before = town.event_count().await;
    let twice = envoy("X-Original-URI: /Patient/1");
    refused(&town, &ask(&town, "dossier", &line, &twice).await, before, 400, "malformed").await;
}

#[tokio::test]
async fn envoy_asks_with_the_host_of_the_request_that_it_holds() {
    let hosts = |config: &mut toml::Table, _: &_| {
        let hosts = ["localhost", "127.0.0.1", "dossier.example.ma"].map(toml::Value::from);
        config["listen"].as_table_mut().expect("a table").insert("hosts".to_owned(), hosts.to_vec().into());
    };
    let town = Harness::new().configured(hosts).start().await;
    let opened = town.session("amina", "hospital-1").await;
    let tls = client_config(&town.files.ca_certificate(), Some(&town.identity("dossier")), &["http/1.1"]);
    let mut tls = (*tls).clone();
    // The name that is asked for in TLS is that of the Host or none; here the harness's certificate knows but localhost.
    tls.enable_sni = false;
    let mut wire = Wire::connect(town.api, &std::sync::Arc::new(tls)).await.expect("a connection");
    let question = format!(
        "GET /v1/authorize/Patient/{} HTTP/1.1\r\nHost: dossier.example.ma\r\nContent-Length: 0\r\n{}\r\n{}\r\n\r\n",
        opened.patient_at("dossier"),
        xfcc(&town.identity("hospital-1")),
        bearer(&opened)
    );
    permitted(&wire.ask(&question).await, &opened);
}

#[tokio::test]
async fn traefik_asks_with_forwarded_headers() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let certificate = traefik(&town.identity("hospital-1"));
    let patient = opened.patient_at("dossier");
    let forwarded = |method: &str, uri: &str| {
        vec![
            bearer(&opened),
            certificate.clone(),
            format!("X-Forwarded-Method: {method}"),
            "X-Forwarded-Proto: https".to_owned(),
            "X-Forwarded-Host: dossier.example.ma".to_owned(),
            format!("X-Forwarded-Uri: {uri}"),
            "X-Forwarded-For: 192.0.2.7".to_owned(),
            "X-Forwarded-Port: 443".to_owned(),
            "Accept: application/fhir+json".to_owned(),
            "User-Agent: counter/1".to_owned(),
        ]
    };
    let sound = format!("/Patient/{patient}");
    permitted(&ask(&town, "dossier", "GET /v1/authorize", &forwarded("GET", &sound)).await, &opened);
    let semicolon = format!("/AllergyIntolerance?_sort=a;patient=other&patient={patient}");
    for (method, uri, status, code) in [
        ("GET", semicolon.as_str(), 400, "malformed"),
        ("TRACE", &sound, 405, "method-not-allowed"),
        ("get", &sound, 405, "method-not-allowed"),
        ("GET", "https://elsewhere.example/Patient/1", 400, "malformed"),
        ("GET", "/Patient/somebody", 403, "patient-mismatch"),
    ] {
        let before = town.event_count().await;
        let answer = ask(&town, "dossier", "GET /v1/authorize", &forwarded(method, uri)).await;
        refused(&town, &answer, before, status, code).await;
    }
}

#[tokio::test]
async fn a_question_that_can_be_read_in_two_ways_is_refused() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let identity = town.identity("hospital-1");
    let target = format!("X-Original-URI: /Patient/{}", opened.patient_at("dossier"));
    let (method, certificate, token) =
        ("X-Original-Method: GET".to_owned(), rfc_9440(&identity), bearer(&opened));
    let sound = vec![method.clone(), target.clone(), certificate.clone(), token.clone()];
    permitted(&ask(&town, "dossier", "GET /v1/authorize", &sound).await, &opened);
    let with = |more: &str| [sound.clone(), vec![more.to_owned()]].concat();
    let without = |less: &String| sound.iter().filter(|line| *line != less).cloned().collect::<Vec<_>>();
    let other = rfc_9440(&town.identity("pharmacy-1"));
    for (what, headers, status) in [
        ("a method twice", with("X-Original-Method: GET"), 400),
        ("another method", with("x-original-method: DELETE"), 400),
        ("a target twice", with("X-ORIGINAL-URI: /Patient/other"), 400),
        ("two languages", with("X-Forwarded-Uri: /Patient/other"), 400),
        ("half of another language", with("X-Forwarded-Method: GET"), 400),
        ("another spelling", with("X-Original-URL: /Patient/other"), 400),
        ("an older spelling", with("X-Rewrite-URL: /Patient/other"), 400),
        ("a method by header", with("X-HTTP-Method-Override: DELETE"), 400),
        ("an underscore", with("X_Original_URI: /Patient/other"), 400),
        ("two certificates", with(&other), 400),
        ("two spellings of the certificate", with(&traefik(&identity)), 400),
        ("two tokens", with(&token), 401),
        ("no method", without(&method), 400),
        ("no target", without(&target), 400),
        ("no certificate", without(&certificate), 401),
        ("no token", without(&token), 401),
        (
            "a method that is none",
            [vec!["X-Original-Method: GET POST".to_owned()], without(&method)].concat(),
            405,
        ),
    ] {
        let before = town.event_count().await;
        let answer = ask(&town, "dossier", "GET /v1/authorize", &headers).await;
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        let code = answer.code().expect("a problem");
        refused(&town, &answer, before, status, &code).await;
    }
}

#[tokio::test]
async fn raw_octets_must_be_said_to_be_raw() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let headers = |more: &[&str]| {
        let mut headers = vec![
            "X-Original-Method: POST".to_owned(),
            "X-Original-URI: /Binary".to_owned(),
            rfc_9440(&town.identity("hospital-1")),
            bearer(&opened),
        ];
        headers.extend(more.iter().map(|line| (*line).to_owned()));
        headers
    };
    for (more, status, code) in [
        (&[][..], 400, "malformed"),
        (&["Content-Type: image/png", "Content-Type: application/fhir+json"], 400, "malformed"),
        (&["Content-Type: application/fhir+json"], 403, "body-not-shown"),
        // Judged without its body; the policies of the demonstration know no Binary.
        (&["Content-Type: image/png"], 403, "denied"),
    ] {
        let before = town.event_count().await;
        let answer = ask(&town, "dossier", "GET /v1/authorize", &headers(more)).await;
        refused(&town, &answer, before, status, code).await;
    }
}

#[tokio::test]
async fn only_a_services_own_proxy_may_ask_and_only_about_that_service() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let certificate = rfc_9440(&town.identity("hospital-1"));
    let headers = |target: String| {
        vec![
            "X-Original-Method: GET".to_owned(),
            format!("X-Original-URI: {target}"),
            certificate.clone(),
            bearer(&opened),
        ]
    };
    let at_dossier = headers(format!("/Patient/{}", opened.patient_at("dossier")));
    for asker in ["hospital-1", "auditor"] {
        let before = town.event_count().await;
        let answer = ask(&town, asker, "GET /v1/authorize", &at_dossier).await;
        refused(&town, &answer, before, 403, "denied").await;
    }
    // The prescription's proxy asks about the prescription, whatever it says: there the patient has another name.
    let before = town.event_count().await;
    refused(
        &town,
        &ask(&town, "prescription", "GET /v1/authorize", &at_dossier).await,
        before,
        403,
        "patient-mismatch",
    )
    .await;
    let own = headers(format!("/MedicationRequest?patient={}", opened.patient_at("prescription")));
    let answer = ask(&town, "prescription", "GET /v1/authorize", &own).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.header("authorization").expect("a token").trim_start_matches("Bearer ").to_owned();
    assert_eq!(claims_of(&token)["aud"], "prescription");
}

#[tokio::test]
async fn the_reported_certificate_is_judged_by_the_gateway() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let target = format!("/Patient/{}", opened.patient_at("dossier"));
    let stranger = bawaba_tests::papers::self_signed_client("hospital-1");
    let nobody = town.issue_client("hospital-999");
    for (certificate, status, code, exact) in [
        (rfc_9440(&stranger), 403, "client-unknown", "reported-certificate-not-ours"),
        (rfc_9440(&nobody), 403, "client-unknown", "client-unknown"),
        (rfc_9440(&town.identity("clinic-1")), 401, "token-invalid", "token-binding"),
        ("Client-Cert: :AAAA:".to_owned(), 403, "client-unknown", "reported-certificate-not-ours"),
        ("Client-Cert: hospital-1".to_owned(), 400, "malformed", "malformed"),
        ("X-SSL-Client-Cert: -----BEGIN%20CERTIFICATE-----".to_owned(), 400, "malformed", "malformed"),
        ("X-Forwarded-Client-Cert: Hash=00;Subject=\"hospital-1\"".to_owned(), 400, "malformed", "malformed"),
    ] {
        let before = town.event_count().await;
        let headers = vec![
            "X-Original-Method: GET".to_owned(),
            format!("X-Original-URI: {target}"),
            certificate.clone(),
            bearer(&opened),
        ];
        let answer = ask(&town, "dossier", "GET /v1/authorize", &headers).await;
        assert_eq!(answer.status, status, "{certificate}: {answer:?}");
        refused(&town, &answer, before, status, code).await;
        assert_eq!(town.event_after(before, exact).await["code"], exact);
    }
}

#[tokio::test]
async fn a_greedy_counter_does_not_stop_its_neighbours_behind_the_same_proxy() {
    let town = Harness::new().limit("requests_per_second", 1).limit("requests_burst", 5).start().await;
    let (greedy, modest) =
        (town.session("amina", "hospital-1").await, town.session("youssef", "mobile-unit-1").await);
    let headers = |opened: &Opened, client: &str| {
        vec![
            "X-Original-Method: GET".to_owned(),
            format!("X-Original-URI: /Patient/{}", opened.patient_at("dossier")),
            rfc_9440(&town.identity(client)),
            bearer(opened),
        ]
    };
    let mut last = 0;
    for _ in 0..10 {
        last = ask(&town, "dossier", "GET /v1/authorize", &headers(&greedy, "hospital-1")).await.status;
    }
    assert_eq!(last, 429);
    let answer = ask(&town, "dossier", "GET /v1/authorize", &headers(&modest, "mobile-unit-1")).await;
    assert_ne!(answer.status, 429, "{answer:?}");
}
