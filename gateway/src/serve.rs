//! How does it start, run and drain?

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use hsm_config::KeyPlace;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, BuildError};
use crate::audit::{AuditError, AuditEvent, EventKind, Outcome};
use crate::config::Config;
use crate::keys::{self, HEARD_AFTER, Neighbourhood};
use crate::listen::{self, ListenOptions};
use crate::rate::SWEEP_EVERY;
use crate::router;
use crate::router::RefusedConnections;
use crate::store::Store;
use crate::{consent, decisions, emergency, fraud, status, tally, withdrawal};

/// How often what another process changed in the registry is taken over.
const REGISTRY_REFRESH: Duration = Duration::from_secs(1);

/// How often challenges that expired are forgotten.
const PRESENCE_SWEEP: Duration = Duration::from_secs(10);

/// Why the service does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The log takes no event: there would be no answer to anything.
    #[error("the audit log takes no events: {0}")]
    Audit(#[from] AuditError),
    /// A port cannot be had.
    #[error(
        "cannot listen on {address}: {error}. Remedy: stop what listens there, or give another port in [listen]"
    )]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// A part cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Signals cannot be had.
    #[error("signals: {0}")]
    Signals(io::Error),
}

/// A service that answers (*passerelle en service*).
#[derive(Debug)]
#[must_use = "it stops when this is told to stop"]
pub struct RunningGateway {
    /// The mTLS port.
    pub api_addr: SocketAddr,
    /// The public port.
    pub public_addr: SocketAddr,
    app: Arc<App>,
    stop: CancellationToken,
    listeners: TaskTracker,
    background: TaskTracker,
}

/// Runs as configured until SIGTERM or SIGINT, then drains.
pub async fn run(config: Config) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    let running = start(App::build(config).await?).await?;
    tracing::info!(api = %running.api_addr, public = %running.public_addr, "ready");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("draining");
    running.stop().await;
    Ok(())
}

/// Binds both ports and starts everything; whoever connects from now on is answered.
pub async fn start(app: Arc<App>) -> Result<RunningGateway, ServeError> {
    let api = bind(app.config.listen.api).await?;
    let public = bind(app.config.listen.public).await?;
    start_on(app, api, public).await
}

/// As [`start`], on ports that are bound already.
pub async fn start_on(
    app: Arc<App>,
    api: TcpListener,
    public: TcpListener,
) -> Result<RunningGateway, ServeError> {
    let api_addr = bound(&api, app.config.listen.api)?;
    let public_addr = bound(&public, app.config.listen.public)?;
    let started =
        AuditEvent::new(EventKind::GatewayStarted, Outcome::Permit, "gateway-started", app.clock.now());
    let _recorded = app.audit.record(started).await?;

    let stop = CancellationToken::new();
    let background = TaskTracker::new();
    background.spawn(app.trust.clone().watch(stop.clone()));
    if let Some(file) = app.key_file.clone() {
        background.spawn(keys::watch(file, app.tokens.clone(), stop.clone()));
    }
    if let KeyPlace::Profile(_) = &app.config.keys {
        let (signer, standing) = (app.signer.clone(), app.keys.clone());
        background.spawn(keys::maintain(signer, standing, app.clock.clone(), stop.clone()));
    }
    share_keys(&app, &background, &stop).await;
    background.spawn(app.trust.clone().fetch(app.metrics.clone(), stop.clone()));
    background.spawn(app.hot_list.clone().watch(stop.clone()));
    background.spawn(decisions::watch(app.clone(), stop.clone()));
    background.spawn(withdrawal::watch(app.clone(), stop.clone()));
    background.spawn(consent::watch(app.clone(), stop.clone()));
    background.spawn(status::watch(app.clone(), stop.clone()));
    background.spawn(fraud::run(app.clone(), stop.clone()));
    background.spawn(refresh_registry(app.clone(), stop.clone()));
    background.spawn(emergency::watch(app.clone(), stop.clone()));
    background.spawn(tally::watch(app.clone(), stop.clone()));
    background.spawn(sweep(app.clone(), stop.clone()));
    background.spawn(router::tell_counted_refusals(app.clone(), stop.clone()));
    background.close();

    let listeners = TaskTracker::new();
    let on_api = ListenOptions {
        name: "api",
        events: Some(Arc::new(RefusedConnections(app.clone()))),
        ..options(&app)
    };
    let on_public =
        ListenOptions { name: "public", plaintext: Some(router::plaintext(&app)), ..options(&app) };
    spawn(&listeners, api, app.trust.api_tls(), router::api(&app), on_api, &stop);
    spawn(&listeners, public, app.trust.public_tls(), router::public(&app), on_public, &stop);
    listeners.close();
    Ok(RunningGateway { api_addr, public_addr, app, stop, listeners, background })
}

