//! What is remembered, how small, for how long?
//!
//! A window is a set of at most `most` entries of [`ENTRY_OCTETS`] each, in the order of their octets, which is that of
//! their times. Putting an entry that is there changes nothing, so a repeated call counts once and the order in which
//! nodes see simultaneous things does not matter. Where there are more than `most`, the oldest go.
//!
//! A judgement asks less of a store than that: entries in any order, the observation's own among them or not, some of
//! them twice or gone.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use time::OffsetDateTime;

use super::key::{KEY_OCTETS, TAG_OCTETS, Tag};

/// Octets of one entry: time 6, tag 8, data 6.
pub const ENTRY_OCTETS: usize = 20;

/// By how much the clocks of two nodes or stations may differ without either being broken.
pub const CLOCK_SKEW: Duration = Duration::from_secs(90);

const DAY: u64 = 24 * 60 * 60;

/// What a window remembers, and of what (*fenêtre*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum WindowKind {
    /// Of a card: where it was.
    CardPlaces = 1,
    /// Of a chip: under which certificates it showed itself.
    ChipCertificates = 2,
    /// Of a station: which cards it read, and how many secrets were wrong.
    StationCards = 3,
    /// Of an establishment: which cards it read.
    EstablishmentCards = 4,
    /// Of a station and a method: how long chips took.
    StationTimes = 5,
    /// Of a line of a prescription: what was handed out.
    Dispensed = 6,
    /// Of an establishment: in which nights it was active.
    Nights = 7,
    /// Of an establishment: claims with and without a presence.
    Claims = 8,
    /// Of a card: what looked wrong.
    CardHits = 9,
    /// Of a station: what looked wrong.
    StationHits = 10,
    /// Of an establishment: from how far away its patients came.
    Journeys = 11,
    /// Of an establishment: its busiest hours of each day.
    BusyHours = 12,
}

/// Which window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WindowKey {
    /// What it remembers.
    pub kind: WindowKind,
    /// Of whom: a key of this kind.
    pub subject: [u8; KEY_OCTETS],
}

/// What is to be put into a window and read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which window.
    pub key: WindowKey,
    /// What is put into it; nothing, where it is only read.
    pub entry: Option<Entry>,
    /// For how long an entry is worth keeping.
    pub keep: Duration,
    /// How many entries are kept.
    pub most: usize,
}

/// What a window holds, before or after the wanted entry is in it.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// What it remembers.
    pub kind: WindowKind,
    /// The entries.
    pub entries: &'a [Entry],
}

/// One thing in a window: `time (6) ‖ tag (8) ‖ data (6)`, big-endian, so that octets sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry([u8; ENTRY_OCTETS]);

impl WindowKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::CardPlaces,
        Self::ChipCertificates,
        Self::StationCards,
        Self::EstablishmentCards,
        Self::StationTimes,
        Self::Dispensed,
        Self::Nights,
        Self::Claims,
        Self::CardHits,
        Self::StationHits,
        Self::Journeys,
        Self::BusyHours,
    ];

    /// For how long an entry is kept.
    #[must_use]
    pub const fn keep(self) -> Duration {
        Duration::from_secs(match self {
            Self::CardPlaces => 2 * DAY,
            Self::StationCards | Self::EstablishmentCards => 60 * 60,
            Self::ChipCertificates => 60 * DAY,
            Self::StationTimes | Self::CardHits => 30 * DAY,
            Self::Dispensed => 400 * DAY,
            Self::Nights | Self::Journeys | Self::BusyHours => 28 * DAY,
            Self::Claims | Self::StationHits => 7 * DAY,
        })
    }

    /// How many entries are kept of one.
    #[must_use]
    pub const fn most(self) -> usize {
        match self {
            Self::ChipCertificates => 8,
            Self::CardPlaces | Self::CardHits | Self::StationHits => 12,
            Self::Nights | Self::Dispensed | Self::BusyHours => 24,
            Self::Journeys => 16,
            Self::StationTimes => 32,
            Self::StationCards | Self::Claims => 64,
            Self::EstablishmentCards => 128,
        }
    }

    /// Its name in keys of a store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CardPlaces => "card-places",
            Self::ChipCertificates => "chip-certificates",
            Self::StationCards => "station-cards",
            Self::EstablishmentCards => "establishment-cards",
            Self::StationTimes => "station-times",
            Self::Dispensed => "dispensed",
            Self::Nights => "nights",
            Self::Claims => "claims",
            Self::CardHits => "card-hits",
            Self::StationHits => "station-hits",
            Self::Journeys => "journeys",
            Self::BusyHours => "busy-hours",
        }
    }

    /// What to put into the window of that subject and read back.
    #[must_use]
    pub const fn put(self, subject: [u8; KEY_OCTETS], entry: Entry) -> Wanted {
        Wanted { entry: Some(entry), ..self.read(subject) }
    }

    /// The window of that subject, only read.
    #[must_use]
    pub const fn read(self, subject: [u8; KEY_OCTETS]) -> Wanted {
        let key = WindowKey { kind: self, subject };
        Wanted { key, entry: None, keep: self.keep(), most: self.most() }
    }
}

