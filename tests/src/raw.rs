//! What does a peer see that speaks bytes, not HTTP? A TLS connection, and answers with their framing judged.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Longest wait for anything that must come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A certificate with its key, as a TLS client shows it.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// From two PEM files.
    pub fn from_files(cert: &Path, key: &Path) -> Self {
        let chain =
            CertificateDer::pem_file_iter(cert).expect("a certificate file").map(|one| one.expect("PEM"));
        Self { chain: chain.collect(), key: PrivateKeyDer::from_pem_file(key).expect("a key file") }
    }

    /// From DER.
    pub fn new(cert: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> Self {
        Self { chain: vec![cert], key }
    }

    /// Its key, in PKCS#8.
    pub fn key_der(&self) -> &[u8] {
        self.key.secret_der()
    }

    /// The certificate itself.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.chain[0]
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

/// A TLS client that trusts `ca`, shows `identity` and offers these protocols.
pub fn client_config(ca: &Path, identity: Option<&Identity>, alpn: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).expect("a CA file") {
        roots.add(certificate.expect("PEM")).expect("a CA certificate");
    }
    let builder = ClientConfig::builder().with_root_certificates(roots);
    let mut config = match identity {
        Some(Identity { chain, key }) => {
            builder.with_client_auth_cert(chain.clone(), key.clone_key()).expect("a certificate and its key")
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// One TLS connection over which a test says what it likes.
pub struct Wire {
    stream: TlsStream<TcpStream>,
}

impl Wire {
    /// Connects to `localhost` at `address`.
    pub async fn connect(address: SocketAddr, config: &Arc<ClientConfig>) -> std::io::Result<Self> {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").expect("a name");
        Ok(Self { stream: TlsConnector::from(config.clone()).connect(name, tcp).await? })
    }

    /// Whether the handshake was an abbreviated one.
    pub fn resumed(&self) -> bool {
        self.stream.get_ref().1.handshake_kind() == Some(rustls::HandshakeKind::Resumed)
    }

    /// What both sides agreed on.
    pub fn protocol(&self) -> Option<rustls::ProtocolVersion> {
        self.stream.get_ref().1.protocol_version()
    }

    /// How the key was agreed on.
    pub fn key_exchange(&self) -> Option<rustls::NamedGroup> {
        self.stream.get_ref().1.negotiated_key_exchange_group().map(|group| group.name())
    }

    /// Says these bytes.
    pub async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Says nothing more, but still listens (TLS close_notify, then TCP FIN).
    pub async fn half_close(&mut self) -> std::io::Result<()> {
        self.stream.shutdown().await
    }

    /// Listens until one answer is whole, or the peer hangs up, or patience ends.
    pub async fn answer(&mut self) -> Answer {
        let mut bytes = Vec::new();
        let mut buffer = [0_u8; 16_384];
        loop {
            if let Some(answer) = Answer::parse(&bytes)
                && answer.complete
                && answer.status >= 200
            {
                return answer;
            }
            match tokio::time::timeout(PATIENCE, self.stream.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) | Err(_) => {
                    return Answer::parse(&bytes).unwrap_or_else(|| Answer::silence(bytes));
                }
                Ok(Ok(count)) => bytes.extend_from_slice(&buffer[..count]),
            }
        }
    }

    /// Says `request` and listens.
    pub async fn ask(&mut self, request: &str) -> Answer {
        // A peer may refuse while we still speak: what it said before hanging up counts.
        let _ = self.send(request.as_bytes()).await;
        self.answer().await
    }
}

/// What came back, and whether its framing says that it is all there.
#[derive(Debug)]
pub struct Answer {
    /// The status; 0 if the peer hung up without one.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// As far as it came, chunks joined.
    pub body: Vec<u8>,
    /// Whether the message ended where its framing says.
    pub complete: bool,
}

impl Answer {
    fn silence(rest: Vec<u8>) -> Self {
        Self { status: 0, headers: Vec::new(), body: rest, complete: false }
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The `code` of a problem document.
    pub fn code(&self) -> Option<String> {
        let problem: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        problem.get("code")?.as_str().map(str::to_owned)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let rest = &bytes[end + 4..];
        let mut lines = head.split("\r\n");
        let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        if status == 100 {
            return Self::parse(rest);
        }
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut answer = Self { status, headers, body: Vec::new(), complete: false };
        if answer.header("transfer-encoding").is_some() {
            (answer.body, answer.complete) = chunks(rest);
        } else if let Some(length) =
            answer.header("content-length").and_then(|value| value.parse::<usize>().ok())
        {
            answer.complete = rest.len() >= length;
            answer.body = rest[..length.min(rest.len())].to_vec();
        } else {
            answer.complete = matches!(status, 100..=199 | 204 | 304);
            answer.body = rest.to_vec();
        }
        Some(answer)
    }
}

/// The chunks that are there, joined, and whether the last one was among them.
fn chunks(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let line = String::from_utf8_lossy(&rest[..end]);
        let Ok(size) = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16) else {
            break;
        };
        rest = &rest[end + 2..];
        if size == 0 {
            return (body, rest.ends_with(b"\r\n"));
        }
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        if rest.len() < size + 2 {
            break;
        }
        rest = &rest[size + 2..];
    }
    (body, false)
}
