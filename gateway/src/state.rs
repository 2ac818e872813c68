//! What do all nodes remember for a while? Challenges, what was spent, counts: each with its expiry.
//!
//! Two places: this process ([`InProcess`]), and a Redis or Redis Cluster that any number of nodes share
//! ([`RedisState`]). Neither is believed to remember for ever: a memory has an [`Epoch`], which ends when what it held
//! may be gone (a restart, a failover, a flush). What was born in one epoch is spent in it or nowhere, so a memory
//! that was lost makes nothing spendable that was spent before.

mod envelope;
mod epoch;
mod error;
mod in_process;
mod memory;
mod redis;
mod remembered;
mod window;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::StatePlace;
use crate::limits::{
    STATE_KEY_OCTETS_MAX, STATE_VALUE_OCTETS_MAX, STATE_WINDOW_ENTRIES_MAX, STATE_WINDOW_ENTRY_OCTETS_MAX,
};

pub(crate) use envelope::Envelope;
pub use epoch::{Epoch, EpochId};
pub use error::{StateError, StateOpenError};
pub use in_process::InProcess;
pub use redis::RedisState;
pub use window::Look;

/// A name space: what is remembered for one purpose is never taken for another (*espace de noms*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// Challenges that wait for their chip.
    Presence,
    /// Challenges that wait for the holder's PIN (RFC 9470).
    StepUp,
    /// `jti` of DPoP proofs (RFC 9449 §11.1).
    DpopProof,
    /// `jti` of client assertions (RFC 7523 §3).
    Assertion,
    /// Places in the token status lists.
    StatusList,
    /// How often the same was refused, for a log that nobody can flood.
    Refusal,
    /// What fraud signals saw lately of a card, a station, an establishment.
    Fraud,
}

/// Whether this was the first time (*première fois*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Spent {
    /// Nobody spent it before.
    First,
    /// Somebody did.
    Again,
}

/// What became of something that was kept for one taker (*prise*).
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub enum Taken {
    /// It is yours, and nobody's any more.
    Now(Vec<u8>),
    /// It was there, and somebody took it. That is remembered for the rest of its life.
    Before,
    /// It waits for another holder, and goes on waiting.
    AnothersOwn,
    /// It was never there, or is forgotten.
    Unknown,
}

/// Whether there was room (*place*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Entered {
    /// It is in.
    Yes,
    /// There are as many as there may be.
    Full,
}

