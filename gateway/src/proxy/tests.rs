//! Back-ends that misbehave, and what the client gets.

use std::net::SocketAddr;
use std::time::Instant;

use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::scripted::{Script, scripted};
use super::*;
use crate::listen::ListenOptions;
use crate::listen::testing::{Answer, Authority, Port, Recorder, bare_gateway, exchange};

const GET: &[u8] = b"GET /Patient/1 HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct World {
    authority: Authority,
    port: Port,
}

impl World {
    async fn before(back_end: SocketAddr, bounds: BackEndBounds) -> Self {
        let authority = Authority::new();
        let app = bare_gateway(back_end, bounds);
        let port = Port::open(authority.server_config(None), app, ListenOptions::default()).await;
        Self { authority, port }
    }

    async fn of(script: Script) -> Self {
        let bounds = BackEndBounds {
            connect_timeout: Duration::from_millis(200),
            answer_timeout: Duration::from_millis(200),
            frame_timeout: Duration::from_millis(200),
            max_answer_bytes: 1000,
            ..BackEndBounds::default()
        };
        Self::before(scripted(script).await, bounds).await
    }

    async fn send(&self, bytes: &[u8]) -> Answer {
        let client = self.authority.client_config(None, b"http/1.1");
        let mut stream = self.port.connect(&client).await.unwrap();
        exchange(&mut stream, bytes).await
    }

    /// The status and the body over HTTP/2, or how it was reset.
    async fn send_h2(&self) -> Result<(u16, bytes::Bytes), hyper::Error> {
        let stream = self.port.connect(&self.authority.client_config(None, b"h2")).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let uri = format!("https://localhost:{}/Patient/1", self.port.address.port());
        let request = Request::get(uri).body(Empty::<bytes::Bytes>::new()).unwrap();
        let answer = sender.send_request(request).await?;
        Ok((answer.status().as_u16(), answer.into_body().collect().await?.to_bytes()))
    }
}

fn code(answer: &Answer) -> (u16, String, String) {
    let document: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    (answer.status, text("code"), text("party"))
}

#[tokio::test]
async fn a_back_end_that_fails_before_its_head_is_named() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let down = World::before(nobody, BackEndBounds::default()).await;
    assert_eq!(code(&down.send(GET).await), (502, "back-end-unreachable".into(), "back-end".into()));
    assert_eq!(down.send_h2().await.unwrap().0, 502);
    for (script, status, expected) in [
        (Script::Silence, 504, "back-end-timeout"),
        (Script::SayAndClose(b""), 502, "back-end-unreachable"),
        (Script::Say(b"garbage\r\n\r\n"), 502, "back-end-invalid"),
        (
            Script::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            502,
            "back-end-invalid",
        ),
        (Script::Say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), 502, "back-end-invalid"),
        (Script::Say(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"), 502, "back-end-refused"),
    ] {
        let answer = World::of(script).await.send(GET).await;
        assert_eq!(code(&answer), (status, expected.into(), "back-end".into()), "{answer:?}");
    }
}

