//! An HTTP server of revocation lists that misbehaves as told (serveur de LCR).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it answers.
#[derive(Clone)]
pub enum Says {
    /// The list, with an ETag; "not modified" to whoever has it.
    List(Vec<u8>),
    /// Octets without end, their number untold.
    Endless,
    /// A number of octets that no list has, announced.
    Huge,
    /// An octet a second.
    Slow(Vec<u8>),
    /// Half of the list, after promising the whole.
    Lies(Vec<u8>),
    /// Go there instead.
    Redirects(String),
    /// A page that says sorry.
    Garbage,
    /// A list of an older day, announced as a page.
    Status(u16),
}

/// A server on a free port.
pub struct ListServer {
    address: SocketAddr,
    says: Arc<Mutex<Says>>,
    heard: Arc<Mutex<HashMap<&'static str, usize>>>,
    task: tokio::task::JoinHandle<()>,
}

impl ListServer {
    /// Starts it.
    pub async fn start(says: Says) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (says, heard) = (Arc::new(Mutex::new(says)), Arc::new(Mutex::new(HashMap::new())));
        let (told, counted) = (says.clone(), heard.clone());
        let task = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let says = told.lock().expect("no panic").clone();
                tokio::spawn(answer(tcp, says, counted.clone()));
            }
        });
        Self { address, says, heard, task }
    }

    /// Answers otherwise from now on.
    pub fn say(&self, says: Says) {
        *self.says.lock().expect("no panic") = says;
    }

    /// The URL of its list.
    pub fn url(&self) -> String {
        format!("http://{}/csca.crl", self.address)
    }

    /// How often it was asked, in all or for what changed only (`whole`, `not-modified`).
    pub fn heard(&self, how: &str) -> usize {
        self.heard.lock().expect("no panic").get(how).copied().unwrap_or(0)
    }
}

impl Drop for ListServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(mut tcp: TcpStream, says: Says, heard: Arc<Mutex<HashMap<&'static str, usize>>>) {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match tcp.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => head.extend_from_slice(&buffer[..read]),
        }
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let count = |how| *heard.lock().expect("no panic").entry(how).or_insert(0) += 1;
    let whole = |body: &[u8], announced: usize, more: &str| {
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {announced}\r\nconnection: close\r\n{more}\r\n");
        [head.as_bytes(), body].concat()
    };
    let octets = match says {
        Says::List(list) => {
            let tag =
                format!("\"{}-{}\"", list.len(), list.iter().map(|octet| u64::from(*octet)).sum::<u64>());
            if head.contains(&format!("if-none-match: {tag}")) {
                count("not-modified");
                format!("HTTP/1.1 304 Not Modified\r\netag: {tag}\r\nconnection: close\r\n\r\n").into_bytes()
            } else {
                count("whole");
                whole(&list, list.len(), &format!("etag: {tag}\r\n"))
            }
        }
        Says::Endless => {
            let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
            while tcp.write_all(&[0x30; 65_536]).await.is_ok() {}
            return;
        }
        Says::Huge => whole(b"0", 1 << 30, ""),
        Says::Slow(list) => {
            let _ = tcp.write_all(&whole(&[], list.len(), "")).await;
            for octet in list {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if tcp.write_all(&[octet]).await.is_err() {
                    return;
                }
            }
            return;
        }
        Says::Lies(list) => whole(&list[..list.len() / 2], list.len(), ""),
        Says::Redirects(to) => {
            format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .into_bytes()
        }
        Says::Garbage => whole(b"<html>sorry</html>", 18, ""),
        Says::Status(status) => {
            format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
        }
    };
    let _ = tcp.write_all(&octets).await;
    let _ = tcp.shutdown().await;
}
