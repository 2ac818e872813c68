//! `open`: one whole act at the counter against a running gateway.

use card_reader::CardTransport;
use card_reader::counter::{Act, Language, OpenedSession, Stage, open_act};
use card_reader::transport::pcsc::{PcscDeadlines, PcscTransport, choose_reader};

use crate::args::OpenArgs;
use crate::cards::PrintedCard;
use crate::failure::Failure;
use crate::{can, output};

pub(crate) async fn run(args: &OpenArgs, language: Language) -> Result<(), Failure> {
    let gateway = args.connection.client()?.speaking(language);
    let (transport, can): (Box<dyn CardTransport + Send>, _) = match (&args.card, args.connection.demo()) {
        (Some(name), Some(state)) => {
            let path = state.card(name)?;
            (Box::new(PrintedCard::chip(&path)?), PrintedCard::read(name, &path)?.can()?)
        }
        _ => {
            let reader = choose_reader(args.reader.as_deref())?;
            let can = can::ask(&args.can)?;
            (Box::new(PcscTransport::connect(&reader, PcscDeadlines::default())?), can)
        }
    };
    let mut act = Act::new(can, &args.purpose).at_station(&args.connection.station);
    if let Some(subject) = &args.dependant {
        act = act.for_dependant(subject);
    }
    let quiet = args.json;
    let opened = open_act(transport, act, &gateway, |stage| {
        if !quiet {
            tracing::debug!(stage = Stage::name(stage), "begins");
        }
    })
    .await?;
    if args.json {
        let document = serde_json::to_value(&opened).map_err(|error| Failure::Internal(error.to_string()))?;
        output::json(&document);
    } else {
        print(&opened);
    }
    Ok(())
}

fn print(opened: &OpenedSession) {
    for step in &opened.steps {
        output::line(&format!("{:<24} {:>8.1} ms", step.name, step.ms));
    }
    let total: f64 = opened.steps.iter().map(|step| step.ms).sum();
    output::line(&format!("{:<24} {total:>8.1} ms, {} APDU, {}", "total", opened.apdus, opened.method));
    output::line(&format!(
        "session  {} ({}, {})",
        opened.session.id, opened.session.acr, opened.session.purpose
    ));
    output::line(&format!("patient  {}", opened.session.subject));
    if let Some(cover) = &opened.session.coverage {
        let open = if cover.open { "ouverte / open" } else { "fermée / closed" };
        output::line(&format!("cover    {open} {}", cover.scheme.as_deref().unwrap_or_default()));
    }
    output::line(&format!("expires  {} ({} s)", opened.session.expires_at, opened.expires_in));
    output::line(&format!("token    {}", opened.token));
    output::line(&format!("receipt  {}", opened.receipt));
}