/// Two words for the octets and one for the kind.
impl Hash for WindowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.subject);
        state.write_u64(u64::from(self.kind as u8));
    }
}

impl WindowKey {
    /// Its name in a shared store: the kind and the subject in hexadecimal.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.kind.as_str(), hex::encode(self.subject))
    }
}

impl Entry {
    /// An entry of these.
    #[must_use]
    pub const fn new(millis: u64, tag: Tag, data: [u8; 6]) -> Self {
        let [_, _, t0, t1, t2, t3, t4, t5] = millis.to_be_bytes();
        let [a, b, c, d, e, f, g, h] = tag;
        let [u, v, w, x, y, z] = data;
        Self([t0, t1, t2, t3, t4, t5, a, b, c, d, e, f, g, h, u, v, w, x, y, z])
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; nothing, where it is something else.
    #[must_use]
    pub fn from_bytes(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self)
    }

    /// The entry as a store keeps it.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; ENTRY_OCTETS] {
        self.0
    }

    /// Its time, in milliseconds of Unix time.
    #[must_use]
    pub const fn millis(self) -> u64 {
        let [t0, t1, t2, t3, t4, t5, ..] = self.0;
        u64::from_be_bytes([0, 0, t0, t1, t2, t3, t4, t5])
    }

    /// What it is about.
    #[must_use]
    pub const fn tag(self) -> Tag {
        let [_, _, _, _, _, _, a, b, c, d, e, f, g, h, ..] = self.0;
        [a, b, c, d, e, f, g, h]
    }

    /// What else it says.
    #[must_use]
    pub const fn data(self) -> [u8; 6] {
        let [.., u, v, w, x, y, z] = self.0;
        [u, v, w, x, y, z]
    }
}

/// Milliseconds of Unix time, as entries say them; what lies outside is held to be at the border.
#[must_use]
pub fn millis(at: OffsetDateTime) -> u64 {
    let seconds = u64::try_from(at.unix_timestamp()).unwrap_or(0);
    (seconds.saturating_mul(1000) + u64::from(at.millisecond())).min((1 << 48) - 1)
}

/// Octets that the windows of one card can take at the most: where it was, under which certificates, what looked wrong.
pub const CARD_OCTETS_MAX: usize = ENTRY_OCTETS
    * (WindowKind::CardPlaces.most() + WindowKind::ChipCertificates.most() + WindowKind::CardHits.most());

const _: () = assert!(TAG_OCTETS + 12 == ENTRY_OCTETS);
const _: () = assert!(CARD_OCTETS_MAX <= 1024);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back_and_sorts_by_its_time() {
        let early = Entry::new(1_000, [9; 8], [8; 6]);
        let late = Entry::new(1_001, [0; 8], [0; 6]);
        assert!(early < late && early.to_bytes() < late.to_bytes());
        assert_eq!(Entry::from_bytes(&early.to_bytes()), Some(early));
        assert_eq!((early.millis(), early.tag(), early.data()), (1_000, [9; 8], [8; 6]));
        assert_eq!(Entry::from_bytes(&[0; ENTRY_OCTETS - 1]), None);
    }

    #[test]
    fn every_kind_has_its_own_name_and_a_bound() {
        let names: std::collections::BTreeSet<_> = WindowKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), WindowKind::ALL.len());
        for kind in WindowKind::ALL {
            assert!(kind.most() * ENTRY_OCTETS <= 2560 && !kind.keep().is_zero(), "{kind:?}");
        }
    }

    #[test]
    fn times_outside_the_entries_are_held_at_their_borders() {
        assert_eq!(millis(OffsetDateTime::UNIX_EPOCH - time::Duration::days(1)), 0);
        assert_eq!(millis(OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(2)), 2_000);
    }
}
