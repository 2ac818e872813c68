//! How is the demonstration run?

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use card_reader::counter::Language;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;

use super::output::Output;
use super::{Failure, runtime};
use crate::clock::{Clock, SystemClock};
use crate::demo::narrator::{Narrator, Tongue};
use crate::demo::ports::Listeners;
use crate::demo::stage::Stage;
use crate::demo::{story, text, world::World};
use crate::telemetry;

/// The token of the example lines lives 15 minutes.
const RENEW_SESSION: Duration = Duration::from_secs(10 * 60);

#[derive(Debug, Args)]
#[command(
    after_help = "Everything is kept in the state folder and reused: configuration, certificates, cards, database.\n\
    The patients are invented; the protocols, the cryptography and the gateway are real.\n\n\
    Examples:\n  bawaba demo\n  bawaba demo --lang en --state /tmp/my-demo\n  bawaba demo --once | jq .steps"
)]
pub(super) struct Arguments {
    /// Play one act, print one JSON document on standard output and exit; the story goes to standard error
    #[arg(long)]
    once: bool,
    /// The folder of everything that is made
    #[arg(long, value_name = "DIR", default_value = "./var/demo")]
    state: PathBuf,
    /// The first of seven ports; another is chosen, and said, if one of them is taken
    #[arg(long, value_name = "N", default_value_t = 8440, value_parser = clap::value_parser!(u16).range(1024..=65000))]
    port_base: u16,
    /// One language instead of French with English below
    #[arg(long, value_name = "fr|ar|en", value_parser = parse_language)]
    lang: Option<Language>,
    /// How much the gateway logs to standard error
    #[arg(long, value_name = "LEVEL", env = "BAWABA_LOG", default_value = "warn")]
    log: String,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    telemetry::init(&arguments.log);
    let tongue = arguments.lang.map_or(Tongue::Subtitled, Tongue::Only);
    let report = runtime()?.block_on(async {
        match arguments.once {
            true => once(arguments, &mut Narrator::on_stderr(tongue)).await.map(Some),
            false => stay(arguments, &mut Narrator::on_stdout(tongue)).await.map(|()| None),
        }
    })?;
    match report {
        Some(report) => output.json(&report),
        None => Ok(()),
    }
}

async fn once(arguments: &Arguments, narrator: &mut Narrator) -> anyhow::Result<story::Report> {
    let stage = open(&arguments.state, arguments.port_base, narrator).await?;
    let report = story::run_once(&stage, narrator).await;
    stage.close().await;
    report
}

async fn stay(arguments: &Arguments, narrator: &mut Narrator) -> anyhow::Result<()> {
    // Listened for from the beginning: Ctrl-C during the story ends it in order, too.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut stage = open(&arguments.state, arguments.port_base, narrator).await?;
    let told = tokio::select! {
        told = tell(&mut stage, narrator) => told,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    narrator.sentence(&text::DRAINS, "");
    stage.close().await;
    told
}

/// The story, the invitation, then fresh sessions for the example lines until somebody stops it.
async fn tell(stage: &mut Stage, narrator: &mut Narrator) -> anyhow::Result<()> {
    let report = story::run_once(stage, narrator).await?;
    let counter = stage.open_counter();
    story::invite(stage, narrator, &report, counter)?;
    let mut tick = tokio::time::interval(RENEW_SESSION);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick.tick().await;
    loop {
        tick.tick().await;
        if let Err(error) = story::renew_session(stage).await {
            tracing::warn!(%error, "the session of the examples was not renewed");
        }
    }
}

async fn open(state: &Path, wanted: u16, narrator: &mut Narrator) -> anyhow::Result<Stage> {
    narrator.title();
    let listeners = Listeners::from(wanted).await?;
    let ports = listeners.ports;
    if ports.base() != wanted {
        let moved = text::MOVED.say(narrator.language());
        eprintln!("bawaba: {moved} {}", ports.base());
    }
    let world = World::create(state, ports, SystemClock.now())
        .await
        .with_context(|| format!("the demonstration cannot be set up in {}", state.display()))?;
    Stage::open(world, listeners).await
}

fn parse_language(tag: &str) -> Result<Language, String> {
    Language::from_tag(tag).ok_or_else(|| format!("{tag}: give fr, ar or en"))
}