impl RunningGateway {
    /// What it is made of, for tests and for the demonstration.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Takes no more connections, lets running requests finish within the bound, and closes the store.
    pub async fn stop(self) {
        self.stop.cancel();
        self.listeners.wait().await;
        self.background.wait().await;
        // The queue keeps its order: when this event is on record, so is everything before it.
        let now = self.app.clock.now();
        let stopped = AuditEvent::new(EventKind::GatewayStopped, Outcome::Permit, "gateway-stopped", now);
        if let Err(error) = self.app.audit.record(stopped).await {
            tracing::error!(code = error.code(), "stop not recorded");
        }
        self.app.store.close().await;
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|error| ServeError::Bind { address, error })
}

fn bound(listener: &TcpListener, address: SocketAddr) -> Result<SocketAddr, ServeError> {
    listener.local_addr().map_err(|error| ServeError::Bind { address, error })
}

fn options(app: &Arc<App>) -> ListenOptions {
    ListenOptions {
        drain_timeout: app.config.limits.drain,
        metrics: Some(app.metrics.clone()),
        ..ListenOptions::default()
    }
}

fn spawn(
    tasks: &TaskTracker,
    listener: TcpListener,
    tls: Arc<ArcSwap<rustls::ServerConfig>>,
    routes: Router,
    options: ListenOptions,
    stop: &CancellationToken,
) {
    tasks.spawn(listen::serve(listener, tls, routes, options, stop.clone()));
}

/// Keys of this process alone are told to the other nodes before it takes a request.
async fn share_keys(app: &Arc<App>, background: &TaskTracker, stop: &CancellationToken) {
    if app.signer.announcements(app.clock.now()).is_empty() {
        return;
    }
    let neighbourhood = Neighbourhood {
        store: app.store.clone(),
        signer: app.signer.clone(),
        tokens: app.tokens.clone(),
        clock: app.clock.clone(),
    };
    match (neighbourhood.once().await, &app.store) {
        (Ok(_), Store::Postgres(_)) => tokio::time::sleep(HEARD_AFTER).await,
        (Ok(_), Store::Sqlite(_)) => {}
        (Err(error), _) => tracing::error!(%error, "keys not told to the other nodes yet"),
    }
    background.spawn(neighbourhood.keep(stop.clone()));
}

/// Clients that were suspended, patients that changed, elsewhere.
async fn refresh_registry(app: Arc<App>, stop: CancellationToken) {
    let mut tick = interval(REGISTRY_REFRESH);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = app.registry.refresh().await {
            tracing::warn!(%error, code = error.code(), "registry snapshot not refreshed");
        }
    }
}

/// Forgets expired challenges and clients that were quiet.
async fn sweep(app: Arc<App>, stop: CancellationToken) {
    let mut presences = interval(PRESENCE_SWEEP);
    let mut rates = interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = presences.tick() => {
                app.state.sweep();
                if let Ok(waiting) = app.presences.waiting(app.clock.now()).await {
                    app.metrics.presences_pending(usize::try_from(waiting).unwrap_or(usize::MAX));
                }
            }
            _ = rates.tick() => app.rate.sweep(),
        }
    }
}
