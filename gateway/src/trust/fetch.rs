//! How do revocation lists arrive before anybody asks for them?
//!
//! Each source has a task of its own, so that a slow one delays nobody. What arrives is checked (signature, dates,
//! not older than what is in use) before it is kept on disk and before it is used; a fetch that fails keeps what
//! was there, is logged once, and is counted every time.

mod download;
mod kept;
mod local;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pki::{PkiError, UntrustedCrl};
use tokio_util::sync::CancellationToken;

use super::Trust;
use super::files::lists_in;
use crate::config::{FetchConfig, FetchSource};
use crate::limits::{FETCH_BACKOFF, FETCH_LOOK};
use crate::metrics::Metrics;

pub(super) use kept::all as kept_lists;
pub use kept::{Failed, SourceState, states as kept_states};

use download::{Answer, Downloader};

/// Why a fetch brought nothing (échec de récupération).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FetchError {
    #[error("cannot be reached")]
    Unreachable,
    #[error("did not answer in time")]
    Timeout,
    #[error("answered {0}")]
    Status(u16),
    #[error("points elsewhere, which is not followed")]
    Redirected,
    #[error("sent more than a revocation list may have")]
    TooLarge,
    #[error("broke off in the middle")]
    Truncated,
    #[error("has no revocation list")]
    Empty,
    #[error("cannot be read")]
    Unreadable,
    #[error("cannot be kept on disk")]
    NotKept,
    #[error("has no list that could be used: {0}")]
    Refused(#[from] PkiError),
}

impl FetchError {
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable => "fetch-unreachable",
            Self::Timeout => "fetch-timeout",
            Self::Status(_) => "fetch-status",
            Self::Redirected => "fetch-redirected",
            Self::TooLarge => "fetch-too-large",
            Self::Truncated => "fetch-truncated",
            Self::Empty => "fetch-empty",
            Self::Unreadable => "fetch-unreadable",
            Self::NotKept => "fetch-not-kept",
            Self::Refused(error) => error.code(),
        }
    }
}

/// What a fetch found.
enum Found {
    /// What is kept already.
    Same,
    /// Lists, now kept; and those among them that are of no use.
    New { ignored: Vec<PkiError> },
}

impl Trust {
    /// Fetches from every configured source until `stop`.
    pub async fn fetch(self: Arc<Self>, metrics: Arc<Metrics>, stop: CancellationToken) {
        let Some(config) = self.files.trust.fetch.clone() else { return };
        let sources = config.sources.iter().map(|source| {
            let task = SourceTask {
                trust: self.clone(),
                metrics: metrics.clone(),
                config: &config,
                source,
                state: kept::state(&config.dir, source),
            };
            task.run(stop.clone())
        });
        futures_util::future::join_all(sources).await;
    }

    /// What became of every configured source, last time.
    #[must_use]
    pub fn fetched(&self) -> Vec<SourceState> {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One source and what is known of it.
struct SourceTask<'a> {
    trust: Arc<Trust>,
    metrics: Arc<Metrics>,
    config: &'a FetchConfig,
    source: &'a FetchSource,
    state: SourceState,
}

impl SourceTask<'_> {
    async fn run(mut self, stop: CancellationToken) {
        let mut downloader = None;
        let mut failures = 0_u32;
        let mut seen = None;
        loop {
            let stamps = match self.source {
                FetchSource::Path(path) => Some(local::stamps(path)),
                FetchSource::Url(_) => None,
            };
            // A folder that did not change since it was read is not read again, unless that failed.
            let wait = if stamps.is_some() && stamps == seen && failures == 0 {
                FETCH_LOOK
            } else {
                match self.attempt(&mut downloader).await {
                    Ok(()) => failures = 0,
                    Err(()) => failures = failures.saturating_add(1),
                }
                seen = stamps;
                self.pause(failures)
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(jittered(wait)) => {}
            }
        }
    }

