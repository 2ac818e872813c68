//! What do the tests of the signals see?

use time::OffsetDateTime;
use time::macros::datetime;

use super::key::{CardKey, ChipKey, EstablishmentKey, KEY_OCTETS, StationKey};
use super::observation::{EstablishmentFacts, Observation, Seen};
use crate::ClientKind;

/// A Tuesday morning, ten o'clock by the local clock.
pub(crate) const MORNING: OffsetDateTime = datetime!(2026-03-10 9:00 UTC);

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
        position: Some("33.573110,-7.589843".parse().unwrap()),
        hours: Some("08:30-20:00".parse().unwrap()),
        on_duty: false,
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
