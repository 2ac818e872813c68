//! Was this card reported lost or stolen, or is its holder dead? (liste d'opposition)
//!
//! The files are read in the background when the folder changes, and taken over whole. A card is asked for in memory;
//! only where the filter says "perhaps" is the file on disk read, off the threads that serve requests.

mod digest;
mod folder;
mod publish;

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use pki::hot_list::{AtFirstSight, CardDigest, HotList, HotListError, Listing, ReadAt};
use policies::ListFreshness;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

pub use digest::{card_digest, key_check};
pub use folder::{Problem, Read, read};
pub use publish::{LineError, entries, signed};

use crate::clock::Clock;
use crate::config::HotListConfig;
use crate::limits::FETCH_LOOK;

/// A folder with something wrong in it is read again after this many looks: a file from the future comes of age.
const LOOKS_WITH_PROBLEMS: u32 = 60;

/// The hot list in force, if the operator keeps one (liste d'opposition en vigueur).
pub struct HotLists {
    config: Option<HotListConfig>,
    key_check: [u8; 8],
    clock: Arc<dyn Clock>,
    current: ArcSwapOption<InForce>,
    problems: Mutex<Vec<Problem>>,
}

/// A list and the file of its base.
pub struct InForce {
    /// Base and changes.
    pub list: HotList,
    pub(super) file: Arc<BaseFile>,
}

impl InForce {
    /// What the list says of a card, by the file if need be. Blocks.
    pub fn find(&self, card: &CardDigest) -> Result<Option<Listing>, HotListError> {
        self.list.find(card, self.file.as_ref())
    }
}

/// The open file of a base: whoever replaces it on disk replaces another.
pub struct BaseFile(pub(super) File);

impl ReadAt for BaseFile {
    fn read_at(&self, offset: u64, octets: &mut [u8]) -> std::io::Result<()> {
        self.0.read_exact_at(octets, offset)
    }
}

impl HotLists {
    /// Reads the folder once. Nothing that is wrong in it keeps a gateway from starting: what is not known is a matter
    /// of policy, and is said.
    #[must_use]
    pub fn open(config: Option<HotListConfig>, key_check: [u8; 8], clock: Arc<dyn Clock>) -> Self {
        let lists = Self {
            config,
            key_check,
            clock,
            current: ArcSwapOption::empty(),
            problems: Mutex::new(Vec::new()),
        };
        lists.reload();
        lists
    }

    /// Whether an operator keeps a list here.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.config.is_some()
    }

    /// What is in force.
    #[must_use]
    pub fn current(&self) -> Option<Arc<InForce>> {
        self.current.load_full()
    }

    /// How much the list is worth at that moment.
    #[must_use]
    pub fn freshness(&self, at: OffsetDateTime) -> ListFreshness {
        match (self.is_kept(), self.current.load().as_deref()) {
            (false, _) => ListFreshness::NotKept,
            (true, None) => ListFreshness::Unknown,
            (true, Some(current)) => {
                let newest = current.list.newest();
                let span = |from: OffsetDateTime| (at - from).max(time::Duration::ZERO).unsigned_abs();
                ListFreshness::known(span(newest.made_at), span(newest.next_at))
            }
        }
    }

    /// What the list says of a card. An error is no answer: the file could not be asked.
    pub async fn ask(&self, card: CardDigest) -> Result<Option<Listing>, HotListError> {
        let Some(current) = self.current() else { return Ok(None) };
        match current.list.at_first_sight(&card) {
            AtFirstSight::Clear => Ok(None),
            AtFirstSight::Known(change) => Ok(change),
            AtFirstSight::Perhaps => {
                let look = move || current.find(&card);
                tokio::task::spawn_blocking(look).await.unwrap_or(Err(HotListError::Unreadable))
            }
        }
    }

    /// Reads the folder again. What is worse than what is in force does not take its place.
    pub fn reload(&self) {
        let Some(config) = &self.config else { return };
        let before = self.current();
        let Read { in_force, problems } = read(config, self.key_check, before.as_deref(), self.clock.now());
        if let Some(next) = in_force {
            let sequence = next.list.newest().sequence;
            let newer = before.is_none_or(|before| before.list.newest().sequence < sequence);
            self.current.store(Some(Arc::new(next)));
            if newer {
                tracing::info!(sequence, "hot list taken over");
                if let Err(error) = folder::write_mark(&config.mark, sequence) {
                    tracing::error!(%error, "hot list number not kept: a restart would not notice a roll-back");
                }
            }
        }
        let mut known = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        for problem in problems.iter().filter(|problem| !known.contains(problem)) {
            tracing::warn!(file = problem.file, code = problem.why.code(), "hot list file not used");
        }
        *known = problems;
    }

    /// Watches the folder until `stop`.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let Some(config) = self.config.clone() else { return };
        // Nothing seen: what changed between the first reading and now is not missed.
        let mut seen = Vec::new();
        let mut looks = 0;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(FETCH_LOOK) => {}
            }
            let stamps = folder::stamps(&config);
            looks += 1;
            let wrong = !self.problems.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
            if stamps == seen && !(wrong && looks >= LOOKS_WITH_PROBLEMS) {
                continue;
            }
            (seen, looks) = (stamps, 0);
            let lists = self.clone();
            if tokio::task::spawn_blocking(move || lists.reload()).await.is_err() {
                tracing::error!("hot list not taken, reading it failed");
            }
        }
    }

    /// How old the list is, if there is one.
    #[must_use]
    pub fn age(&self, at: OffsetDateTime) -> Option<Duration> {
        let current = self.current()?;
        Some((at - current.list.newest().made_at).max(time::Duration::ZERO).unsigned_abs())
    }
}

impl std::fmt::Debug for HotLists {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HotLists")
    }
}
