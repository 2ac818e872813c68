//! Which place in the lists does the next session get?
//!
//! Nodes take places in blocks, each from one counter in the database, so no two sessions share one, whatever happens to
//! a node. Within its block a node gives them out in random order: a place does not tell how many came before.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::StatusLists;
use crate::limits::{STATUS_BLOCK, STATUS_BLOCK_LIFE, STATUS_LIST_PLACES};
use crate::registry::RegistryError;
use crate::store::Statement;
use crate::token::StatusReference;

/// Places of one list that only this node gives out (*bloc de places*).
pub(super) struct Block {
    list: u32,
    free: Vec<u32>,
    until: Instant,
}

const TAKE: &str = "UPDATE status_place SET next = next + $1 RETURNING next";
const BEGIN: &str =
    "INSERT INTO status_list (number, begun_at) VALUES ($1, $2) ON CONFLICT (number) DO NOTHING";
const BEGUN: &str = "SELECT number, begun_at FROM status_list ORDER BY number";

impl StatusLists {
    /// A place for a session, which no other session ever has.
    pub(crate) async fn place(&self, at: OffsetDateTime) -> Result<StatusReference, RegistryError> {
        let mut block = self.block.lock().await;
        if let Some(block) = block.as_mut().filter(|block| Instant::now() < block.until)
            && let Some(index) = block.free.pop()
        {
            return Ok(StatusReference { list: block.list, index });
        }
        let mut next = self.take(at).await?;
        let index = next.free.pop().ok_or(RegistryError::Malformed("status_place"))?;
        let place = StatusReference { list: next.list, index };
        *block = Some(next);
        Ok(place)
    }

    /// A new block. One whose answer was lost is nobody's.
    async fn take(&self, at: OffsetDateTime) -> Result<Block, RegistryError> {
        let malformed = || RegistryError::Malformed("status_place");
        let rows = self.store.write_returning(Statement::new(TAKE).bind(i64::from(STATUS_BLOCK))).await?;
        let end = rows.first().ok_or_else(malformed)?.int("next")?;
        let first = end.checked_sub(i64::from(STATUS_BLOCK)).ok_or_else(malformed)?;
        let places = i64::from(STATUS_LIST_PLACES);
        let list = u32::try_from(first.div_euclid(places)).map_err(|_| malformed())?;
        let start = u32::try_from(first.rem_euclid(places)).map_err(|_| malformed())?;
        // Before the first token names it: whoever fetches the list finds it.
        self.store.write(Statement::new(BEGIN).bind(i64::from(list)).bind(at)).await?;
        self.begun.write().unwrap_or_else(PoisonError::into_inner).entry(list).or_insert(at);
        let mut free: Vec<u32> = (start..start.saturating_add(STATUS_BLOCK)).collect();
        shuffle(&mut free).map_err(|_| RegistryError::Malformed("random"))?;
        Ok(Block { list, free, until: Instant::now() + STATUS_BLOCK_LIFE })
    }

    /// Asks which lists were begun.
    pub(super) async fn look(&self) -> Result<(), RegistryError> {
        let looked = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.looked.store(looked, Relaxed);
        let mut found = BTreeMap::new();
        for row in &self.store.read(Statement::new(BEGUN)).await? {
            let number = u32::try_from(row.int("number")?);
            let number = number.map_err(|_| RegistryError::Malformed("status_list.number"))?;
            let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(row.int("begun_at")?) * 1_000);
            found.insert(number, at.map_err(|_| RegistryError::Malformed("status_list.begun_at"))?);
        }
        // Added, not replaced: this node may have begun one since the question was put.
        self.begun.write().unwrap_or_else(PoisonError::into_inner).append(&mut found);
        Ok(())
    }
}

/// Fisher and Yates, with the system's randomness.
fn shuffle(places: &mut [u32]) -> Result<(), getrandom::Error> {
    for last in (1..places.len()).rev() {
        let mut octets = [0; 8];
        getrandom::fill(&mut octets)?;
        let bound = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
        let other = usize::try_from(u64::from_le_bytes(octets) % bound).unwrap_or(0);
        places.swap(last, other);
    }
    Ok(())
}
