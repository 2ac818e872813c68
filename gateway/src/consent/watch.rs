//! How does a node hear whose consents changed, and how do presences become links without anybody waiting for it?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{Consents, Link, store};
use crate::app::App;
use crate::limits::{
    CONSENT_CHANGES_AT_ONCE, CONSENT_CHANGES_STORED, CONSENT_POLL, CONSENT_SWEEP, LINK_FLUSH, LINKS_AT_ONCE,
};
use crate::registry::RegistryError;

/// Reads changes on and writes links until `stop`, and links once more then.
pub(crate) async fn watch(app: Arc<App>, stop: CancellationToken) {
    let (mut poll, mut flush, mut sweep) =
        (interval(CONSENT_POLL), interval(LINK_FLUSH), interval(CONSENT_SWEEP));
    for tick in [&mut poll, &mut flush, &mut sweep] {
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    let mut said = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return app.consents.write_links().await,
            _ = poll.tick() => match app.consents.read_on().await {
                Ok(()) => said = false,
                // Until it is heard again, every question is put to the database itself.
                Err(error) if !said => {
                    tracing::warn!(code = error.code(), "changes of consents cannot be read");
                    said = true;
                }
                Err(_) => {}
            },
            _ = flush.tick() => app.consents.write_links().await,
            _ = sweep.tick() => {
                let before = app.clock.now() - CONSENT_CHANGES_STORED;
                if let Err(error) = store::sweep(&app.store, before).await {
                    tracing::warn!(code = error.code(), "old changes of consents not swept");
                }
            }
        }
    }
}

impl Consents {
    /// Hears whose consents changed since the last time.
    async fn read_on(&self) -> Result<(), RegistryError> {
        loop {
            let began = Instant::now();
            let Some(last) = self.memory.last() else {
                let newest = store::newest_change(&self.store).await?;
                self.memory.hear(Vec::new(), newest, began);
                return Ok(());
            };
            let changes = store::changes(&self.store, last, CONSENT_CHANGES_AT_ONCE).await?;
            let whole = i64::try_from(changes.len()).is_ok_and(|count| count < CONSENT_CHANGES_AT_ONCE);
            let last = changes.last().map_or(last, |(number, _)| *number);
            self.memory.hear(changes, last, began);
            if whole {
                return Ok(());
            }
        }
    }

    /// Writes what waits. What cannot be written is given up: the next presence of that patient writes it again, and
    /// until then it is the session that shows that they are there.
    async fn write_links(&self) {
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
