//! Are these all the listed cards, as they were signed?

use super::file::{ENTRY_LEN, HEADER_LEN, HotListEntry};
use super::filter::{Filters, FiltersBuilder};
use super::{CardDigest, HotListError, HotListHeader, HotListKind, Listing, ReadAt};
use openssl::sha::Sha256;
use std::fmt;
use std::io::Read;

/// Every listed card at a moment: a filter in memory, the entries in the file (base de la liste d'opposition).
pub struct HotListBase {
    header: HotListHeader,
    filters: Filters,
}

impl HotListBase {
    /// Reads the entries that follow the header, to the end of the file: their digest, order and number.
    pub fn read(header: HotListHeader, entries: impl Read) -> Result<Self, HotListError> {
        if header.kind != HotListKind::Base {
            return Err(HotListError::WrongKind);
        }
        let mut filters = FiltersBuilder::new(usize::try_from(header.count).unwrap_or(usize::MAX));
        each(&header, entries, |entry| {
            // Only a delta takes off.
            if entry.listing.is_none() { Err(HotListError::Damaged) } else { filters.add(&entry.card) }
        })?;
        Ok(Self { header, filters: filters.finish()? })
    }

    /// The head of its file.
    #[must_use]
    pub fn header(&self) -> &HotListHeader {
        &self.header
    }

    /// Whether the card may be listed. `false` is certain.
    #[must_use]
    pub fn may_hold(&self, card: &CardDigest) -> bool {
        self.filters.may_hold(card)
    }

    /// Looks for the card in the file, by halving.
    pub fn find(&self, card: &CardDigest, file: &impl ReadAt) -> Result<Option<Listing>, HotListError> {
        let (mut low, mut high) = (0, self.header.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut octets = [0; ENTRY_LEN];
            file.read_at(HEADER_LEN as u64 + middle * ENTRY_LEN as u64, &mut octets)?;
            let entry = HotListEntry::decode(&octets)?;
            match entry.card.cmp(card) {
                std::cmp::Ordering::Equal => return Ok(entry.listing),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// Octets in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.filters.memory()
    }
}

impl fmt::Debug for HotListBase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HotListBase").field("header", &self.header).finish_non_exhaustive()
    }
}

/// Hands over every entry, and believes them only when all were seen: number, order, digest, nothing after them.
pub(super) fn each(
    header: &HotListHeader,
    mut entries: impl Read,
    mut take: impl FnMut(HotListEntry) -> Result<(), HotListError>,
) -> Result<(), HotListError> {
    let mut hash = Sha256::new();
    let mut last: Option<CardDigest> = None;
    let mut octets = [0; ENTRY_LEN];
    for _ in 0..header.count {
        entries.read_exact(&mut octets)?;
        hash.update(&octets);
        let entry = HotListEntry::decode(&octets)?;
        if last.is_some_and(|last| last >= entry.card) {
            return Err(HotListError::Unordered);
        }
        last = Some(entry.card);
        take(entry)?;
    }
    if hash.finish() != header.digest {
        return Err(HotListError::Damaged);
    }
    match entries.read(&mut [0; 1])? {
        0 => Ok(()),
        _ => Err(HotListError::TrailingOctets),
    }
}
