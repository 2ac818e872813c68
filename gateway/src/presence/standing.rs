//! On which lists could this card stand, how old are they, and does it?

use card_reader::{PresenceError, PresenceProof};
use pki::RevocationStatus;
use policies::{CardFacts, ListFreshness};
use time::OffsetDateTime;

use crate::app::App;
use crate::audit::AuditEvent;
use crate::refusal::Refusal;

/// Asks at the moment of the decision, not of the challenge: a signer that was revoked, a CSCA that was dropped or a
/// card that was listed in between is seen. What was not known is left to policy, and told to the log. With the facts,
/// what the hot list says of the card, if anything.
pub(super) async fn facts(
    app: &App,
    proof: &PresenceProof,
    event: &mut AuditEvent,
) -> Result<(CardFacts, Option<String>), Refusal> {
    let judged = app.trust.documents().judge_again(proof.card().signer(), event.at);
    let revocation = freshness(judged.map_err(PresenceError::Untrusted)?, event.at);
    let (hot_list, listing) = hot_list(app, proof, event.at).await?;
    let facts = CardFacts { revocation, hot_list };
    event.detail = told("revocation list", revocation).or_else(|| told("hot list", hot_list));
    Ok((facts, listing))
}

async fn hot_list(
    app: &App,
    proof: &PresenceProof,
    at: OffsetDateTime,
) -> Result<(ListFreshness, Option<String>), Refusal> {
    if !app.hot_list.is_kept() {
        return Ok((ListFreshness::NotKept, None));
    }
    let mrz = proof.card().mrz();
    let card = app.registry.hot_list_digest(mrz.issuing_state(), mrz.document_number())?;
    let freshness = app.hot_list.freshness(at);
    match app.hot_list.ask(card).await {
        Ok(listing) => {
            let told = |listing: pki::hot_list::Listing| {
                format!("hot list: {} since {}", listing.reason.as_str(), listing.since.date())
            };
            Ok((freshness, listing.map(told)))
        }
        Err(error) => {
            tracing::error!(code = error.code(), "hot list cannot be asked");
            Ok((ListFreshness::Unknown, None))
        }
    }
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
