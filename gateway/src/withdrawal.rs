//! What was withdrawn before its time, and does this node know?
//!
//! A session lives by its token alone, so what ends it early must reach every node: withdrawals stand in one numbered
//! table that every node reads on from where it stopped, several times a second. What a request asks is answered from
//! memory; a node that has not been able to read the table for a few seconds does not know, and says so.

mod follow;
mod known;
mod reading;
mod store;
#[cfg(test)]
mod tests;
mod watch;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

pub(crate) use follow::follow;
pub(crate) use store::Withdrawal;
pub(crate) use watch::{hear, watch};

use crate::limits::{MAX_WITHDRAWALS, WITHDRAWAL_STALE};
use crate::metrics::Metrics;
use crate::registry::RegistryError;
use crate::store::Store;
use crate::token::{BackEndClaims, PatientReference, SessionClaims, Tokens, VerifiedSessionToken};
use follow::Followers;
use known::{Known, RestsOn};

/// What can be withdrawn (*retrait*).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Withdrawn {
    /// One session (*session*).
    Session(Uuid),
    /// Every session of a client, or of the establishment of that id (*établissement*), opened until then.
    Client(String),
    /// Every session that this card opened until then (*carte*), by its keyed name `presence.card`.
    Card(String),
    /// Every session of that patient opened until then, by their subject at the gateway (*bénéficiaire*).
    Patient(String),
    /// Every session of that patient at one establishment opened until then (*retrait du consentement*).
    Consent {
        /// The patient's subject at the gateway.
        subject: String,
        /// The establishment's id.
        establishment: String,
    },
    /// Everything that the key of that `kid` ever signed (*clé compromise*).
    Key(String),
}

/// Why there is no session any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// It was withdrawn, for the reason of that code.
    #[error("the session was withdrawn: {0}")]
    Withdrawn(&'static str),
    /// This node has not heard for too long what was withdrawn.
    #[error("what was withdrawn lately is not known")]
    Unknown,
}

/// The codes under which withdrawals are made; a code of a later version reads as `withdrawn`.
const REASONS: [&str; 12] = [
    "session-ended",
    "token-revoked",
    "client-key-replaced",
    "client-suspended",
    "client-certificate-revoked",
    "card-lost",
    "card-stolen",
    "card-withdrawn",
    "patient-withdrawn",
    "consent-withdrawn",
    "key-compromised",
    "ended-by-operator",
];

/// The code of that text.
fn reason(text: &str) -> &'static str {
    REASONS.into_iter().find(|known| *known == text).unwrap_or("withdrawn")
}

/// What was withdrawn, as this node knows it (*retraits en vigueur*).
pub struct Withdrawals {
    store: Store,
    tokens: Arc<Tokens>,
    metrics: Arc<Metrics>,
    known: RwLock<Known>,
    /// The number that was read last, from the first reading on; one reading at a time.
    read: tokio::sync::Mutex<Option<i64>>,
    born: Instant,
    /// Milliseconds after `born` when the last reading that succeeded began.
    heard: AtomicU64,
    overflown: AtomicBool,
    /// This node has something to tell the others.
    written: AtomicBool,
    followers: Followers,
    /// What was read and not yet marked in the status lists.
    news: Mutex<Vec<Withdrawal>>,
    changed: Notify,
}

impl std::fmt::Debug for Withdrawals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Withdrawals")
    }
}

/// Withdraws beside the gateways, which hear of it like of each other's: for operators.
pub(crate) async fn write_down(
    store: &Store,
    what: Withdrawn,
    reason: &'static str,
    expires_at: OffsetDateTime,
    at: OffsetDateTime,
) -> Result<(), RegistryError> {
    store::append(store, &Withdrawal { what, reason, place: None, issued_before: at, expires_at }).await
}

