//! How does a decided request reach its back-end and its answer come back?
//!
//! The gateway is two ends, not a pipe: what goes to a back-end is a new request, written from an allow-list of
//! headers with our own host, our own token and our own framing. Bodies stream both ways under `Bounded`; a back-end
//! that dies in the middle aborts the client's connection, so that a part never looks like the whole.
//!
//! Of the answer, only listed headers pass: no `Set-Cookie` (the counter's software is no browser session of the
//! back-end), no `Server`, no `WWW-Authenticate` (a back-end that refuses *our* token says nothing about the
//! counter's). Answers about patients are never cached: `Cache-Control: no-store` always.

mod answer;
mod back_end;
mod breaker;
mod outgoing;
#[cfg(test)]
mod scripted;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;

use crate::edge::BodyError;
use crate::limits;
use crate::metrics::Metrics;
use crate::problem::{Problem, ProblemCode};
use back_end::BackEnd;

/// One back-end as configured (service de destination).
pub struct BackEndConfig {
    /// The service's name: `dossier`, `prescription`, `billing`.
    pub name: String,
    /// Where it is: `https://host:port/base` or, on a protected network only, `http://…`.
    pub url: String,
    /// The authorities that vouch for an `https` back-end, and no others.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The gateway's own certificate for a back-end that asks for one.
    pub identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    /// HTTP/2 instead of HTTP/1.1: one connection for all, so one lost packet delays all.
    pub http2: bool,
    /// Bounds.
    pub bounds: BackEndBounds,
}

/// How long and how much one back-end may keep us. The default takes [`limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackEndBounds {
    /// TCP and TLS.
    pub connect_timeout: Duration,
    /// From the last byte of the request to the answer's head.
    pub answer_timeout: Duration,
    /// Between two frames of the answer's body.
    pub frame_timeout: Duration,
    /// The answer's whole body.
    pub total_timeout: Duration,
    /// Octets of an answer's body.
    pub max_answer_bytes: u64,
    /// Requests at once.
    pub max_in_flight: usize,
    /// How long the breaker rests before it lets one request try.
    pub rest: Duration,
}

impl Default for BackEndBounds {
    fn default() -> Self {
        Self {
            connect_timeout: limits::BACK_END_CONNECT_TIMEOUT,
            answer_timeout: limits::BACK_END_ANSWER_TIMEOUT,
            frame_timeout: limits::BODY_FRAME_TIMEOUT,
            total_timeout: limits::BODY_TOTAL_TIMEOUT,
            max_answer_bytes: limits::MAX_ANSWER_BYTES,
            max_in_flight: limits::BACK_END_MAX_IN_FLIGHT,
            rest: limits::BREAKER_REST,
        }
    }
}

/// Why a back-end's configuration is not usable.
#[derive(Debug, Error)]
pub enum ProxyConfigError {
    /// Not `http(s)://host[:port][/base]`.
    #[error("back-end {0}: the URL must be http(s)://host[:port][/base] without query")]
    Url(String),
    /// An `https` back-end without anyone who vouches for it.
    #[error("back-end {0}: an https back-end needs the certificate of its authority")]
    NoAuthority(String),
    /// An authority or identity that rustls does not take.
    #[error("back-end {0}: {1}")]
    Tls(String, #[source] rustls::Error),
    /// Two back-ends of one name.
    #[error("back-end {0} is configured twice")]
    Twice(String),
}

/// Why there is no answer of a back-end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProxyError {
    /// No back-end of this name is configured.
    #[error("no such back-end")]
    NoSuchBackEnd,
    /// No connection, a TLS failure, or the connection broke before the answer's head.
    #[error("the back-end cannot be reached")]
    Unreachable,
    /// No answer's head in time.
    #[error("the back-end did not answer in time")]
    Timeout,
    /// Too many requests in flight, or the breaker is open.
    #[error("the back-end is overloaded or resting")]
    Overloaded,
    /// The answer is not HTTP as we know it.
    #[error("the back-end's answer is not well-formed")]
    Invalid,
    /// The back-end answered 401 or 407: to our token, not to the counter's.
    #[error("the back-end refused the gateway's token")]
    TokenRefused,
    /// The client's own body failed to arrive.
    #[error("the request body failed: {0}")]
    RequestBody(BodyError),
    /// What we were asked to forward cannot be written as a request.
    #[error("the request cannot be forwarded")]
    Request,
}

impl ProxyError {
    /// The problem's code; for a failed request body see [`Problem::from`].
    #[must_use]
    pub fn code(self) -> ProblemCode {
        match self {
            Self::NoSuchBackEnd => ProblemCode::NotFound,
            Self::Unreachable => ProblemCode::BackEndUnreachable,
            Self::Timeout => ProblemCode::BackEndTimeout,
            Self::Overloaded => ProblemCode::BackEndOverloaded,
            Self::Invalid => ProblemCode::BackEndInvalid,
            Self::TokenRefused => ProblemCode::BackEndRefused,
            Self::RequestBody(error) => error.problem().code(),
            Self::Request => ProblemCode::Internal,
        }
    }

    /// Whether it says that the back-end is unwell: only this counts for the breaker.
    fn is_back_end_failure(self) -> bool {
        matches!(self, Self::Unreachable | Self::Timeout | Self::Invalid)
    }
}

impl From<ProxyError> for Problem {
    fn from(error: ProxyError) -> Self {
        match error {
            ProxyError::RequestBody(body) => body.problem(),
            other => other.code().into(),
        }
    }
}

/// The way to all back-ends (mandataire).
pub struct Proxy {
    back_ends: HashMap<String, Arc<BackEnd>>,
}

impl Proxy {
    /// One pool of connections, one breaker and one bound of requests in flight per back-end. Opens no connection.
    pub fn new(
        back_ends: Vec<BackEndConfig>,
        metrics: Option<Arc<Metrics>>,
    ) -> Result<Self, ProxyConfigError> {
        let mut by_name = HashMap::new();
        for config in back_ends {
            let name = config.name.clone();
            let back_end = Arc::new(BackEnd::new(config, metrics.clone())?);
            if by_name.insert(name.clone(), back_end).is_some() {
                return Err(ProxyConfigError::Twice(name));
            }
        }
        Ok(Self { back_ends: by_name })
    }

    /// Sends a decided request to `service` with the gateway's token, and streams the answer back.
    ///
    /// The request's path and query are appended to the back-end's base URL, so the caller has already taken its own
    /// `/service` prefix away. Its body must be bounded (`edge` does that). The answer's `Location` is written with the
    /// `/service` prefix again.
    pub async fn forward(
        &self,
        service: &str,
        request: Request<Body>,
        back_end_token: &str,
    ) -> Result<Response<Body>, ProxyError> {
        self.back_ends.get(service).ok_or(ProxyError::NoSuchBackEnd)?.forward(request, back_end_token).await
    }

    /// Whether a back-end's breaker is closed, for `/readyz`. `None` for an unknown name.
    #[must_use]
    pub fn is_resting(&self, service: &str) -> Option<bool> {
        self.back_ends.get(service).map(|back_end| back_end.is_resting())
    }
}

#[cfg(test)]
mod tests;
