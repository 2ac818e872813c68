//! How can a back-end misbehave? A TLS server that does exactly what it is told, and remembers what it heard.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What a back-end does once it has heard the head of a request.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// Says 200 with an empty FHIR Bundle.
    Answers,
    /// Says this, as FHIR JSON.
    Says(u16, &'static str),
    /// Says 200 with a FHIR resource of a mebibyte.
    Floods,
    /// Promises 1,000 octets, sends a few, and is gone without a word.
    DiesMidBody,
    /// Sends one chunk of a chunked body, and is gone without a word.
    DiesMidChunk,
    /// Hangs up at once.
    HangsUp,
    /// Never says anything.
    Silent,
    /// Says the head, and then nothing.
    StallsMidBody,
    /// Says 200 and goes on saying a little more, for as long as somebody listens.
    Trickles,
    /// Notes how far an upload came, and whether it came whole; answers only then.
    Swallows,
    /// Is no HTTP server at all.
    Babbles,
    /// Writes this, head and body, after each request.
    Writes(&'static str),
}

/// A back-end that misbehaves as told (service dorsal).
pub struct BackEnd {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    manner: Arc<Mutex<Manner>>,
    task: tokio::task::JoinHandle<()>,
}

impl BackEnd {
    /// Starts one on a free port with the certificate that the gateway expects there.
    pub async fn start(cert: &Path, key: &Path, manner: Manner) -> Self {
        let chain =
            CertificateDer::pem_file_iter(cert).expect("a certificate file").map(|one| one.expect("PEM"));
        let key = PrivateKeyDer::from_pem_file(key).expect("a key file");
        let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(chain.collect(), key);
        let acceptor = TlsAcceptor::from(Arc::new(tls.expect("a certificate and its key")));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let memory = heard.clone();
        let manner = Arc::new(Mutex::new(manner));
        let told = manner.clone();
        let task = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (acceptor, memory, told) = (acceptor.clone(), memory.clone(), told.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(tcp).await {
                        let _ = converse(stream, &told, &memory).await;
                    }
                });
            }
        });
        Self { address, heard, manner, task }
    }

    /// From the next request on it behaves otherwise.
    pub fn becomes(&self, manner: Manner) {
        *self.manner.lock().expect("no panic while holding it") = manner;
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every request heard so far: head and what of the body came with it.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("no panic while holding it").clone()
    }
}

impl Drop for BackEnd {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(
    mut stream: TlsStream<TcpStream>,
    told: &Mutex<Manner>,
    memory: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let manner = || *told.lock().expect("no panic while holding it");
    if let Manner::Swallows = manner() {
        return swallow(stream, memory).await;
    }
    while let Some(request) = request(&mut stream).await? {
        memory.lock().expect("no panic while holding it").push(request);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\n";
        match manner() {
            Manner::Says(status, body) => {
                let head = format!("HTTP/1.1 {status} Said\r\ncontent-type: application/fhir+json\r\n");
                let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await?;
                stream.flush().await?;
                continue;
            }
            Manner::Writes(answer) => {
                stream.write_all(answer.as_bytes()).await?;
                stream.flush().await?;
                continue;
            }
            Manner::Floods => {
                let body = format!(r#"{{"resourceType":"Binary","data":"{}"}}"#, "A".repeat(1 << 20));
                let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await?;
                stream.flush().await?;
                continue;
            }
            Manner::Answers => {
                let body = r#"{"resourceType":"Bundle","type":"searchset","total":0}"#;
                let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await?;
                stream.flush().await?;
                continue;
            }
            Manner::DiesMidBody => {
                stream
                    .write_all(format!("{head}content-length: 1000\r\n\r\n{{\"resource").as_bytes())
                    .await?;
            }
            Manner::DiesMidChunk => {
                stream
                    .write_all(format!("{head}transfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n").as_bytes())
                    .await?;
            }
            Manner::HangsUp => {}
            Manner::Silent => std::future::pending().await,
            Manner::StallsMidBody => {
                stream.write_all(format!("{head}content-length: 1000\r\n\r\n{{").as_bytes()).await?;
                stream.flush().await?;
                std::future::pending().await
            }
            Manner::Trickles => {
                stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).await?;
                loop {
                    stream.write_all(b"4\r\nmore\r\n").await?;
                    stream.flush().await?;
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            }
            Manner::Swallows => {}
            Manner::Babbles => stream.write_all(b"220 mail.example.ma ESMTP\r\n\r\n").await?,
        }
        stream.flush().await?;
        // Gone without close_notify: the TCP connection ends under the TLS session.
        return stream.get_mut().0.shutdown().await;
    }
    Ok(())
}

/// Remembers `begun` when the first octets of a body are there, then `whole` or `broken off`.
async fn swallow(mut stream: TlsStream<TcpStream>, memory: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let note = |word: &str| memory.lock().expect("no panic while holding it").push(word.to_owned());
    let (mut bytes, mut buffer) = (Vec::new(), [0_u8; 16_384]);
    let mut begun = false;
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            if !begun && !body.is_empty() {
                begun = true;
                note("begun");
            }
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length = length.and_then(|value| value.trim().parse().ok()).unwrap_or(usize::MAX);
            if body.len() >= length || body.ends_with("0\r\n\r\n") {
                note("whole");
                return stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").await;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => {
                note("broken off");
                return Ok(());
            }
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// One request: its head, and its body as far as Content-Length or the last chunk says.
async fn request(stream: &mut TlsStream<TcpStream>) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 16_384];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|value| value.trim().parse().ok())
                .unwrap_or(0_usize);
            let chunked = head.contains("\r\ntransfer-encoding: chunked");
            if if chunked { body.ends_with("0\r\n\r\n") } else { body.len() >= length } {
                return Ok(Some(text));
            }
        }
        match stream.read(&mut buffer).await? {
            0 => return Ok(None),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}
