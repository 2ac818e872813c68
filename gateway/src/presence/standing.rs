//! On which lists could this card stand, and how old are they?

use card_reader::{PresenceError, PresenceProof};
use pki::RevocationStatus;
use policies::{CardFacts, ListFreshness};
use time::OffsetDateTime;

use crate::app::App;
use crate::audit::AuditEvent;
use crate::refusal::Refusal;

/// Asks at the moment of the decision, not of the challenge: a signer that was revoked or a CSCA that was dropped in
/// between is seen. What was not known is left to policy, and told to the log.
pub(super) fn facts(app: &App, proof: &PresenceProof, event: &mut AuditEvent) -> Result<CardFacts, Refusal> {
    let judged = app.trust.documents().judge_again(proof.card().signer(), event.at);
    let revocation = freshness(judged.map_err(PresenceError::Untrusted)?, event.at);
    let facts = CardFacts { revocation, hot_list: ListFreshness::NotKept };
    event.detail = told("revocation list", facts.revocation).or_else(|| told("hot list", facts.hot_list));
    Ok(facts)
}

fn freshness(status: RevocationStatus, at: OffsetDateTime) -> ListFreshness {
    match (status.age(at), status.overdue(at)) {
        (Some(age), Some(overdue)) => ListFreshness::known(age.unsigned_abs(), overdue.unsigned_abs()),
        _ => ListFreshness::Unknown,
    }
}

/// What an auditor should know of a list that is not fresh.
fn told(list: &str, freshness: ListFreshness) -> Option<String> {
    match freshness {
        ListFreshness::Known { overdue_hours: 0, .. } | ListFreshness::NotKept => None,
        ListFreshness::Known { age_hours, overdue_hours } => {
            Some(format!("{list} {age_hours} h old, {overdue_hours} h overdue"))
        }
        ListFreshness::Unknown => Some(format!("no {list}")),
    }
}