impl Withdrawals {
    /// Reads the whole table once: a node that does not know what was withdrawn does not start.
    pub async fn open(
        store: Store,
        tokens: Arc<Tokens>,
        metrics: Arc<Metrics>,
        at: OffsetDateTime,
    ) -> Result<Self, RegistryError> {
        let withdrawals = Self {
            store,
            tokens,
            metrics,
            known: RwLock::default(),
            read: tokio::sync::Mutex::default(),
            born: Instant::now(),
            heard: AtomicU64::new(0),
            overflown: AtomicBool::new(false),
            written: AtomicBool::new(false),
            followers: Followers::default(),
            news: Mutex::default(),
            changed: Notify::new(),
        };
        withdrawals.read_on(at, |_, _, _| {}).await?;
        Ok(withdrawals)
    }

    /// Withdraws: durable and known to this node when it answers, to every other within a second.
    ///
    /// `reason` is one of the codes of this module. Until `expires_at` something that is meant may still be alive.
    pub async fn withdraw(
        &self,
        what: Withdrawn,
        reason: &'static str,
        expires_at: OffsetDateTime,
        at: OffsetDateTime,
    ) -> Result<(), RegistryError> {
        self.write(Withdrawal { what, reason, place: None, issued_before: at, expires_at }).await
    }

    /// Withdraws one session, whose place in the status lists its claims tell.
    pub async fn withdraw_session(
        &self,
        claims: &SessionClaims,
        reason: &'static str,
        at: OffsetDateTime,
    ) -> Result<(), RegistryError> {
        let (what, place) = (Withdrawn::Session(claims.id), claims.status);
        let expires_at = claims.expires_at;
        self.write(Withdrawal { what, reason, place, issued_before: at, expires_at }).await
    }

    async fn write(&self, withdrawal: Withdrawal) -> Result<(), RegistryError> {
        if self.count() >= MAX_WITHDRAWALS {
            return Err(RegistryError::Full("withdrawal"));
        }
        store::append(&self.store, &withdrawal).await?;
        self.written.store(true, Relaxed);
        self.take(&[withdrawal]);
        Ok(())
    }

    /// Whether that session token still stands; an error says why not.
    pub(crate) fn stands(&self, token: &VerifiedSessionToken) -> Result<(), Ended> {
        self.heard_lately()?;
        self.verdict(&RestsOn::of_session(token.claims(), token.key()))
    }

    /// Whether a session stands of which only the claims are at hand: not whether its key was withdrawn.
    pub(crate) fn session_stands(&self, claims: &SessionClaims) -> Result<(), Ended> {
        self.heard_lately()?;
        self.verdict(&RestsOn { kid: None, ..RestsOn::of_session(claims, "") })
    }

    /// Whether a back-end token stands, by itself and by its session.
    pub(crate) fn back_end_stands(
        &self,
        claims: &BackEndClaims,
        patient: &PatientReference,
    ) -> Result<(), Ended> {
        self.heard_lately()?;
        self.verdict(&RestsOn::of_back_end(claims, patient))
    }

    fn heard_lately(&self) -> Result<(), Ended> {
        if self.unheard_for() > WITHDRAWAL_STALE { Err(Ended::Unknown) } else { Ok(()) }
    }

    fn verdict(&self, token: &RestsOn<'_>) -> Result<(), Ended> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.verdict(token).map_or(Ok(()), |reason| Err(Ended::Withdrawn(reason)))
    }

    /// For how long this node has not heard what was withdrawn.
    #[must_use]
    pub fn unheard_for(&self) -> Duration {
        self.born.elapsed().saturating_sub(Duration::from_millis(self.heard.load(Relaxed)))
    }

    /// Whether this node knows what was withdrawn; if not, the code of the fault.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        if self.overflown.load(Relaxed) {
            Some("withdrawals-too-many")
        } else if self.unheard_for() > WITHDRAWAL_STALE {
            Some("withdrawals-unheard")
        } else {
            None
        }
    }

    /// How many are known.
    #[must_use]
    pub fn count(&self) -> usize {
        self.known.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}
