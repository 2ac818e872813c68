//! Who is turned away, and what does the log say about it?

use anyhow::{Context, Result, bail};
use card_reader::counter::{CounterError, DemoState, GatewayClient};
use card_reader::simulated::CardFile;

use super::super::narrator::Narrator;
use super::super::stage::Stage;
use super::super::{https, people};
use super::replay::Station;
use super::report::{AuditTrace, Refusal};
use crate::audit::AuditFilter;

/// A public answer, before the log is asked about it.
struct Refused {
    case: &'static str,
    status: u16,
    code: String,
    title: String,
    request_id: String,
}

/// A clone, a proof sent twice, a pharmacy that wants the dossier.
pub(super) async fn all(
    stage: &Stage,
    gateway: &GatewayClient,
    token: &str,
    narrator: &mut Narrator,
) -> Result<Vec<Refusal>> {
    let state = DemoState::new(stage.world().folder().root());
    let mut refusals = Vec::new();
    for refused in [
        clone(&state, gateway).await?,
        replay(stage, &state, gateway, narrator.language().tag()).await?,
        dossier(gateway, token).await?,
    ] {
        let refusal = on_record(stage, refused).await?;
        let Refusal { case, status, code, title, audit } = &refusal;
        narrator.refusal(case, *status, code, title, &format!("{} · index {}", audit.code, audit.index));
        refusals.push(refusal);
    }
    Ok(refusals)
}

async fn clone(state: &DemoState, gateway: &GatewayClient) -> Result<Refused> {
    let (original, clone) = people::CLONED;
    let can = people::by_card(original).map(|person| person.can);
    let card = CardFile::load(&state.card(clone)?)?;
    match super::act(card, gateway, can).await {
        Ok(_) => bail!("a cloned card opened a session"),
        Err(error) => refused("clone", error.downcast().context("the clone was not refused by the gateway")?),
    }
}

async fn replay(
    stage: &Stage,
    state: &DemoState,
    gateway: &GatewayClient,
    language: &'static str,
) -> Result<Refused> {
    let folder = stage.world().folder();
    let (certificate, key) = (folder.client_certificate(super::COUNTER), folder.client_key(super::COUNTER));
    let http = https::client(&std::fs::read(folder.ca_certificate())?, Some((&certificate, &key)))?;
    let station = Station { http, api: gateway.base().to_owned(), language };
    let (original, _) = people::CLONED;
    let again = station.prove_twice(CardFile::load(&state.card(original)?)?).await?;
    if again.status < 400 {
        bail!("a proof was spent twice");
    }
    let text = |name: &str| again.text(name).to_owned();
    Ok(Refused {
        case: "replayed-proof",
        status: again.status,
        code: text("code"),
        title: text("title"),
        request_id: text("request_id"),
    })
}

async fn dossier(gateway: &GatewayClient, token: &str) -> Result<Refused> {
    match gateway.fhir(token, "/dossier/AllergyIntolerance").await {
        Ok(_) => bail!("a pharmacy read the dossier"),
        Err(error) => refused("pharmacy-dossier", error),
    }
}

fn refused(case: &'static str, error: CounterError) -> Result<Refused> {
    match error {
        CounterError::Refused(problem) => Ok(Refused {
            case,
            status: problem.status,
            code: problem.code.clone(),
            title: problem.title.clone(),
            request_id: problem.request_id.clone().unwrap_or_default(),
        }),
        error => Err(error).with_context(|| format!("{case}: no refusal of the gateway")),
    }
}

/// The event that belongs to the answer: the last one of its request.
async fn on_record(stage: &Stage, refused: Refused) -> Result<Refusal> {
    let Refused { case, status, code, title, request_id } = refused;
    let filter = AuditFilter { request_id: Some(request_id), ..AuditFilter::default() };
    let events = stage.app().audit.store().read(&filter).await?;
    let last = events.last().with_context(|| format!("{case}: the refusal is not in the log"))?;
    let audit = AuditTrace { code: last.event.code.clone().into_owned(), index: last.index };
    Ok(Refusal { case, status, code, title, audit })
}
