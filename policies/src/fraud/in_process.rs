//! What does one process remember of what was seen?
//!
//! The same windows as a shared store's, in one map: for a single node, for a replay, and for the simulator. A window
//! takes no more room than its entries; what is older than its kind is worth is dropped when the window is touched, and
//! [`forget`](InProcessWindows::forget) drops the windows that nothing touches any more.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::window::{ENTRY_OCTETS, Entry, Wanted, Window, WindowKey, WindowKind};

/// Windows in this process (*fenêtres en mémoire*).
#[derive(Debug, Default)]
pub struct InProcessWindows {
    windows: HashMap<WindowKey, Vec<Entry>, BuildHasherDefault<Pseudonyms>>,
}

/// A hash of keys that are one already: pseudonyms are made with a secret key, and nobody can choose them to collide.
#[derive(Debug, Default)]
struct Pseudonyms(u64);

impl Hasher for Pseudonyms {
    fn write(&mut self, octets: &[u8]) {
        let (words, rest) = octets.as_chunks();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        for octet in rest {
            self.write_u64(u64::from(*octet));
        }
    }

    fn write_u64(&mut self, word: u64) {
        // Each word moves all bits: the short names of establishments are zero in their second half.
        self.0 = (self.0.rotate_left(29) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

impl InProcessWindows {
    /// Puts the wanted entry in, and drops what is too old or too much.
    pub fn put(&mut self, wanted: &Wanted) {
        let Some(entry) = wanted.entry else { return };
        let window = self.windows.entry(wanted.key).or_default();
        let Err(place) = window.binary_search(&entry) else { return };
        let millis = u64::try_from(wanted.keep.as_millis()).unwrap_or(u64::MAX);
        let oldest = window.last().map_or(0, |last| last.millis()).max(entry.millis()).saturating_sub(millis);
        if window.len() == window.capacity() {
            // One more and no doubling: most cards are seen a few times, and there are millions of them.
            window.reserve_exact(if window.len() < 4 { 1 } else { 4 });
        }
        window.insert(place, entry);
        let too_old = window.partition_point(|kept| kept.millis() < oldest);
        let too_many = window.len().saturating_sub(wanted.most);
        window.drain(..too_old.max(too_many));
    }

    /// What that window holds, oldest first.
    #[must_use]
    pub fn window(&self, key: &WindowKey) -> Window<'_> {
        let entries = self.windows.get(key).map_or(&[][..], Vec::as_slice);
        Window { kind: key.kind, entries }
    }

    /// Drops every window whose last entry is older at `now`, in milliseconds of Unix time, than its kind is worth.
    pub fn forget(&mut self, now: u64) {
        self.windows.retain(|key, window| {
            let keep = u64::try_from(key.kind.keep().as_millis()).unwrap_or(u64::MAX);
            window.last().is_some_and(|last| last.millis().saturating_add(keep) >= now)
        });
        if self.windows.len() < self.windows.capacity() / 4 {
            self.windows.shrink_to_fit();
        }
    }

    /// How many entries all windows of that kind hold.
    #[must_use]
    pub fn entries(&self, kind: WindowKind) -> usize {
        self.windows.iter().filter(|(key, _)| key.kind == kind).map(|(_, window)| window.len()).sum()
    }

    /// How many windows of that kind there are, and how many octets they take with their keys and the map's own.
    #[must_use]
    pub fn room(&self, kind: WindowKind) -> (usize, usize) {
        // A slot of the map: the key, the vector's three words and a control octet, of which at most 7/8 are filled.
        const SLOT: usize = (size_of::<WindowKey>() + size_of::<Vec<Entry>>() + 1) * 8 / 7;
        let windows = self.windows.iter().filter(|(key, _)| key.kind == kind);
        windows.fold((0, 0), |(count, octets), (_, window)| {
            (count + 1, octets + SLOT + window.capacity() * ENTRY_OCTETS)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: WindowKind = WindowKind::CardPlaces;

    fn entry(millis: u64) -> Entry {
        Entry::new(millis, [1; 8], [2; 6])
    }

    #[test]
    fn a_window_keeps_its_order_and_its_bound_and_counts_a_repetition_once() {
        let mut windows = InProcessWindows::default();
        for millis in (1..=100).chain(1..=100).rev() {
            windows.put(&KIND.put([7; 16], entry(millis)));
        }
        let key = KIND.read([7; 16]).key;
        let kept: Vec<_> = windows.window(&key).entries.iter().map(|kept| kept.millis()).collect();
        let most = u64::try_from(KIND.most()).unwrap();
        assert_eq!(kept, (101 - most..=100).collect::<Vec<_>>());
        assert!(windows.window(&KIND.read([8; 16]).key).entries.is_empty());
    }

    #[test]
    fn what_is_too_old_is_dropped_when_touched_and_when_nothing_touches_it() {
        let mut windows = InProcessWindows::default();
        let keep = u64::try_from(KIND.keep().as_millis()).unwrap();
        windows.put(&KIND.put([7; 16], entry(1)));
        windows.put(&KIND.put([7; 16], entry(keep + 2)));
        assert_eq!(windows.window(&KIND.read([7; 16]).key).entries, [entry(keep + 2)]);
        assert_eq!(windows.room(KIND).0, 1);
        windows.forget(2 * keep + 2);
        assert_eq!(windows.room(KIND).0, 1);
        windows.forget(2 * keep + 3);
        assert_eq!(windows.room(KIND), (0, 0));
    }
}
