//! What happens on one connection, from its first byte to its last?

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

use super::events::{BoundedEvents, RefusalCause};
use super::linger::{Lingering, OverTcp};
use super::seats::{InFlight, Occupant, Seat};
use super::{ListenOptions, Peer};
use crate::limits;

/// One accepted connection and all it needs.
pub(super) struct Connection {
    pub(super) seat: Seat,
    pub(super) address: SocketAddr,
    pub(super) tls: Arc<rustls::ServerConfig>,
    pub(super) app: Router,
    pub(super) options: Arc<ListenOptions>,
    pub(super) events: Arc<BoundedEvents>,
}

impl Connection {
    /// Peek, handshake, serve. Returns when the connection is over.
    pub(super) async fn run(self, tcp: TcpStream) {
        let opening = async {
            if self.options.plaintext.is_some() && !begins_with_tls(&tcp).await {
                return Opened::Plain(tcp);
            }
            match TlsAcceptor::from(Arc::clone(&self.tls)).accept(tcp).await {
                Ok(stream) => Opened::Tls(Box::new(stream)),
                Err(error) => Opened::Failed(RefusalCause::of_handshake(&error)),
            }
        };
        let opened = tokio::select! {
            opened = timeout(self.options.handshake_timeout, opening) => opened,
            () = self.seat.occupant().close().cancelled() => return,
        };
        match opened {
            Ok(Opened::Tls(stream)) => self.encrypted(*stream).await,
            Ok(Opened::Plain(tcp)) => self.plain(tcp).await,
            Ok(Opened::Failed(cause)) => self.refused(cause, None),
            Err(_elapsed) => self.refused(RefusalCause::HandshakeTimeout, None),
        }
    }

    async fn encrypted(self, stream: tokio_rustls::server::TlsStream<TcpStream>) {
        let (_, session) = stream.get_ref();
        let resumed = session.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
        let h2 = session.alpn_protocol() == Some(b"h2");
        let server_name = session.server_name().map(|name| Arc::from(name.to_ascii_lowercase()));
        let certificate = match session.peer_certificates().and_then(|chain| chain.first()) {
            None => None,
            Some(leaf) => match pki::ClientCertificate::from_der(leaf) {
                Ok(certificate) => Some(Arc::new(certificate)),
                Err(_) => return self.refused(RefusalCause::UnreadableCertificate, None),
            },
        };
        if let Some(certificate) = &certificate
            && !self.seat.name(&Arc::from(certificate.thumbprint()))
        {
            return self.refused(RefusalCause::TooManyConnections, Some(certificate));
        }
        let peer = Peer { certificate, address: self.address, resumed, server_name, encrypted: true };
        let _open =
            self.events.metrics().map(|metrics| metrics.connection_opened(self.options.name, resumed));
        let service = Requests {
            app: self.app.clone(),
            peer: peer.clone(),
            occupant: Arc::clone(self.seat.occupant()),
        };
        if h2 {
            let io = TokioIo::new(Lingering::new(stream));
            self.supervise(http2_builder().serve_connection(io, service), &peer).await;
        } else {
            self.http1(stream, service, &peer).await;
        }
    }

    async fn plain(self, tcp: TcpStream) {
        let Some(app) = self.options.plaintext.clone() else { return };
        let peer = Peer {
            certificate: None,
            address: self.address,
            resumed: false,
            server_name: None,
            encrypted: false,
        };
        let service = Requests { app, peer: peer.clone(), occupant: Arc::clone(self.seat.occupant()) };
        self.http1(tcp, service, &peer).await;
    }

