//! What did the patient agree to, and what does it mean for who asks?
//!
//! A patient says it at a counter, with the card on the reader: a running session is the proof, and the PIN makes it
//! stronger. It is kept as FHIR R4 Consent says it (IHE PCF), [compiled](rules) for an establishment when that one asks,
//! and forgotten by every node within a second of a change. Its guardian speaks for a child until it is of age.
//!
//! | part | the question it answers |
//! |---|---|
//! | `model`, `label` | what did the patient say? |
//! | `fhir` | how does that look in FHIR, and what of FHIR is not understood? |
//! | `compile`, [`rules`] | what does it mean for this establishment, now? Precedence is written there |
//! | `conflict` | does it contradict or repeat what was said before? |
//! | `present`, `route` | who may say it, and who hears of it? |
//! | `standing`, `store`, `memory`, `watch` | where is it kept, and for how long remembered? |

mod class;
mod compile;
mod conflict;
pub mod fhir;
mod label;
mod memory;
mod model;
mod present;
mod route;
pub mod rules;
mod standing;
mod store;
mod watch;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

pub use compile::Asker;
pub use label::{ACT_CODE, CONFIDENTIALITY, Label};
pub use model::{Actor, Choice, Consent, Guardian, KindName, Period, Provision};
pub(crate) use route::{give, show, withdraw};
pub use rules::{Hidden, Rules};
pub use standing::Link;
pub(crate) use watch::watch;

use crate::limits::LINKS_WAITING;
use crate::registry::{Client, RegistryError};
use crate::store::Store;
use memory::Memory;
use standing::Standing;
use store::Stored;

/// Consents and therapeutic links of all patients (*consentements*).
pub struct Consents {
    store: Store,
    link_life: time::Duration,
    memory: Memory,
    links: mpsc::Sender<(String, Link)>,
    waiting: tokio::sync::Mutex<mpsc::Receiver<(String, Link)>>,
    /// Links that found no place to wait in.
    dropped: AtomicU64,
}

impl fmt::Debug for Consents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Consents")
    }
}

impl Consents {
    /// Over this database. A patient who was at an establishment is its patient for `link_life`.
    #[must_use]
    pub fn open(store: Store, link_life: time::Duration) -> Self {
        let (links, waiting) = mpsc::channel(LINKS_WAITING);
        Self {
            store,
            link_life,
            memory: Memory::new(),
            links,
            waiting: waiting.into(),
            dropped: AtomicU64::new(0),
        }
    }

    /// What the patient's consents mean for that establishment at that moment. What another node wrote a second ago
    /// is in it.
    ///
    /// # Errors
    /// The database does not answer, or a consent in it cannot be read: then nobody knows what the patient said.
    pub async fn rules(
        &self,
        subject: &str,
        establishment: &Client,
        at: OffsetDateTime,
    ) -> Result<Arc<Rules>, RegistryError> {
        let asker = Asker { establishment: &establishment.id, kind: establishment.kind };
        Ok(self.standing(subject, at).await?.rules(asker, at - self.link_life, at))
    }

    /// Where the patient was in person lately, as of that moment.
    pub async fn links(&self, subject: &str, at: OffsetDateTime) -> Result<Vec<Link>, RegistryError> {
        Ok(self.read(subject, at).await?.links().to_vec())
    }

    /// The patient is at that establishment in person (*lien thérapeutique*): written down soon, by itself; nobody waits.
    pub fn link(&self, subject: &str, establishment: &str, at: OffsetDateTime) {
        let link = Link { establishment: establishment.to_owned(), seen_at: at };
        if self.links.try_send((subject.to_owned(), link)).is_err() {
            self.dropped.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    async fn standing(&self, subject: &str, at: OffsetDateTime) -> Result<Arc<Standing>, RegistryError> {
        match self.memory.get(subject, Instant::now()) {
            Some(known) => Ok(known),
            None => self.read(subject, at).await,
        }
    }

    /// From the database itself.
    async fn read(&self, subject: &str, at: OffsetDateTime) -> Result<Arc<Standing>, RegistryError> {
        // The moment before the question: what is written after it is not in the answer.
        let since = self.memory.moment(Instant::now());
        let standing = Arc::new(store::standing(&self.store, subject, at, at - self.link_life).await?);
        self.memory.keep(subject, since, standing.clone());
        Ok(standing)
    }

    /// What stands at that moment, from the database itself.
    async fn standing_now(&self, subject: &str, at: OffsetDateTime) -> Result<Vec<Consent>, RegistryError> {
        Ok(self.read(subject, at).await?.consents(at).cloned().collect())
    }

    /// The ids of the same.
    async fn standing_ids(&self, subject: &str, at: OffsetDateTime) -> Result<BTreeSet<Uuid>, RegistryError> {
        Ok(self.standing_now(subject, at).await?.into_iter().map(|consent| consent.id).collect())
    }

    /// Everything that the patient ever said, newest first, up to a bound.
    async fn all(&self, subject: &str) -> Result<Vec<Stored>, RegistryError> {
        store::all(&self.store, subject).await
    }
}
