//! What came into a window lately? Compact: a million cards have one each.

use std::time::Duration;

use time::OffsetDateTime;

use crate::audit::unix_micros;

/// Octets before each entry: the moment it came, in microseconds since 1970, and its length.
const HEAD: usize = 9;

/// The latest entries, oldest first, in one run of octets (*fenêtre*).
#[derive(Debug, Default)]
pub(super) struct Window(Vec<u8>);

impl Window {
    /// Octets that an entry takes.
    pub(super) fn octets_of(entry: &[u8]) -> usize {
        HEAD + entry.len()
    }

    /// Octets of all of them.
    pub(super) fn octets(&self) -> usize {
        self.0.capacity()
    }

    /// Puts one in and gives those that were there, at most `most` of the last `keep`. Afterwards it holds no more.
    pub(super) fn put(
        &mut self,
        entry: &[u8],
        (keep, most): (Duration, usize),
        at: OffsetDateTime,
    ) -> Vec<Vec<u8>> {
        let micros = unix_micros(at);
        let since = micros.saturating_sub(i64::try_from(keep.as_micros()).unwrap_or(i64::MAX));
        let living: Vec<&[u8]> = self.records().filter(|record| came(record) > since).collect();
        let before = newest(&living, most);
        let stay = newest(before, most.saturating_sub(1)).concat();
        let before = before.iter().map(|record| record.get(HEAD..).unwrap_or_default().to_vec()).collect();
        let length = u8::try_from(entry.len()).unwrap_or(u8::MAX);
        let head = [micros.to_be_bytes().as_slice(), &[length]].concat();
        self.0 = if most == 0 { stay } else { [stay.as_slice(), &head, entry].concat() };
        before
    }

    fn records(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let length = HEAD + usize::from(*rest.get(HEAD - 1)?);
            let (record, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(record)
        })
    }
}

/// When it came, in microseconds since 1970.
fn came(record: &[u8]) -> i64 {
    record.first_chunk().map_or(i64::MIN, |micros| i64::from_be_bytes(*micros))
}

fn newest<T>(all: &[T], most: usize) -> &[T] {
    all.get(all.len().saturating_sub(most)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_newest_stay_and_the_past_go() {
        let mut window = Window::default();
        for (second, entry) in [b"a", b"b", b"b", b"c"].into_iter().enumerate() {
            let at = START + Duration::from_secs(second as u64);
            assert_eq!(window.put(entry, (MINUTE, 3), at).len(), second.min(3));
        }
        let held = window.put(b"", (MINUTE, 3), START + Duration::from_secs(62));
        assert_eq!(held, [b"c".to_vec()], "two of the three newest are a minute old");
        assert_eq!(window.put(b"d", (MINUTE, 3), START + MINUTE), [b"c".to_vec(), Vec::new()]);
        assert!(window.octets() <= 3 * (HEAD + 1));
    }

    #[test]
    fn a_window_of_none_holds_none() {
        let mut window = Window::default();
        assert!(window.put(b"a", (MINUTE, 0), START).is_empty());
        assert!(window.put(b"b", (MINUTE, 9), START).is_empty());
    }
}