    async fn attempt(&mut self, downloader: &mut Option<Downloader>) -> Result<(), ()> {
        let fetched = self.once(downloader).await;
        let at = self.trust.clock.now();
        let outcome = fetched.as_ref().map_or_else(FetchError::code, |found| match found {
            Found::Same => "unchanged",
            Found::New { .. } => "taken",
        });
        self.metrics.list_fetched(&self.state.source, outcome);
        let before = self.state.failure.as_ref().map(|failed| failed.code.clone());
        self.state.tried(at);
        match &fetched {
            Ok(found) => {
                if before.is_some() {
                    tracing::info!(source = self.state.source, "revocation lists can be fetched again");
                }
                if let Found::New { ignored } = found {
                    for why in ignored {
                        tracing::warn!(
                            source = self.state.source,
                            code = why.code(),
                            "revocation list ignored"
                        );
                    }
                    self.state.ignored = ignored.iter().map(|why| why.code().to_owned()).collect();
                }
                self.state.succeeded(at);
            }
            Err(error) => {
                if before.as_deref() != Some(error.code()) {
                    let code = error.code();
                    tracing::warn!(source = self.state.source, code, %error, "no revocation list from here");
                }
                self.state.failed(error, at);
            }
        }
        self.state.keep(&self.config.dir);
        self.trust.note(&self.state);
        if matches!(fetched, Ok(Found::New { .. })) {
            self.trust.clone().reload_in_background().await;
        }
        fetched.map(|_| ()).map_err(|_| ())
    }

    async fn once(&mut self, downloader: &mut Option<Downloader>) -> Result<Found, FetchError> {
        let bytes = match self.source {
            FetchSource::Path(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || local::read(&path)).await;
                read.map_err(|_| FetchError::Unreadable)??
            }
            FetchSource::Url(url) => {
                let client = match downloader {
                    Some(client) => client,
                    None => downloader.insert(Downloader::new(self.config)?),
                };
                match client.get(url, &self.state.validators).await? {
                    Answer::NotModified => return Ok(Found::Same),
                    Answer::Body { bytes, validators } => {
                        self.state.validators = validators;
                        vec![bytes]
                    }
                }
            }
        };
        let (trust, dir, source) = (self.trust.clone(), self.config.dir.clone(), self.source.clone());
        let taken = tokio::task::spawn_blocking(move || take(&trust, &bytes, &dir, &source)).await;
        let taken = taken.unwrap_or(Err(FetchError::NotKept));
        if taken.is_err() {
            // What was refused is asked for whole again.
            self.state.validators = kept::Validators::default();
        }
        taken
    }

    fn pause(&self, failures: u32) -> Duration {
        match (failures, self.source) {
            (0, FetchSource::Path(_)) => FETCH_LOOK,
            (0, FetchSource::Url(_)) => self.config.period,
            (failures, _) => {
                FETCH_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(self.config.period)
            }
        }
    }
}

/// Checks what arrived, and keeps what can be used.
fn take(
    trust: &Trust,
    files: &[Vec<u8>],
    dir: &std::path::Path,
    source: &FetchSource,
) -> Result<Found, FetchError> {
    let (store, at) = (trust.documents(), trust.clock.now());
    let (mut good, mut refused) = (Vec::new(), Vec::new());
    for der in files.iter().flat_map(|bytes| lists_in(bytes)) {
        let judged = UntrustedCrl::from_der(&der).map(Arc::new).and_then(|list| store.would_take(&list, at));
        match judged {
            Ok(()) => good.push(der),
            Err(why) => refused.push(why),
        }
    }
    match (good.is_empty(), refused.first()) {
        (true, None) => Err(FetchError::Empty),
        (true, Some(why)) => Err(FetchError::Refused(*why)),
        (false, _) => match kept::write(dir, source, &good) {
            Ok(true) => Ok(Found::New { ignored: refused }),
            Ok(false) => Ok(Found::Same),
            Err(_) => Err(FetchError::NotKept),
        },
    }
}

/// A tenth more or less, so that a thousand gateways do not ask in the same second.
fn jittered(wait: Duration) -> Duration {
    let mut random = [0; 1];
    let share = match getrandom::fill(&mut random) {
        Ok(()) => f64::from(random[0]) / 255.0,
        Err(_) => 0.5,
    };
    wait.mul_f64(0.9 + share / 5.0)
}

/// What is known of all sources, for the pages of operators.
pub(super) type States = Mutex<Vec<SourceState>>;

impl Trust {
    fn note(&self, state: &SourceState) {
        let mut states = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        match states.iter_mut().find(|known| known.source == state.source) {
            Some(known) => *known = state.clone(),
            None => states.push(state.clone()),
        }
    }
}
