//! What did an establishment do, in numbers?

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::key::EstablishmentKey;
use crate::ClientKind;

/// What one establishment did on one day (*activité*). Counts, no patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EstablishmentDay {
    /// Which.
    pub key: EstablishmentKey,
    /// Its kind: only its own kind are its peers.
    pub kind: ClientKind,
    /// What it did.
    pub acts: Acts,
}

/// How often each was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acts {
    /// Cards whose files were believed.
    pub presences: u64,
    /// Sessions that a chip opened.
    pub sessions: u64,
    /// Claims that were sent.
    pub claims: u64,
    /// Those whose receipt was sound.
    pub claims_with_receipt: u64,
    /// Sessions without a card.
    pub manual: u64,
    /// The glass was broken.
    pub break_glass: u64,
}

impl AddAssign for Acts {
    fn add_assign(&mut self, more: Self) {
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.presences, more.presences);
        add(&mut self.sessions, more.sessions);
        add(&mut self.claims, more.claims);
        add(&mut self.claims_with_receipt, more.claims_with_receipt);
        add(&mut self.manual, more.manual);
        add(&mut self.break_glass, more.break_glass);
    }
}

/// The days of each establishment, in the order of their keys.
#[must_use]
pub fn by_establishment(
    days: impl IntoIterator<Item = EstablishmentDay>,
) -> BTreeMap<EstablishmentKey, (ClientKind, Vec<Acts>)> {
    let mut establishments: BTreeMap<_, (_, Vec<Acts>)> = BTreeMap::new();
    for EstablishmentDay { key, kind, acts } in days {
        establishments.entry(key).or_insert((kind, Vec::new())).1.push(acts);
    }
    establishments
}

/// The sum of these days.
#[must_use]
pub fn sum<'a>(days: impl IntoIterator<Item = &'a Acts>) -> Acts {
    days.into_iter().fold(Acts::default(), |mut sum, day| {
        sum += *day;
        sum
    })
}
