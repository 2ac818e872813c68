//! Real nginx and HAProxy on the shipped configurations, in front of the dossier: what passes, as whom, and what not?

use bawaba_tests::back_end::Manner;
use bawaba_tests::faulty::Fault;
use bawaba_tests::harness::{Harness, Opened};
use bawaba_tests::papers::claims_of;
use bawaba_tests::proxies::{Around, Proxy};
use reqwest::Method;
use serde_json::json;

const ALLERGIES: &str = "/AllergyIntolerance";

fn search(opened: &Opened) -> String {
    format!("{ALLERGIES}?patient={}", opened.patient_at("dossier"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permitted_reading_passes_and_is_on_record() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    for proxy in Proxy::both(Around::of(&town)) {
        let before = town.event_count().await;
        let counter = proxy.counter(&town, "hospital-1");
        let patient = counter.get(&format!("/Patient/{}", opened.patient_at("dossier")), &opened.token).await;
        patient.is(200);
        assert_eq!(patient.json["resourceType"], "Patient", "{}", proxy.name);
        let event = town.event_after(before, "permitted").await;
        for (name, value) in [
            ("kind", "access"),
            ("outcome", "permit"),
            ("client", "hospital-1"),
            ("service", "dossier"),
            ("resource_type", "Patient"),
            ("interaction", "read"),
            ("detail", "asked by the service's own proxy"),
        ] {
            assert_eq!(event[name], value, "{}: {event}", proxy.name);
        }
        assert_eq!(event["session"], opened.json["session"]["id"]);
        let allergies = counter.get(&search(&opened), &opened.token).await;
        assert!(allergies.json.to_string().contains("91936005"), "{}: {}", proxy.name, allergies.json);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_gets_its_own_token_and_no_header_of_the_counters_making() {
    let town = Harness::new().back_end("dossier", Manner::Answers).start().await;
    let opened = town.session("amina", "hospital-1").await;
    for proxy in Proxy::both(Around::of(&town)) {
        let already = town.heard("dossier").len();
        let request = format!(
            "GET {}&status=active%7Cdraft&_count=5 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Accept: application/fhir+json\r\nX-Bawaba-Subject: somebody-else\r\nx-bawaba-acr: holder\r\n\
             X-Bawaba-Admin: yes\r\nX-Forwarded-User: root\r\nX-HTTP-Method-Override: DELETE\r\n\
             X-Original-Method: GET\r\nX-Original-URI: /Patient/other\r\nCookie: a=b\r\n\
             Client-Cert: :AAAA:\r\nX-SSL-Client-Cert: x\r\nX-Request-Id: mine\r\n\r\n",
            search(&opened),
            opened.token
        );
        let answer = proxy.wire(&town, "hospital-1").await.ask(&request).await;
        assert_eq!(answer.status, 200, "{}: {answer:?}", proxy.name);
        let heard = town.heard("dossier").get(already).cloned().expect("a request");
        let (line, head) = heard.split_once("\r\n").expect("a request line");
        // Octet by octet what was asked and decided.
        assert_eq!(
            line,
            format!("GET {}&status=active%7Cdraft&_count=5 HTTP/1.1", search(&opened)),
            "{}",
            proxy.name
        );
        let header = |name: &str| -> Vec<String> {
            let lines = head.lines().filter_map(|line| line.split_once(':'));
            lines
                .filter(|(given, _)| given.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_owned())
                .collect()
        };
        assert_eq!(header("x-bawaba-subject"), [opened.patient_at("dossier")], "{}: {heard}", proxy.name);
        assert_eq!(header("x-bawaba-acr"), ["card"], "{}", proxy.name);
        assert_eq!(header("x-bawaba-purpose"), ["TREAT"], "{}", proxy.name);
        assert_eq!(header("x-bawaba-session"), [opened.json["session"]["id"].as_str().expect("an id")]);
        assert_ne!(header("x-request-id"), ["mine"], "{}", proxy.name);
        let [authorization] = header("authorization").try_into().expect("one token");
        let token = authorization.strip_prefix("Bearer ").expect("a bearer token");
        let claims = claims_of(token);
        assert_eq!((&claims["aud"], &claims["scope"]), (&"dossier".into(), &"dossier".into()));
        assert_eq!(claims["sub"], opened.patient_at("dossier"));
        assert!(!heard.contains(&opened.token), "{}: the counter's token goes no further", proxy.name);
        for name in [
            "x-bawaba-admin",
            "x-forwarded-user",
            "x-http-method-override",
            "x-original-uri",
            "cookie",
            "client-cert",
            "x-ssl-client-cert",
        ] {
            assert!(header(name).is_empty(), "{}: {name} passed: {heard}", proxy.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_reaches_the_counter_as_the_gateways_own_problem() {
    let town = Harness::new().back_end("dossier", Manner::Answers).start().await;
    let hers = town.session("amina", "hospital-1").await;
    let his = town.session("youssef", "hospital-1").await;
    let pharmacy = town.session("amina", "pharmacy-1").await;
    let revoked = town.session("amina", "pharmacy-2").await;
    town.revoke("pharmacy-2").await;
    for proxy in Proxy::both(Around::of(&town)) {
        let refused = async |client: &str, token: &str, path: &str, status: u16, code: &str, exact: &str| {
            let before = town.event_count().await;
            let answer = proxy.counter(&town, client).get(path, token).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code()),
                (status, code),
                "{}: {}",
                proxy.name,
                answer.json
            );
            assert_eq!(answer.header("content-type"), "application/problem+json", "{}", proxy.name);
            let event = town.event_after(before, exact).await;
            assert_ne!(event["outcome"], "permit", "{}: {event}", proxy.name);
            assert_eq!(event["client"], client, "{}: {event}", proxy.name);
            assert_eq!(event["request_id"], answer.json["request_id"], "{}", proxy.name);
            answer
        };
        let denied = refused("pharmacy-1", &pharmacy.token, &search(&pharmacy), 403, "denied", "").await;
        assert!(denied.json["reasons"][0]["code"].is_string(), "{}: {}", proxy.name, denied.json);
        refused(
            "pharmacy-2",
            &revoked.token,
            &search(&revoked),
            403,
            "client-revoked",
            "client-certificate-revoked",
        )
        .await;
        let path = format!("/Patient/{}", his.patient_at("dossier"));
        refused("hospital-1", &hers.token, &path, 403, "patient-mismatch", "patient-mismatch").await;
        refused("hospital-1", &hers.token, ALLERGIES, 403, "patient-mismatch", "patient-mismatch").await;
        let subject = hers.json["session"]["subject"].as_str().expect("a subject");
        refused("hospital-1", &hers.token, &format!("/Patient/{subject}"), 403, "patient-mismatch", "").await;
        let unbound = refused("clinic-1", &hers.token, &search(&hers), 401, "token-invalid", "").await;
        let challenges: Vec<_> = unbound.headers.get_all("www-authenticate").iter().collect();
        assert_eq!(challenges.len(), 1, "{}: {challenges:?}", proxy.name);
        assert!(unbound.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""));
        let path = format!("/Patient/{}/$everything", hers.patient_at("dossier"));
        let holder =
            refused("hospital-1", &hers.token, &path, 401, "holder-required", "holder-required").await;
        let challenge = holder.header("www-authenticate");
        for word in ["insufficient_user_authentication", "acr_values=\"holder\""] {
            assert!(challenge.contains(word), "{}: {challenge}", proxy.name);
        }
        let nothing = refused("hospital-1", "", &search(&hers), 401, "token-invalid", "").await;
        assert!(nothing.header("www-authenticate").starts_with("Bearer"), "{}", proxy.name);
        refused(
            "hospital-1",
            &hers.token,
            "/Observation?_has:AuditEvent:entity:agent=1",
            400,
            "interaction-not-taken",
            "interaction-not-taken",
        )
        .await;
    }
    assert_eq!(town.heard("dossier"), Vec::<String>::new(), "the service heard of none of them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_be_written_by_a_body_that_nobody_shows_is_refused_by_name() {
    let town = Harness::new().back_end("dossier", Manner::Answers).start().await;
    let opened = town.session("amina", "hospital-1").await;
    for proxy in Proxy::both(Around::of(&town)) {
        let counter = proxy.counter(&town, "hospital-1");
        let already = town.heard("dossier").len();
        let subject = json!({ "reference": format!("Patient/{}", opened.patient_at("dossier")) });
        let body = json!({ "resourceType": "Observation", "status": "final", "subject": subject });
        for (method, path, status, code) in [
            (Method::POST, "/Observation", 403, "body-not-shown"),
            (Method::PUT, "/Observation/1", 403, "body-not-shown"),
            (Method::POST, "/Observation/_search", 415, "unsupported-media-type"),
            (Method::PATCH, "/Observation/1", 415, "unsupported-media-type"),
        ] {
            let before = town.event_count().await;
            let answer = counter.ask(method, path, Some(&opened.token), Some(&body)).await;
            answer.is_problem(status, code);
            assert_eq!(town.event_after(before, code).await["outcome"], "refused", "{}", proxy.name);
        }
        let before = town.event_count().await;
        let answer = counter.ask(Method::DELETE, "/Observation/1", Some(&opened.token), None).await;
        answer.is_problem(403, "denied");
        assert_eq!(town.event_after(before, "").await["interaction"], "delete", "{}", proxy.name);
        assert_eq!(town.heard("dossier").len(), already, "{}", proxy.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_two_servers_could_read_differently_reaches_nobody() {
    let town = Harness::new().back_end("dossier", Manner::Answers).start().await;
    let hers = town.session("amina", "hospital-1").await;
    let his = town.session("youssef", "hospital-1").await;
    let (mine, other) = (hers.patient_at("dossier"), his.patient_at("dossier"));
    for proxy in Proxy::both(Around::of(&town)) {
        for target in [
            format!("/Patient/{mine}/../{other}"),
            format!("/Patient/{mine}/%2e%2e/{other}"),
            format!("/Patient/{mine}/.%2E/{other}"),
            format!("/Patient/{mine}/..%2f{other}"),
            format!("/Patient/{other}/../{mine}"),
            format!("/Patient//{mine}"),
            format!("//Patient/{mine}"),
            format!("/Patient/{mine};/../{other}"),
            format!("/Patient/{mine};x=1"),
            format!("/Patient%2f{mine}"),
            format!("/Patient/{mine}%00"),
            format!("/Patient/{mine}%3f_id={other}"),
            format!("/Patient/{mine}%23"),
            format!("/%50atient/{mine}"),
            format!("/Patient/{mine}\\..\\{other}"),
            format!("{ALLERGIES}?patient={mine};patient={other}"),
            format!("{ALLERGIES}?_sort=a;patient={other}&patient={mine}"),
            format!("{ALLERGIES}?patient={mine}&p%61tient={other}"),
            format!("{ALLERGIES}?patient={mine}%26patient={other}"),
            format!("{ALLERGIES}?patient={mine}&patient={other}"),
            format!("{ALLERGIES}?patient={mine}#&patient={other}"),
            "/bawaba-authorize".to_owned(),
            format!("/v1/authorize/Patient/{other}"),
        ] {
            let request = format!(
                "GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
                hers.token
            );
            let answer = proxy.wire(&town, "hospital-1").await.ask(&request).await;
            assert!(matches!(answer.status, 400 | 403 | 404), "{}: {target}: {answer:?}", proxy.name);
        }
        // In absolute form, what is decided is the path, and the path is what goes on.
        let request = format!(
            "GET https://localhost/Patient/{other} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            hers.token
        );
        let answer = proxy.wire(&town, "hospital-1").await.ask(&request).await;
        assert!(matches!(answer.status, 400 | 403), "{}: {answer:?}", proxy.name);
    }
    assert_eq!(town.heard("dossier"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_gateway_or_its_log_nothing_passes() {
    let town = Harness::new().back_end("dossier", Manner::Answers).start().await;
    let opened = town.session("amina", "hospital-1").await;
    let nobody =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").port();
    for proxy in Proxy::both(Around { gateway: nobody, ..Around::of(&town) }) {
        let answer = proxy.counter(&town, "hospital-1").get(&search(&opened), &opened.token).await;
        answer.is_problem(503, "overloaded");
    }
    let proxies = Proxy::both(Around::of(&town));
    for proxy in &proxies {
        proxy.counter(&town, "hospital-1").get(&search(&opened), &opened.token).await.is(200);
    }
    let already = town.heard("dossier").len();
    town.audit.fail(Fault::WithoutEffect);
    for proxy in &proxies {
        let answer = proxy.counter(&town, "hospital-1").get(&search(&opened), &opened.token).await;
        answer.is_problem(503, "audit-unavailable");
        assert_eq!(answer.json["party"], "gateway", "{}", proxy.name);
    }
    assert_eq!(town.heard("dossier").len(), already);
}
