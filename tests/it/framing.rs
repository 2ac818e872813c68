//! Desync and routing tricks: refused or re-framed, and no back-end sees an identity that we did not write.

use bawaba_tests::back_end::Manner;
use bawaba_tests::harness::Harness;
use bawaba_tests::raw::{Answer, Wire};

/// A request in the making: what is not said here is what a sound client says.
struct Vector {
    name: &'static str,
    bytes: String,
}

const HOST: &str = "Host: localhost\r\n";

fn get(name: &'static str, target: &str, headers: &str) -> Vector {
    Vector { name, bytes: format!("GET {target} HTTP/1.1\r\n{headers}AUTH\r\n") }
}

fn post(name: &'static str, headers: &str, body: &str) -> Vector {
    let start = "POST /prescription/MedicationRequest/_search HTTP/1.1\r\n";
    let media = "Content-Type: application/x-www-form-urlencoded\r\n";
    Vector { name, bytes: format!("{start}{HOST}{media}{headers}AUTH\r\n{body}") }
}

const LIST: &str = "/prescription/MedicationRequest";

/// A request that must never be heard, hidden where a confused parser would find it.
const SMUGGLED: &str = "GET /prescription/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn ambiguous_framing() -> Vec<Vector> {
    let body = |text: &str| format!("{text}{SMUGGLED}");
    vec![
        post("two lengths that differ", "Content-Length: 5\r\nContent-Length: 6\r\n", &body("a=b&c")),
        post("a list of lengths", "Content-Length: 5, 5\r\n", &body("a=b&c")),
        post("a signed length", "Content-Length: +5\r\n", &body("a=b&c")),
        post("a negative length", "Content-Length: -1\r\n", &body("a=b&c")),
        post("an unknown coding", "Transfer-Encoding: xchunked\r\n", &body("0\r\n\r\n")),
        post("chunked, but not last", "Transfer-Encoding: chunked, identity\r\n", &body("0\r\n\r\n")),
        post("two codings", "Transfer-Encoding: gzip, chunked\r\n", &body("0\r\n\r\n")),
        post(
            "chunked twice",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            &body("0\r\n\r\n"),
        ),
        post("a space before the colon", "Transfer-Encoding : chunked\r\n", &body("0\r\n\r\n")),
        post("a folded coding", "Transfer-Encoding:\r\n chunked\r\n", &body("0\r\n\r\n")),
        post("a coding hidden by a control byte", "Transfer-Encoding: \x0bchunked\r\n", &body("0\r\n\r\n")),
        post("a chunk size that is none", "Transfer-Encoding: chunked\r\n", &body("zz\r\n\r\n")),
        post(
            "a chunk size that overflows",
            "Transfer-Encoding: chunked\r\n",
            &body("fffffffffffffffff\r\n\r\n"),
        ),
        post("a chunk longer than it says", "Transfer-Encoding: chunked\r\n", &body("1\r\nab\r\n0\r\n\r\n")),
        post("a bare CR in a header", "X-Note: a\rb\r\n", ""),
        post("a NUL in a header", "X-Note: a\0b\r\n", ""),
        post("a header without a name", ": value\r\n", ""),
        post("a space in a header name", "X Note: a\r\n", ""),
    ]
}

fn tricky_routing() -> Vec<Vector> {
    vec![
        get("two hosts", LIST, &format!("{HOST}Host: evil.example\r\n")),
        get("the same host twice", LIST, &format!("{HOST}{HOST}")),
        get("no host", LIST, ""),
        get("another host", LIST, "Host: evil.example\r\n"),
        get("an absolute target elsewhere", "https://evil.example/prescription/MedicationRequest", HOST),
        get("an absolute target to us", "https://localhost/prescription/MedicationRequest", HOST),
        get("dot segments", "/prescription/../dossier/Patient", HOST),
        get("dot segments at the end", "/prescription/MedicationRequest/..", HOST),
        get("encoded dot segments", "/prescription/%2e%2e/dossier/Patient", HOST),
        get("half-encoded dot segments", "/prescription/.%2E/dossier/Patient", HOST),
        get("an encoded slash", "/prescription/MedicationRequest%2f..%2f..%2fdossier", HOST),
        get("an encoded backslash", "/prescription/..%5cdossier/Patient", HOST),
        get("a backslash", "/prescription/..\\dossier/Patient", HOST),
        get("a doubled slash", "//prescription/MedicationRequest", HOST),
        get("an encoded NUL", "/prescription/MedicationRequest%00.json", HOST),
        get("an encoded line end", "/prescription/MedicationRequest%0d%0aX-Subject:%20a", HOST),
        get("a broken escape", "/prescription/MedicationRequest%zz", HOST),
        get("an underscore in a header name", LIST, &format!("{HOST}X_Subject: other\r\n")),
        Vector { name: "CONNECT", bytes: format!("CONNECT localhost:443 HTTP/1.1\r\n{HOST}AUTH\r\n") },
        Vector { name: "TRACE", bytes: format!("TRACE {LIST} HTTP/1.1\r\n{HOST}AUTH\r\n") },
        Vector { name: "a method of its own", bytes: format!("PURGE {LIST} HTTP/1.1\r\n{HOST}AUTH\r\n") },
        Vector { name: "HTTP/0.9", bytes: format!("GET {LIST}\r\n\r\n") },
        Vector { name: "HTTP/3 in words", bytes: format!("GET {LIST} HTTP/3.0\r\n{HOST}AUTH\r\n") },
        Vector { name: "no HTTP at all", bytes: "\x16\x03\x01\x02\0\x01\0\r\n\r\n".to_owned() },
    ]
}

