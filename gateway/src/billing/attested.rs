//! Does the log say the same as a receipt?
//!
//! A receipt names nobody: who was there is in the event at the place that it names, by the gateway's own pseudonym. A
//! receipt that the log does not know was signed by somebody who has a key and no log.

use time::OffsetDateTime;
use tokio::time::timeout;
use uuid::Uuid;

use crate::app::App;
use crate::audit::{AuditEvent, Outcome, StoredEvent};
use crate::limits::RECEIPTS_LOG_TIMEOUT;
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::token::{TokenError, TokenRefusal, VerifiedReceipt};

/// A receipt that this gateway signed and whose event its log has (*reçu attesté*): somebody was there.
///
/// Only the log makes one:
///
/// ```compile_fail
/// fn forge(receipt: gateway::token::VerifiedReceipt) -> gateway::billing::Attested {
///     gateway::billing::Attested { receipt, subject: String::new(), guardian: None, session: uuid::Uuid::nil(), station: String::new() }
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Attested {
    receipt: VerifiedReceipt,
    subject: String,
    guardian: Option<String>,
    session: Uuid,
    station: String,
}

impl Attested {
    /// The receipt.
    #[must_use]
    pub const fn receipt(&self) -> &VerifiedReceipt {
        &self.receipt
    }

    /// The patient who was there, by the pseudonym that the gateway itself knows.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Who represented the patient.
    #[must_use]
    pub fn guardian(&self) -> Option<&str> {
        self.guardian.as_deref()
    }

    /// The session that the presence opened; the presence itself, where it opened none.
    #[must_use]
    pub const fn session(&self) -> Uuid {
        self.session
    }

    /// The station (*poste*).
    #[must_use]
    pub fn station(&self) -> &str {
        &self.station
    }

    /// What the event at the receipt's place says, if it is of the same act.
    fn of(receipt: VerifiedReceipt, event: &AuditEvent) -> Option<Self> {
        let says = receipt.claims();
        let same = event.outcome == Outcome::Permit
            && event.presence == Some(says.presence)
            && event.client.as_deref() == Some(says.establishment.as_str());
        let (subject, session) = (event.subject.clone()?, event.session.unwrap_or(says.presence));
        let (guardian, station) = (event.guardian.clone(), event.station.clone().unwrap_or_default());
        same.then_some(Self { subject, guardian, session, station, receipt })
    }
}

impl std::fmt::Debug for Attested {
    /// Without the subject: it names a patient to whoever can join two logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attested").field("receipt", &self.receipt).finish_non_exhaustive()
    }
}

/// The receipt, if it is one of ours; a refusal where the gateway cannot tell.
pub(crate) fn verified(
    app: &App,
    receipt: &str,
    at: OffsetDateTime,
) -> Result<Result<VerifiedReceipt, TokenError>, Refusal> {
    match app.tokens.verify_receipt(receipt, at) {
        Err(error) if error.refusal() == TokenRefusal::Unavailable => Err(error.into()),
        verified => Ok(verified),
    }
}

/// Each of these receipts as the log has it, in their order; nothing for one that the log does not know.
pub(crate) async fn attested(
    app: &App,
    receipts: Vec<VerifiedReceipt>,
) -> Result<Vec<Option<Attested>>, Refusal> {
    let unavailable = |code| Refusal::exactly(ProblemCode::AuditUnavailable, code);
    let positions = receipts.iter().map(|receipt| receipt.claims().log_index).collect();
    let events = timeout(RECEIPTS_LOG_TIMEOUT, app.audit.store().at(positions)).await;
    let events = events.map_err(|_| unavailable("audit-store-timeout"))?.map_err(|error| {
        tracing::warn!(%error, "events of receipts not read");
        unavailable("audit-store-failed")
    })?;
    let mut by_index = std::collections::HashMap::with_capacity(events.len());
    by_index.extend(events.into_iter().map(|StoredEvent { index, event }| (index, event)));
    let attested = receipts.into_iter().map(|receipt| {
        let event = by_index.get(&receipt.claims().log_index)?;
        Attested::of(receipt, event)
    });
    Ok(attested.collect())
}
