//! What happens at the counter? One act, told step by step, the holder's agreement, and three refusals.

mod agreement;
mod receipt;
mod refusals;
mod replay;
mod report;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use card_reader::Can;
use card_reader::counter::{Act, DemoState, GatewayClient, OpenedSession, Step, open_act};
use card_reader::simulated::CardFile;
use serde_json::Value;

use super::folder::write_private;
use super::narrator::Narrator;
use super::stage::Stage;
use super::{clients, curl, people, text};
pub use report::{AuditTrace, Refusal, Report};

/// Who opens the session of the story.
const COUNTER: &str = "pharmacy-1";
/// Whose card it is.
const CARD: &str = "amina";
const PURPOSE: &str = "TREAT";

/// Plays the whole story on a running stage and tells it.
pub async fn run_once(stage: &Stage, narrator: &mut Narrator) -> Result<Report> {
    let state = DemoState::new(stage.world().folder().root());
    let gateway = state.client(COUNTER)?.speaking(narrator.language());
    let place = clients::CLIENTS.iter().find(|client| client.id == COUNTER);
    narrator.part(
        &text::AT_THE_COUNTER,
        &place.map(|at| format!("{}, {}", at.name, at.city)).unwrap_or_default(),
    );

    let started = Instant::now();
    let card = CardFile::load(&state.card(CARD)?)?;
    let opened = act(card, &gateway, people::by_card(CARD).map(|person| person.can)).await?;
    let mut steps = timeline(&opened, started);
    for step in &steps {
        narrator.step(step.name, step.ms);
        match step.name {
            "chip-proven" => narrator.detail(&format!("{}, {} APDU", opened.method, opened.apdus)),
            "patient" => narrator.detail(&patient(&opened)),
            _ => {}
        }
    }

    let (prescription, ms) =
        timed(gateway.fhir(&opened.token, "/prescription/MedicationRequest?status=active")).await;
    let prescription = prescription.context("the prescription was not to be had")?;
    tell(narrator, &mut steps, "prescription", ms);
    medicines(&prescription).for_each(|medicine| narrator.detail(medicine));

    let (verified, ms) = timed(receipt::verify(stage, &opened)).await;
    let receipt::Verified { claims, log_index } = verified?;
    tell(narrator, &mut steps, "receipt", ms);
    narrator.detail(&format!("index {log_index}"));

    let agreement = agreement::tell(&state, narrator).await?;

    narrator.part(&text::THREE_REFUSALS, "");
    let refusals = refusals::all(stage, &gateway, &opened.token, narrator).await?;
    write_header(stage, &opened.token)?;
    let OpenedSession { session, receipt, apdus, .. } = opened;
    Ok(Report { session, claims, prescription, agreement, refusals, receipt, steps, apdus })
}

/// Opens a fresh session and writes its token to the header file of the example lines.
pub async fn renew_session(stage: &Stage) -> Result<()> {
    let state = DemoState::new(stage.world().folder().root());
    let gateway = state.client(COUNTER)?;
    let card = CardFile::load(&state.card(CARD)?)?;
    let opened = act(card, &gateway, people::by_card(CARD).map(|person| person.can)).await?;
    write_header(stage, &opened.token)
}

/// Addresses and lines to paste.
pub fn invite(stage: &Stage, narrator: &mut Narrator, report: &Report, counter: bool) -> Result<()> {
    let (ports, folder) = (stage.world().ports(), stage.world().folder());
    narrator.part(&text::ADDRESSES, "");
    narrator.address("api", &super::ports::Ports::url(ports.api()));
    narrator.address("public", &super::ports::Ports::url(ports.public()));
    for (place, service) in (0..).zip(clients::SERVICES) {
        let url = super::ports::Ports::url(ports.back_end(place));
        narrator.address("back-ends", &format!("{url}  {service}"));
    }
    match counter {
        true => narrator.address("counter", &format!("http://localhost:{}/", ports.counter())),
        false => narrator.detail(text::NO_COUNTER.say(narrator.language())),
    }
    narrator.address("state", &folder.root().display().to_string());
    narrator.part(&text::TRY_IT, "");
    let patient = report.session.patient_at.get("prescription").map(String::as_str).unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("bawaba"));
    for example in curl::examples(folder, ports, COUNTER, patient, &program) {
        narrator.example(&example);
    }
    narrator.sentence(&text::STAYS_UP, "");
    Ok(())
}

/// One act with a card in the simulated reader.
async fn act(card: CardFile, gateway: &GatewayClient, can: Option<&str>) -> Result<OpenedSession> {
    let can = can.and_then(Can::parse).context("the CAN is not six digits")?;
    let chip = card.insert()?;
    Ok(open_act(Box::new(chip), Act::new(can, PURPOSE), gateway, |_| {}).await?)
}

/// The steps of the act in the order of the story.
///
/// The station measures its five stages; within the second request the gateway says itself (`Server-Timing`) how
/// long it took for chip, patient, policy and audit. What is left of that request is the token's.
fn timeline(opened: &OpenedSession, started: Instant) -> Vec<Step> {
    let at_station =
        |name: &str| opened.steps.iter().find(|step| step.name == name).map_or(0.0, |step| step.ms);
    let at_gateway =
        |name: &str| opened.server.iter().find(|step| step.name == name).map_or(0.0, |step| step.ms);
    let total: f64 = opened.steps.iter().map(|step| step.ms).sum();
    let card_in = (started.elapsed().as_secs_f64() * 1_000.0 - total).max(0.0);
    let inner = at_gateway("chip") + at_gateway("patient") + at_gateway("policy");
    [
        ("card-in", card_in),
        ("pace", at_station("pace")),
        ("read", at_station("read")),
        ("passive-authentication", at_station("passive-authentication")),
        ("chip-proven", at_station("chip-proof") + at_gateway("chip")),
        ("patient", at_gateway("patient")),
        ("policy", at_gateway("policy")),
        ("token", (at_station("session") - inner).max(0.0)),
    ]
    .into_iter()
    .map(|(name, ms)| Step { name, ms: tenth(ms) })
    .collect()
}

/// The patient's name, said once: this is the demonstration, and the patient is invented.
fn patient(opened: &OpenedSession) -> String {
    let name = opened.holder.as_ref().map(card_reader::counter::Holder::full_name).unwrap_or_default();
    let cover = opened.session.coverage.as_ref();
    let scheme = cover.and_then(|cover| cover.scheme.as_deref()).unwrap_or("-");
    let open = cover.is_some_and(|cover| cover.open);
    format!("{name} · {scheme} {}", if open { "✓" } else { "✗" })
}

fn medicines(bundle: &Value) -> impl Iterator<Item = &str> {
    let entries = bundle.get("entry").and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(|entry| entry.get("resource")?.get("medicationCodeableConcept")?.get("text")?.as_str())
}

fn tell(narrator: &mut Narrator, steps: &mut Vec<Step>, name: &'static str, ms: f64) {
    narrator.step(name, ms);
    steps.push(Step { name, ms });
}

async fn timed<T>(work: impl Future<Output = T>) -> (T, f64) {
    let started = Instant::now();
    let done = work.await;
    (done, tenth(started.elapsed().as_secs_f64() * 1_000.0))
}

fn tenth(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}

fn write_header(stage: &Stage, token: &str) -> Result<()> {
    let header = format!("Authorization: Bearer {token}\n");
    Ok(write_private(&stage.world().folder().session_header(), header.as_bytes())?)
}
