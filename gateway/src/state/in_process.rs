//! What does this one process remember? The state of a gateway that stands alone.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use time::OffsetDateTime;
use tokio::sync::watch;

use super::memory::{Kept, Memory};
use super::{
    Entered, Epoch, EpochId, Look, SharedState, Space, Spent, StateError, Taken, bounded, bounded_look,
};
use crate::clock::Clock;

/// The memory of this process (*mémoire du processus*). It ends with it, and its epoch too.
pub struct InProcess {
    clock: Arc<dyn Clock>,
    epoch: Epoch,
    presences: Mutex<Memory>,
    step_ups: Mutex<Memory>,
    dpop_proofs: Mutex<Memory>,
    assertions: Mutex<Memory>,
    status_lists: Mutex<Memory>,
    refusals: Mutex<Memory>,
    frauds: Mutex<Memory>,
    nudges: watch::Sender<u64>,
}

impl InProcess {
    /// A memory that begins now.
    ///
    /// # Errors
    /// The machine has no random numbers.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, StateError> {
        let epoch = Epoch { id: EpochId::random().ok_or(StateError::NoRandom)?, since: clock.now() };
        let memory = || Mutex::new(Memory::new());
        Ok(Self {
            clock,
            epoch,
            presences: memory(),
            step_ups: memory(),
            dpop_proofs: memory(),
            assertions: memory(),
            status_lists: memory(),
            refusals: memory(),
            frauds: memory(),
            nudges: watch::Sender::new(0),
        })
    }

    /// The space, and what time it is there.
    fn memory(&self, space: Space) -> (MutexGuard<'_, Memory>, OffsetDateTime) {
        let memory = match space {
            Space::Presence => &self.presences,
            Space::StepUp => &self.step_ups,
            Space::DpopProof => &self.dpop_proofs,
            Space::Assertion => &self.assertions,
            Space::StatusList => &self.status_lists,
            Space::Refusal => &self.refusals,
            Space::Fraud => &self.frauds,
        };
        (memory.lock().unwrap_or_else(PoisonError::into_inner), self.clock.now())
    }

    fn same(&self, epoch: &Epoch) -> Result<(), StateError> {
        if epoch.id == self.epoch.id { Ok(()) } else { Err(StateError::MemoryLost) }
    }
}

impl SharedState for InProcess {
    fn put<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        holder: &'a str,
        value: &'a [u8],
        life: Duration,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move {
            bounded(&[key, holder], value)?;
            let (mut memory, at) = self.memory(space);
            if memory.kept.get(key, at).is_some() {
                return Err(StateError::KeyTaken);
            }
            let kept = Kept { holder: holder.into(), value: Some(value.to_vec()) };
            if memory.kept.insert(key, (kept, value.len()), life, at) {
                Ok(())
            } else {
                Err(StateError::Full)
            }
        })
    }

    fn take<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        holder: &'a str,
    ) -> BoxFuture<'a, Result<Taken, StateError>> {
        Box::pin(async move {
            let (mut memory, at) = self.memory(space);
            Ok(memory.take(key, holder, at))
        })
    }

    fn spend<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        life: Duration,
        epoch: &'a Epoch,
    ) -> BoxFuture<'a, Result<Spent, StateError>> {
        Box::pin(async move {
            bounded(&[key], &[])?;
            self.same(epoch)?;
            let (mut memory, at) = self.memory(space);
            if memory.spent.get(key, at).is_some() {
                return Ok(Spent::Again);
            }
            if memory.spent.insert(key, ((), 0), life, at) { Ok(Spent::First) } else { Err(StateError::Full) }
        })
    }

    fn count<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        by: u64,
        life: Duration,
        epoch: &'a Epoch,
    ) -> BoxFuture<'a, Result<u64, StateError>> {
        Box::pin(async move {
            bounded(&[key], &[])?;
            self.same(epoch)?;
            let (mut memory, at) = self.memory(space);
            if let Some(total) = memory.counts.get(key, at) {
                *total = total.checked_add(by).ok_or(StateError::Full)?;
                let total = *total;
                memory.counts.extend(key, life, at);
                return Ok(total);
            }
            if memory.counts.insert(key, (by, 0), life, at) { Ok(by) } else { Err(StateError::Full) }
        })
    }

    fn enter<'a>(
        &'a self,
        space: Space,
        room: &'a str,
        member: &'a str,
        most: usize,
        life: Duration,
    ) -> BoxFuture<'a, Result<Entered, StateError>> {
        Box::pin(async move {
            bounded(&[room, member], &[])?;
            let (mut memory, at) = self.memory(space);
            memory.enter(room, (member, most), life, at)
        })
    }

    fn leave<'a>(
        &'a self,
        space: Space,
        room: &'a str,
        member: &'a str,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move {
            let (mut memory, at) = self.memory(space);
            if let Some(inside) = memory.rooms.get(room, at) {
                inside.remove(member);
                if inside.len() == 0 {
                    memory.rooms.remove(room);
                }
            }
            Ok(())
        })
    }

    fn inside<'a>(&'a self, space: Space, room: &'a str) -> BoxFuture<'a, Result<u64, StateError>> {
        Box::pin(async move {
            let (mut memory, at) = self.memory(space);
            Ok(memory.rooms.get(room, at).map_or(0, |inside| {
                while inside.forget(at) {}
                u64::try_from(inside.len()).unwrap_or(u64::MAX)
            }))
        })
    }

    fn window<'a>(
        &'a self,
        space: Space,
        key: &'a str,
        look: Look<'a>,
    ) -> BoxFuture<'a, Result<Vec<Vec<u8>>, StateError>> {
        Box::pin(async move {
            bounded_look(key, &look)?;
            let (mut memory, at) = self.memory(space);
            memory.window(key, &look, at)
        })
    }

    fn epoch(&self) -> BoxFuture<'_, Result<Epoch, StateError>> {
        Box::pin(async move { Ok(self.epoch) })
    }

    fn nudge(&self) {
        self.nudges.send_modify(|number| *number = number.wrapping_add(1));
    }

    fn nudged(&self) -> watch::Receiver<u64> {
        self.nudges.subscribe()
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), StateError>> {
        Box::pin(async move { Ok(()) })
    }

    fn sweep(&self) {
        for space in Space::ALL {
            // The lock is given back between two shares, so that no request waits for all of them.
            loop {
                let (mut memory, at) = self.memory(space);
                let more = [
                    memory.kept.forget(at),
                    memory.spent.forget(at),
                    memory.counts.forget(at),
                    memory.rooms.forget(at),
                    memory.windows.forget(at),
                ];
                if !more.contains(&true) {
                    break;
                }
            }
        }
    }
}

/// What is remembered is nobody's business.
impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}