/// What is remembered by all nodes together (*mémoire partagée*).
///
/// The contract, which one conformance suite runs against every implementation:
///
/// 1. *Once*: of all calls on all nodes, one gets [`Spent::First`] or [`Taken::Now`].
/// 2. *Never twice for one call*: a call whose answer was lost is repeated inside; the repetition finds the first
///    attempt by a value of its own, so it is neither counted twice nor told that it came second.
/// 3. *An error promises nothing*: after `Err` the thing may be spent, counted or kept. It is never spendable twice.
/// 4. *Bounded*: every call ends within [`STATE_DEADLINE`](crate::limits::STATE_DEADLINE), every entry has a life, every
///    space a bound; at the bound new entries are refused and old ones stay (only in a window the lowest goes).
/// 5. *Whole or not at all*: [`spend`](SharedState::spend) and [`count`](SharedState::count) say in which epoch, and are
///    refused ([`StateError::MemoryLost`]) in any other. What was [`put`](SharedState::put) in another is unknown.
pub trait SharedState: Debug + Send + Sync {
    /// Keeps a value for one taker, who has to say the same `holder`. A key that is taken is refused.
    fn put<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        holder: &'a str,
        value: &'a [u8],
        life: Duration,
    ) -> BoxFuture<'a, Result<(), StateError>>;

    /// Takes it, for good. Whoever is not the holder neither gets nor spends it.
    fn take<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        holder: &'a str,
    ) -> BoxFuture<'a, Result<Taken, StateError>>;

    /// Spends a name, once in that epoch. `life` must reach beyond the last moment at which it would be accepted.
    fn spend<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        life: Duration,
        epoch: &'a Epoch,
    ) -> BoxFuture<'a, Result<Spent, StateError>>;

    /// Adds to a number and gives the total, which no other call in that epoch gets if `by` is above 0. Each call lets the
    /// number live for `life` from then on.
    fn count<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        by: u64,
        life: Duration,
        epoch: &'a Epoch,
    ) -> BoxFuture<'a, Result<u64, StateError>>;

    /// Enters a room that holds `most` at once, until [`leave`](SharedState::leave) or for `life`. Whoever is in stays in.
    fn enter<'a>(
        &'a self,
        space: Space,
        room: &'a str,
        member: &'a str,
        most: usize,
        life: Duration,
    ) -> BoxFuture<'a, Result<Entered, StateError>>;

    /// Leaves it; one who is not in leaves as well.
    fn leave<'a>(
        &'a self,
        space: Space,
        room: &'a str,
        member: &'a str,
    ) -> BoxFuture<'a, Result<(), StateError>>;

    /// How many are in that room.
    fn inside<'a>(&'a self, space: Space, room: &'a str) -> BoxFuture<'a, Result<u64, StateError>>;

    /// Puts an entry into a window and gives all that is in it then, in the order of its octets. Alike is the same, so twice
    /// is as once; what is lowest goes. A window permits nothing and belongs to no epoch: a memory that was lost makes it
    /// shorter, and what a replica that lagged still holds of it did happen.
    fn window<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        look: Look<'a>,
    ) -> BoxFuture<'a, Result<Vec<Vec<u8>>, StateError>>;

    /// The epoch of this memory, as last heard. Cheap: it asks nobody unless nothing was heard yet. If it has ended since,
    /// [`spend`](SharedState::spend) and [`count`](SharedState::count) notice.
    fn epoch(&self) -> BoxFuture<'_, Result<Epoch, StateError>>;

    /// Tells all nodes: something was withdrawn, look now. It may be lost; nobody relies on it.
    fn nudge(&self);

    /// Changes when somebody nudged.
    fn nudged(&self) -> watch::Receiver<u64>;

    /// Whether it can be reached, and may be relied upon.
    fn ping(&self) -> BoxFuture<'_, Result<(), StateError>>;

    /// Forgets what is past, where nobody else does; a background task calls it.
    fn sweep(&self) {}
}

/// The memory that the configuration names.
///
/// # Errors
/// What it points at cannot be read. A Redis that is away is no error: it may come.
pub fn open(place: &StatePlace, clock: Arc<dyn Clock>) -> Result<Arc<dyn SharedState>, StateOpenError> {
    Ok(match place {
        StatePlace::InProcess => Arc::new(InProcess::new(clock)?),
        StatePlace::Redis(place) => Arc::new(RedisState::open(place)?),
    })
}

impl Space {
    /// Every space.
    pub const ALL: [Self; 7] = [
        Self::Presence,
        Self::StepUp,
        Self::DpopProof,
        Self::Assertion,
        Self::StatusList,
        Self::Refusal,
        Self::Fraud,
    ];

    /// Its name in every key.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::StepUp => "step-up",
            Self::DpopProof => "dpop-proof",
            Self::Assertion => "assertion",
            Self::StatusList => "status-list",
            Self::Refusal => "refusal",
            Self::Fraud => "fraud",
        }
    }
}

/// Refuses what would make the bounds of a space mean nothing.
fn bounded(keys: &[&str], value: &[u8]) -> Result<(), StateError> {
    let fits =
        keys.iter().all(|key| key.len() <= STATE_KEY_OCTETS_MAX) && value.len() <= STATE_VALUE_OCTETS_MAX;
    if fits { Ok(()) } else { Err(StateError::TooLong) }
}

/// The same, of a look into a window.
fn bounded_look(key: &str, look: &Look<'_>) -> Result<(), StateError> {
    bounded(&[key], &[])?;
    let short = |octets: &[u8]| octets.len() <= STATE_WINDOW_ENTRY_OCTETS_MAX;
    let fits = look.entry.is_none_or(short) && short(look.from) && look.most <= STATE_WINDOW_ENTRIES_MAX;
    if fits { Ok(()) } else { Err(StateError::TooLong) }
}

/// What was kept may be a secret.
impl Debug for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Now(_) => "Now(redacted)",
            Self::Before => "Before",
            Self::AnothersOwn => "AnothersOwn",
            Self::Unknown => "Unknown",
        })
    }
}
