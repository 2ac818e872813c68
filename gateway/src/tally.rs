//! How much did each establishment do on each day, and how much of it with a chip that was really there?
//!
//! Belgium pays for what a chip was read for and looks at who types numbers instead; so do we keep, per establishment
//! and day, what was done with a card and what without (*taux de lecture de la puce*). Counts, no patient.
//!
//! Counting costs no question to the database: counts are kept here and written down every two seconds and at the end.
//! A process that is killed loses at most that much of a statistic; the audit log has every single act.

mod store;
mod watch;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use time::{Date, OffsetDateTime, UtcOffset};
use uuid::Uuid;

use crate::registry::RegistryError;
use crate::store::Store;

pub use store::EstablishmentCounts;
pub(crate) use watch::watch;

/// The time of day in Morocco, whose hour is moved in the month of Ramadan alone: a day of statistics does not mind.
const MOROCCO: UtcOffset = match UtcOffset::from_hms(1, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};

/// Something that is counted (*acte compté*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counted {
    /// A card whose files were believed.
    Presence,
    /// A session that a chip opened.
    Session,
    /// A claim that was sent, accepted or not.
    Claim,
    /// A claim whose receipt was sound.
    ClaimWithReceipt,
    /// An access without any card.
    Manual,
    /// An emergency access, with a card or without.
    BreakGlass,
}

/// What all establishments did (*décompte*).
pub struct Tally {
    store: Store,
    /// This run of this process: its rows are nobody else's.
    run: Uuid,
    counts: Mutex<HashMap<(Date, String), Counts>>,
}

/// What one establishment did in this run on one day.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// In the order of [`Counted::ALL`].
    of: [u32; Counted::ALL.len()],
    /// There is more than was written down.
    dirty: bool,
}

/// The day in Morocco at that moment (*jour*).
#[must_use]
pub fn day(at: OffsetDateTime) -> Date {
    at.to_offset(MOROCCO).date()
}

impl Counted {
    /// Everything that is counted, in the order of the columns.
    pub const ALL: [Self; 6] =
        [Self::Presence, Self::Session, Self::Claim, Self::ClaimWithReceipt, Self::Manual, Self::BreakGlass];
}

impl Tally {
    /// The counts of this run, which begin with nothing.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, run: Uuid::new_v4(), counts: Mutex::default() }
    }

    /// Counts one act of a registered client. Cheap: nothing is asked.
    pub fn count(&self, client: &str, what: Counted, at: OffsetDateTime) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.entry((day(at), client.to_owned())).or_default();
        if let Some((_, count)) =
            Counted::ALL.iter().zip(&mut counts.of).find(|(counted, _)| **counted == what)
        {
            *count = count.saturating_add(1);
            counts.dirty = true;
        }
    }

    /// What every establishment did from one day to another, both included, on all nodes, as far as it was written down.
    ///
    /// # Errors
    /// The database is away.
    pub async fn between(&self, first: Date, last: Date) -> Result<Vec<EstablishmentCounts>, RegistryError> {
        store::between(&self.store, first, last).await
    }

    /// Writes down what is new, durably. Days that are over are forgotten once they are written.
    ///
    /// # Errors
    /// The database is away: what is new stays new.
    pub async fn write_down(&self, at: OffsetDateTime) -> Result<(), RegistryError> {
        let dirty: Vec<_> = {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            // A day is not over everywhere at once: clocks of nodes differ by less than a day.
            counts.retain(|(of, _), counts| counts.dirty || *of + time::Duration::DAY >= day(at));
            let dirty = counts.iter_mut().filter(|(_, counts)| counts.dirty);
            dirty
                .map(|(key, counts)| {
                    counts.dirty = false;
                    (key.clone(), counts.of)
                })
                .collect()
        };
        let written = store::write_down(&self.store, self.run, &dirty).await;
        if written.is_err() {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, _) in &dirty {
                if let Some(counts) = counts.get_mut(key) {
                    counts.dirty = true;
                }
            }
        }
        written
    }
}

impl std::fmt::Debug for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tally").field("run", &self.run).finish_non_exhaustive()
    }
}