async fn said(town: &Harness, vector: &Vector, token: &str) -> Answer {
    let mut wire = town.wire("pharmacy-1").await;
    wire.ask(&vector.bytes.replace("AUTH", &format!("Authorization: Bearer {token}\r\n"))).await
}

#[tokio::test]
async fn a_request_whose_end_is_open_to_dispute_is_refused_and_nothing_of_it_is_forwarded() {
    let town = Harness::new().back_end("prescription", Manner::Answers).start().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    for vector in ambiguous_framing() {
        let answer = said(&town, &vector, &token).await;
        assert!(matches!(answer.status, 0 | 400..=499), "{}: {answer:?}", vector.name);
        let heard = town.heard("prescription");
        assert!(heard.is_empty(), "{}: {heard:?}", vector.name);
    }
}

#[tokio::test]
async fn a_request_for_another_place_than_it_seems_is_refused_and_recorded() {
    let town = Harness::new().back_end("prescription", Manner::Answers).start().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    for vector in tricky_routing() {
        let before = town.event_count().await;
        let answer = said(&town, &vector, &token).await;
        assert!(matches!(answer.status, 0 | 400..=499), "{}: {answer:?}", vector.name);
        let heard = town.heard("prescription");
        assert!(heard.is_empty(), "{}: {heard:?}", vector.name);
        // What the HTTP parser itself refuses never becomes a request, and has no problem document.
        if let Some(code) = answer.code() {
            let event = town.event_after(before, &code).await;
            assert_eq!(event["outcome"], "refused", "{}", vector.name);
        }
    }
}

#[tokio::test]
async fn a_body_framed_twice_is_reframed_and_the_connection_ends_there() {
    let town = Harness::new().back_end("prescription", Manner::Answers).start().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let vector =
        post("both", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", &format!("0\r\n\r\n{SMUGGLED}"));
    let answer = said(&town, &vector, &token).await;
    assert!(matches!(answer.status, 0 | 200..=499), "{answer:?}");
    for request in town.heard("prescription") {
        let head = request.to_ascii_lowercase();
        assert!(!head.contains("smuggled"), "{request}");
        assert!(!(head.contains("content-length:") && head.contains("transfer-encoding:")), "{request}");
    }
}

/// Names by which someone downstream could take a caller for somebody else.
const IDENTITY: [&str; 12] = [
    "x-subject",
    "x-client-id",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-client-cert",
    "forwarded",
    "client-cert",
    "client-cert-chain",
    "x-real-ip",
    "x-gw-subject",
    "via",
    "x-ssl-client-cert",
];

#[tokio::test]
async fn the_back_end_sees_no_identity_that_we_did_not_write() {
    let town = Harness::new().back_end("prescription", Manner::Answers).start().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let claims: String = IDENTITY.iter().map(|name| format!("{name}: somebody-else\r\n")).collect();
    let dropping = "Connection: authorization, x-request-id, content-type, host, close\r\n";
    let others = "Expect: 100-continue\r\nTE: trailers\r\nUpgrade: h2c\r\nProxy-Authorization: Basic eDp5\r\nCookie: a=b\r\n";
    let vector = get("claims", LIST, &format!("{HOST}{claims}{dropping}{others}"));
    let answer = said(&town, &vector, &token).await;
    let heard = town.heard("prescription");
    if answer.status != 200 {
        assert!(matches!(answer.status, 400..=499) && heard.is_empty(), "{answer:?} {heard:?}");
        return;
    }
    let head = heard[0].to_ascii_lowercase();
    assert!(!head.contains("somebody-else"), "{head}");
    for stripped in ["expect:", "upgrade:", "proxy-authorization:", "cookie:", "\r\nte:"] {
        assert!(!head.contains(stripped), "{stripped} in {head}");
    }
    // `Connection: authorization` must not make our own token disappear.
    assert_eq!(head.matches("\r\nauthorization: bearer ").count(), 1, "{head}");
    assert!(!head.contains(&token.to_ascii_lowercase()), "the counter's token went through");
    assert_eq!(head.matches("\r\nhost:").count(), 1, "{head}");
}

#[tokio::test]
async fn a_fragment_goes_no_further_than_to_us() {
    let town = Harness::new().back_end("prescription", Manner::Answers).start().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let answer =
        said(&town, &get("a fragment", "/prescription/MedicationRequest#/../../dossier", HOST), &token).await;
    assert!(matches!(answer.status, 200 | 400), "{answer:?}");
    for request in town.heard("prescription") {
        let line = request.lines().next().unwrap_or_default();
        assert!(!line.contains('#') && !line.contains("dossier"), "{line}");
    }
}

#[tokio::test]
async fn trailers_do_not_become_headers() {
    let town = Harness::new().back_end("prescription", Manner::Answers).start().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let body = "3\r\na=b\r\n0\r\nX-Subject: somebody-else\r\nAuthorization: Bearer x\r\n\r\n";
    let vector = post("trailers", "Transfer-Encoding: chunked\r\nTrailer: X-Subject\r\n", body);
    let _ = said(&town, &vector, &token).await;
    for request in town.heard("prescription") {
        assert!(!request.contains("somebody-else"), "{request}");
    }
}

#[tokio::test]
async fn two_requests_in_one_packet_are_two_requests() {
    let town = Harness::new().back_end("prescription", Manner::Answers).start().await;
    let token = town.session("amina", "pharmacy-1").await.token;
    let one = format!("GET {LIST} HTTP/1.1\r\n{HOST}Authorization: Bearer {token}\r\n\r\n");
    let mut wire: Wire = town.wire("pharmacy-1").await;
    let first = wire.ask(&format!("{one}{one}")).await;
    assert_eq!(first.status, 200, "{first:?}");
    let both = town.eventually(async || town.event_codes("access").await.len() == 2).await;
    assert!(both, "each is decided and recorded by itself");
}
