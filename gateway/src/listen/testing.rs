//! A small real world for the tests of the edge: an authority, a TLS port, raw bytes over it, and a back-end that
//! writes down what it received.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

use super::{ClientAuth, ClientStatus, ConnectionEvents, ConnectionRefusal, ListenOptions, server_config};
use crate::edge::{Edge, HostRules, protect};
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::proxy::{BackEndBounds, BackEndConfig, Proxy};

/// One authority for servers and clients.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: CertificateDer<'static>,
}

pub(crate) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "test authority");
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    pub(crate) fn server(&self) -> Identity {
        self.issue(&["localhost", "127.0.0.1"], None, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client whose X.520 serialNumber is `name`.
    pub(crate) fn client(&self, name: &str) -> Identity {
        self.issue(&[], Some(name), ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(&self, hosts: &[&str], client: Option<&str>, usage: ExtendedKeyUsagePurpose) -> Identity {
        let key = KeyPair::generate().unwrap();
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.extended_key_usages = vec![usage];
        if let Some(client) = client {
            params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), client);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    pub(crate) fn server_config(&self, status: Option<Arc<dyn ClientStatus>>) -> ServerConfig {
        let (chain, key) = self.server();
        let auth = match status {
            None => ClientAuth::None,
            Some(status) => {
                ClientAuth::Required { roots: vec![self.certificate.clone()], status: Some(status) }
            }
        };
        server_config(chain, key, auth).unwrap()
    }

    pub(crate) fn client_config(&self, identity: Option<Identity>, alpn: &[u8]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match identity {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![alpn.to_vec()];
        Arc::new(config)
    }
}

/// A running port; dropping it stops it.
pub(crate) struct Port {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Arc<ArcSwap<ServerConfig>>,
    pub(crate) stop: CancellationToken,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Port {
    pub(crate) async fn open(config: ServerConfig, app: Router, options: ListenOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = Arc::new(ArcSwap::from_pointee(config));
        let stop = CancellationToken::new();
        let task = tokio::spawn(super::serve(listener, Arc::clone(&tls), app, options, stop.clone()));
        Self { address, tls, stop, task: Some(task) }
    }

    /// Waits until a stopped port has drained.
    pub(crate) async fn drained(&mut self) {
        self.task.take().unwrap().await.unwrap();
    }

    pub(crate) async fn connect(&self, config: &Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::clone(config)).connect(name, tcp).await
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An answer as it came over HTTP/1.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// 0 where nothing came.
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// Whether the body reached the end that its framing promised.
    pub(crate) complete: bool,
}

/// Sends bytes and reads one answer.
pub(crate) async fn exchange(stream: &mut TlsStream<TcpStream>, bytes: &[u8]) -> Answer {
    stream.write_all(bytes).await.unwrap();
    answer(stream).await
}

/// Reads one answer, or what there is of it in five seconds.
pub(crate) async fn answer(stream: &mut TlsStream<TcpStream>) -> Answer {
    let mut bytes = Vec::new();
    let read = async {
        let mut buffer = [0_u8; 4096];
        loop {
            let parsed = parse(&bytes);
            if parsed.complete {
                return parsed;
            }
            match stream.read(&mut buffer).await {
                Ok(length) if length > 0 => bytes.extend_from_slice(&buffer[..length]),
                _ => return parsed,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), read).await.unwrap_or_default()
}

fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Answer::default() };
    let head = head.to_ascii_lowercase();
    let status = head[9..12].parse().unwrap();
    if status == 100 {
        return parse(body.as_bytes());
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let complete = match length {
        Some(length) => body.len() >= length,
        None => head.contains("transfer-encoding: chunked") && body.ends_with("0\r\n\r\n"),
    };
    Answer { status, head, body: body.to_owned(), complete }
}

/// What a back-end received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

/// A back-end that writes down what it receives and answers 200.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<Received>>>);

impl Recorder {
    pub(crate) async fn open(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(any(record)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

async fn record(State(recorder): State<Recorder>, request: Request) -> String {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return String::new() };
    let received = Received {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    recorder.0.lock().unwrap().push(received);
    "recorded".to_owned()
}

/// A gateway that is nothing but the edge and the proxy, in front of `back_end`.
pub(crate) fn bare_gateway(back_end: SocketAddr, bounds: BackEndBounds) -> Router {
    let config = BackEndConfig {
        name: "dossier".into(),
        url: format!("http://{back_end}"),
        authorities: Vec::new(),
        identity: None,
        http2: false,
        bounds,
    };
    let proxy = Arc::new(Proxy::new(vec![config], None).unwrap());
    let edge = Edge::new(HostRules::new(["localhost", "127.0.0.1"]), Arc::new(Metrics::new()));
    protect(Router::new().fallback(any(forward)).with_state(proxy), Arc::new(edge))
}

async fn forward(State(proxy): State<Arc<Proxy>>, request: Request<Body>) -> Response {
    let forwarded = proxy.forward("dossier", request, "the-back-end-token").await;
    forwarded.unwrap_or_else(|error| Problem::from(error).into_response())
}

/// Remembers the refused connections.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<Vec<ConnectionRefusal>>);

impl ConnectionEvents for Refusals {
    fn refused(&self, refusal: ConnectionRefusal) {
        self.0.lock().unwrap().push(refusal);
    }
}

impl Refusals {
    /// Waits for the next refusal.
    pub(crate) async fn next(&self) -> ConnectionRefusal {
        for _ in 0..500 {
            if let Some(refusal) = self.0.lock().unwrap().pop() {
                return refusal;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no refusal was reported");
    }
}
