//! What does the gateway itself say with an answer? A signed receipt of the act, and what it advises, in headers.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use crate::app::App;
use crate::audit::{AuditEvent, Recorded};
use crate::fhir::{Due, ReceiptDue};
use crate::session::Session;
use crate::token::ReceiptClaims;

/// The receipt of the act that was just done (*reçu*): a JWS that any JWT library verifies offline.
const RECEIPT: HeaderName = HeaderName::from_static("bawaba-receipt");

/// Codes of reasons that are no refusal (*conseil*): the care pathway would have begun elsewhere.
const ADVICE: HeaderName = HeaderName::from_static("bawaba-advice");

/// What is said with the answer to an access.
pub(crate) struct Said {
    told: BTreeSet<String>,
    act: Option<Act>,
}

impl Said {
    /// What is due beside what the answer is looked through for.
    pub(crate) fn of(due: Due, session: &Session, event: &AuditEvent) -> Self {
        let act = due.receipt.map(|ReceiptDue { .. }| Act::of(session, event));
        Self { told: due.told, act }
    }

    /// Says it, from the proof that the access is on record. `done`: the back-end did what was asked.
    pub(crate) fn write(self, app: &App, recorded: &Recorded, done: bool, headers: &mut HeaderMap) {
        for code in &self.told {
            if let Ok(code) = HeaderValue::from_str(code) {
                headers.append(ADVICE, code);
            }
        }
        if let Some(act) = self.act.filter(|_| done) {
            act.attest(app, recorded, headers);
        }
    }
}

/// An act of a session for which the permit obliges to a receipt.
struct Act {
    presence: Uuid,
    establishment: String,
    operation: String,
}

impl Act {
    /// What `event` records, in that session.
    fn of(session: &Session, event: &AuditEvent) -> Self {
        let claims = session.claims();
        let (what, of) = (event.interaction.as_deref(), event.resource_type.as_deref());
        Self {
            presence: claims.presence.id,
            establishment: claims.establishment.clone(),
            operation: format!("{} {}", what.unwrap_or("access"), of.unwrap_or_default()),
        }
    }

    /// Attests it, from the proof that it is on record. The act is done: without a key it goes unattested, and is told so.
    fn attest(self, app: &App, recorded: &Recorded, headers: &mut HeaderMap) {
        let Self { presence, establishment, operation } = self;
        let (time, log_index) = (recorded.at(), recorded.index());
        let claims = ReceiptClaims { presence, establishment, time, operation, log_index };
        match app.tokens.issue_receipt(&claims) {
            Ok(receipt) => {
                if let Ok(value) = HeaderValue::try_from(receipt) {
                    headers.insert(RECEIPT, value);
                }
            }
            Err(error) => tracing::error!(%error, code = error.code(), "an act has no receipt"),
        }
    }
}
