//! What does one act leave behind? The JSON document of `--once`.

use card_reader::counter::{Session, Step};
use serde::Serialize;
use serde_json::Value;

use super::agreement::Agreement;

/// One act at the counter and three refusals (rapport).
#[derive(Debug, Serialize)]
pub struct Report {
    /// What the counter was told.
    pub session: Session,
    /// Claims of the session token, verified against the published keys.
    pub claims: Value,
    /// The prescriptions fetched through the gateway: a FHIR searchset Bundle.
    pub prescription: Value,
    /// What the holder's PIN changed, at a hospital.
    pub agreement: Agreement,
    /// What was refused, and what the log says about it.
    pub refusals: Vec<Refusal>,
    /// The signed receipt, as the counter keeps it.
    pub receipt: String,
    /// What took how long.
    pub steps: Vec<Step>,
    /// Commands exchanged with the chip.
    pub apdus: u32,
}

/// A refusal as its client saw it, and as it was written down (refus).
#[derive(Debug, Serialize)]
pub struct Refusal {
    /// `clone`, `replayed-proof` or `pharmacy-dossier`.
    pub case: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Public code of the problem.
    pub code: String,
    /// Public title of the problem.
    pub title: String,
    /// The event in the log.
    pub audit: AuditTrace,
}

/// Where the log tells more than the answer did (trace d'audit).
#[derive(Debug, Serialize)]
pub struct AuditTrace {
    /// Exact code.
    pub code: String,
    /// Place in the log.
    pub index: u64,
}
