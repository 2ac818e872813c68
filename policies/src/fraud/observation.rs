//! What was seen, where, of which card?

use time::OffsetDateTime;

use super::key::{
    CardKey, CertificateKey, ChipKey, EstablishmentKey, PractitionerKey, PrescriptionKey, StationKey,
};
use crate::ClientKind;
use crate::facts::{OpeningHours, Position};

/// One thing that happened (*observation*). What is not known is not said, and is not held against anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// When, by the clock of the node that saw it. Nodes and stations may differ by
    /// [`CLOCK_SKEW`](super::window::CLOCK_SKEW).
    pub at: OffsetDateTime,
    /// What.
    pub seen: Seen,
    /// Of which card.
    pub card: Option<CardKey>,
    /// With which chip in it.
    pub chip: Option<ChipKey>,
    /// At which reader.
    pub station: Option<StationKey>,
    /// Where.
    pub establishment: EstablishmentFacts,
}

/// The establishment in which it was seen (*établissement*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EstablishmentFacts {
    /// Which.
    pub key: EstablishmentKey,
    /// Its kind: only its own kind are its peers.
    pub kind: ClientKind,
    /// Where it is; a mobile unit, where it is based.
    pub position: Option<Position>,
    /// When it is open, by the local clock.
    pub hours: Option<OpeningHours>,
    /// It has the duty of this night or day (*pharmacie de garde*), and is not bound by its hours.
    pub on_duty: bool,
    /// How many presences its busiest ordinary hours had lately, where that is known.
    pub usual_hour: Option<u16>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A chip proved that it is the original (*preuve de présence*).
    Presence(PresenceSeen),
    /// A card was reported lost, stolen or withdrawn (*opposition*). The observation's card is the reported one.
    CardReported {
        /// Since when its holder misses it, where they know.
        missing_since: Option<OffsetDateTime>,
    },
    /// The right data came with the wrong chip key: somebody copied the files of a card.
    CloneSuspected,
    /// A CAN or PIN was wrong. The card is often unknown: it did not open.
    WrongSecret(Secret),
    /// A session without a card, where the rules allow one (*saisie manuelle*).
    ManualAccess,
    /// The glass was broken (*bris de glace*).
    BreakGlass {
        /// By whom.
        practitioner: PractitionerKey,
    },
    /// A claim was sent (*demande de remboursement*).
    Claim {
        /// It carries the receipt of a presence.
        with_presence: bool,
    },
    /// Medicine was handed out (*délivrance*).
    Dispense {
        /// On which line of which prescription.
        prescription: PrescriptionKey,
        /// How much it allows in all, its repeats included, in units of the medicine.
        prescribed: u32,
        /// How much was handed out now, in the same units.
        dispensed: u32,
        /// The smallest pack, in the same units: nobody can hand out less. 1 where unknown.
        pack: u32,
    },
}

/// What a proven presence showed besides itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PresenceSeen {
    /// What a state signed about the card.
    pub certificate: Option<CertificateKey>,
    /// The card stands on the list of the reported.
    pub reported: bool,
    /// How long the chip took.
    pub timing: Option<Timing>,
}

/// How long the commands of the proof took (*durée des APDU*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The method and the family of the chip, as one number: only the same are compared.
    pub method: u8,
    /// How many commands.
    pub commands: u16,
    /// From the challenge's leaving to the proof's arrival, in milliseconds, by the gateway's clock: no station can
    /// make it shorter than it was.
    pub whole: u32,
    /// The commands alone, in milliseconds, as the station says: unbelieved where it is *less* than was.
    pub chip: Option<u32>,
}

/// What opens a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Secret {
    /// The number printed on the card (ICAO 9303-11 §4.4, *CAN*).
    Can,
    /// The number that the holder keeps (*PIN*).
    Pin,
}

impl Seen {
    /// A proven presence of which nothing else is known.
    pub const PRESENCE: Self =
        Self::Presence(PresenceSeen { certificate: None, reported: false, timing: None });

    /// Its stable name, in cases and metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Presence(_) => "presence",
            Self::CardReported { .. } => "card-reported",
            Self::CloneSuspected => "clone-suspected",
            Self::WrongSecret(Secret::Can) => "wrong-can",
            Self::WrongSecret(Secret::Pin) => "wrong-pin",
            Self::ManualAccess => "manual-access",
            Self::BreakGlass { .. } => "break-glass",
            Self::Claim { .. } => "claim",
            Self::Dispense { .. } => "dispense",
        }
    }
}
