//! May this card be listed? No false "no"; one false "yes" in 65,536.

use super::{CardDigest, HotListError};
use xorf::{BinaryFuse16, Filter as _};

/// Entries of one filter: building takes some 20 octets each for a moment, so that is bounded too.
const SHARD: usize = 1 << 20;

/// Filters over ranges of the digests (filtres).
pub(super) struct Filters {
    /// By the first bits of the digest.
    shards: Vec<Option<BinaryFuse16>>,
    bits: u32,
}

/// Builds [`Filters`] from digests that come in order.
pub(super) struct FiltersBuilder {
    filters: Filters,
    keys: Vec<u64>,
}

impl FiltersBuilder {
    pub(super) fn new(count: usize) -> Self {
        let bits = count.div_ceil(SHARD).next_power_of_two().trailing_zeros();
        Self { filters: Filters { shards: Vec::new(), bits }, keys: Vec::new() }
    }

    pub(super) fn add(&mut self, card: &CardDigest) -> Result<(), HotListError> {
        let key = key(card);
        while self.filters.shards.len() < shard(key, self.filters.bits) {
            self.close()?;
        }
        // Two digests may share their first 64 bits; the filter takes each key once.
        if self.keys.last() != Some(&key) {
            self.keys.push(key);
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Filters, HotListError> {
        while self.filters.shards.len() < 1 << self.filters.bits {
            self.close()?;
        }
        Ok(self.filters)
    }

    fn close(&mut self) -> Result<(), HotListError> {
        let filter = match self.keys.is_empty() {
            true => None,
            // It fails for keys that are there twice, or with a probability of less than one in a million million.
            false => Some(BinaryFuse16::try_from(&self.keys).map_err(|_| HotListError::Unordered)?),
        };
        self.filters.shards.push(filter);
        self.keys.clear();
        Ok(())
    }
}

impl Filters {
    pub(super) fn may_hold(&self, card: &CardDigest) -> bool {
        let key = key(card);
        let filter = self.shards.get(shard(key, self.bits)).and_then(Option::as_ref);
        filter.is_some_and(|filter| filter.contains(&key))
    }

    /// Octets.
    pub(super) fn memory(&self) -> usize {
        let fingerprints = |filter: &BinaryFuse16| filter.fingerprints.len() * 2;
        self.shards.iter().flatten().map(fingerprints).sum::<usize>()
            + self.shards.len() * size_of::<BinaryFuse16>()
    }
}

fn key(card: &CardDigest) -> u64 {
    card.0.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

fn shard(key: u64, bits: u32) -> usize {
    key.checked_shr(u64::BITS - bits).and_then(|first| usize::try_from(first).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_filters_hold_what_one_would() {
        let cards: Vec<_> = (0..=255u8).map(|first| CardDigest([first; 16])).collect();
        for count in [256, SHARD, SHARD + 1, 5 * SHARD] {
            let mut builder = FiltersBuilder::new(count);
            cards.iter().for_each(|card| builder.add(card).unwrap());
            let filters = builder.finish().unwrap();
            assert_eq!(filters.shards.len(), count.div_ceil(SHARD).next_power_of_two());
            assert!(cards.iter().all(|card| filters.may_hold(card)), "{count}");
        }
    }
}
