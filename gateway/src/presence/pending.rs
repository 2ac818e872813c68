//! Which challenges wait for their chip?
//!
//! A challenge is taken once, by the client it was made for, in time. Somebody else's attempt is refused
//! and does *not* spend it: else whoever guesses or sees an id could starve an honest counter.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use card_reader::Challenge;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::token::Confirmation;

/// Challenges of all clients that wait (about 8 KiB each): the national peak opens 530 sessions/s and a chip
/// answers within two seconds.
const WAITING_MAX: usize = 20_000;

/// Challenges of one client that wait: one hospital's counters at once.
const WAITING_PER_CLIENT_MAX: usize = 512;

/// Challenges known at all, with those that are spent (about 200 octets each): three minutes of the peak.
const KNOWN_MAX: usize = 200_000;

/// Presences that wait for their proof, in this process.
#[derive(Debug, Default)]
pub struct PendingPresences(Mutex<Store<Challenge>>);

/// A presence that was begun, taken out of the store for good.
#[derive(Debug)]
pub(crate) struct Begun<T = Challenge> {
    pub(crate) challenge: T,
    pub(crate) station: String,
}

#[derive(Debug)]
struct Store<T> {
    presences: HashMap<Uuid, Entry<T>>,
    waiting: usize,
    waiting_of_client: HashMap<String, usize>,
}

#[derive(Debug)]
struct Entry<T> {
    client: String,
    confirmation: Confirmation,
    expires_at: OffsetDateTime,
    /// None: spent. It is remembered for a while, so that a replay is told apart from an unknown id.
    begun: Option<Begun<T>>,
}

impl PendingPresences {
    /// Keeps a challenge for that client's key until `expires_at`.
    pub(crate) fn put(
        &self,
        (client, proven): (&str, &Confirmation),
        begun: Begun,
        expires_at: OffsetDateTime,
        at: OffsetDateTime,
    ) -> Result<Uuid, Refusal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(client, proven, begun, expires_at, at)
    }

    /// Takes a challenge out, for good.
    pub(crate) fn take(&self, id: Uuid, proven: &Confirmation, at: OffsetDateTime) -> Result<Begun, Refusal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(id, proven, at)
    }

    /// Forgets what is past and says how many wait; a background task calls it.
    pub(crate) fn sweep(&self, at: OffsetDateTime) -> usize {
        let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        store.sweep(at);
        store.waiting
    }
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self { presences: HashMap::new(), waiting: 0, waiting_of_client: HashMap::new() }
    }
}

impl<T> Store<T> {
    fn put(
        &mut self,
        client: &str,
        proven: &Confirmation,
        begun: Begun<T>,
        expires_at: OffsetDateTime,
        at: OffsetDateTime,
    ) -> Result<Uuid, Refusal> {
        if self.is_full() {
            self.sweep(at);
        }
        if self.is_full() {
            return Err(Refusal::exactly(ProblemCode::Overloaded, "presences-full"));
        }
        let of_client = self.waiting_of_client.entry(client.to_owned()).or_default();
        if *of_client >= WAITING_PER_CLIENT_MAX {
            return Err(Refusal::exactly(ProblemCode::RateLimited, "client-presences-full"));
        }
        *of_client += 1;
        self.waiting += 1;
        let id = Uuid::new_v4();
        let (client, confirmation) = (client.to_owned(), proven.clone());
        self.presences.insert(id, Entry { client, confirmation, expires_at, begun: Some(begun) });
        Ok(id)
    }

    fn take(&mut self, id: Uuid, proven: &Confirmation, at: OffsetDateTime) -> Result<Begun<T>, Refusal> {
        let unusable = |code| Err(Refusal::exactly(ProblemCode::PresenceNotUsable, code));
        let Some(entry) = self.presences.get_mut(&id) else {
            return Err(Refusal::new(ProblemCode::PresenceUnknown));
        };
        if !entry.confirmation.is_proven_by(proven) {
            return unusable("presence-of-another-client");
        }
        if at >= entry.expires_at {
            return unusable("presence-expired");
        }
        let Some(begun) = entry.begun.take() else {
            return unusable("presence-spent");
        };
        let client = entry.client.clone();
        self.waits_no_more(&client);
        Ok(begun)
    }

