//! What happens at a counter, and who really did it?
//!
//! The second is the label (*étiquette*) that the gateway never sees and the bench compares with.

use time::OffsetDateTime;

/// One thing that a gateway sees.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    /// When.
    pub at: OffsetDateTime,
    /// The number of the establishment.
    pub place: u32,
    /// Which of its readers.
    pub station: u32,
    /// Of which card, where one was read.
    pub card: Option<Card>,
    /// What.
    pub what: What,
    /// Who really did it.
    pub label: Label,
}

/// A card that says whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Card {
    /// Whose data are on it.
    pub person: u32,
    /// How often that card was renewed (*renouvellement*), and its certificate alone.
    pub issue: (u8, u8),
    /// Whose chip key is in it: the same person's in every honest card.
    pub chip_of: u32,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// The chip proves itself.
    Presence(Took),
    /// A chip that is not the original tries to.
    WrongChip,
    /// The holder tells the hot line that the card is lost; since when, they know more or less.
    Report {
        /// Days that they have missed it.
        missing_days: f32,
    },
    /// A CAN or a PIN is mistyped, or guessed.
    WrongSecret {
        /// The PIN.
        pin: bool,
    },
    /// The patient is entered by hand.
    ByHand,
    /// The glass is broken, by the so-manieth practitioner of the house.
    BreakGlass {
        /// Which.
        practitioner: u32,
    },
    /// The bill goes out.
    Claim {
        /// With the receipt of a presence.
        receipt: bool,
    },
    /// Medicine is handed out.
    Dispense {
        /// Which line of which prescription.
        prescription: u64,
        /// Units that it allows.
        prescribed: u32,
        /// Units handed out.
        dispensed: u32,
        /// Units in the smallest pack.
        pack: u32,
    },
}

/// How long a conversation with a chip took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Took {
    /// 0: Active Authentication by contact, 1: without contact, 2: Chip Authentication without contact.
    pub method: u8,
    /// Commands.
    pub commands: u16,
    /// The commands alone, in milliseconds.
    pub chip: f32,
    /// With the way to the gateway and back, in milliseconds.
    pub whole: f32,
}

/// Who really did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Somebody honest on an ordinary day.
    Honest,
    /// Somebody honest who looks like something else.
    LookAlike(LookAlike),
    /// Somebody honest whose card is being misused at the time, by that case: an alert here is right.
    Victim(u32),
    /// The fraud of that case.
    Fraud(u32),
}

/// Honest people whom each signal is tempted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LookAlike {
    /// A household on one reader.
    Family,
    /// Two counters and a journey between them.
    Traveller,
    /// A mobile unit (*caravane médicale*), far from its depot.
    MobileUnit,
    /// Somebody who fetches the medicines of a street.
    Delegate,
    /// A hospital or a duty pharmacy at night.
    Night,
    /// An evening of Ramadan, at the hour when pharmacies open again.
    RamadanEvening,
    /// A card that was reported and found again.
    FoundAgain,
    /// A new card, or a new certificate on the old chip.
    Renewed,
    /// A reader that is slow or far from the network.
    SlowReader,
    /// Somebody who mistypes again and again.
    Clumsy,
    /// The weekly market.
    MarketDay,
    /// A reader that does not work: everybody is entered by hand.
    BrokenReader,
    /// An accident with many injured.
    Accident,
    /// The pharmacy beside the hospital, some minutes later.
    NextDoor,
    /// What is handed out in whole packs, or again after a breakage.
    WholePacks,
    /// The register says that a counter is somewhere else.
    WrongAddress,
    /// An ambulance from one hospital to another.
    Transfer,
}

impl Act {
    /// What comes first: by time, and for the simultaneous by anything, as long as it is always the same.
    pub fn order(&self) -> (OffsetDateTime, u32, u32, Option<Card>, Label) {
        (self.at, self.place, self.station, self.card, self.label)
    }
}

impl Label {
    /// Its name in the tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Honest => "ordinary",
            Self::LookAlike(what) => what.as_str(),
            Self::Victim(_) => "victim",
            Self::Fraud(_) => "fraud",
        }
    }
}

impl LookAlike {
    /// Its name in the tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Family => "family",
            Self::Traveller => "traveller",
            Self::MobileUnit => "mobile unit",
            Self::Delegate => "delegate",
            Self::Night => "night",
            Self::RamadanEvening => "Ramadan evening",
            Self::FoundAgain => "found again",
            Self::Renewed => "renewed card",
            Self::SlowReader => "slow reader",
            Self::Clumsy => "clumsy",
            Self::MarketDay => "market day",
            Self::BrokenReader => "broken reader",
            Self::Accident => "accident",
            Self::NextDoor => "next door",
            Self::WholePacks => "whole packs",
            Self::WrongAddress => "wrong address",
            Self::Transfer => "transfer",
        }
    }
}
