//! How do presences become therapeutic links without anybody waiting for it?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{Consents, Link, store};
use crate::app::App;
use crate::limits::{LINK_FLUSH, LINKS_AT_ONCE};

/// Writes links until `stop`, and once more then.
pub(crate) async fn watch(app: Arc<App>, stop: CancellationToken) {
    let mut tick = interval(LINK_FLUSH);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let last = tokio::select! {
            () = stop.cancelled() => true,
            _ = tick.tick() => false,
        };
        app.consents.write_links().await;
        if last {
            return;
        }
    }
}

impl Consents {
    /// Writes what waits. What cannot be written is given up: the next presence of that patient writes it again, and
    /// until then it is the session that shows that they are there.
    pub async fn write_links(&self) {
        let mut waiting = self.waiting.lock().await;
        loop {
            let mut seen: BTreeMap<(String, String), Link> = BTreeMap::new();
            while seen.len() < LINKS_AT_ONCE
                && let Ok((subject, link)) = waiting.try_recv()
            {
                let later = |known: &Link| known.seen_at > link.seen_at;
                let place = (subject, link.establishment.clone());
                if !seen.get(&place).is_some_and(later) {
                    seen.insert(place, link);
                }
            }
            if seen.is_empty() {
                break;
            }
            let count = seen.len();
            let seen = seen.into_iter().map(|((subject, _), link)| (subject, link)).collect();
            if let Err(error) = store::link(&self.store, seen).await {
                tracing::warn!(count, code = error.code(), "therapeutic links not written");
            }
        }
        let dropped = self.dropped.swap(0, Relaxed);
        if dropped > 0 {
            tracing::warn!(dropped, "therapeutic links found no place to wait in");
        }
    }
}
