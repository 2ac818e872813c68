//! What does every request ask of the registry, and how is it answered without the database?

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use arc_swap::ArcSwap;
use uuid::Uuid;

use super::{Client, RegistryError, store};
use crate::store::Store;

/// Clients and ended sessions, whole, in memory. Both are small: establishments of one country, and the
/// sessions that were closed during the life of a token.
#[derive(Default)]
pub(super) struct Snapshot {
    clients: ArcSwap<HashMap<String, Arc<Client>>>,
    ended: RwLock<Ended>,
    seen: tokio::sync::Mutex<Seen>,
}

/// Sessions that ended before their time, until their tokens expire by themselves.
#[derive(Default)]
struct Ended {
    expiry: HashMap<Uuid, i64>,
    /// How many there may be before the expired ones are sought: twice what was left the last time.
    sweep_at: usize,
}

/// What was read last.
#[derive(Clone, Copy, Default)]
struct Seen {
    versions: Option<Versions>,
    ended_session: i64,
}

/// How often each table was changed, ever: what the triggers of the schema count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Versions {
    pub(super) clients: i64,
    pub(super) patients: i64,
}

/// Below this number nothing is swept.
const ENDED_KEPT: usize = 1_024;

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
        self.ended.read().unwrap_or_else(PoisonError::into_inner).expiry.contains_key(&session)
    }

    /// `expires_at` and `at` in microseconds since 1970.
    pub(super) fn end(&self, session: Uuid, expires_at: i64, at: i64) {
        let mut ended = self.ended.write().unwrap_or_else(PoisonError::into_inner);
        ended.expiry.insert(session, expires_at);
        if ended.expiry.len() > ended.sweep_at.max(ENDED_KEPT) {
            ended.expiry.retain(|_, expires_at| *expires_at > at);
            ended.sweep_at = ended.expiry.len().saturating_mul(2);
        }
    }

    /// Reads what changed; says whether patients did.
    pub(super) async fn refresh(&self, from: &Store) -> Result<bool, RegistryError> {
        // One at a time: an older reading must not replace a newer one.
        let mut seen = self.seen.lock().await;
        let now = store::versions(from).await?;
        if seen.versions.is_none_or(|seen| seen.clients != now.clients) {
            let clients = store::clients(from).await?;
            self.clients.store(Arc::new(clients));
        }
        for (number, session, expires_at) in store::ended_sessions(from, seen.ended_session).await? {
            self.ended.write().unwrap_or_else(PoisonError::into_inner).expiry.insert(session, expires_at);
            seen.ended_session = number;
        }
        let patients_changed = seen.versions.is_some_and(|seen| seen.patients != now.patients);
        seen.versions = Some(now);
        Ok(patients_changed)
    }
}
