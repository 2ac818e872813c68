//! When is trust read again? When a file changed, or on SIGHUP.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::store::StoreFolder;
use super::{Trust, TrustFiles};

/// How often the files' dates are looked at: a revocation is in force, and what runs of it cut, within a second of the
/// file's arrival.
const LOOK: Duration = Duration::from_millis(500);

impl Trust {
    /// Watches the files until `stop`.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut hangup = signal(SignalKind::hangup()).ok();
        let mut tick = interval(LOOK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut seen = self.read.clone();
        loop {
            let asked = tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => false,
                () = hung_up(&mut hangup) => true,
            };
            let stamps = self.files.stamps();
            if !asked && stamps == seen {
                continue;
            }
            let trust = self.clone();
            match tokio::task::spawn_blocking(move || trust.reload()).await {
                Ok(Ok(())) => tracing::info!("trust files reloaded"),
                Ok(Err(error)) => tracing::error!(%error, "trust files not taken, the old ones stay"),
                Err(_) => tracing::error!("trust files not taken, reading them failed"),
            }
            seen = stamps;
        }
    }
}

impl Trust {
    /// Takes over what was fetched.
    pub(super) async fn reload_in_background(self: Arc<Self>) {
        match tokio::task::spawn_blocking(move || self.reload_documents()).await {
            Ok(Ok(())) => tracing::info!("fetched revocation lists taken over"),
            Ok(Err(error)) => {
                tracing::error!(%error, "fetched revocation lists not taken, the old ones stay")
            }
            Err(_) => tracing::error!("fetched revocation lists not taken, reading them failed"),
        }
    }
}

/// The next SIGHUP; never, where signals cannot be had.
async fn hung_up(hangup: &mut Option<tokio::signal::unix::Signal>) {
    match hangup {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// What tells one state of a file from another.
pub(super) type Stamp = Option<(SystemTime, u64)>;

impl TrustFiles {
    pub(super) fn stamps(&self) -> Vec<Stamp> {
        let Self { trust, tls } = self;
        let of_tls: [&PathBuf; 4] = [&tls.cert, &tls.key, &tls.client_ca, &tls.client_crl];
        let store = trust.store.as_ref().map(|folder| StoreFolder::new(folder).current());
        let holders = trust.holders.iter().flat_map(|holders| holders.ca.iter().chain(&holders.crl));
        let of_cards = trust.csca.iter().chain(&trust.crl).chain(holders);
        of_tls.into_iter().chain(of_cards).chain(&store).map(stamp).collect()
    }
}

fn stamp(path: &PathBuf) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
