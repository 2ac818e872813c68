//! `bawaba fraud replay`: what would the signals have said of the last days?

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use policies::RiskSignal;
use policies::fraud::{Engine, InProcessWindows};
use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::super::output::{Output, table};
use super::super::place::Place;
use super::super::registry::Opened;
use super::super::{Exit, Failure};
use super::unavailable;
use crate::audit::{AuditFilter, StoredEvent};
use crate::fraud::case::{CaseState, Label};
use crate::fraud::peers;
use crate::fraud::replay::{Replay, Spoken};
use crate::fraud::store as kept;
use crate::registry::{Registry, RegistryError};
use crate::store::Store;
use crate::tally as counted;

/// Events of one reading.
const PAGE: u32 = 5_000;

/// How often windows that nothing touches any more are dropped, in events.
const FORGET_EVERY: u64 = 100_000;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The last so many days
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=400))]
    days: i64,
    #[command(flatten)]
    place: Place,
}

/// What one signal would have said.
#[derive(Serialize)]
struct Shown {
    signal: &'static str,
    hits: u64,
    /// Different cards, stations or establishments.
    about: usize,
    /// Of those, how many have a case that was labelled so.
    fraud: usize,
    honest: usize,
    /// Of the last hit: its place in the log, and its numbers.
    last_event: Option<u64>,
    last_why: Option<String>,
}

/// How many observations would have reached each step of the shipped policies.
#[derive(Serialize, Default)]
struct Steps {
    step_up: u64,
    hold: u64,
    deny: u64,
}

#[derive(Serialize)]
struct Answer {
    days: i64,
    events: u64,
    observations: u64,
    steps: Steps,
    signals: Vec<Shown>,
}

pub(super) async fn run(asked: &Arguments, output: Output) -> Result<(), Failure> {
    let opened = Opened::at(&asked.place).await?;
    let now = opened.store().now().await.map_err(|error| unavailable(&error.into()))?;
    let labels = labels(opened.store()).await?;
    let replay = Replay::new(opened.registry()).map_err(|error| no_registry(&error))?;
    let mut tally = Tally::default();
    let since = now - Duration::days(asked.days);
    read(&opened, since, |stored| tally.take(&replay, opened.registry(), stored)).await?;
    let (counts, days) =
        (counted::Tally::new(opened.store().clone()), (counted::day(since), counted::day(now)));
    let found = peers::standing_out(&counts, (replay.names(), opened.registry()), days).await;
    for (client, hit) in found.map_err(|error| no_registry(&error))? {
        tally.speak(hit.signal, Spoken { about: client, event: None, why: hit.why.to_string() });
    }
    let answer = tally.answer(asked.days, &labels);
    output.answer(&answer, || answer.told())
}

/// Every event since then, oldest first.
async fn read(
    opened: &Opened,
    since: OffsetDateTime,
    mut take: impl FnMut(&StoredEvent),
) -> Result<(), Failure> {
    let audit = opened.store().audit();
    let mut filter = AuditFilter { since: Some(since), limit: PAGE, ..AuditFilter::default() };
    loop {
        let page = audit.read(&filter).await.map_err(|error| {
            Failure::new(Exit::Unavailable, format!("the audit log cannot be read: {error}"))
                .remedy("bawaba doctor says what is wrong with the database")
        })?;
        page.iter().for_each(&mut take);
        let Some(last) = page.last().filter(|_| page.len() >= PAGE as usize) else { return Ok(()) };
        filter.from = last.index + 1;
    }
}

/// What labelled cases were, by what they are about.
async fn labels(store: &Store) -> Result<BTreeMap<String, Label>, Failure> {
    let closed = kept::Filter { state: Some(CaseState::Closed), signal: None, most: 100_000 };
    let cases = kept::cases(store, &closed).await.map_err(|error| unavailable(&error))?;
    Ok(cases.into_iter().filter_map(|case| Some((case.subject.name, case.label?))).collect())
}

/// What was said so far.
#[derive(Default)]
struct Tally {
    engine: Engine,
    windows: InProcessWindows,
    events: u64,
    observations: u64,
    steps: Steps,
    spoken: BTreeMap<RiskSignal, (u64, BTreeSet<String>, Spoken)>,
}

impl Tally {
    fn take(&mut self, replay: &Replay, registry: &Registry, stored: &StoredEvent) {
        self.events += 1;
        let Some(observed) = replay.observation(registry, stored) else { return };
        self.observations += 1;
        let judged = self.engine.observe(&mut self.windows, &observed.observation);
        if self.observations.is_multiple_of(FORGET_EVERY) {
            self.windows.forget(policies::fraud::window::millis(observed.observation.at));
        }
        match judged.risk.score {
            0..40 => {}
            40..70 => self.steps.step_up += 1,
            70..90 => self.steps.hold += 1,
            90.. => self.steps.deny += 1,
        }
        for hit in &judged.hits {
            self.speak(hit.signal, observed.spoken(hit, stored.index));
        }
    }

    fn speak(&mut self, signal: RiskSignal, spoken: Spoken) {
        let (hits, about, last) =
            self.spoken.entry(signal).or_insert_with(|| (0, BTreeSet::new(), spoken.clone()));
        *hits += 1;
        about.insert(spoken.about.clone());
        *last = spoken;
    }

    fn answer(self, days: i64, labels: &BTreeMap<String, Label>) -> Answer {
        let shown = |signal: &RiskSignal| {
            let said = self.spoken.get(signal);
            let labelled = |label| {
                let is = |name: &&String| labels.get(*name) == Some(&label);
                said.map_or(0, |(_, about, _)| about.iter().filter(is).count())
            };
            Shown {
                signal: signal.as_str(),
                hits: said.map_or(0, |said| said.0),
                about: said.map_or(0, |said| said.1.len()),
                fraud: labelled(Label::Fraud),
                honest: labelled(Label::Honest),
                last_event: said.and_then(|said| said.2.event),
                last_why: said.map(|said| said.2.why.clone()),
            }
        };
        Answer {
            days,
            events: self.events,
            observations: self.observations,
            signals: RiskSignal::ALL.iter().map(shown).collect(),
            steps: self.steps,
        }
    }
}

impl Answer {
    fn told(&self) -> String {
        let row = |shown: &Shown| {
            let mut cells = vec![shown.signal.to_owned(), shown.hits.to_string(), shown.about.to_string()];
            cells.extend([shown.fraud, shown.honest].map(|count| count.to_string()));
            cells.push(shown.last_event.map_or("-".to_owned(), |event| event.to_string()));
            cells.push(shown.last_why.clone().unwrap_or_else(|| "-".to_owned()));
            cells
        };
        let head = ["SIGNAL", "HITS", "ABOUT", "FRAUD", "HONEST", "LAST EVENT", "WHY"];
        let Steps { step_up, hold, deny } = self.steps;
        format!(
            "{} days: {} events, {} of them observations; {step_up} would ask for the PIN, {hold} would wait, \
             {deny} would open no session.\n\n{}",
            self.days,
            self.events,
            self.observations,
            table(&head, &self.signals.iter().map(row).collect::<Vec<_>>())
        )
    }
}

fn no_registry(error: &RegistryError) -> Failure {
    Failure::new(Exit::Unavailable, format!("the registry: {error}"))
        .remedy("bawaba doctor says what is wrong with the database")
}
