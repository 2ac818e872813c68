//! What does a reviewer see?

use serde::Serialize;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::ReviewOutcome;
use super::rows::AccessRow;
use crate::audit::StoredEvent;

/// How long a review has waited (*ancienneté*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Age {
    /// There is time.
    Waiting,
    /// Due within a day.
    DueToday,
    /// Past its date.
    Overdue,
    /// Done.
    Reviewed,
}

/// An access in the queue: no words, no patient.
#[derive(Clone, Debug, Serialize)]
pub struct QueuedAccess {
    /// Its id.
    pub id: Uuid,
    /// Where.
    pub establishment: String,
    /// Why, as a code.
    pub reason: String,
    /// By what the patient was known: `card`, `two-practitioners`.
    pub identified: String,
    /// Whether somebody enrolled had the number that was named.
    pub patient_known: bool,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub opened_at: OffsetDateTime,
    /// Until when it is to be reviewed.
    #[serde(with = "time::serde::rfc3339")]
    pub review_due: OffsetDateTime,
    /// How it stands.
    pub age: Age,
    /// Whole hours since it was opened.
    pub age_hours: i64,
    /// What the review found.
    pub outcome: Option<ReviewOutcome>,
    /// Who reviewed it.
    pub reviewer: Option<String>,
    /// When.
    #[serde(with = "time::serde::rfc3339::option")]
    pub reviewed_at: Option<OffsetDateTime>,
}

/// An access as its reviewer sees it: for a terminal, never for a log.
#[derive(Serialize)]
pub struct ShownAccess {
    /// As in the queue.
    #[serde(flatten)]
    pub access: QueuedAccess,
    /// The session.
    pub session: Uuid,
    /// Why, in the practitioner's words.
    pub words: String,
    /// Who signed for it.
    pub practitioners: Vec<ShownSignature>,
    /// Everything that was then asked for, whether it was permitted or not.
    pub events: Vec<ShownEvent>,
}

/// Who signed for an access.
#[derive(Clone, Debug, Serialize)]
pub struct ShownSignature {
    /// Their professional registration.
    pub practitioner: String,
    /// `verified`, as of that moment, or what is wrong with it.
    pub signature: &'static str,
}

/// One thing that was done with an emergency session.
#[derive(Clone, Debug, Serialize)]
pub struct ShownEvent {
    /// Its place in the log.
    pub index: u64,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The exact code.
    pub code: String,
    /// The back-end.
    pub service: Option<String>,
    /// What was asked for.
    pub resource_type: Option<String>,
    /// What was done with it.
    pub interaction: Option<String>,
}

impl AccessRow {
    pub(super) fn queued(&self, at: OffsetDateTime) -> QueuedAccess {
        QueuedAccess {
            id: self.id,
            establishment: self.establishment.clone(),
            reason: self.reason.clone(),
            identified: self.identified.clone(),
            patient_known: self.subject.is_some(),
            opened_at: self.opened_at,
            review_due: self.review_due,
            age: Age::of(self.outcome.is_some(), self.review_due, at),
            age_hours: (at - self.opened_at).whole_hours().max(0),
            outcome: self.outcome,
            reviewer: self.reviewer.clone(),
            reviewed_at: self.reviewed_at,
        }
    }
}

impl From<StoredEvent> for ShownEvent {
    fn from(StoredEvent { index, event }: StoredEvent) -> Self {
        Self {
            index,
            at: event.at,
            code: event.code.into_owned(),
            service: event.service,
            resource_type: event.resource_type,
            interaction: event.interaction,
        }
    }
}

impl Age {
    fn of(reviewed: bool, due: OffsetDateTime, at: OffsetDateTime) -> Self {
        match due - at {
            _ if reviewed => Self::Reviewed,
            left if left < Duration::ZERO => Self::Overdue,
            left if left <= Duration::DAY => Self::DueToday,
            _ => Self::Waiting,
        }
    }

    /// The word in the queue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::DueToday => "due-today",
            Self::Overdue => "overdue",
            Self::Reviewed => "reviewed",
        }
    }
}
