//! The vectors of request smuggling and routing tricks, as raw bytes over real TLS, in front of a back-end that
//! writes down what it received. Provenance: what hyper 1.12 lets through, found by sending it.

use super::*;
use crate::listen::ListenOptions;
use crate::listen::testing::{Answer, Authority, Port, Received, Recorder, bare_gateway, exchange};
use crate::proxy::BackEndBounds;

struct World {
    authority: Authority,
    port: Port,
    recorder: Recorder,
    client: Arc<rustls::ClientConfig>,
}

impl World {
    async fn new() -> Self {
        let authority = Authority::new();
        let recorder = Recorder::default();
        let app = bare_gateway(recorder.open().await, BackEndBounds::default());
        let port = Port::open(authority.server_config(None), app, ListenOptions::default()).await;
        let client = authority.client_config(None, b"http/1.1");
        Self { authority, port, recorder, client }
    }

    async fn send(&self, bytes: &str) -> (Answer, Vec<Received>) {
        let mut stream = self.port.connect(&self.client).await.unwrap();
        let answer = exchange(&mut stream, bytes.as_bytes()).await;
        // Whatever follows on the connection must not become a second request at the back-end either.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        (answer, self.recorder.take())
    }
}

const ROW: &str = "Host: localhost\r\n";

/// Refused by us or by hyper: the back-end sees nothing.
#[tokio::test]
async fn what_two_servers_could_read_differently_is_refused() {
    let world = World::new().await;
    let vectors: &[(&str, u16, String)] = &[
        ("two hosts", 400, format!("GET / HTTP/1.1\r\n{ROW}Host: evil.example\r\n\r\n")),
        ("two equal hosts", 400, format!("GET / HTTP/1.1\r\n{ROW}{ROW}\r\n")),
        ("no host", 400, "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n".into()),
        ("a host that is not ours", 421, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".into()),
        ("our other name under this SNI", 421, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".into()),
        ("userinfo in the host", 400, "GET / HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n".into()),
        ("absolute form", 400, format!("GET http://localhost/ HTTP/1.1\r\n{ROW}\r\n")),
        ("absolute form, other host", 400, format!("GET http://evil.example/ HTTP/1.1\r\n{ROW}\r\n")),
        ("CONNECT", 405, format!("CONNECT localhost:443 HTTP/1.1\r\n{ROW}\r\n")),
        ("TRACE", 405, format!("TRACE / HTTP/1.1\r\n{ROW}\r\n")),
        ("OPTIONS *", 405, format!("OPTIONS * HTTP/1.1\r\n{ROW}\r\n")),
        ("unknown method", 405, format!("PURGE / HTTP/1.1\r\n{ROW}\r\n")),
        ("dot segments", 400, format!("GET /pub/../admin HTTP/1.1\r\n{ROW}\r\n")),
        ("encoded slash", 400, format!("GET /pub/../admin%2f..%2e HTTP/1.1\r\n{ROW}\r\n")),
        ("encoded dot", 400, format!("GET /pub/%2e%2e/admin HTTP/1.1\r\n{ROW}\r\n")),
        ("encoded backslash", 400, format!("GET /pub%5cadmin HTTP/1.1\r\n{ROW}\r\n")),
        ("encoded NUL", 400, format!("GET /pub%00 HTTP/1.1\r\n{ROW}\r\n")),
        ("double encoding", 400, format!("GET /pub%252e HTTP/1.1\r\n{ROW}\r\n")),
        ("empty segment", 400, format!("GET /pub//admin HTTP/1.1\r\n{ROW}\r\n")),
        ("beyond ASCII", 400, format!("GET /caf\u{e9} HTTP/1.1\r\n{ROW}\r\n")),
        ("underscore in a header", 400, format!("GET / HTTP/1.1\r\n{ROW}X_Subject: a\r\n\r\n")),
        ("method override", 400, format!("POST / HTTP/1.1\r\n{ROW}X-HTTP-Method-Override: DELETE\r\n\r\n")),
        ("path override", 400, format!("GET / HTTP/1.1\r\n{ROW}X-Original-URL: /admin\r\n\r\n")),
        ("GET with a body", 400, format!("GET / HTTP/1.1\r\n{ROW}Content-Length: 3\r\n\r\nabc")),
        ("TE unknown", 400, format!("POST / HTTP/1.1\r\n{ROW}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")),
        (
            "TE not last",
            400,
            format!("POST / HTTP/1.1\r\n{ROW}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        ),
        (
            "TE gzip, chunked",
            400,
            format!("POST / HTTP/1.1\r\n{ROW}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ),
        (
            "TE twice",
            400,
            format!(
                "POST / HTTP/1.1\r\n{ROW}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
        ),
        (
            "TE before a space",
            400,
            format!("POST / HTTP/1.1\r\n{ROW}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        ),
        ("TE on 1.0", 400, format!("POST / HTTP/1.0\r\n{ROW}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
        (
            "lengths differ",
            400,
            format!("POST / HTTP/1.1\r\n{ROW}Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde"),
        ),
        ("lengths in a list", 400, format!("POST / HTTP/1.1\r\n{ROW}Content-Length: 5, 5\r\n\r\nabcde")),
        ("signed length", 400, format!("POST / HTTP/1.1\r\n{ROW}Content-Length: +5\r\n\r\nabcde")),
        ("obs-fold", 400, format!("GET / HTTP/1.1\r\n{ROW}X-A: b\r\n c\r\n\r\n")),
        ("NUL in a header", 400, format!("GET / HTTP/1.1\r\n{ROW}X-A: b\0c\r\n\r\n")),
        ("bare CR", 400, format!("GET / HTTP/1.1\r\n{ROW}X-A: b\rc\r\n\r\n")),
        (
            "chunk size not hex",
            400,
            format!("POST / HTTP/1.1\r\n{ROW}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"),
        ),
        (
            "chunk size overflow",
            400,
            format!(
                "POST / HTTP/1.1\r\n{ROW}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n"
            ),
        ),
        (
            "chunk longer than said",
            400,
            format!("POST / HTTP/1.1\r\n{ROW}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"),
        ),
        ("header bomb", 431, format!("GET / HTTP/1.1\r\n{ROW}{}\r\n", "X-A: b\r\n".repeat(500))),
        ("one long header", 431, format!("GET / HTTP/1.1\r\n{ROW}X-A: {}\r\n\r\n", "b".repeat(100_000))),
        (
            "a body announced too large",
            413,
            format!("POST / HTTP/1.1\r\n{ROW}Content-Length: 99999999999\r\n\r\nabc"),
        ),
        ("not HTTP", 400, "\u{1}\u{2}\u{3}garbage\r\n\r\n".into()),
    ];
    for (name, status, bytes) in vectors {
        let (answer, received) = world.send(bytes).await;
        assert_eq!(answer.status, *status, "{name}: {answer:?}");
        assert!(received.is_empty(), "{name}: the back-end saw {received:?}");
    }
}

/// Hidden above hyper: shown to be one request with our framing.
#[tokio::test]
async fn what_hyper_hides_reaches_the_back_end_as_one_request_of_ours() {
    let world = World::new().await;
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let vectors: &[(&str, String, &str, &str)] = &[
        (
            "length and chunked",
            format!(
                "POST /x HTTP/1.1\r\n{ROW}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"
            ),
            "/x",
            "",
        ),
        (
            "the same length twice",
            format!(
                "POST /x HTTP/1.1\r\n{ROW}Content-Length: 3\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc{smuggled}"
            ),
            "/x",
            "abc",
        ),
        (
            "bare LF",
            "POST /x HTTP/1.1\nHost: localhost\nContent-Length: 3\nConnection: close\n\nabc".into(),
            "/x",
            "abc",
        ),
        (
            "chunked and a tab",
            format!(
                "POST /x HTTP/1.1\r\n{ROW}Transfer-Encoding: chunked\t\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            ),
            "/x",
            "abc",
        ),
        (
            "chunk extension",
            format!(
                "POST /x HTTP/1.1\r\n{ROW}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n"
            ),
            "/x",
            "abc",
        ),
        (
            "trailers",
            format!(
                "POST /x HTTP/1.1\r\n{ROW}TE: trailers\r\nTrailer: X-Gw-Patient\r\nTransfer-Encoding: chunked\r\n\
                 Connection: close\r\n\r\n3\r\nabc\r\n0\r\nX-Gw-Patient: 1\r\n\r\n"
            ),
            "/x",
            "abc",
        ),
        ("fragment", format!("GET /x#/../admin HTTP/1.1\r\n{ROW}Connection: close\r\n\r\n"), "/x", ""),
        (
            "expect",
            format!(
                "POST /x HTTP/1.1\r\n{ROW}Expect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
            ),
            "/x",
            "abc",
        ),
    ];
    for (name, bytes, target, body) in vectors {
        let (answer, received) = world.send(bytes).await;
        // Refusing is as harmless as re-framing; passing on is neither.
        let [request] = received.as_slice() else {
            assert!(answer.status == 400 && received.is_empty(), "{name}: {answer:?} {received:?}");
            continue;
        };
        assert_eq!(
            (answer.status, request.target.as_str(), request.body.as_str()),
            (200, *target, *body),
            "{name}"
        );
        for header in ["te", "trailer", "expect", "connection", "x-gw-patient"] {
            assert!(!request.headers.contains_key(header), "{name}: {header} passed");
        }
        let framings = request.headers.get_all("content-length").iter().count()
            + request.headers.get_all("transfer-encoding").iter().count();
        assert!(framings <= 1, "{name}: {:?}", request.headers);
    }
}

/// The back-end hears who asks from us alone.
#[tokio::test]
async fn the_back_end_sees_no_header_that_speaks_of_the_caller_but_ours() {
    let world = World::new().await;
    let forged = "X-Gw-Patient: 1\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil\r\nForwarded: for=1.2.3.4\r\n\
        Via: 1.1 evil\r\nClient-Cert: :abc:\r\nX-Verified-Subject: 1\r\nX-SSL-Client-Verify: SUCCESS\r\n\
        Remote-User: admin\r\nX-Real-IP: 1.2.3.4\r\nCookie: a=b\r\nAuthorization: Bearer the-counters-own\r\n\
        X-Request-Id: forged\r\nKeep-Alive: 5\r\nProxy-Authorization: Basic x\r\nUpgrade: h2c\r\n\
        HTTP2-Settings: x\r\nX-Anything: else\r\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\
        Accept: application/fhir+json\r\n";
    let connection = "Connection: close, Upgrade, authorization, x-request-id, host, accept-language\r\nAccept-Language: ar\r\n";
    let (answer, received) =
        world.send(&format!("GET /Patient/1?x=y HTTP/1.1\r\n{ROW}{forged}{connection}\r\n")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let [request] = received.as_slice() else { panic!("{received:?}") };
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/Patient/1?x=y"));
    let mut names: Vec<&str> = request.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "authorization", "host", "traceparent", "x-request-id"]);
    assert_eq!(request.headers["authorization"], "Bearer the-back-end-token");
    assert_ne!(request.headers["x-request-id"], "forged");
    assert!(answer.head.contains(request.headers["x-request-id"].to_str().unwrap()), "one id everywhere");
}

#[tokio::test]
async fn a_refusal_speaks_the_callers_language_and_carries_the_request_id() {
    let world = World::new().await;
    let (answer, _) = world.send(&format!("TRACE / HTTP/1.1\r\n{ROW}Accept-Language: ar\r\n\r\n")).await;
    assert!(answer.head.contains("allow: get, head, post, put, patch, delete"), "{}", answer.head);
    let document: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(document["code"], "method-not-allowed");
    assert_eq!(document["title"], ProblemCode::MethodNotAllowed.title(problem::Language::Arabic));
    assert!(answer.head.contains(document["request_id"].as_str().unwrap()));
}

/// What only HTTP/2 can say.
#[tokio::test]
async fn http2_requests_are_held_to_the_same_rules() {
    let world = World::new().await;
    let client = world.authority.client_config(None, b"h2");
    let port = world.port.address.port();
    let url = |rest: &str| format!("https://localhost:{port}{rest}");
    for (name, status, uri, header) in [
        ("as it should be", 200, url("/Patient/1"), ("accept", "*/*")),
        ("Host equal to :authority", 200, url("/Patient/1"), ("host", &*format!("localhost:{port}"))),
        ("Host other than :authority", 400, url("/Patient/1"), ("host", "evil.example")),
        ("authority that is not ours", 421, "https://evil.example/".into(), ("accept", "*/*")),
        ("underscore in a header", 400, url("/Patient/1"), ("x_subject", "1")),
        ("dot segments", 400, url("/pub/../admin"), ("accept", "*/*")),
        ("encoded slash", 400, url("/pub%2fadmin"), ("accept", "*/*")),
        ("two lengths", 400, url("/Patient/1"), ("content-length", "1, 1")),
    ] {
        let stream = world.port.connect(&client).await.unwrap();
        let io = hyper_util::rt::TokioIo::new(stream);
        let executor = hyper_util::rt::TokioExecutor::new();
        let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get(uri).header(header.0, header.1).body(String::new()).unwrap();
        let answered = sender.send_request(request).await;
        let answered = answered.map_or(400, |answer| answer.status().as_u16());
        assert_eq!(answered, status, "{name}");
        assert_eq!(world.recorder.take().len(), usize::from(status == 200), "{name}");
    }
}
