//! Whom did we turn away before there was a request? Reported, but never more than so many a second.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use crate::limits::MAX_REFUSALS_REPORTED_PER_SECOND;
use crate::metrics::Metrics;

/// Why a connection ended without an answer (cause du refus de connexion).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalCause {
    /// Every seat is taken and none of them is idle.
    TooManyConnections,
    /// The TLS handshake took too long.
    HandshakeTimeout,
    /// The first bytes are not TLS.
    NotTls,
    /// No client certificate where one is required.
    NoCertificate,
    /// The client certificate's chain, dates, usage or signature do not hold.
    UntrustedCertificate,
    /// The client certificate is revoked.
    RevokedCertificate,
    /// The client certificate's chain holds but we cannot read who it names.
    UnreadableCertificate,
    /// Any other failure of the TLS handshake: no common version, broken off, an alert of the client.
    TlsFailed,
    /// What came inside TLS is not HTTP, or a head too large or malformed for hyper.
    MalformedHttp,
    /// No complete request head in time, first or later.
    RequestTimeout,
}

impl RefusalCause {
    /// The code in logs, metrics and audit events.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooManyConnections => "too-many-connections",
            Self::HandshakeTimeout => "handshake-timeout",
            Self::NotTls => "not-tls",
            Self::NoCertificate => "no-certificate",
            Self::UntrustedCertificate => "untrusted-certificate",
            Self::RevokedCertificate => "revoked-certificate",
            Self::UnreadableCertificate => "unreadable-certificate",
            Self::TlsFailed => "tls-failed",
            Self::MalformedHttp => "malformed-http",
            Self::RequestTimeout => "request-timeout",
        }
    }

    /// What a failed `accept` of the TLS library means.
    pub(super) fn of_handshake(error: &std::io::Error) -> Self {
        use rustls::{CertificateError, Error as Tls};
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Tls>()) {
            Some(Tls::NoCertificatesPresented) => Self::NoCertificate,
            Some(Tls::InvalidCertificate(CertificateError::Revoked)) => Self::RevokedCertificate,
            Some(Tls::InvalidCertificate(_)) => Self::UntrustedCertificate,
            Some(Tls::InvalidMessage(_)) => Self::NotTls,
            _ => Self::TlsFailed,
        }
    }
}

/// A connection that was turned away, for the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRefusal {
    /// The port's name.
    pub port: &'static str,
    /// Why.
    pub cause: RefusalCause,
    /// The other end.
    pub address: SocketAddr,
    /// The registered client id in its certificate, where the handshake came so far.
    pub client: Option<String>,
    /// How many refusals before this one were counted but not reported.
    pub suppressed: u64,
}

/// Who is told of refused connections. Called on the connection's task: must not block.
pub trait ConnectionEvents: Send + Sync {
    /// At most [`MAX_REFUSALS_REPORTED_PER_SECOND`] times a second.
    fn refused(&self, refusal: ConnectionRefusal);
}

/// Counts every refusal, passes on a bounded number of them.
pub(super) struct BoundedEvents {
    port: &'static str,
    listener: Option<Arc<dyn ConnectionEvents>>,
    metrics: Option<Arc<Metrics>>,
    since: Instant,
    second: AtomicU64,
    reported: AtomicU32,
    suppressed: AtomicU64,
}

impl BoundedEvents {
    pub(super) fn new(
        port: &'static str,
        listener: Option<Arc<dyn ConnectionEvents>>,
        metrics: Option<Arc<Metrics>>,
    ) -> Self {
        Self {
            port,
            listener,
            metrics,
            since: Instant::now(),
            second: AtomicU64::new(0),
            reported: AtomicU32::new(0),
            suppressed: AtomicU64::new(0),
        }
    }

    pub(super) fn metrics(&self) -> Option<&Arc<Metrics>> {
        self.metrics.as_ref()
    }

    pub(super) fn refused(&self, cause: RefusalCause, address: SocketAddr, client: Option<String>) {
        if let Some(metrics) = &self.metrics {
            metrics.connection_refused(self.port, cause.code());
        }
        let Some(listener) = &self.listener else { return };
        if self.may_report() {
            let suppressed = self.suppressed.swap(0, Relaxed);
            listener.refused(ConnectionRefusal { port: self.port, cause, address, client, suppressed });
        } else {
            self.suppressed.fetch_add(1, Relaxed);
        }
    }

    /// A window of one second; two threads that open it together may report a few more, which is no harm.
    fn may_report(&self) -> bool {
        let now = self.since.elapsed().as_secs();
        if self.second.swap(now, Relaxed) != now {
            self.reported.store(0, Relaxed);
        }
        self.reported.fetch_add(1, Relaxed) < MAX_REFUSALS_REPORTED_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Recorder(Mutex<Vec<ConnectionRefusal>>);
    impl ConnectionEvents for Recorder {
        fn refused(&self, refusal: ConnectionRefusal) {
            self.0.lock().unwrap().push(refusal);
        }
    }

    #[test]
    fn a_flood_is_counted_not_reported() {
        let recorder = Arc::new(Recorder::default());
        let events = BoundedEvents::new("api", Some(recorder.clone()), None);
        let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
        for _ in 0..1000 {
            events.refused(RefusalCause::NotTls, address, None);
        }
        let reported = recorder.0.lock().unwrap().len();
        let bound = MAX_REFUSALS_REPORTED_PER_SECOND as usize;
        // The thousand may straddle two windows.
        assert!((bound..=2 * bound).contains(&reported), "{reported}");
        assert!(
            events.suppressed.load(Relaxed) > 0
                || recorder.0.lock().unwrap().iter().any(|r| r.suppressed > 0)
        );
    }
}
