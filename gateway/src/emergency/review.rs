//! Was it right to break the glass? The queue that waits for a reviewer, its ageing and its outcomes (*revue a posteriori*).
//!
//! Who reviews is a registered auditor, by their own signature; what they see and what they find is on record before it is
//! shown or counts. A systematic log that somebody reads is what the CNIL missed in records that could be opened in an emergency.

mod error;
pub(in crate::emergency) mod rows;
mod shown;
mod signed;

use std::sync::Arc;

use hsm_config::Signer;
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{Audit, AuditEvent, AuditFilter, AuditStore, EventKind, Outcome};
use crate::config::Config;
use crate::limits::{EMERGENCY_QUEUE_PAGE, EMERGENCY_REVIEW_WORDS_MAX, EMERGENCY_WORDS_MIN};
use crate::registry::Registry;
use crate::relink::OperatorKey;
use crate::store::Store;
use crate::trust::Trust;

pub use error::ReviewError;
use rows::AccessRow;
pub(crate) use rows::instant;
pub use shown::{Age, QueuedAccess, ShownAccess, ShownEvent, ShownSignature};
use signed::{Finding, Look};

/// What a review finds (*issue de la revue*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewOutcome {
    /// It was an emergency (*justifié*).
    Justified,
    /// It was none (*non justifié*).
    NotJustified,
    /// Somebody else has to find out (*enquête*).
    NeedsInquiry,
}

/// Everything that a review needs (*bureau de revue*).
pub struct ReviewDesk {
    /// The configuration of the gateway.
    pub config: Config,
    /// Where the queue is kept.
    pub store: Store,
    /// Who is registered.
    pub registry: Registry,
    /// Who seals.
    pub signer: Arc<dyn Signer>,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Where each step is recorded before it counts.
    pub audit: Audit,
    /// Where it is read what was done.
    pub log: Arc<dyn AuditStore>,
}

impl std::fmt::Debug for ReviewDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReviewDesk")
    }
}

impl ReviewDesk {
    /// What waits, most urgent first; or what there was lately, newest first.
    pub async fn queue(
        &self,
        reviewed_too: bool,
        at: OffsetDateTime,
    ) -> Result<Vec<QueuedAccess>, ReviewError> {
        let found = rows::queue(&self.store, reviewed_too, EMERGENCY_QUEUE_PAGE).await?;
        Ok(found.iter().map(|row| row.queued(at)).collect())
    }

    /// Shows one to a reviewer, once it is on record who looks.
    pub async fn show(
        &self,
        key: &OperatorKey,
        id: Uuid,
        at: OffsetDateTime,
    ) -> Result<ShownAccess, ReviewError> {
        let looked = self.look(key, id, at).await;
        let (reviewer, row) = self.or_refused(looked, id, at).await?;
        let _recorded = self.audit.record(event("emergency-shown", &reviewer, &row, at)).await?;
        let words = self.unsealed(id, super::WORDS, &row.words)?.to_string();
        let mut practitioners = Vec::new();
        for signed in rows::signed(&self.store, id).await? {
            practitioners.push(self.signature(id, &row, signed));
        }
        let filter = AuditFilter { session: Some(row.session), ..AuditFilter::default() };
        let events = self.log.read(&filter).await?.into_iter().map(ShownEvent::from).collect();
        Ok(ShownAccess { session: row.session, access: row.queued(at), words, practitioners, events })
    }

    /// Says what the review finds, once.
    pub async fn review(
        &self,
        key: &OperatorKey,
        id: Uuid,
        (outcome, words): (ReviewOutcome, &str),
        at: OffsetDateTime,
    ) -> Result<QueuedAccess, ReviewError> {
        let judged = async {
            let words = words.trim();
            if !(EMERGENCY_WORDS_MIN..=EMERGENCY_REVIEW_WORDS_MAX).contains(&words.chars().count()) {
                return Err(ReviewError::Words);
            }
            let finding = Finding::new(&self.config.issuer, id, (outcome, words), at);
            let (text, reviewer) = self.signed(key, &finding, at)?;
            let row = rows::find(&self.store, id).await?.ok_or(ReviewError::Unknown)?;
            if row.outcome.is_some() { Err(ReviewError::AlreadyReviewed) } else { Ok((text, reviewer, row)) }
        };
        let (text, reviewer, row) = self.or_refused(judged.await, id, at).await?;
        let _recorded = self.audit.record(event(outcome.code(), &reviewer, &row, at)).await?;
        let sealed = super::seal(self.signer.as_ref(), id, REVIEW, &text)?;
        let kept = rows::review(&self.store, id, (outcome, &reviewer), &sealed, at).await?;
        if !kept {
            return self.or_refused(Err(ReviewError::AlreadyReviewed), id, at).await;
        }
        let row =
            AccessRow { outcome: Some(outcome), reviewer: Some(reviewer), reviewed_at: Some(at), ..row };
        Ok(row.queued(at))
    }

    async fn look(
        &self,
        key: &OperatorKey,
        id: Uuid,
        at: OffsetDateTime,
    ) -> Result<(String, AccessRow), ReviewError> {
        let (_text, reviewer) = self.signed(key, &Look::new(&self.config.issuer, id, at), at)?;
        Ok((reviewer, rows::find(&self.store, id).await?.ok_or(ReviewError::Unknown)?))
    }

    /// Passes a result on; a refusal goes on record first.
    async fn or_refused<T>(
        &self,
        result: Result<T, ReviewError>,
        id: Uuid,
        at: OffsetDateTime,
    ) -> Result<T, ReviewError> {
        let error = match result {
            Ok(good) => return Ok(good),
            Err(error) => error,
        };
        let mut event = AuditEvent::new(EventKind::EmergencyReviewed, Outcome::Refused, error.code(), at);
        event.detail = Some(format!("emergency {id}"));
        let _recorded = self.audit.record(event).await?;
        Err(error)
    }
}

/// … and of what is sealed, the review.
const REVIEW: &str = "review";

/// That a reviewer looked, or what they found; the patient can see that somebody did.
fn event(code: &'static str, reviewer: &str, row: &AccessRow, at: OffsetDateTime) -> AuditEvent {
    let mut event = AuditEvent::new(EventKind::EmergencyReviewed, Outcome::Permit, code, at);
    event.client = Some(reviewer.to_owned());
    event.subject = row.subject.clone();
    event.session = Some(row.session);
    event.detail = Some(format!("emergency {}, at {}", row.id, row.establishment));
    event
}

impl ReviewOutcome {
    /// The word in the store and in notices.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Justified => "justified",
            Self::NotJustified => "not-justified",
            Self::NeedsInquiry => "needs-inquiry",
        }
    }

    /// The outcome of that word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Justified, Self::NotJustified, Self::NeedsInquiry].into_iter().find(|one| one.as_str() == text)
    }

    /// The code of its event.
    const fn code(self) -> &'static str {
        match self {
            Self::Justified => "emergency-justified",
            Self::NotJustified => "emergency-not-justified",
            Self::NeedsInquiry => "emergency-needs-inquiry",
        }
    }
}
