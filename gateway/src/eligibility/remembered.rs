//! What did CNSS say a moment ago, and does it still bind? In the memory of this process alone.

use aws_lc_rs::digest::{SHA256, digest};
use quick_cache::sync::Cache;
use time::OffsetDateTime;

use super::cover::Cover;
use super::question::Asked;
use crate::limits::{ELIGIBILITY_ITEMS_REMEMBERED_MAX, ELIGIBILITY_REMEMBERED};

/// Answers that still bind (*réponses opposables*). Each is kept exactly as long as it says.
pub struct Remembered {
    answers: Cache<Key, Cover>,
}

/// A question about one patient at one establishment.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn new(subject: &str, establishment: &str, asked: &Asked) -> Self {
        // Every part goes in after its length: no two questions run together.
        let mut text = Vec::new();
        let mut put = |part: &str| {
            text.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            text.extend_from_slice(part.as_bytes());
        };
        put(subject);
        put(establishment);
        put(&asked.serviced.to_string());
        put(&asked.purposes.join(" "));
        for item in &asked.items {
            put(&item.system);
            put(&item.code);
        }
        let hash = digest(&SHA256, &text);
        Self(hash.as_ref().try_into().unwrap_or_default())
    }
}

impl Remembered {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { answers: Cache::new(ELIGIBILITY_REMEMBERED) }
    }

    /// The answer to that question, while it binds.
    pub(super) fn get(&self, key: &Key, at: OffsetDateTime) -> Option<Cover> {
        let cover = self.answers.get(key)?;
        if cover.opposable_until.is_some_and(|until| at < until) {
            return Some(cover);
        }
        self.answers.remove(key);
        None
    }

    /// Keeps an answer that binds; another one is asked for again.
    pub(super) fn keep(&self, key: Key, cover: &Cover) {
        if cover.opposable_until.is_some() && cover.items.len() <= ELIGIBILITY_ITEMS_REMEMBERED_MAX {
            self.answers.insert(key, cover.clone());
        }
    }
}

impl Default for Remembered {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Remembered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remembered").field("answers", &self.answers.len()).finish()
    }
}
