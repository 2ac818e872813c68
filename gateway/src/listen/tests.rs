//! Connections that misbehave, over real sockets.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Instant;

use axum::Extension;
use axum::routing::{get, post};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::testing::{Answer, Authority, Port, Refusals, answer, exchange};
use super::*;

const WHO: &[u8] = b"GET /who HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn app() -> axum::Router {
    axum::Router::new()
        .route("/who", get(who))
        .route("/slow", get(slow))
        .route("/never", get(std::future::pending::<()>))
        .route("/take", post(|body: String| async move { body.len().to_string() }))
}

async fn who(Extension(peer): Extension<Peer>) -> String {
    let client =
        peer.certificate.as_ref().map_or("nobody", |certificate| certificate.subject_serial_number());
    format!("{client} resumed={} sni={:?}", peer.resumed, peer.server_name.as_deref())
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(400)).await;
    "slow but whole"
}

#[derive(Default)]
struct Revoked(Mutex<HashSet<String>>);

impl ClientStatus for Revoked {
    fn is_revoked(&self, certificate: &pki::ClientCertificate) -> bool {
        self.0.lock().unwrap().contains(certificate.subject_serial_number())
    }
}

struct World {
    authority: Authority,
    revoked: Arc<Revoked>,
    refusals: Arc<Refusals>,
    metrics: Arc<Metrics>,
    port: Port,
}

impl World {
    async fn new(options: ListenOptions) -> Self {
        let authority = Authority::new();
        let revoked = Arc::new(Revoked::default());
        let refusals = Arc::new(Refusals::default());
        let metrics = Arc::new(Metrics::new());
        let (events, counts) = (Arc::clone(&refusals), Arc::clone(&metrics));
        let options = ListenOptions { events: Some(events), metrics: Some(counts), ..options };
        let port = Port::open(authority.server_config(Some(revoked.clone())), app(), options).await;
        Self { authority, revoked, refusals, metrics, port }
    }

    fn client(&self, name: &str) -> Arc<ClientConfig> {
        self.authority.client_config(Some(self.authority.client(name)), b"http/1.1")
    }

    async fn ask(&self, client: &Arc<ClientConfig>) -> Answer {
        let mut stream = self.port.connect(client).await.unwrap();
        exchange(&mut stream, WHO).await
    }

    /// In TLS 1.3 the client learns of its refusal only at its first read.
    async fn is_refused(&self, client: &Arc<ClientConfig>) -> bool {
        match self.port.connect(client).await {
            Err(_) => true,
            Ok(mut stream) => stream.write_all(WHO).await.is_err() || answer(&mut stream).await.status == 0,
        }
    }
}

#[tokio::test]
async fn a_client_is_known_by_its_certificate_and_nobody_else_comes_in() {
    let world = World::new(ListenOptions::default()).await;
    let answer = world.ask(&world.client("pharmacy-1")).await;
    assert_eq!(answer.body, "pharmacy-1 resumed=false sni=Some(\"localhost\")");

    assert!(world.is_refused(&world.authority.client_config(None, b"http/1.1")).await);
    assert_eq!(world.refusals.next().await.cause, RefusalCause::NoCertificate);

    let stranger = Authority::new().client("pharmacy-1");
    assert!(world.is_refused(&world.authority.client_config(Some(stranger), b"http/1.1")).await);
    assert_eq!(world.refusals.next().await.cause, RefusalCause::UntrustedCertificate);

    world.revoked.0.lock().unwrap().insert("pharmacy-2".into());
    assert!(world.is_refused(&world.client("pharmacy-2")).await);
    assert_eq!(world.refusals.next().await.cause, RefusalCause::RevokedCertificate);
}

#[tokio::test]
async fn a_new_configuration_ends_resumption_but_no_connection() {
    let world = World::new(ListenOptions::default()).await;
    let client = world.client("clinic-1");
    let mut open = world.port.connect(&client).await.unwrap();
    assert!(exchange(&mut open, WHO).await.body.contains("resumed=false"));
    assert!(world.ask(&client).await.body.contains("resumed=true"), "the ticket works");

    // Revoked, but the old tickets still resume: the handshake asks nobody. The request must.
    world.revoked.0.lock().unwrap().insert("clinic-1".into());
    assert!(world.ask(&client).await.body.contains("resumed=true"));

    world.port.tls.store(Arc::new(world.authority.server_config(Some(world.revoked.clone()))));
    assert!(world.is_refused(&client).await, "a full handshake meets the revocation");
    assert_eq!(exchange(&mut open, WHO).await.status, 200, "an open connection goes on");
}

