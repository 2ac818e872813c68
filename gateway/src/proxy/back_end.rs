//! How is one back-end asked: pool, breaker, time, one retry?

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Instant as Moment;

use axum::body::Body;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::breaker::Breaker;
use super::outgoing::{Origin, bearer};
use super::{BackEndBounds, BackEndConfig, ProxyConfigError, ProxyError, answer};
use crate::edge::{BodyError, BodyLimits, Bounded, Progress};
use crate::limits;
use crate::metrics::Metrics;
use crate::telemetry::RequestContext;

/// One back-end and our way to it.
pub(super) struct BackEnd {
    name: Arc<str>,
    origin: Origin,
    version: Version,
    bounds: BackEndBounds,
    client: Client<HttpsConnector<HttpConnector>, Body>,
    breaker: Breaker,
    in_flight: Arc<Semaphore>,
    metrics: Option<Arc<Metrics>>,
}

impl BackEnd {
    pub(super) fn new(
        config: BackEndConfig,
        metrics: Option<Arc<Metrics>>,
    ) -> Result<Self, ProxyConfigError> {
        let origin = Origin::parse(&config.url).ok_or_else(|| ProxyConfigError::Url(config.name.clone()))?;
        let (name, http2, bounds) = (config.name.clone(), config.http2, config.bounds);
        let client = client(connector(config, &origin)?, http2);
        Ok(Self {
            name: name.into(),
            origin,
            version: if http2 { Version::HTTP_2 } else { Version::HTTP_11 },
            bounds,
            client,
            breaker: Breaker::new(bounds.rest),
            in_flight: Arc::new(Semaphore::new(bounds.max_in_flight.min(Semaphore::MAX_PERMITS))),
            metrics,
        })
    }

    pub(super) fn is_resting(&self) -> bool {
        self.breaker.is_open()
    }

    /// Asks, judges, counts.
    pub(super) async fn forward(
        &self,
        request: Request<Body>,
        token: &str,
    ) -> Result<Response<Body>, ProxyError> {
        let permit = Arc::clone(&self.in_flight).try_acquire_owned().map_err(|_| ProxyError::Overloaded)?;
        let attempt = self.breaker.attempt().ok_or(ProxyError::Overloaded)?;
        let started = Moment::now();
        let asked = self.ask(request, token).await;
        let failed = match &asked {
            Ok(answer) => is_failure(answer.status()),
            Err(error) => error.is_back_end_failure(),
        };
        let limits = BodyLimits {
            bytes: self.bounds.max_answer_bytes,
            frame: self.bounds.frame_timeout,
            total: self.bounds.total_timeout,
        };
        attempt.tell(failed);
        let relayed =
            asked.and_then(|answer| answer::relay(answer, &self.origin, &self.name, limits, permit));
        if let Some(metrics) = &self.metrics {
            let outcome = relayed.as_ref().map_or_else(|error| error.code().code(), |_| "ok");
            metrics.back_end(&self.name, outcome, started.elapsed());
            if failed {
                metrics.back_end_resting(&self.name, self.is_resting());
            }
        }
        relayed
    }

