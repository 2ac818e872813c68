//! Which signals are there, and how does each see an observation?
//!
//! One file each, with the honest look-alikes that it must not take for fraud in its test.

mod card_velocity;
mod claim_without_presence;
mod clone;
mod establishment_velocity;
mod impossible_travel;
mod night;
mod over_dispensing;
mod relay;
mod reported_card;
mod secrets_run;
mod station_velocity;
mod two_certificates;
mod two_places;

use super::hit::Hit;
use super::key::Tag;
use super::observation::Observation;
use super::window::{Entry, Window, WindowKind};
use crate::RiskSignal;

/// Something that can look wrong (*signal*). It sees one observation and its windows, and nothing else.
pub trait Signal: Sync {
    /// Its name.
    fn signal(&self) -> RiskSignal;

    /// Whether this observation looks wrong. A pure function; what is not known looks right.
    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit>;
}

/// The signals that judge each observation when it happens. Those that compare establishments with their peers judge days:
/// [`peers`](super::peers).
pub static LIVE: [&dyn Signal; 13] = [
    &reported_card::ReportedCard,
    &clone::Clone,
    &impossible_travel::ImpossibleTravel,
    &two_places::TwoPlaces,
    &two_certificates::TwoCertificates,
    &card_velocity::CardVelocity,
    &station_velocity::StationVelocity,
    &establishment_velocity::EstablishmentVelocity,
    &night::Night,
    &relay::Relay,
    &secrets_run::SecretsRun,
    &over_dispensing::OverDispensing,
    &claim_without_presence::ClaimWithoutPresence,
];

/// The windows of one observation, by their kind.
#[derive(Clone, Copy, Debug)]
pub struct Windows<'a>(&'a [Window<'a>]);

impl<'a> Windows<'a> {
    /// These.
    #[must_use]
    pub const fn new(windows: &'a [Window<'a>]) -> Self {
        Self(windows)
    }

    /// What the window of that kind holds, the observation itself included where the store put it in first.
    #[must_use]
    pub fn all(&self, kind: WindowKind) -> &'a [Entry] {
        self.0
            .iter()
            .find(|window| window.kind == kind && !window.entries.is_empty())
            .map_or(&[], |window| window.entries)
    }

    /// The same without the observation itself, which was at `millis` with that tag.
    pub fn others(
        &self,
        kind: WindowKind,
        (millis, tag): (u64, Tag),
    ) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.all(kind).iter().filter(move |entry| entry.millis() != millis || entry.tag() != tag)
    }
}

/// Counts different tags of at most 128 entries.
pub(crate) fn distinct(tags: impl Iterator<Item = Tag>) -> u64 {
    let mut known = [[0; 8]; 128];
    let mut count = 0;
    for tag in tags {
        let (seen, free) = known.split_at_mut(count);
        if !seen.contains(&tag)
            && let Some(place) = free.first_mut()
        {
            *place = tag;
            count += 1;
        }
    }
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// `low` at `from` and `high` at `to` and beyond, straight in between: a weight by how far something went.
pub(crate) fn between(value: u64, (from, to): (u64, u64), (low, high): (u8, u8)) -> u8 {
    let part = value.clamp(from, to.max(from)) - from;
    let rise = u64::from(high.saturating_sub(low)).saturating_mul(part) / (to.saturating_sub(from)).max(1);
    low.saturating_add(u8::try_from(rise).unwrap_or(0))
}
