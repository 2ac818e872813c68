//! What looks wrong at the counters, who is told, and what does it change?
//!
//! Modules in reading order:
//!
//! | module | the question it answers |
//! |---|---|
//! | `watch` | one thing was seen: does it look wrong, and who is told? |
//! | `names` | by which pseudonyms are cards, readers and establishments remembered? |
//! | `look` | what do all nodes remember of them? |
//! | `standing` | which signals count, which cards are in quarantine? |
//! | `told` | what must the log keep of it? |
//! | `peers` | which establishments stand out among their kind? |
//! | `replay` | what was seen then? |
//! | `uses` | what was a card used for before it was reported? |
//! | `dispensed` | how much does a prescription allow? |
//! | [`case`] | what is a case of fraud, and how far is it? |
//! | [`note`] | who wrote what about it? |
//! | [`store`] | with which statements are cases kept? |
//!
//! Nothing here decides. What looks wrong becomes a fact, and `policies/cedar/fraud.cedar` says what follows from it:
//! nothing, the holder's PIN, a wait, a refusal. The signals themselves are pure: [`policies::fraud`].

pub mod case;
mod dispensed;
mod look;
mod names;
pub mod note;
pub(crate) mod peers;
pub(crate) mod replay;
mod reported;
mod standing;
pub mod store;
mod told;
pub(crate) mod uses;
mod watch;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use hsm_config::HsmError;
use policies::RiskSignal;
use quick_cache::sync::Cache;
use time::{Duration, OffsetDateTime};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::limits::{FRAUD_CASES_WAITING_MAX, FRAUD_NEWS_REMEMBERED, FRAUD_NIGHTS, FRAUD_REFRESH};
use crate::metrics::Metrics;
use crate::registry::{Registry, RegistryError};
use crate::state::StateError;
use crate::store::DatabaseError;
use case::{Found, Subject};
pub(crate) use dispensed::dispensed;
use names::Names;
pub(crate) use reported::{broke_glass, card_failure, claimed};
use standing::Standing;
pub(crate) use watch::{Sighting, observe, presence_seen};

/// The same signal about the same thing is told again after so long: a busy counter is one case, not a thousand rows.
const NEWS: Duration = Duration::minutes(10);

/// What looks wrong, at this node (*veille*).
pub struct Fraud {
    names: Names,
    standing: ArcSwap<Standing>,
    told: Cache<(Subject, RiskSignal), OffsetDateTime>,
    found: mpsc::Sender<Found>,
    inbox: Mutex<Option<mpsc::Receiver<Found>>>,
}

impl Fraud {
    /// Nothing looks wrong yet.
    ///
    /// # Errors
    /// The registry's key does not answer.
    pub fn new(registry: &Registry) -> Result<Self, RegistryError> {
        let (found, inbox) = mpsc::channel(FRAUD_CASES_WAITING_MAX);
        Ok(Self {
            names: Names::new(registry)?,
            standing: ArcSwap::default(),
            told: Cache::new(FRAUD_NEWS_REMEMBERED),
            found,
            inbox: Mutex::new(Some(inbox)),
        })
    }

    pub(crate) const fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) fn standing(&self) -> Arc<Standing> {
        self.standing.load_full()
    }

    /// Whether that card needs its PIN for everything, as this node knows.
    pub(crate) fn quarantines(&self, card: Option<&str>) -> bool {
        card.is_some_and(|card| self.standing.load().quarantines(card))
    }

    /// Whether this was not told a moment ago.
    fn is_news(&self, subject: &Subject, signal: RiskSignal, at: OffsetDateTime) -> bool {
        let key = (subject.clone(), signal);
        let news = self.told.get(&key).is_none_or(|before| at - before >= NEWS || at < before);
        if news {
            self.told.insert(key, at);
        }
        news
    }

    /// Into a case, soon: nobody at a counter waits for it, and what was found is in the log already.
    fn tell(&self, found: Found, metrics: &Metrics) {
        if self.found.try_send(found).is_err() {
            metrics.fraud_case("dropped");
            tracing::warn!("a case of fraud is in the log alone: too many wait to be written");
        }
    }
}

/// Writes cases and hears what operators ruled, until `stop`.
pub(crate) async fn run(app: Arc<App>, stop: CancellationToken) {
    let inbox = app.fraud.inbox.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut inbox) = inbox else { return };
    let mut tick = interval(FRAUD_REFRESH);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut nights = interval(FRAUD_NIGHTS);
    nights.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(found) = inbox.recv() => write(&app, &found).await,
            _ = tick.tick() => hear(&app).await,
            _ = nights.tick() => peers::compare_by_night(&app).await,
        }
    }
    // What was found before the end is not lost with it.
    while let Ok(found) = inbox.try_recv() {
        write(&app, &found).await;
    }
}

async fn write(app: &App, found: &Found) {
    match store::record(&app.store, found).await {
        Ok(()) => {
            app.metrics.fraud_case("written");
            if found.quarantine {
                hear(app).await;
            }
        }
        Err(error) => {
            app.metrics.fraud_case("failed");
            tracing::error!(code = error.code(), "a case of fraud is in the log alone");
        }
    }
}

async fn hear(app: &App) {
    let known = app.fraud.standing.load().of();
    match store::rulings(&app.store, known, app.clock.now()).await {
        Ok(Some(rulings)) => app.fraud.standing.store(Arc::new(Standing::new(rulings))),
        Ok(None) => {}
        Err(error) => tracing::warn!(code = error.code(), "what was ruled on fraud cannot be read"),
    }
}

impl std::fmt::Debug for Fraud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fraud")
    }
}

/// Why nothing is known of what looks wrong.
#[derive(Debug, thiserror::Error)]
pub enum FraudError {
    /// The database refused or is away.
    #[error("the database of cases failed: {0}")]
    Database(#[from] DatabaseError),
    /// A key did not do its job.
    #[error("a key failed: {0}")]
    Key(#[from] HsmError),
    /// A stored row is not what this program writes.
    #[error("a row of a case cannot be read: {0}")]
    Malformed(&'static str),
    /// The shared windows did not answer.
    #[error("the shared windows failed: {0}")]
    State(#[from] StateError),
}

impl FraudError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Database(_) => "fraud-database-failed",
            Self::Key(error) => error.code(),
            Self::Malformed(_) => "fraud-row-malformed",
            Self::State(error) => error.code(),
        }
    }
}
