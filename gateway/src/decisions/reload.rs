//! When do new policies take force? When a file of their folder changed, and they are sound.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use policies::PolicySet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Decisions;

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_secs(1);

impl Decisions {
    /// Watches the folder until `stop`. A set that is not sound is not taken, and the old one decides on.
    pub async fn watch(self: Arc<Self>, folder: PathBuf, stop: CancellationToken) {
        let mut tick = interval(LOOK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut seen = stamps(&folder);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            let now = stamps(&folder);
            if now == seen {
                continue;
            }
            seen = now;
            let from = folder.clone();
            match tokio::task::spawn_blocking(move || PolicySet::load(&from)).await {
                Ok(Ok(policies)) => {
                    tracing::info!(policy = policies.hash(), "policies reloaded");
                    self.replace(policies);
                }
                Ok(Err(error)) => tracing::error!(%error, "policies not taken, the old ones stay"),
                Err(_) => tracing::error!("policies not taken, reading them failed"),
            }
        }
    }
}

/// What tells one state of the folder from another.
fn stamps(folder: &Path) -> Vec<(PathBuf, Option<SystemTime>, u64)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut stamps: Vec<_> = entries
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some((entry.path(), metadata.modified().ok(), metadata.len()))
        })
        .collect();
    stamps.sort();
    stamps
}
