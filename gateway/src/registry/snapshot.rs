//! What does every request ask of the registry, and how is it answered without the database?

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use arc_swap::ArcSwap;
use uuid::Uuid;

use super::{Client, RegistryError, sqlite};
use crate::sqlite::Database;

/// Clients and ended sessions, whole, in memory. Both are small: establishments of one country, and the
/// sessions that were closed during the life of a token.
#[derive(Default)]
pub(super) struct Snapshot {
    clients: ArcSwap<HashMap<String, Arc<Client>>>,
    ended: RwLock<HashSet<Uuid>>,
    seen: tokio::sync::Mutex<Option<Versions>>,
}

/// How often each table was changed, ever: what the triggers of the schema count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Versions {
    pub(super) clients: i64,
    pub(super) ended_sessions: i64,
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

    pub(super) fn has_ended(&self, session: Uuid) -> bool {
        self.ended.read().unwrap_or_else(PoisonError::into_inner).contains(&session)
    }

    pub(super) fn end(&self, session: Uuid) {
        self.ended.write().unwrap_or_else(PoisonError::into_inner).insert(session);
    }

    /// Reads again what changed; says whether patients did.
    pub(super) async fn refresh(&self, database: &Database) -> Result<bool, RegistryError> {
        // One at a time: an older reading must not replace a newer one.
        let mut seen = self.seen.lock().await;
        let now = sqlite::versions(database).await?;
        if seen.is_none_or(|seen| seen.clients != now.clients) {
            let clients = sqlite::clients(database).await?;
            self.clients.store(Arc::new(clients));
        }
        if seen.is_none_or(|seen| seen.ended_sessions != now.ended_sessions) {
            let stored = sqlite::ended_sessions(database).await?;
            // A session ended here a moment ago may be missing from what was read: keep it, forget the rest
            // only when the store no longer lists it and its token has expired by itself.
            self.ended.write().unwrap_or_else(PoisonError::into_inner).extend(stored);
        }
        let patients_changed = seen.is_some_and(|seen| seen.patients != now.patients);
        *seen = Some(now);
        Ok(patients_changed)
    }
}
