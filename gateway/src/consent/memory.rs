//! Is what this node remembers of a patient still what they said?
//!
//! Every change of a consent is numbered in its database, in the order of the commits. A node reads these numbers on,
//! several times a second, and remembers beside everything it has read which number it had heard by then: it is good as
//! long as no later change of that patient is heard. A node that has not heard lately trusts its memory for half a
//! second, and asks.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use quick_cache::sync::Cache;
use tokio::time::Instant;

use super::standing::Standing;
use crate::limits::{CONSENT_CHANGES_KEPT, CONSENT_HEARD, CONSENT_KEPT, CONSENT_REMEMBERED, CONSENTS_CACHED};

/// What was read of patients lately.
pub(super) struct Memory {
    remembered: Cache<String, Remembered>,
    heard: RwLock<Heard>,
}

#[derive(Clone)]
struct Remembered {
    since: Moment,
    standing: Arc<Standing>,
}

/// When something was read, and which change had been heard by then.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    read: Instant,
    number: Option<i64>,
}

/// What was heard of changes.
#[derive(Default)]
struct Heard {
    /// The last number, and when the reading that found it began; none before the first.
    last: Option<(i64, Instant)>,
    /// The last change of each patient, as far as something older may be remembered.
    changed: HashMap<Box<str>, (i64, Instant)>,
    /// What had heard less than this is not trusted: changes were forgotten.
    floor: i64,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { remembered: Cache::new(CONSENTS_CACHED), heard: RwLock::default() }
    }

    /// Before the database is asked.
    pub(super) fn moment(&self, now: Instant) -> Moment {
        let heard = self.heard.read().unwrap_or_else(PoisonError::into_inner);
        Moment { read: now, number: heard.last.map(|(number, _)| number) }
    }

    /// After it has answered.
    pub(super) fn keep(&self, subject: &str, since: Moment, standing: Arc<Standing>) {
        self.remembered.insert(subject.to_owned(), Remembered { since, standing });
    }

    /// What is remembered and surely not older than the bound.
    pub(super) fn get(&self, subject: &str, now: Instant) -> Option<Arc<Standing>> {
        let known = self.remembered.get(subject)?;
        let fresh = now.saturating_duration_since(known.since.read) < CONSENT_REMEMBERED;
        (fresh || self.unchanged(subject, known.since, now)).then_some(known.standing)
    }

    fn unchanged(&self, subject: &str, since: Moment, now: Instant) -> bool {
        let heard = self.heard.read().unwrap_or_else(PoisonError::into_inner);
        let lately =
            heard.last.is_some_and(|(_, began)| now.saturating_duration_since(began) < CONSENT_HEARD);
        let Some(number) = since.number.filter(|number| lately && *number >= heard.floor) else {
            return false;
        };
        let changed = heard.changed.get(subject).is_some_and(|(change, _)| *change > number);
        !changed && now.saturating_duration_since(since.read) < CONSENT_KEPT
    }

    /// What this node wrote itself it knows at once.
    pub(super) fn forget(&self, subject: &str) {
        self.remembered.remove(subject);
    }

    /// The last number that was heard.
    pub(super) fn last(&self) -> Option<i64> {
        self.heard.read().unwrap_or_else(PoisonError::into_inner).last.map(|(number, _)| number)
    }

    /// Changes that were read, oldest first, by a reading that began then and has read on to `last`.
    pub(super) fn hear(&self, changes: Vec<(i64, String)>, last: i64, began: Instant) {
        let mut heard = self.heard.write().unwrap_or_else(PoisonError::into_inner);
        heard.last = Some((last, began));
        if heard.changed.len() + changes.len() > CONSENT_CHANGES_KEPT {
            heard.changed.retain(|_, (_, when)| began.saturating_duration_since(*when) < CONSENT_KEPT * 2);
        }
        if heard.changed.len() + changes.len() > CONSENT_CHANGES_KEPT {
            heard.changed.clear();
            heard.floor = last;
        }
        for (number, subject) in changes {
            heard.changed.insert(subject.into(), (number, began));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> Arc<Standing> {
        Arc::new(Standing::new(Vec::new(), Vec::new(), None))
    }

    #[test]
    fn a_change_that_is_heard_ends_what_was_remembered_before_it() {
        let (memory, now) = (Memory::new(), Instant::now());
        memory.hear(Vec::new(), 7, now);
        let before = memory.moment(now);
        // The change is heard between the question and its answer.
        memory.hear(vec![(8, "amina".into())], 8, now);
        memory.keep("amina", before, standing());
        memory.keep("youssef", before, standing());
        let later = now + CONSENT_REMEMBERED;
        memory.hear(Vec::new(), 8, later);
        assert!(memory.get("amina", later).is_none());
        assert!(memory.get("youssef", later).is_some());
        memory.keep("amina", memory.moment(later), standing());
        let later = later + CONSENT_REMEMBERED;
        memory.hear(Vec::new(), 8, later);
        assert!(memory.get("amina", later).is_some(), "what is read after the change is good");
        assert!(memory.get("amina", later + CONSENT_KEPT).is_none(), "but not for ever");
    }

    #[test]
    fn a_node_that_hears_nothing_does_not_trust_its_memory() {
        let (memory, now) = (Memory::new(), Instant::now());
        memory.keep("amina", memory.moment(now), standing());
        assert!(memory.get("amina", now).is_some());
        assert!(memory.get("amina", now + CONSENT_REMEMBERED).is_none(), "nothing was ever heard");
        memory.hear(Vec::new(), 7, now);
        memory.keep("amina", memory.moment(now), standing());
        let later = now + CONSENT_HEARD.max(CONSENT_REMEMBERED);
        assert!(memory.get("amina", later).is_none(), "nothing was heard lately");
    }

    #[test]
    fn more_changes_than_are_kept_end_everything() {
        let (memory, now) = (Memory::new(), Instant::now());
        memory.hear(Vec::new(), 7, now);
        memory.keep("amina", memory.moment(now), standing());
        let flood: Vec<_> = (8..).take(CONSENT_CHANGES_KEPT + 1).map(|n| (n, format!("p{n}"))).collect();
        let last = flood.last().expect("some").0;
        let later = now + CONSENT_REMEMBERED;
        memory.hear(flood, last, later);
        assert!(memory.get("amina", later).is_none());
    }
}
