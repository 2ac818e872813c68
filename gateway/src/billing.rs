//! Was the patient there for what is claimed, and is it claimed only once?
//!
//! A claim (*facture*) carries the receipt of a presence and the number of its electronic care sheet. What the receipt
//! is worth is found out here and said to the policies, which decide. A presence that is billed is billed for good: its
//! row is taken before the claim is sent, so neither a crash nor a second node lets it be sent twice.

mod attested;
mod claim;
mod held;
mod rows;
mod verify;

use policies::{ClaimFacts, ReceiptStanding};
use time::OffsetDateTime;

use crate::app::App;
use crate::fhir::FhirRequest;
use crate::refusal::Refusal;
use crate::session::Session;
use crate::tally::Counted;

pub use attested::Attested;
pub(crate) use attested::{attested, verified};
pub(crate) use claim::{ExtensionShape, is_claim, receipt};
pub use claim::{FSE_SYSTEM, RECEIPT_EXTENSION};
pub(crate) use held::{Became, Held, outcome};
use rows::{Key, Standing};
pub(crate) use verify::verify;

/// A claim with what its receipt is worth (*facture examinée*). Sending it takes the row: [`Examined::hold`].
pub(crate) struct Examined {
    facts: ClaimFacts,
    /// What it is taken by, where its receipt attests a presence here of this patient.
    key: Option<Key>,
    bills: bool,
}

/// The claim of a request, if it is one, and what its receipt is worth to this session at that moment.
pub(crate) async fn examine(
    app: &App,
    session: &Session,
    asked: &FhirRequest,
    at: OffsetDateTime,
) -> Result<Option<Examined>, Refusal> {
    let Some(claim) = claim::of(asked)? else { return Ok(None) };
    let (standing, key) = match &claim.receipt {
        None => (ReceiptStanding::None, None),
        Some(receipt) => worth(app, session, (receipt, claim.fse.as_deref()), at).await?,
    };
    let client = &session.claims().client_id;
    app.tally.count(client, Counted::Claim, at);
    if standing == ReceiptStanding::Sound {
        app.tally.count(client, Counted::ClaimWithReceipt, at);
    }
    let facts = ClaimFacts { receipt: standing, fse: claim.fse.is_some() };
    Ok(Some(Examined { facts, key, bills: claim.bills }))
}

/// The steps, in order; the first that fails says what is wrong.
async fn worth(
    app: &App,
    session: &Session,
    (receipt, fse): (&str, Option<&str>),
    at: OffsetDateTime,
) -> Result<(ReceiptStanding, Option<Key>), Refusal> {
    let Ok(receipt) = verified(app, receipt, at)? else { return Ok((ReceiptStanding::Unsigned, None)) };
    let (says, here) = (receipt.claims().clone(), session.claims());
    let Some(attested) = attested(app, vec![receipt]).await?.into_iter().flatten().next() else {
        return Ok((ReceiptStanding::Unsigned, None));
    };
    if says.establishment != here.establishment {
        return Ok((ReceiptStanding::Elsewhere, None));
    }
    if attested.subject() != here.subject {
        return Ok((ReceiptStanding::AnotherPatient, None));
    }
    if at - says.time > app.config.cover.claim_within {
        return Ok((ReceiptStanding::Late, None));
    }
    let key = Key { presence: says.presence, establishment: says.establishment, fse: fse.map(str::to_owned) };
    match rows::standing(&app.store, &key, at).await.map_err(held::database)? {
        Standing::Free => Ok((ReceiptStanding::Sound, Some(key))),
        Standing::OnItsWay => Err(held::on_its_way()),
        Standing::Billed => Ok((ReceiptStanding::Billed, None)),
    }
}

impl Examined {
    /// What the policies are told.
    pub(crate) const fn facts(&self) -> ClaimFacts {
        self.facts
    }
}