    fn is_full(&self) -> bool {
        self.waiting >= WAITING_MAX || self.presences.len() >= KNOWN_MAX
    }

    fn waits_no_more(&mut self, client: &str) {
        self.waiting = self.waiting.saturating_sub(1);
        if let Some(count) = self.waiting_of_client.get_mut(client) {
            *count -= 1;
            if *count == 0 {
                self.waiting_of_client.remove(client);
            }
        }
    }

    /// A challenge that expired is dropped at once; that it was there is remembered for a while, so that it
    /// can be told from one that never was.
    fn sweep(&mut self, at: OffsetDateTime) {
        const REMEMBERED: Duration = Duration::minutes(1);
        let mut dropped = Vec::new();
        self.presences.retain(|_, entry| {
            if at >= entry.expires_at && entry.begun.take().is_some() {
                dropped.push(entry.client.clone());
            }
            at < entry.expires_at.saturating_add(REMEMBERED)
        });
        for client in dropped {
            self.waits_no_more(&client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const LIFE: Duration = Duration::seconds(60);

    fn begun() -> Begun<()> {
        Begun { challenge: (), station: "poste-1".to_owned() }
    }

    fn key(name: &str) -> Confirmation {
        Confirmation::Certificate(name.to_owned())
    }

    fn refused(outcome: Result<Begun<()>, Refusal>) -> String {
        outcome.err().unwrap().code().to_owned()
    }

    #[test]
    fn challenge_is_taken_once() {
        let mut store = Store::default();
        let id = store.put("pharmacy-1", &key("thumb-1"), begun(), START + LIFE, START).unwrap();
        assert!(store.take(id, &key("thumb-1"), START).is_ok());
        assert_eq!(refused(store.take(id, &key("thumb-1"), START)), "presence-spent");
    }

    #[test]
    fn another_client_neither_gets_nor_spends_it() {
        let mut store = Store::default();
        let id = store.put("pharmacy-1", &key("thumb-1"), begun(), START + LIFE, START).unwrap();
        assert_eq!(refused(store.take(id, &key("thumb-2"), START)), "presence-of-another-client");
        assert!(store.take(id, &key("thumb-1"), START).is_ok());
    }

    #[test]
    fn expired_challenge_is_refused_then_forgotten() {
        let mut store = Store::default();
        let id = store.put("pharmacy-1", &key("thumb-1"), begun(), START + LIFE, START).unwrap();
        assert_eq!(refused(store.take(id, &key("thumb-1"), START + LIFE)), "presence-expired");
        store.sweep(START + LIFE * 3);
        assert_eq!(refused(store.take(id, &key("thumb-1"), START + LIFE * 3)), "presence-unknown");
        assert_eq!((store.waiting, store.waiting_of_client.len()), (0, 0));
    }

    #[test]
    fn one_client_cannot_fill_the_store() {
        let mut store = Store::default();
        for _ in 0..WAITING_PER_CLIENT_MAX {
            store.put("greedy", &key("thumb"), begun(), START + LIFE, START).unwrap();
        }
        assert!(store.put("greedy", &key("thumb"), begun(), START + LIFE, START).is_err());
        let taken = store.put("modest", &key("thumb"), begun(), START + LIFE, START).unwrap();
        store.take(taken, &key("thumb"), START).unwrap();
        assert_eq!(store.waiting, WAITING_PER_CLIENT_MAX, "what is spent waits no more");
        store.sweep(START + LIFE * 3);
        assert!(store.put("greedy", &key("thumb"), begun(), START + LIFE * 3, START + LIFE * 3).is_ok());
    }
}