    /// Sends once, and once more if a bodyless, idempotent request found its pooled connection already closed.
    async fn ask(&self, request: Request<Body>, token: &str) -> Result<Response<Incoming>, ProxyError> {
        let authorization = bearer(token)?;
        let (head, body) = request.into_parts();
        let uri = self.origin.uri(&head.uri)?;
        if body.is_end_stream() {
            let deadline = Instant::now() + self.bounds.connect_timeout + self.bounds.answer_timeout;
            let first = self.outgoing(&head, uri.clone(), authorization.clone(), Body::empty());
            match timeout_at(deadline, self.client.request(first)).await {
                Err(_elapsed) => Err(ProxyError::Timeout),
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) if head.method.is_idempotent() && was_stale(&error) => {
                    let again = self.outgoing(&head, uri, authorization, Body::empty());
                    match timeout_at(deadline, self.client.request(again)).await {
                        Err(_elapsed) => Err(ProxyError::Timeout),
                        Ok(answer) => answer.map_err(|error| judge(&error)),
                    }
                }
                Ok(Err(error)) => Err(judge(&error)),
            }
        } else {
            let progress = Progress::new();
            // The client's bounds were set by the edge; here only the progress is of interest.
            let unbounded = BodyLimits { bytes: u64::MAX, ..BodyLimits::of_request(u64::MAX) };
            let body = Body::new(Bounded::new(body, unbounded).with_progress(Arc::clone(&progress)));
            let outgoing = self.outgoing(&head, uri, authorization, body);
            self.send_streaming(outgoing, &progress).await
        }
    }

    /// While the client is still sending, its own bounds hold; the back-end's time runs from the last frame it took.
    async fn send_streaming(
        &self,
        request: Request<Body>,
        progress: &Progress,
    ) -> Result<Response<Incoming>, ProxyError> {
        let mut answer = self.client.request(request);
        let patience = self.bounds.connect_timeout + self.bounds.answer_timeout;
        let mut deadline = Instant::now() + patience;
        loop {
            match timeout_at(deadline, &mut answer).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => {
                    let body = progress.failure();
                    return Err(body.map_or_else(|| judge(&error), ProxyError::RequestBody));
                }
                Err(_elapsed) if progress.waits_for_sender() => deadline = Instant::now() + patience,
                Err(_elapsed) => {
                    let later = progress.moved() + patience;
                    if later <= Instant::now() {
                        return Err(ProxyError::Timeout);
                    }
                    deadline = later;
                }
            }
        }
    }

    fn outgoing(
        &self,
        head: &Parts,
        uri: http::Uri,
        authorization: HeaderValue,
        body: Body,
    ) -> Request<Body> {
        let id = head.extensions.get::<RequestContext>();
        let id = id.and_then(|context| HeaderValue::from_str(context.id()).ok());
        let mut request = Request::new(body);
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = uri;
        *request.version_mut() = self.version;
        *request.headers_mut() = self.origin.headers(&head.headers, authorization, id, self.version);
        request
    }
}

fn connector(
    config: BackEndConfig,
    origin: &Origin,
) -> Result<HttpsConnector<HttpConnector>, ProxyConfigError> {
    let BackEndConfig { name, authorities, identity, http2, bounds, .. } = config;
    if origin.is_https() && authorities.is_empty() {
        return Err(ProxyConfigError::NoAuthority(name));
    }
    let tls = |error| ProxyConfigError::Tls(name.clone(), error);
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority).map_err(tls)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(tls)?
        .with_root_certificates(roots);
    let tls_config = match identity {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(tls)?,
        None => builder.with_no_client_auth(),
    };
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(bounds.connect_timeout));
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls_config).https_or_http();
    Ok(if http2 {
        builder.enable_http2().wrap_connector(tcp)
    } else {
        builder.enable_http1().wrap_connector(tcp)
    })
}

fn client(
    connector: HttpsConnector<HttpConnector>,
    http2: bool,
) -> Client<HttpsConnector<HttpConnector>, Body> {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(limits::BACK_END_POOL_IDLE_TIMEOUT)
        .pool_max_idle_per_host(limits::BACK_END_POOL_IDLE)
        .retry_canceled_requests(false)
        .set_host(false)
        .http1_max_buf_size(limits::BACK_END_BUFFER_BYTES);
    if http2 {
        // Without pings a request on a half-open connection hangs until its timeout.
        builder
            .http2_only(true)
            .http2_keep_alive_interval(limits::KEEP_ALIVE_INTERVAL)
            .http2_keep_alive_timeout(limits::KEEP_ALIVE_TIMEOUT)
            .http2_keep_alive_while_idle(true);
    }
    builder.build(connector)
}

/// An answer that says "I am unwell". 500 is an answer about this request, not about the back-end.
fn is_failure(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
}

/// The back-end closed the connection before it answered: nothing of an answer came.
fn was_stale(error: &hyper_util::client::legacy::Error) -> bool {
    if error.is_connect() {
        // A new connection failed: nothing stale about it, except a checkout that was closed under our hands.
        return find::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled);
    }
    let hyper_says = find::<hyper::Error>(error)
        .is_some_and(|error| error.is_canceled() || error.is_closed() || error.is_incomplete_message());
    let line_says = find::<io::Error>(error).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted
        )
    });
    hyper_says || line_says
}

fn judge(error: &hyper_util::client::legacy::Error) -> ProxyError {
    if let Some(body) = BodyError::find(error) {
        return ProxyError::RequestBody(body);
    }
    match find::<hyper::Error>(error) {
        Some(hyper) if hyper.is_parse() => ProxyError::Invalid,
        _ if find::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) => {
            ProxyError::Timeout
        }
        _ => ProxyError::Unreachable,
    }
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
