//! What is remembered in this process until it is past, and how much of it at most?

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

/// Past entries forgotten by one call: more than one call can add, so the pile shrinks; few enough that none is slow.
const FORGOTTEN_AT_ONCE: usize = 64;

/// Entries with a life, at most so many, and so many octets (*souvenirs*).
#[derive(Debug)]
pub(super) struct Remembered<T> {
    entries: HashMap<Arc<str>, Entry<T>>,
    /// When to look at an entry: it may live longer by then, never shorter.
    due: BinaryHeap<Reverse<(OffsetDateTime, Arc<str>)>>,
    most: usize,
    octets: usize,
    most_octets: usize,
}

#[derive(Debug)]
struct Entry<T> {
    value: T,
    octets: usize,
    until: OffsetDateTime,
}

impl<T> Remembered<T> {
    pub(super) fn new(most: usize, most_octets: usize) -> Self {
        Self { entries: HashMap::new(), due: BinaryHeap::new(), most, octets: 0, most_octets }
    }

    /// What is there and not past.
    pub(super) fn get(&mut self, key: &str, at: OffsetDateTime) -> Option<&mut T> {
        self.entries.get_mut(key).filter(|entry| at < entry.until).map(|entry| &mut entry.value)
    }

    /// Puts it there, in the place of what was there before; not if there is no room for it.
    pub(super) fn insert(
        &mut self,
        key: &str,
        (value, octets): (T, usize),
        life: Duration,
        at: OffsetDateTime,
    ) -> bool {
        self.forget(at);
        self.remove(key);
        let room = self.entries.len() < self.most && self.octets.saturating_add(octets) <= self.most_octets;
        if room {
            let until = after(at, life);
            let key: Arc<str> = key.into();
            self.due.push(Reverse((until, key.clone())));
            self.entries.insert(key, Entry { value, octets, until });
            self.octets += octets;
        }
        room
    }

    /// Lets it live at least so much longer.
    pub(super) fn extend(&mut self, key: &str, life: Duration, at: OffsetDateTime) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.until = entry.until.max(after(at, life));
        }
    }

    /// Whether so many octets more would fit.
    pub(super) fn has_room(&self, octets: usize) -> bool {
        self.octets.saturating_add(octets) <= self.most_octets
    }

    /// It has so many octets now.
    pub(super) fn weigh(&mut self, key: &str, octets: usize) {
        if let Some(entry) = self.entries.get_mut(key) {
            self.octets = (self.octets - entry.octets).saturating_add(octets);
            entry.octets = octets;
        }
    }

    /// Its octets are given back, while it is still remembered that it was there.
    pub(super) fn lighten(&mut self, key: &str) {
        self.weigh(key, 0);
    }

    pub(super) fn remove(&mut self, key: &str) {
        if let Some(entry) = self.entries.remove(key) {
            self.octets -= entry.octets;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Forgets some of what is past. Whether there may be more.
    pub(super) fn forget(&mut self, at: OffsetDateTime) -> bool {
        for _ in 0..FORGOTTEN_AT_ONCE {
            match self.due.peek() {
                Some(Reverse((due, _))) if *due <= at => {}
                _ => return false,
            }
            let Some(Reverse((due, key))) = self.due.pop() else { return false };
            match self.entries.get(&key).map(|entry| entry.until) {
                Some(until) if until <= at => self.remove(&key),
                // It lives longer than it was to: look again then.
                Some(until) if until > due => self.due.push(Reverse((until, key))),
                _ => {}
            }
        }
        true
    }
}

fn after(at: OffsetDateTime, life: Duration) -> OffsetDateTime {
    at.saturating_add(time::Duration::try_from(life).unwrap_or(time::Duration::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const LIFE: Duration = Duration::from_secs(60);

    #[test]
    fn the_bound_holds_until_something_is_past_and_old_entries_stay() {
        let mut some = Remembered::new(2, 100);
        assert!(some.insert("a", ((), 40), LIFE, START));
        assert!(some.insert("b", ((), 40), LIFE * 2, START));
        assert!(!some.insert("c", ((), 1), LIFE, START), "two are as many as there may be");
        assert!(some.get("a", START).is_some());
        assert!(some.insert("c", ((), 60), LIFE, START + LIFE), "a is past, and its octets are free");
        assert!(some.get("a", START + LIFE).is_none());
        assert!(!some.insert("c", ((), 61), LIFE, START + LIFE), "octets are bounded as well");
    }

    #[test]
    fn what_lives_longer_is_looked_at_again() {
        let mut some = Remembered::new(9, 9);
        some.insert("a", ((), 0), LIFE, START);
        some.extend("a", LIFE, START + LIFE / 2);
        while some.forget(START + LIFE) {}
        assert!(some.get("a", START + LIFE).is_some());
        while some.forget(START + LIFE * 2) {}
        assert_eq!((some.len(), some.due.len()), (0, 0));
    }

    #[test]
    fn no_call_forgets_more_than_its_share() {
        let mut some = Remembered::new(1_000, 0);
        for key in 0..1_000 {
            some.insert(&key.to_string(), ((), 0), LIFE, START);
        }
        assert!(some.forget(START + LIFE));
        assert_eq!(some.len(), 1_000 - FORGOTTEN_AT_ONCE);
        assert!(some.insert("new", ((), 0), LIFE, START + LIFE));
    }
}
