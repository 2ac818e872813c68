//! What does every request ask of the registry, and how is it answered without the database?

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{Client, RegistryError, store};
use crate::store::Store;

/// Clients, whole, in memory: the establishments of one country.
#[derive(Default)]
pub(super) struct Snapshot {
    clients: ArcSwap<Clients>,
    seen: tokio::sync::Mutex<Seen>,
}

/// Every client, found by its id or by its key.
#[derive(Default)]
struct Clients {
    by_id: HashMap<String, Arc<Client>>,
    /// By the RFC 7638 thumbprint.
    by_key: HashMap<String, Arc<Client>>,
}

/// What was read last.
type Seen = Option<Versions>;

/// How often each table was changed, ever: what the triggers of the schema count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Versions {
    pub(super) clients: i64,
    pub(super) patients: i64,
}

impl FromIterator<Client> for Clients {
    fn from_iter<I: IntoIterator<Item = Client>>(clients: I) -> Self {
        let mut all = Self::default();
        for client in clients.into_iter().map(Arc::new) {
            if let Some(key) = &client.key {
                all.by_key.insert(key.thumbprint().to_owned(), client.clone());
            }
            all.by_id.insert(client.id.clone(), client);
        }
        all
    }
}

impl Snapshot {
    pub(super) fn client(&self, id: &str) -> Option<Arc<Client>> {
        self.clients.load().by_id.get(id).cloned()
    }

    pub(super) fn client_by_key(&self, thumbprint: &str) -> Option<Arc<Client>> {
        self.clients.load().by_key.get(thumbprint).cloned()
    }

    pub(super) fn clients(&self) -> Vec<Arc<Client>> {
        let mut clients: Vec<_> = self.clients.load().by_id.values().cloned().collect();
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
            self.clients.store(Arc::new(clients.into_iter().collect()));
        }
        let patients_changed = seen.is_some_and(|seen| seen.patients != now.patients);
        *seen = Some(now);
        Ok(patients_changed)
    }
}
