//! `POST /v1/receipts/verify`: what are these receipts worth, to who pays for what was done?
//!
//! A receipt verifies offline with the published keys; what only the gateway knows is whether its log has the act, whether
//! it was this patient, and whether something was billed on it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use policies::{AccessRequest, Acr, Action, Facts, Purpose, ReceiptStanding};
use time::OffsetDateTime;

use super::{Attested, attested, held, rows};
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::caller::Caller;
use crate::presence::json;
use crate::problem::ProblemCode;
use crate::refusal::{Refusal, on_record, unrecorded};
use crate::token::{TokenError, TokenRefusal, VerifiedReceipt};
use crate::wire::{AskedReceipt, ReceiptAnswer, ReceiptsAnswer};

/// What receipts are worth, once the answer is on record.
pub(crate) async fn verify(
    app: &App,
    caller: &Caller,
    asked: Vec<AskedReceipt>,
    mut event: AuditEvent,
) -> Response {
    match judge(app, caller, asked, &mut event).await {
        Ok(receipts) => {
            let sound = receipts.iter().filter(|one| one.standing == ReceiptStanding::Sound.as_str()).count();
            event.kind = EventKind::ReceiptsVerified;
            event.outcome = Outcome::Permit;
            event.code = "receipts-verified".into();
            event.detail = Some(format!("{} receipts, {sound} sound", receipts.len()));
            match app.audit.record(event).await {
                Ok(_recorded) => on_record(json(StatusCode::OK, &ReceiptsAnswer { receipts })),
                Err(error) => unrecorded(error),
            }
        }
        Err(refusal) => refusal.record(&app.audit, event).await,
    }
}

/// The steps, in order: may they ask, which are ours, which has the log, which were billed, whose are they.
async fn judge(
    app: &App,
    caller: &Caller,
    asked: Vec<AskedReceipt>,
    event: &mut AuditEvent,
) -> Result<Vec<ReceiptAnswer>, Refusal> {
    let request = AccessRequest {
        client: caller.facts(),
        action: Action::VerifyReceipts,
        purpose: Purpose::Payment,
        acr: Acr::Card,
        dependant: false,
        facts: Facts::default(),
    };
    let decision = app.policies.decide_recorded(&request, None, event);
    let _permit = decision.permit().ok_or_else(|| Refusal::denied(&decision))?;
    let texts = asked.iter().map(|one| one.receipt.clone()).collect();
    let verified = all_verified(app, texts, event.at).await?;
    let ours = verified.iter().flatten().cloned().collect();
    let mut log = attested(app, ours).await?.into_iter();
    let known: Vec<Option<Attested>> =
        verified.iter().map(|one| one.as_ref().and_then(|_| log.next().flatten())).collect();
    let presences = known.iter().flatten().map(|one| one.receipt().claims().presence.to_string()).collect();
    let billed: HashMap<String, i64> =
        rows::billed(&app.store, presences).await.map_err(held::database)?.into_iter().collect();
    let mut answers = Vec::with_capacity(asked.len());
    for (asked, known) in asked.iter().zip(&known) {
        answers.push(match known {
            Some(known) => one(app, asked, known, &billed).await?,
            None => ReceiptAnswer::nothing(ReceiptStanding::Unsigned.as_str()),
        });
    }
    Ok(answers)
}

/// Signatures of a thousand receipts take a while: not on a thread that others wait for.
async fn all_verified(
    app: &App,
    receipts: Vec<String>,
    at: OffsetDateTime,
) -> Result<Vec<Option<VerifiedReceipt>>, Refusal> {
    let tokens = Arc::clone(&app.tokens);
    let verifying = tokio::task::spawn_blocking(move || {
        let verified = receipts.iter().map(|receipt| match tokens.verify_receipt(receipt, at) {
            Ok(receipt) => Ok(Some(receipt)),
            Err(error) if error.refusal() == TokenRefusal::Unavailable => Err(error),
            Err(_) => Ok(None),
        });
        verified.collect::<Result<Vec<_>, TokenError>>()
    });
    let verified = verifying.await.map_err(|_| Refusal::new(ProblemCode::Internal))?;
    Ok(verified?)
}

async fn one(
    app: &App,
    asked: &AskedReceipt,
    known: &Attested,
    billed: &HashMap<String, i64>,
) -> Result<ReceiptAnswer, Refusal> {
    let says = known.receipt().claims();
    let billed_at = billed.get(&says.presence.to_string());
    let elsewhere = asked.establishment.as_ref().is_some_and(|named| *named != says.establishment);
    let standing = if elsewhere {
        ReceiptStanding::Elsewhere
    } else if !is_about(app, asked.patient.as_deref(), known).await? {
        ReceiptStanding::AnotherPatient
    } else if billed_at.is_some() {
        ReceiptStanding::Billed
    } else {
        ReceiptStanding::Sound
    };
    let billed_at = billed_at
        .and_then(|micros| OffsetDateTime::from_unix_timestamp_nanos(i128::from(*micros) * 1_000).ok());
    Ok(ReceiptAnswer::of(standing.as_str(), says, billed_at))
}

/// Whether the patient of the receipt is the one that is named: by the name at the back-end that answers for cover.
async fn is_about(app: &App, named: Option<&str>, known: &Attested) -> Result<bool, Refusal> {
    let Some(named) = named else { return Ok(true) };
    let back_end = app.config.cover_back_end().ok_or_else(|| Refusal::new(ProblemCode::NotFound))?;
    match app.registry.patient_by_subject(known.subject()).await? {
        Some(patient) => Ok(app.pseudonym_at(back_end, &patient)? == named),
        None => Ok(false),
    }
}
