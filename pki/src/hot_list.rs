//! Was this card reported lost or stolen, or is its holder dead? (liste d'opposition)
//!
//! A node that serves 50 million cards keeps the list in memory as a filter over keyed digests, 2.3 octets a listed
//! card, and asks the sorted file only where the filter says "perhaps". What changed since is in a table beside it,
//! in force at once, until the next base folds it in.
//!
//! | question | module |
//! |---|---|
//! | what stands in a file, who signed it? | [`HotListHeader`] |
//! | are these the entries, whole and in order? | [`HotListBase`], [`HotListDelta`] |
//! | may this card be listed? | `filter` |
//! | which file follows which? | [`HotList`] |

mod base;
mod delta;
mod error;
mod file;
mod filter;

pub use base::HotListBase;
pub use delta::HotListDelta;
pub use error::HotListError;
pub use file::{HotListEntry, HotListHeader, HotListKind, HotListWriter, SIGNED_LEN};

use crate::limits;
use std::collections::HashMap;
use std::sync::Arc;
use time::OffsetDateTime;

/// The keyed digest of a card's state and document number (empreinte de la carte): 128 bits of an HMAC, so that a list
/// that is lost tells nobody whose card was stolen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CardDigest(pub [u8; 16]);

/// Why a card is listed (motif d'opposition).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListingReason {
    /// Its holder does not find it.
    Lost,
    /// Somebody else has it.
    Stolen,
    /// Its holder is dead.
    HolderDead,
    /// The state took it back.
    Withdrawn,
}

/// What the list says of a card (opposition).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// Why.
    pub reason: ListingReason,
    /// Since when.
    pub since: OffsetDateTime,
}

/// What memory alone can say of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtFirstSight {
    /// Surely not listed.
    Clear,
    /// Surely listed, or taken off since.
    Known(Option<Listing>),
    /// The filter says perhaps: ask [`HotList::find`].
    Perhaps,
}

/// Octets at a place of the file that a [`HotListBase`] was read from.
pub trait ReadAt {
    /// Fills `octets` from `offset` on, or fails.
    fn read_at(&self, offset: u64, octets: &mut [u8]) -> std::io::Result<()>;
}

/// A base and all that changed since (liste d'opposition en vigueur).
#[derive(Debug, Clone)]
pub struct HotList {
    base: Arc<HotListBase>,
    changes: HashMap<CardDigest, Option<Listing>>,
    newest: HotListHeader,
}

impl ListingReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Lost, Self::Stolen, Self::HolderDead, Self::Withdrawn];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Stolen => "stolen",
            Self::HolderDead => "holder-dead",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

impl HotList {
    /// The list as of this base.
    #[must_use]
    pub fn new(base: impl Into<Arc<HotListBase>>) -> Self {
        let base = base.into();
        Self { newest: *base.header(), base, changes: HashMap::new() }
    }

    /// Takes over what changed. A delta that is older than what is known is refused as rolled back, one that skips
    /// another as a gap; after either, everything is as it was.
    pub fn apply(&mut self, delta: &HotListDelta) -> Result<(), HotListError> {
        let header = delta.header();
        if header.sequence <= self.newest.sequence {
            return Err(HotListError::RolledBack);
        }
        if header.sequence != self.newest.sequence + 1 {
            return Err(HotListError::Gap);
        }
        if self.changes.len() + delta.changes().len() > limits::HOT_LIST_CHANGES {
            return Err(HotListError::TooLarge);
        }
        self.changes.extend(delta.changes().iter().copied());
        self.newest = *header;
        Ok(())
    }

    /// What memory alone says of a card.
    #[must_use]
    pub fn at_first_sight(&self, card: &CardDigest) -> AtFirstSight {
        match self.changes.get(card) {
            Some(change) => AtFirstSight::Known(*change),
            None if self.base.may_hold(card) => AtFirstSight::Perhaps,
            None => AtFirstSight::Clear,
        }
    }

    /// Looks the card up exactly, in the file that the base was read from.
    pub fn find(&self, card: &CardDigest, file: &impl ReadAt) -> Result<Option<Listing>, HotListError> {
        match self.at_first_sight(card) {
            AtFirstSight::Clear => Ok(None),
            AtFirstSight::Known(change) => Ok(change),
            AtFirstSight::Perhaps => self.base.find(card, file),
        }
    }

    /// The newest file of which it is made: how old it is, and when the next is promised.
    #[must_use]
    pub fn newest(&self) -> &HotListHeader {
        &self.newest
    }

    /// The base below the changes.
    #[must_use]
    pub fn base(&self) -> &Arc<HotListBase> {
        &self.base
    }

    /// How many changes lie over the base.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.changes.len()
    }

    /// Octets in memory, about: filter and table of changes.
    #[must_use]
    pub fn memory(&self) -> usize {
        // hashbrown keeps one control octet a bucket beside the pair.
        let change = size_of::<(CardDigest, Option<Listing>)>() + 1;
        self.base.memory() + self.changes.capacity() * change
    }
}