#[tokio::test]
async fn garbage_silence_and_dawdling_are_cut_and_disturb_nobody() {
    let world = World::new(ListenOptions {
        handshake_timeout: Duration::from_millis(300),
        first_request_timeout: Duration::from_millis(300),
        header_read_timeout: Duration::from_millis(300),
        ..ListenOptions::default()
    })
    .await;
    let client = world.client("pharmacy-1");

    let mut garbage = TcpStream::connect(world.port.address).await.unwrap();
    garbage.write_all(&[0x47; 600]).await.unwrap();
    assert_eq!(world.refusals.next().await.cause, RefusalCause::NotTls);

    let _silent = TcpStream::connect(world.port.address).await.unwrap();
    assert_eq!(world.refusals.next().await.cause, RefusalCause::HandshakeTimeout);

    let mut shy = world.port.connect(&client).await.unwrap();
    let refusal = world.refusals.next().await;
    assert_eq!(
        (refusal.cause, refusal.client.as_deref()),
        (RefusalCause::RequestTimeout, Some("pharmacy-1"))
    );
    assert_eq!(answer(&mut shy).await.status, 0);

    let mut loris = world.port.connect(&client).await.unwrap();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(5) && loris.write_all(b"G").await.is_ok() {
        assert_eq!(world.ask(&client).await.status, 200, "others are served meanwhile");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(started.elapsed() < Duration::from_secs(4), "one byte at a time is not for ever");

    let mut half = world.port.connect(&client).await.unwrap();
    half.write_all(b"POST /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc").await.unwrap();
    half.shutdown().await.unwrap();
    assert_ne!(answer(&mut half).await.status, 200, "a body cut short is no body");
    assert_eq!(world.ask(&client).await.status, 200);
}

#[tokio::test]
async fn two_thousand_idle_connections_leave_room_for_one_who_has_something_to_say() {
    let world = World::new(ListenOptions { max_connections: 300, ..ListenOptions::default() }).await;
    let client = world.client("hospital-1");
    let mut busy = world.port.connect(&client).await.unwrap();
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut idle = Vec::new();
    for turn in 0..2_000 {
        idle.push(TcpStream::connect(world.port.address).await.unwrap());
        if turn % 100 == 0 {
            // The port takes them in the order they come; give it the time.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if idle.len() > 400 {
            idle.remove(0);
        }
    }
    let started = Instant::now();
    assert_eq!(world.ask(&client).await.status, 200);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(answer(&mut busy).await.body, "slow but whole", "who was being served was not pushed out");
}

#[tokio::test]
async fn draining_lets_running_requests_finish_and_no_longer() {
    let mut world =
        World::new(ListenOptions { drain_timeout: Duration::from_secs(3), ..ListenOptions::default() }).await;
    let client = world.client("pharmacy-1");
    let mut running = world.port.connect(&client).await.unwrap();
    running.write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut idle = world.port.connect(&client).await.unwrap();
    assert_eq!(exchange(&mut idle, WHO).await.status, 200);
    let _never_asked = world.port.connect(&client).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    world.port.stop.cancel();
    let finished = answer(&mut running).await;
    assert!(finished.complete && finished.body == "slow but whole", "{finished:?}");
    assert!(finished.head.contains("connection: close"));
    world.port.drained().await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(world.metrics.encode().contains("bawaba_connections{port=\"api\"} 0"));
}

#[tokio::test]
async fn a_drain_is_bounded() {
    let options = ListenOptions { drain_timeout: Duration::from_millis(200), ..ListenOptions::default() };
    let mut world = World::new(options).await;
    let mut stuck = world.port.connect(&world.client("pharmacy-1")).await.unwrap();
    stuck.write_all(b"GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    world.port.stop.cancel();
    world.port.drained().await;
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(answer(&mut stuck).await.status, 0);
}

#[tokio::test]
async fn plain_http_on_a_tls_port_gets_its_own_answer() {
    let plain = axum::Router::new().fallback(|Extension(peer): Extension<Peer>| async move {
        if peer.encrypted { "encrypted" } else { "use https" }
    });
    let world = World::new(ListenOptions { plaintext: Some(plain), ..ListenOptions::default() }).await;
    let mut tcp = TcpStream::connect(world.port.address).await.unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    tcp.read_to_string(&mut text).await.unwrap();
    assert!(text.ends_with("use https"), "{text}");
    assert_eq!(world.ask(&world.client("pharmacy-1")).await.status, 200, "TLS goes on beside it");
}

#[tokio::test]
async fn garbage_after_the_http2_preface_is_reported() {
    let world = World::new(ListenOptions::default()).await;
    let client = world.authority.client_config(Some(world.authority.client("clinic-1")), b"h2");
    let mut stream = world.port.connect(&client).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    stream.write_all(&[0xff; 64]).await.unwrap();
    let refusal = world.refusals.next().await;
    assert_eq!((refusal.cause, refusal.client.as_deref()), (RefusalCause::MalformedHttp, Some("clinic-1")));
}
