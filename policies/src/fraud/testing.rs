//! What do the tests of the signals see?

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::engine::Engine;
use super::hit::Hit;
use super::in_process::InProcessWindows;
use super::key::{CardKey, ChipKey, EstablishmentKey, KEY_OCTETS, StationKey};
use super::observation::{EstablishmentFacts, Observation, Seen};
use crate::{ClientKind, RiskSignal};

/// A Tuesday morning, ten o'clock by the local clock.
pub(crate) const MORNING: OffsetDateTime = datetime!(2026-05-12 9:00 UTC);

/// Two o'clock in the night after it.
pub(crate) const NIGHT: OffsetDateTime = datetime!(2026-05-13 1:00 UTC);

/// Places of the kingdom.
pub(crate) const CASABLANCA: &str = "33.573110,-7.589843";
pub(crate) const RABAT: &str = "34.020882,-6.841650";
pub(crate) const TANGER: &str = "35.759465,-5.833954";

/// Sixteen octets that are unlike those of other numbers in the first half too.
pub(crate) fn octets(number: u64) -> [u8; KEY_OCTETS] {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut octets = [0; KEY_OCTETS];
    octets[..8].copy_from_slice(&mixed.to_be_bytes());
    octets[8..].copy_from_slice(&number.to_be_bytes());
    octets
}

/// A pharmacy in Casablanca, open from 08:30 to 20:00.
pub(crate) fn pharmacy(number: u64) -> EstablishmentFacts {
    EstablishmentFacts {
        key: EstablishmentKey::new(octets(number)),
        kind: ClientKind::Pharmacy,
        position: Some(CASABLANCA.parse().unwrap()),
        hours: Some("08:30-20:00".parse().unwrap()),
        on_duty: false,
        usual_hour: None,
    }
}

/// Card 1 at station 1 of pharmacy 1 at that moment.
pub(crate) fn at(at: OffsetDateTime) -> Observation {
    Observation {
        at,
        seen: Seen::PRESENCE,
        card: Some(CardKey::new(octets(1))),
        chip: Some(ChipKey::new(octets(1))),
        station: Some(StationKey::new(octets(1))),
        establishment: pharmacy(1),
    }
}

/// The same, so many seconds into the morning.
pub(crate) fn after(seconds: i64) -> Observation {
    at(MORNING + Duration::seconds(seconds))
}

impl Observation {
    /// Of this card.
    pub(crate) fn card(self, number: u64) -> Self {
        Self { card: Some(CardKey::new(octets(number))), chip: Some(ChipKey::new(octets(number))), ..self }
    }

    /// At this station of this establishment, of the same kind at the same place.
    pub(crate) fn there(mut self, number: u64) -> Self {
        self.establishment.key = EstablishmentKey::new(octets(number));
        self.station(number)
    }

    /// At this station.
    pub(crate) fn station(self, number: u64) -> Self {
        Self { station: Some(StationKey::new(octets(number))), ..self }
    }

    /// In an establishment of this kind.
    pub(crate) fn kind(mut self, kind: ClientKind) -> Self {
        self.establishment.kind = kind;
        self
    }

    /// At this place.
    pub(crate) fn place(mut self, place: &str) -> Self {
        self.establishment.position = Some(place.parse().unwrap());
        self
    }

    /// At a place that nobody registered.
    pub(crate) fn nowhere(mut self) -> Self {
        self.establishment.position = None;
        self
    }

    /// This was seen.
    pub(crate) fn saw(self, seen: Seen) -> Self {
        Self { seen, ..self }
    }
}

/// All hits of that signal when these things happen one after another.
pub(crate) fn hits(signal: RiskSignal, happened: impl IntoIterator<Item = Observation>) -> Vec<Hit> {
    let (engine, mut windows) = (Engine::new(), InProcessWindows::default());
    let judged = happened.into_iter().map(|seen| engine.observe(&mut windows, &seen));
    judged.flat_map(|judged| judged.hits).filter(|hit| hit.signal == signal).collect()
}
