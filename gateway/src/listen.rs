//! Who is on the line? TCP, TLS and the connection's own limits.
//!
//! One accept loop for every port: the API, the public one and the demo's back-ends. It bounds what hyper leaves
//! unbounded (a silent connection, an HTTP/2 peer that never sends a request, the number of connections), hands each
//! request the [`Peer`] it came from, and drains on stop. The TLS configuration is swapped whole: a new one brings
//! new ticket keys, so that nobody resumes a session that was agreed under the old trust.
//!
//! A full house: every connection sits on a seat (`seats`). When all seats, or those of one certificate or address,
//! are taken, the one that has been idle longest is closed for the newcomer; only if none is idle is the newcomer
//! refused. Ten thousand silent connections therefore delay nobody.

mod connection;
mod descriptors;
mod events;
mod linger;
mod seats;
#[cfg(test)]
pub(crate) mod testing;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use events::{ConnectionEvents, ConnectionRefusal, RefusalCause};
pub use tls::{ClientAuth, ClientStatus, ListenError, client_chain, server_config};

use crate::limits;
use crate::metrics::Metrics;
use connection::Connection;
use events::BoundedEvents;
use seats::{Bounds, Seats};

/// Who sent this request (pair): an extension of every request that came through [`serve`].
#[derive(Clone, Debug)]
pub struct Peer {
    /// The client's certificate; its chain is verified, whether it is revoked *now* is for the caller to ask.
    pub certificate: Option<Arc<pki::ClientCertificate>>,
    /// The other end of the TCP connection.
    pub address: SocketAddr,
    /// Whether the TLS session was resumed: then its certificate was verified at an earlier handshake.
    pub resumed: bool,
    /// The TLS server name (SNI) the client asked for, lower case.
    pub server_name: Option<Arc<str>>,
    /// Whether the connection is TLS. `false` only for the plain-text hook of the public port.
    pub encrypted: bool,
}

/// How a port behaves. `..Default::default()` takes every bound from [`limits`].
#[derive(Clone)]
pub struct ListenOptions {
    /// The port's name in metrics and refusals: `api`, `public`, `dossier` …
    pub name: &'static str,
    /// Connections at once, as far as the limit of open files allows.
    pub max_connections: usize,
    /// Connections of one client certificate.
    pub max_per_certificate: usize,
    /// Connections of one IP address.
    pub max_per_address: usize,
    /// From accept to the end of the TLS handshake.
    pub handshake_timeout: Duration,
    /// From there to the first request.
    pub first_request_timeout: Duration,
    /// HTTP/1: silence between two requests plus the time for a request head.
    pub header_read_timeout: Duration,
    /// A connection with no request in flight.
    pub idle_timeout: Duration,
    /// Running requests finish in this time after the stop.
    pub drain_timeout: Duration,
    /// Who answers plain HTTP on this TLS port; without it such a connection is refused.
    pub plaintext: Option<axum::Router>,
    /// Who is told of refused connections.
    pub events: Option<Arc<dyn ConnectionEvents>>,
    /// Where connections are counted.
    pub metrics: Option<Arc<Metrics>>,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            name: "api",
            max_connections: limits::MAX_CONNECTIONS,
            max_per_certificate: limits::MAX_CONNECTIONS_PER_CERTIFICATE,
            max_per_address: limits::MAX_CONNECTIONS_PER_ADDRESS,
            handshake_timeout: limits::HANDSHAKE_TIMEOUT,
            first_request_timeout: limits::FIRST_REQUEST_TIMEOUT,
            header_read_timeout: limits::HEADER_READ_TIMEOUT,
            idle_timeout: limits::IDLE_TIMEOUT,
            drain_timeout: limits::DRAIN_TIMEOUT,
            plaintext: None,
            events: None,
            metrics: None,
        }
    }
}

/// Serves `app` on a port until `stop`, then drains: no new connections, running requests finish, at most
/// [`ListenOptions::drain_timeout`] long. A configuration stored in `tls` meanwhile is used from the next connection on.
pub async fn serve(
    listener: TcpListener,
    tls: Arc<ArcSwap<rustls::ServerConfig>>,
    app: axum::Router,
    options: ListenOptions,
    stop: CancellationToken,
) {
    let tasks = TaskTracker::new();
    let drain = CancellationToken::new();
    let cut = CancellationToken::new();
    let bounds = Bounds {
        total: options.max_connections.min(descriptors::connections_per_port()),
        per_certificate: options.max_per_certificate,
        per_address: options.max_per_address,
    };
    let seats = Arc::new(Seats::new(bounds, drain.clone()));
    let events = Arc::new(BoundedEvents::new(options.name, options.events.clone(), options.metrics.clone()));
    let options = Arc::new(options);

    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (tcp, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(port = options.name, %error, "accept failed");
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(seat) = seats.take(address.ip()) else {
            events.refused(RefusalCause::TooManyConnections, address, None);
            continue;
        };
        // A small answer waits for nothing (Nagle); without it the connection still works.
        let _ = tcp.set_nodelay(true);
        let connection = Connection {
            seat,
            address,
            tls: tls.load_full(),
            app: app.clone(),
            options: Arc::clone(&options),
            events: Arc::clone(&events),
        };
        let cut = cut.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = connection.run(tcp) => {}
                () = cut.cancelled() => {}
            }
        });
    }

    drop(listener);
    tokio::time::sleep(limits::DRAIN_GRACE).await;
    drain.cancel();
    tasks.close();
    if tokio::time::timeout(options.drain_timeout, tasks.wait()).await.is_err() {
        tracing::warn!(port = options.name, left = tasks.len(), "drain ran out of time, connections are cut");
        cut.cancel();
        tasks.wait().await;
    }
}

#[cfg(test)]
mod tests;
