//! What does every request ask of the registry, and how is it answered without the database?

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{Client, RegistryError, store};
use crate::store::Store;

/// Clients, whole, in memory: the establishments of one country.
#[derive(Default)]
pub(super) struct Snapshot {
    clients: ArcSwap<HashMap<String, Arc<Client>>>,
    seen: tokio::sync::Mutex<Seen>,
}

/// What was read last.
type Seen = Option<Versions>;

/// How often each table was changed, ever: what the triggers of the schema count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Versions {
    pub(super) clients: i64,
    pub(super) patients: i64,
}

impl Snapshot {
    pub(super) fn client(&self, id: &str) -> Option<Arc<Client>> {
        self.clients.load().get(id).cloned()
    }

    pub(super) fn clients(&self) -> Vec<Arc<Client>> {
        let mut clients: Vec<_> = self.clients.load().values().cloned().collect();
        clients.sort_by(|a, b| a.id.cmp(&b.id));
        clients
    }

    /// Reads what changed; says whether patients did.
    pub(super) async fn refresh(&self, from: &Store) -> Result<bool, RegistryError> {
        // One at a time: an older reading must not replace a newer one.
        let mut seen = self.seen.lock().await;
        let now = store::versions(from).await?;
        if seen.is_none_or(|seen| seen.clients != now.clients) {
            let clients = store::clients(from).await?;
            self.clients.store(Arc::new(clients));
        }
        let patients_changed = seen.is_some_and(|seen| seen.patients != now.patients);
        *seen = Some(now);
        Ok(patients_changed)
    }
}
