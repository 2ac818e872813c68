//! Where does a back-end that asks nobody learn which sessions ended early? (*listes d'états*)
//!
//! Each session token and what comes of it names a place in a status list (`status`), which any node publishes. Truth is
//! the table of withdrawals and the log: a withdrawal of a session names its place; one of a card, client or patient
//! means sessions, and those stand in the log with their places. So a list says the same on every node, also when the
//! node that opened the sessions is gone.

mod opened;
mod places;
mod watch;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

pub(crate) use watch::watch;

use crate::limits::{MAX_SESSION_LIFETIME, MAX_WITHDRAWALS, STATUS_BLOCK_LIFE, WITHDRAWAL_KEPT};
use crate::registry::RegistryError;
use crate::store::Store;
use crate::token::{PublishedStatusList, StatusBits, StatusReference, TokenError, Tokens};
use places::Block;

/// What every node knows of the lists (*états publiés*).
pub struct StatusLists {
    store: Store,
    /// Places that this node gives out.
    block: tokio::sync::Mutex<Option<Block>>,
    /// Which lists were begun, and when.
    begun: RwLock<BTreeMap<u32, OffsetDateTime>>,
    born: Instant,
    /// Milliseconds after `born` of the last look at which were begun.
    looked: AtomicU64,
    looking: tokio::sync::Mutex<()>,
    marks: RwLock<HashMap<u32, Marks>>,
    made: Mutex<HashMap<u32, Arc<PublishedStatusList>>>,
}

/// The places of one list whose sessions were withdrawn, each until its token is over.
struct Marks {
    changed: OffsetDateTime,
    places: HashMap<u32, OffsetDateTime>,
}

/// Why a list is not given out.
#[derive(Debug, thiserror::Error)]
pub enum StatusListError {
    /// No token that lives names it.
    #[error("no such status list")]
    Unknown,
    /// The database.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The key.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl std::fmt::Debug for StatusLists {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StatusLists")
    }
}

impl StatusLists {
    /// The lists of this database.
    pub async fn open(store: Store) -> Result<Self, RegistryError> {
        let lists = Self {
            store,
            block: tokio::sync::Mutex::default(),
            begun: RwLock::default(),
            born: Instant::now(),
            looked: AtomicU64::new(0),
            looking: tokio::sync::Mutex::default(),
            marks: RwLock::default(),
            made: Mutex::default(),
        };
        lists.look().await?;
        Ok(lists)
    }

    /// The session of that place was withdrawn; `expires_at` is when its token is over.
    fn mark(&self, place: StatusReference, expires_at: OffsetDateTime, changed: OffsetDateTime) {
        let mut marks = self.marks.write().unwrap_or_else(PoisonError::into_inner);
        let list = marks.entry(place.list).or_insert_with(|| Marks { changed, places: HashMap::new() });
        if list.places.len() >= MAX_WITHDRAWALS || list.places.insert(place.index, expires_at).is_some() {
            return;
        }
        list.changed = list.changed.max(changed);
        drop(marks);
        self.made.lock().unwrap_or_else(PoisonError::into_inner).remove(&place.list);
    }

    /// The list of that number, signed; the very same for a while where nothing changes.
    pub(crate) async fn published(
        &self,
        number: u32,
        tokens: &Tokens,
        at: OffsetDateTime,
    ) -> Result<Arc<PublishedStatusList>, StatusListError> {
        if !self.is_alive(number, at) {
            self.look_once_more().await?;
            if !self.is_alive(number, at) {
                return Err(StatusListError::Unknown);
            }
        }
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).get(&number).cloned();
        if let Some(made) = made.filter(|made| at.unix_timestamp() < made.fresh_until) {
            return Ok(made);
        }
        // Held while it is made: a list that is marked meanwhile is made again afterwards.
        let mut all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let (bits, changed) = self.bits(number);
        let made = Arc::new(tokens.issue_status_list(number, &bits, changed, at)?);
        all.insert(number, Arc::clone(&made));
        Ok(made)
    }

    /// The lists that a living token may name, oldest first.
    pub(crate) fn alive(&self, at: OffsetDateTime) -> Vec<u32> {
        let begun = self.begun.read().unwrap_or_else(PoisonError::into_inner);
        begun.keys().copied().filter(|number| lives(&begun, *number, at)).collect()
    }

    fn is_alive(&self, number: u32, at: OffsetDateTime) -> bool {
        let begun = self.begun.read().unwrap_or_else(PoisonError::into_inner);
        begun.contains_key(&number) && lives(&begun, number, at)
    }

    fn bits(&self, number: u32) -> (StatusBits, OffsetDateTime) {
        let mut bits = StatusBits::valid();
        let marks = self.marks.read().unwrap_or_else(PoisonError::into_inner);
        let Some(list) = marks.get(&number) else { return (bits, OffsetDateTime::UNIX_EPOCH) };
        list.places.keys().for_each(|index| bits.withdraw(*index));
        (bits, list.changed)
    }

    /// Another node may have begun a list just now: a look that begins after this was asked, and that all who ask
    /// meanwhile share. Numbers that nobody ever gave do not ask the database more often than that.
    async fn look_once_more(&self) -> Result<(), RegistryError> {
        let asked = self.born.elapsed();
        let _one_at_a_time = self.looking.lock().await;
        let looked = Duration::from_millis(self.looked.load(Relaxed));
        if looked > asked {
            return Ok(());
        }
        tokio::time::sleep((looked + MISSED).saturating_sub(self.born.elapsed())).await;
        self.look().await
    }

    /// Forgets what is over.
    fn sweep(&self, at: OffsetDateTime) {
        let alive = self.alive(at);
        self.begun.write().unwrap_or_else(PoisonError::into_inner).retain(|number, _| alive.contains(number));
        let mut marks = self.marks.write().unwrap_or_else(PoisonError::into_inner);
        marks.retain(|number, _| alive.contains(number));
        // A place whose token is over says nothing any more: the list is not made anew for it.
        marks.values_mut().for_each(|list| list.places.retain(|_, expires_at| *expires_at > at));
        drop(marks);
        self.made.lock().unwrap_or_else(PoisonError::into_inner).retain(|number, _| alive.contains(number));
    }
}

/// Between two looks on behalf of somebody who asks for a list that is not known.
const MISSED: Duration = Duration::from_millis(20);

/// A list is over when the next one was begun and every token that could name a place in it is.
fn lives(begun: &BTreeMap<u32, OffsetDateTime>, number: u32, at: OffsetDateTime) -> bool {
    let next = number.checked_add(1).and_then(|next| begun.range(next..).next());
    let names = STATUS_BLOCK_LIFE + Duration::from_secs(MAX_SESSION_LIFETIME.unsigned_abs());
    next.is_none_or(|(_, next_begun)| at < *next_begun + names + WITHDRAWAL_KEPT)
}
