//! What does the holder's PIN change? A hospital asks for the whole record.

use anyhow::{Context, Result, bail};
use card_reader::counter::{Act, DemoState, open_and_keep};
use card_reader::simulated::CardFile;
use card_reader::{Can, Pin};
use serde::Serialize;
use serde_json::Value;

use super::super::narrator::Narrator;
use super::super::{clients, people, text};
use super::{CARD, PURPOSE, timed};

/// Who treats, and may have the whole record if the patient agrees.
const HOSPITAL: &str = "hospital-1";

/// A session that was stepped up by the holder's PIN (accord du titulaire).
#[derive(Debug, Serialize)]
pub struct Agreement {
    /// What the hospital was answered first.
    pub status: u16,
    /// Its public code.
    pub code: String,
    /// How the patient's agreement is proven now.
    pub acr: String,
    /// Resources in the record that was then handed out.
    pub entries: usize,
}

pub(super) async fn tell(state: &DemoState, narrator: &mut Narrator) -> Result<Agreement> {
    let gateway = state.client(HOSPITAL)?.speaking(narrator.language());
    let place = clients::CLIENTS.iter().find(|client| client.id == HOSPITAL);
    let place = place.map(|at| format!("{}, {}", at.name, at.city)).unwrap_or_default();
    narrator.part(&text::WITH_THE_HOLDER, &place);
    let person = people::by_card(CARD).context("nobody has this card")?;
    let can = Can::parse(person.can).context("the CAN is not six digits")?;
    let pin = person.pin().and_then(Pin::parse).context("this card has no PIN")?;
    let chip = CardFile::load(&state.card(CARD)?)?.insert()?;
    let act = Act::new(can, PURPOSE);
    let (opened, mut card) = open_and_keep(Box::new(chip), act, &gateway, |_| {}).await?;
    let patient = opened.session.patient_at.get("dossier").context("no dossier")?;
    let whole = format!("/dossier/Patient/{patient}/$everything");

    let (asked, ms) = timed(gateway.fhir(&opened.token, &whole)).await;
    let asked = match asked {
        Err(error) if error.step_up().is_some() => error,
        _ => bail!("the whole record was handed out without the holder"),
    };
    let status = match &asked {
        card_reader::counter::CounterError::Refused(problem) => problem.status,
        _ => 0,
    };
    narrator.step("holder-asked", ms);
    narrator.detail(&format!("{status} {}", asked.code()));
    let session = (opened.session.id.as_str(), opened.token.as_str());
    let (stepped, ms) = timed(card.step_up(pin, session, &gateway)).await;
    let stepped = stepped.context("the holder's agreement was not accepted")?;
    narrator.step("holder-agreed", ms);
    narrator.detail(&format!("acr {}", stepped.session.acr));
    let (record, ms) = timed(gateway.fhir(&stepped.token, &whole)).await;
    let record = record.context("the whole record was not to be had")?;
    let entries = record.get("entry").and_then(Value::as_array).map_or(0, Vec::len);
    narrator.step("record", ms);
    Ok(Agreement { status, code: asked.code().to_owned(), acr: stepped.session.acr, entries })
}
