//! What does a Redis, or a Redis Cluster, remember for all nodes?
//!
//! Every operation is one script on one share of the keys. It first sees whether the memory is still the one that began
//! the epoch (`memory.lua`): a flush took the epoch's key along, and another process (restarted, or promoted from a
//! replica that lagged) has another `run_id`. So a failover begins an epoch too, and what a stale replica still holds as
//! unspent belongs to the one before. No number of replicas has to be waited for.

mod dial;
mod fault;
mod link;
mod nudges;
mod operations;
mod scripts;
mod shares;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures_util::future::{BoxFuture, join_all};
use redis::Value;
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Epoch, EpochId, StateError, StateOpenError};
use crate::config::RedisPlace;
use crate::limits::{STATE_DEADLINE, STATE_EPOCH_LIFE, STATE_LOOK};
use dial::Dial;
use link::Link;
use scripts::{EPOCH, Script};
use shares::{Epochs, Heard, Share};

/// The shared memory of any number of nodes (*mémoire partagée sur Redis*).
pub struct RedisState {
    inner: Arc<Inner>,
    /// Background work ends with the state.
    _running: DropGuard,
}

struct Inner {
    link: Link,
    epochs: ArcSwapOption<Epochs>,
    evicts: AtomicBool,
    nudges: watch::Sender<u64>,
    to_tell: Notify,
}

impl RedisState {
    /// Reads what the configuration points at, and begins to connect. A server that is away is no error: it may come.
    ///
    /// # Errors
    /// The password or the authorities cannot be read.
    pub fn open(place: &RedisPlace) -> Result<Self, StateOpenError> {
        let inner = Arc::new(Inner {
            link: Link::new(Dial::new(place)?)?,
            epochs: ArcSwapOption::empty(),
            evicts: AtomicBool::new(false),
            nudges: watch::Sender::new(0),
            to_tell: Notify::new(),
        });
        let stop = CancellationToken::new();
        for work in [
            Box::pin(look(inner.clone())) as BoxFuture<'static, ()>,
            Box::pin(nudges::tell(inner.clone())),
            Box::pin(nudges::listen(inner.clone())),
        ] {
            let stop = stop.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = work => {}
                }
            });
        }
        Ok(Self { inner, _running: stop.drop_guard() })
    }
}

/// Sees before the first request needs it that an epoch ended, and keeps the names of the living ones alive.
async fn look(inner: Arc<Inner>) {
    let mut tick = interval(STATE_LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut before = Ok(());
    loop {
        tick.tick().await;
        let now = inner.look().await.map(drop);
        match (before, now) {
            (Ok(()), Err(error)) => tracing::warn!(code = error.code(), "the shared state does not answer"),
            (Err(_), Ok(())) => tracing::info!("the shared state answers"),
            _ => {}
        }
        before = now;
    }
}

impl Inner {
    /// Asks every share for its epoch.
    async fn look(&self) -> Result<Epoch, StateError> {
        let asked = join_all(Share::all().map(|share| self.epoch_of(share)));
        let answers = timeout(STATE_DEADLINE, asked).await.map_err(|_| StateError::Timeout)?;
        let heard = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.evicts.store(heard.iter().any(|share| share.evicts), Relaxed);
        let now = Epochs::of(&heard);
        let before = self.epochs.load();
        if before.as_ref().is_some_and(|before| before.whole.id != now.whole.id) {
            tracing::warn!(since = %now.whole.since, "the shared state may have lost its memory: a new epoch");
        }
        let epoch = now.whole;
        self.epochs.store(Some(Arc::new(now)));
        Ok(epoch)
    }

    async fn epoch_of(&self, share: Share) -> Result<Heard, StateError> {
        let (name, life) = (call()?, millis(STATE_EPOCH_LIFE));
        let answer = self
            .link
            .once(&EPOCH, &[&share.epoch_key()], &[name.as_bytes(), life.as_bytes()])
            .await
            .map_err(|fault| fault.error)?;
        Heard::read(&answer).ok_or(StateError::Unexpected)
    }

    /// Runs a script on keys of one share. `call` makes a repetition known, and names the epoch that may begin.
    async fn run(
        &self,
        script: &Script,
        share: Share,
        keys: &[&str],
        (call, more): (&str, &[&[u8]]),
    ) -> Result<Value, StateError> {
        let (epoch, life) = (share.epoch_key(), millis(STATE_EPOCH_LIFE));
        let keys: Vec<&str> = std::iter::once(epoch.as_str()).chain(keys.iter().copied()).collect();
        let arguments: Vec<&[u8]> =
            [call.as_bytes(), life.as_bytes()].into_iter().chain(more.iter().copied()).collect();
        self.link.run(script, &keys, &arguments).await
    }

    /// That epoch in the share of the key.
    fn in_share(&self, share: Share, epoch: &Epoch) -> Result<EpochId, StateError> {
        self.epochs.load().as_ref().ok_or(StateError::MemoryLost)?.in_share(share, epoch)
    }

    /// The epoch has ended: whoever asks next hears of the new one.
    async fn lost(&self) -> StateError {
        self.look().await.err().unwrap_or(StateError::MemoryLost)
    }
}

/// A value of one call alone.
fn call() -> Result<String, StateError> {
    EpochId::random().map(|id| hex::encode(id.0)).ok_or(StateError::NoRandom)
}

/// At least one: Redis refuses a life of none.
fn millis(life: Duration) -> String {
    life.as_millis().max(1).to_string()
}

/// Neither the password nor anything remembered.
impl fmt::Debug for RedisState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisState")
    }
}
