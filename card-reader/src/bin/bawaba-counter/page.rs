//! What does the staff at the counter see?
//!
//! A page on this machine's loopback: choose the reader, type the CAN, press one button. It works without scripts; the one script
//! only spares the staff from reloading.

mod acts;
mod guard;
mod prescription;
mod record;
mod routes;
mod sources;
mod texts;
mod view;

use std::sync::Arc;

use card_reader::counter::GatewayClient;
use tokio::net::TcpListener;

use crate::args::ServeArgs;
use crate::failure::Failure;
use crate::output;
use acts::Acts;
use guard::Guard;
use sources::Sources;

/// Everything the page works with.
pub(crate) struct Counter {
    /// The gateway, as this counter.
    pub(crate) gateway: GatewayClient,
    /// The name of this counter among the gateway's clients.
    pub(crate) client: String,
    /// What this counter calls its reader.
    pub(crate) station: String,
    /// Readers and cards to choose from.
    pub(crate) sources: Sources,
    /// The acts of the last minutes.
    pub(crate) acts: Acts,
    /// Who may speak to this page.
    pub(crate) guard: Guard,
}

/// Serves the page until the process is told to stop.
pub(crate) async fn run(args: ServeArgs) -> Result<(), Failure> {
    if !args.listen.ip().is_loopback() {
        return Err(Failure::Usage(format!(
            "--listen {}: this page shows medical data and has no log-in, so it is served on loopback only (127.0.0.1 or [::1])",
            args.listen
        )));
    }
    let gateway = args.connection.client()?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::Unavailable(format!(
            "{} cannot be listened on: {error}; choose another with --listen",
            args.listen
        ))
    })?;
    let address = listener.local_addr().map_err(|error| Failure::Internal(error.to_string()))?;
    let counter = Arc::new(Counter {
        gateway,
        client: args.connection.client.clone(),
        station: args.connection.station.clone(),
        sources: Sources::new(args.connection.demo()),
        acts: Acts::default(),
        guard: Guard::for_port(address.port()),
    });
    output::line(&format!("http://{address}/"));
    tracing::info!(%address, gateway = counter.gateway.base(), "the counter page is served");
    axum::serve(listener, routes::router(counter))
        .with_graceful_shutdown(stop_signal())
        .await
        .map_err(|error| Failure::Internal(error.to_string()))
}

/// Ends when the process is asked to: Ctrl-C, or SIGTERM from a service manager.
pub(crate) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