    async fn http1<S: OverTcp + 'static>(&self, stream: S, service: Requests, peer: &Peer) {
        let io = TokioIo::new(Lingering::new(stream));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.options.header_read_timeout)
            .max_buf_size(limits::MAX_HEAD_BYTES)
            .half_close(false)
            .serve_connection(io, service);
        self.supervise(connection, peer).await;
    }

    /// Drives the connection under the bounds that hyper does not know: first request, idleness, eviction, drain.
    async fn supervise<C>(&self, connection: C, peer: &Peer)
    where
        C: GracefulConnection<Error = hyper::Error>,
    {
        let occupant = self.seat.occupant();
        let mut connection = pin!(connection);
        let mut deadline = pin!(sleep_until(Instant::now() + self.options.first_request_timeout));
        let mut closing = false;
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => return self.ended(ended.err(), peer),
                () = occupant.close().cancelled(), if !closing => {
                    if occupant.evicted() && occupant.is_idle() {
                        return;
                    }
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = deadline.as_mut() => {
                    if !occupant.served() {
                        return self.refused(RefusalCause::RequestTimeout, peer.certificate.as_ref());
                    }
                    let patience =
                        if occupant.is_idle() { self.options.idle_timeout } else { limits::STALL_TIMEOUT };
                    let left = patience.saturating_sub(occupant.still_for());
                    if left > Duration::ZERO {
                        // A stalled connection is looked at as often as an idle one.
                        deadline.as_mut().reset(Instant::now() + left.min(self.options.idle_timeout));
                    } else if closing || !occupant.is_idle() {
                        return;
                    } else {
                        // Says GOAWAY where there is one to say, then one more second.
                        closing = true;
                        connection.as_mut().graceful_shutdown();
                        deadline.as_mut().reset(Instant::now() + limits::LINGER_TIMEOUT);
                    }
                }
            }
        }
    }

    fn ended(&self, error: Option<hyper::Error>, peer: &Peer) {
        let Some(error) = error else { return };
        let cause = if error.is_timeout() {
            // hyper's header timer also ends an idle keep-alive connection, which is no refusal.
            if self.seat.occupant().served() {
                return;
            }
            RefusalCause::RequestTimeout
        } else if error.is_parse() || is_http2_violation(&error) {
            RefusalCause::MalformedHttp
        } else {
            return;
        };
        self.refused(cause, peer.certificate.as_ref());
    }

    fn refused(&self, cause: RefusalCause, certificate: Option<&Arc<pki::ClientCertificate>>) {
        let client = certificate.map(|certificate| certificate.subject_serial_number().to_owned());
        self.events.refused(cause, self.address, client);
    }
}

enum Opened {
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
    Plain(TcpStream),
    Failed(RefusalCause),
}

/// A TLS record that opens a connection is a handshake: content type 22 (RFC 8446 §5.1). No HTTP method begins so.
async fn begins_with_tls(tcp: &TcpStream) -> bool {
    let mut first = [0_u8; 1];
    !matches!(tcp.peek(&mut first).await, Ok(1)) || first == [22]
}

fn http2_builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(limits::KEEP_ALIVE_INTERVAL))
        .keep_alive_timeout(limits::KEEP_ALIVE_TIMEOUT)
        .max_concurrent_streams(limits::MAX_CONCURRENT_STREAMS)
        .max_header_list_size(u32::try_from(limits::MAX_HEAD_BYTES).unwrap_or(u32::MAX));
    builder
}

/// An HTTP/2 error that is the peer's words, not the line's: nothing below it is an I/O error.
fn is_http2_violation(error: &hyper::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    let mut any = false;
    while let Some(error) = cause {
        if error.is::<std::io::Error>() {
            return false;
        }
        any = true;
        cause = error.source();
    }
    any && error.to_string().starts_with("http2")
}

/// Hands each request to the application, with its peer.
struct Requests {
    app: Router,
    peer: Peer,
    occupant: Arc<Occupant>,
}

impl hyper::service::Service<Request<Incoming>> for Requests {
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let in_flight = self.occupant.begin();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.peer.clone());
        let answer = self.app.clone().call(request);
        Box::pin(async move { Ok(answer.await?.map(|body| AnswerBody { body, in_flight })) })
    }
}

/// An answer's body: while it is being written, the connection is not idle.
struct AnswerBody {
    body: Body,
    in_flight: InFlight,
}

impl http_body::Body for AnswerBody {
    type Data = bytes::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.in_flight.note();
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