#[tokio::test]
async fn a_part_never_looks_like_the_whole() {
    for (name, script) in [
        ("length", Script::SayAndClose(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\npart")),
        (
            "chunked",
            Script::SayAndClose(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"),
        ),
        (
            "bad chunk",
            Script::Say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nzz\r\n"),
        ),
        ("stalled", Script::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\npart")),
        ("too large", Script::Say(&TOO_LARGE)),
    ] {
        let world = World::of(script).await;
        let answer = world.send(GET).await;
        assert!(!answer.complete, "{name} over HTTP/1: {answer:?}");
        let reset = world.send_h2().await;
        assert!(reset.is_err(), "{name} over HTTP/2: {reset:?}");
    }
}

const TOO_LARGE: [u8; 1100] = {
    let mut bytes = [b'x'; 1100];
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n";
    let mut at = 0;
    while at < head.len() {
        bytes[at] = head[at];
        at += 1;
    }
    bytes
};

#[tokio::test]
async fn a_stale_connection_is_retried_for_a_read_only() {
    let world = World::of(Script::AnswerOnce(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")).await;
    for _ in 0..3 {
        assert_eq!(world.send(GET).await.body, "ok");
    }
    let write = b"POST /Claim HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";
    assert_eq!(world.send(write).await.status, 502, "a write may have taken effect");
    assert_eq!(world.send(GET).await.body, "ok");
}

#[tokio::test]
async fn the_answers_head_is_ours() {
    let world = World::of(Script::Say(
        b"HTTP/1.1 201 Created\r\nContent-Type: application/fhir+json\r\nContent-Length: 2\r\nETag: W/\"1\"\r\n\
        Set-Cookie: a=b\r\nServer: secret/1.0\r\nVia: 1.1 x\r\nConnection: X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 5\r\n\
        X-Powered-By: y\r\nCache-Control: public\r\nLocation: /Patient/2/_history/1\r\nAccess-Control-Allow-Origin: *\r\n\r\nok",
    ))
    .await;
    let answer = world.send(GET).await;
    let mut names: Vec<&str> =
        answer.head.lines().skip(1).filter_map(|line| line.split(':').next()).collect();
    names.sort_unstable();
    let expected =
        ["cache-control", "content-length", "content-type", "date", "etag", "location", "x-request-id"];
    assert_eq!(names, expected, "{}", answer.head);
    assert!(answer.head.contains("location: /dossier/patient/2/_history/1"), "{}", answer.head);
    assert!(answer.head.contains("cache-control: no-store"));
}

#[tokio::test]
async fn requests_in_flight_are_bounded_and_a_dead_back_end_is_given_a_rest() {
    let bounds = BackEndBounds { max_in_flight: 1, ..BackEndBounds::default() };
    let full = World::before(scripted(Script::Silence).await, bounds).await;
    let client = full.authority.client_config(None, b"http/1.1");
    let mut first = full.port.connect(&client).await.unwrap();
    first.write_all(GET).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(code(&full.send(GET).await), (503, "back-end-overloaded".into(), "back-end".into()));

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let down = World::before(nobody, BackEndBounds::default()).await;
    let client = down.authority.client_config(None, b"http/1.1");
    let mut stream = down.port.connect(&client).await.unwrap();
    for _ in 0..limits::BREAKER_MIN_REQUESTS {
        assert_eq!(exchange(&mut stream, GET).await.status, 502);
    }
    let resting = exchange(&mut stream, GET).await;
    assert_eq!(resting.status, 503);
    assert!(resting.head.contains("retry-after"));
}

#[tokio::test]
async fn a_client_that_breaks_off_or_dawdles_is_at_fault_not_the_back_end() {
    let recorder = Recorder::default();
    let world = World::before(recorder.open().await, BackEndBounds::default()).await;
    let client = world.authority.client_config(None, b"http/1.1");
    let head = b"POST /Claim HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    let mut vanishing = world.port.connect(&client).await.unwrap();
    vanishing.write_all(head).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(vanishing);
    let broken = world
        .send(b"POST /Claim HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")
        .await;
    assert_eq!(code(&broken), (400, "malformed".into(), "station".into()), "{broken:?}");
    assert!(recorder.take().is_empty(), "half a claim is no claim");
    let whole = [&head[..], b"2\r\nde\r\n0\r\n\r\n"].concat();
    assert_eq!(world.send(&whole).await.status, 200);
    assert_eq!(recorder.take()[0].body, "abcde");
}

#[tokio::test]
async fn an_upload_that_is_too_large_is_told_so_before_the_connection_closes() {
    let recorder = Recorder::default();
    let world = World::before(recorder.open().await, BackEndBounds::default()).await;
    let mut stream = world.port.connect(&world.authority.client_config(None, b"http/1.1")).await.unwrap();
    let head = "POST /Claim HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = [b"10000\r\n", &[b'x'; 0x10000][..], b"\r\n"].concat();
    let started = Instant::now();
    let (mut read, mut write) = tokio::io::split(stream);
    let sending = tokio::spawn(async move {
        for _ in 0..limits::MAX_PROXIED_BODY_BYTES / 0x10000 + 4 {
            if write.write_all(&chunk).await.is_err() {
                return;
            }
        }
    });
    let mut text = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), read.read_buf(&mut text)).await;
    let text = String::from_utf8_lossy(&text);
    assert!(text.starts_with("HTTP/1.1 413"), "after {:?}: {text}", started.elapsed());
    assert!(recorder.take().is_empty());
    sending.abort();
}

#[tokio::test]
async fn an_https_back_end_is_verified_and_shown_our_certificate() {
    let authority = Authority::new();
    let app = axum::Router::new().fallback(
        |axum::Extension(peer): axum::Extension<crate::listen::Peer>| async move {
            peer.certificate.unwrap().subject_serial_number().to_owned()
        },
    );
    let status: Arc<dyn crate::listen::ClientStatus> = Arc::new(Nobody);
    let back_end = Port::open(authority.server_config(Some(status)), app, ListenOptions::default()).await;
    for (http2, authorities, expected) in [
        (false, vec![authority.certificate.clone()], Ok("the-gateway")),
        (true, vec![authority.certificate.clone()], Ok("the-gateway")),
        (false, vec![Authority::new().certificate], Err(ProxyError::Unreachable)),
    ] {
        let proxy = Proxy::new(
            vec![BackEndConfig {
                name: "dossier".into(),
                url: format!("https://localhost:{}", back_end.address.port()),
                authorities,
                identity: Some(authority.client("the-gateway")),
                http2,
                bounds: BackEndBounds::default(),
            }],
            None,
        )
        .unwrap();
        let request = Request::get("/Patient/1").body(Body::empty()).unwrap();
        let answer = proxy.forward("dossier", request, "token").await;
        let body = match answer {
            Ok(answer) => Ok(answer.into_body().collect().await.unwrap().to_bytes()),
            Err(error) => Err(error),
        };
        assert_eq!(body.as_deref(), expected.as_ref().map(|text| text.as_bytes()));
    }
}

struct Nobody;
impl crate::listen::ClientStatus for Nobody {
    fn is_revoked(&self, _: &pki::ClientCertificate) -> bool {
        false
    }
}
