//! `open`: one whole act at the counter against a running gateway.

use card_reader::counter::{Act, KeptCard, Language, OpenedSession, Stage, SteppedUp, open_and_keep};
use card_reader::transport::pcsc::{PcscDeadlines, PcscTransport, choose_reader};

use card_reader::{CardError, CardTransport, Pin};

use crate::args::OpenArgs;
use crate::cards::PrintedCard;
use crate::failure::Failure;
use crate::{can, output};

pub(crate) async fn run(args: &OpenArgs, language: Language) -> Result<(), Failure> {
    let gateway = args.connection.client()?.speaking(language);
    let (transport, can, own): (Box<dyn CardTransport + Send>, _, _) =
        match (&args.card, args.connection.demo()) {
            (Some(name), Some(state)) => {
                let path = state.card(name)?;
                let printed = PrintedCard::read(name, &path)?;
                (Box::new(PrintedCard::chip(&path)?), printed.can()?, printed.pin())
            }
            _ => {
                let reader = choose_reader(args.reader.as_deref())?;
                let can = can::ask(&args.can)?;
                (Box::new(PcscTransport::connect(&reader, PcscDeadlines::default())?), can, None)
            }
        };
    // Before the card is touched: a PIN that cannot be read costs nobody a session.
    let pin = pin(args, own)?;
    let mut act = Act::new(can, &args.purpose).at_station(&args.connection.station);
    if let Some(subject) = &args.dependant {
        act = act.for_dependant(subject);
    }
    let quiet = args.json;
    let (mut opened, card) = open_and_keep(transport, act, &gateway, |stage| {
        if !quiet {
            tracing::debug!(stage = Stage::name(stage), "begins");
        }
    })
    .await?;
    let stepped = match pin {
        Some(pin) => Some(step_up(card, pin, &opened, &gateway, args.holder.last_try).await?),
        None => None,
    };
    if let Some(stepped) = &stepped {
        opened.session = stepped.session.clone();
        opened.token.clone_from(&stepped.token);
        opened.expires_in = stepped.expires_in;
    }
    if args.json {
        let unusual = |error: serde_json::Error| Failure::Internal(error.to_string());
        let mut document = serde_json::to_value(&opened).map_err(unusual)?;
        if let (Some(stepped), Some(members)) = (&stepped, document.as_object_mut()) {
            let told = serde_json::json!({ "steps": stepped.steps, "apdus": stepped.apdus });
            members.insert("step_up".to_owned(), told);
        }
        output::json(&document);
    } else {
        print(&opened);
    }
    Ok(())
}

/// The holder's PIN, if the holder is to agree.
fn pin(args: &OpenArgs, own: Option<Pin>) -> Result<Option<Pin>, Failure> {
    if !args.holder.holder {
        return Ok(None);
    }
    match (&args.holder.pin_from, own) {
        (Some(source), _) => source.read().map(Some),
        (None, Some(own)) => Ok(Some(own)),
        (None, None) if args.card.is_some() => Err(CardError::NoHolderApplication.into()),
        (None, None) => Err(Failure::Usage(
            "--holder needs the PIN: --pin-from env:NAME, fd:N, credential:NAME or file:PATH".to_owned(),
        )),
    }
}

/// The holder agrees. A program does not spend somebody's last try unless it was told to.
async fn step_up(
    mut card: KeptCard,
    pin: Pin,
    opened: &OpenedSession,
    gateway: &card_reader::counter::GatewayClient,
    last_try: bool,
) -> Result<SteppedUp, Failure> {
    if card.pin_state().await?.tries_left == Some(1) && !last_try {
        return Err(Failure::Usage(
            "one try of the PIN is left, and a wrong one blocks it: ask the holder, then add --last-try"
                .to_owned(),
        ));
    }
    Ok(card.step_up(pin, (&opened.session.id, &opened.token), gateway).await?)
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
