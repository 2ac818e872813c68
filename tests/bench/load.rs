//! How is load made? Connections that ask again as soon as they are answered, timed one by one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What one cell measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    /// Answers per second.
    pub(crate) rate: f64,
    /// Half of all answers came within this.
    pub(crate) p50: Duration,
    /// Ninety-nine in a hundred came within this.
    pub(crate) p99: Duration,
    /// How many answers.
    pub(crate) count: usize,
}

impl Cell {
    /// From the time of every answer.
    pub(crate) fn of(mut times: Vec<Duration>, elapsed: Duration) -> Self {
        times.sort_unstable();
        let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
        let count = times.len();
        Self { rate: count as f64 / elapsed.as_secs_f64(), p50: at(0.50), p99: at(0.99), count }
    }
}

/// One kind of request to one place.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) request: Arc<str>,
}

impl Load {
    /// So many connections for so long, after a short warm-up.
    pub(crate) async fn run(&self, connections: usize, seconds: f64) -> Result<Cell> {
        let mut open = Vec::new();
        for _ in 0..connections {
            open.push(Connection::open(self).await?);
        }
        let start = Instant::now() + Duration::from_millis(300);
        let end = start + Duration::from_secs_f64(seconds);
        let workers: Vec<_> = open
            .into_iter()
            .map(|connection| tokio::spawn(connection.ask_until(self.request.clone(), start, end)))
            .collect();
        let mut times = Vec::new();
        for worker in workers {
            times.extend(worker.await??);
        }
        Ok(Cell::of(times, end - start))
    }
}

struct Connection {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(load: &Load) -> Result<Self> {
        let tcp = TcpStream::connect(load.address).await.context("no listener")?;
        tcp.set_nodelay(true)?;
        let stream =
            TlsConnector::from(load.tls.clone()).connect(ServerName::try_from("localhost")?, tcp).await?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024] })
    }

    async fn ask_until(mut self, request: Arc<str>, start: Instant, end: Instant) -> Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(65_536);
        loop {
            let asked = Instant::now();
            if asked >= end {
                return Ok(times);
            }
            self.stream.write_all(request.as_bytes()).await?;
            self.answer().await?;
            if asked >= start {
                times.push(asked.elapsed());
            }
        }
    }

    /// Reads one whole answer; anything but 200 ends the measurement.
    async fn answer(&mut self) -> Result<()> {
        let mut filled = 0;
        loop {
            let free = self.buffer.get_mut(filled..).context("an answer longer than the buffer")?;
            let count = self.stream.read(free).await?;
            if count == 0 {
                bail!("hung up");
            }
            filled += count;
            if let Some(length) = whole(&self.buffer[..filled])? {
                if length != filled {
                    bail!("more than one answer");
                }
                return Ok(());
            }
        }
    }
}

/// The length of the answer, once it is all there.
fn whole(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end])?;
    if !head.starts_with("HTTP/1.1 200") {
        bail!("{}", String::from_utf8_lossy(bytes));
    }
    let field = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    if let Some((_, length)) = field("content-length") {
        let length = end + 4 + length.trim().parse::<usize>()?;
        return Ok((bytes.len() >= length).then_some(length));
    }
    Ok(bytes.ends_with(b"0\r\n\r\n").then_some(bytes.len()))
}
