//! What does one window hold? Compact: a million cards have some each.

use std::time::Duration;

/// What is put into a window, and what is to be seen of it (*regard dans une fenêtre*).
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// What is put into it; nothing, where it is only looked at.
    pub entry: Option<&'a [u8]>,
    /// What is below is too old and goes. Entries begin with their time.
    pub from: &'a [u8],
    /// How many stay: the highest.
    pub most: usize,
    /// How long a window lives into which nothing more is put.
    pub keep: Duration,
}

/// Entries in the order of their octets, in one run of octets: each after its length (*fenêtre*).
#[derive(Debug, Default)]
pub(super) struct Window(Box<[u8]>);

impl Window {
    /// Octets of all of them.
    pub(super) fn octets(&self) -> usize {
        self.0.len()
    }

    /// What is in it once that is put in and what is too old or too much is gone.
    pub(super) fn look(&mut self, look: &Look<'_>) -> Vec<Vec<u8>> {
        let mut entries: Vec<&[u8]> = self.entries().filter(|entry| *entry >= look.from).collect();
        if let Some(entry) = look.entry.filter(|entry| *entry >= look.from)
            && let Err(place) = entries.binary_search(&entry)
        {
            entries.insert(place, entry);
        }
        let stay = entries.get(entries.len().saturating_sub(look.most)..).unwrap_or_default();
        let (stay, octets) = (stay.iter().map(|entry| entry.to_vec()).collect(), run(stay));
        self.0 = octets;
        stay
    }

    fn entries(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first()?;
            let (entry, after) = after.split_at_checked(usize::from(*length))?;
            rest = after;
            Some(entry)
        })
    }
}

/// No entry is longer than an octet says: [`super::bounded_look`].
fn run(entries: &[&[u8]]) -> Box<[u8]> {
    let mut octets = Vec::with_capacity(entries.iter().map(|entry| entry.len() + 1).sum());
    for entry in entries {
        octets.push(u8::try_from(entry.len()).unwrap_or(u8::MAX));
        octets.extend_from_slice(entry);
    }
    octets.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: Duration = Duration::from_secs(60);

    fn look<'a>(entry: Option<&'a [u8]>, from: &'a [u8], most: usize) -> Look<'a> {
        Look { entry, from, most, keep: KEEP }
    }

    #[test]
    fn the_highest_stay_in_their_order_and_once() {
        let mut window = Window::default();
        for entry in [b"c", b"a", b"b", b"c"] {
            window.look(&look(Some(entry), b"", 3));
        }
        assert_eq!(window.look(&look(None, b"", 3)), [b"a", b"b", b"c"]);
        assert_eq!(window.look(&look(Some(b"bb"), b"", 3)), [&b"b"[..], b"bb", b"c"]);
        assert_eq!(window.look(&look(Some(b"a"), b"bb", 3)), [&b"bb"[..], b"c"], "what is too old goes");
        assert_eq!(window.octets(), 5);
        assert!(window.look(&look(Some(b"z"), b"", 0)).is_empty());
        assert_eq!(window.octets(), 0);
    }
}
