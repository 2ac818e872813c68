//! Who would have gained or lost access by other policies?

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use policies::PolicySet;
use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::super::output::{Output, moment, table};
use super::super::place::Place;
use super::super::{Exit, Failure, runtime, store};
use super::{bundle, signers, unsound};
use crate::audit::AuditFilter;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::decisions::replay::{Change, Counts, Effect, Replay, Tally};
use crate::decisions::{PolicySource, kept_set};
use crate::store::Store;

/// Events of one reading.
const PAGE: u32 = 5_000;

#[derive(Debug, Args)]
#[command(
    after_help = "Asks every question of the log again of the draft, with the facts of that time. Changes nothing.\n\n\
    Example:\n  bawaba policies replay --draft policies --days 7 --config gateway.toml\n  \
    bawaba policies replay --draft policies.jws --state ./var/demo --json"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The policies to try: a folder, or a bundle
    #[arg(long, value_name = "PATH")]
    draft: PathBuf,
    /// Who may have signed the bundle; without it, whom the configuration names
    #[arg(long, value_name = "KEY")]
    signer: Vec<PathBuf>,
    /// Of how many days
    #[arg(long, value_name = "N", default_value_t = 7)]
    days: u32,
}

#[derive(Serialize)]
struct Replayed {
    draft: String,
    since: String,
    #[serde(flatten)]
    counts: Counts,
    gained: u64,
    lost: u64,
    changes: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    change: Change,
    times: u64,
    clients: usize,
    for_example: Vec<String>,
    first_event: u64,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let config = arguments.place.config()?;
    let draft = draft(arguments, &config)?;
    let since = SystemClock.now() - Duration::days(arguments.days.into());
    let (hash, (counts, changes)) = runtime()?.block_on(async {
        let store = store::open(&config).await?;
        let replay = replay(&store, draft, since).await?;
        Ok::<_, Failure>((replay.draft().to_owned(), replay.found()))
    })?;
    let all = |effect| {
        let of = changes.iter().filter(|(change, _)| change.effect == effect);
        of.map(|(_, tally)| tally.times).sum()
    };
    let (gained, lost) = (all(Effect::Gains), all(Effect::Loses));
    let changes = changes.into_iter().map(shown).collect();
    let replayed = Replayed { draft: hash, since: moment(since), counts, gained, lost, changes };
    output.answer(&replayed, || text(&replayed))
}

fn draft(arguments: &Arguments, config: &Config) -> Result<PolicySet, Failure> {
    let path = &arguments.draft;
    if path.is_dir() {
        return PolicySet::load(path).map_err(|error| unsound(error.code(), &error));
    }
    let signers = match &config.policies {
        PolicySource::Bundle { signers, .. } if arguments.signer.is_empty() => signers.clone(),
        _ => signers(&arguments.signer)?,
    };
    Ok(bundle(path, &signers)?.into_policies())
}

/// Pages through the log, with the sets that decided then.
async fn replay(store: &Store, draft: PolicySet, since: OffsetDateTime) -> Result<Replay, Failure> {
    let mut replay = Replay::of(draft);
    let mut sets: HashMap<String, Option<PolicySet>> = HashMap::new();
    let log = store.audit();
    let mut filter = AuditFilter { since: Some(since), limit: PAGE, ..AuditFilter::default() };
    loop {
        let page = log.read(&filter).await.map_err(|error| {
            Failure::new(Exit::Unavailable, format!("the audit log cannot be read: {error}"))
        })?;
        for stored in &page {
            let Some(hash) = stored.event.policy.as_deref().filter(|_| !stored.event.asked.is_empty()) else {
                continue;
            };
            if !sets.contains_key(hash) {
                // A set of another version of this program says nothing: what it answered is on record all the same.
                sets.insert(hash.to_owned(), kept_set(store, hash).await.ok().flatten());
            }
            replay.ask(stored, sets.get(hash).and_then(Option::as_ref));
        }
        match page.last() {
            Some(last) if page.len() >= PAGE as usize => filter.from = last.index + 1,
            _ => return Ok(replay),
        }
    }
}

fn shown((change, tally): (Change, Tally)) -> Shown {
    let Tally { times, clients, first_event } = tally;
    Shown {
        change,
        times,
        clients: clients.len(),
        for_example: clients.into_iter().take(5).collect(),
        first_event,
    }
}

fn text(replayed: &Replayed) -> String {
    let Replayed { draft, since, counts, gained, lost, changes } = replayed;
    let mut text = format!(
        "draft {draft}\nsince {since}: {} decisions asked again, {gained} would gain access, {lost} would lose it\n",
        counts.asked
    );
    if counts.unknown > 0 {
        text += &format!("{} questions of another version of the program were not asked\n", counts.unknown);
    }
    if counts.untold > 0 {
        text += &format!("{} more with another answer, in groups too many to be told apart\n", counts.untold);
    }
    if changes.is_empty() {
        return text;
    }
    let row = |shown: &Shown| {
        let Shown { change, times, clients, first_event, .. } = shown;
        let effect = if change.effect == Effect::Gains { "gains" } else { "loses" };
        let why = match change.before.is_empty() {
            true => change.reasons.join(", "),
            false => format!("{} (was {})", change.reasons.join(", "), change.before.join(", ")),
        };
        vec![
            effect.to_owned(),
            change.client.to_string(),
            change.action.clone(),
            format!("{}/{}", change.purpose, change.acr),
            times.to_string(),
            clients.to_string(),
            first_event.to_string(),
            why,
        ]
    };
    let head = ["", "WHO", "WHAT", "PROOF", "TIMES", "CLIENTS", "EVENT", "WHY"];
    text + "\n" + &table(&head, &changes.iter().map(row).collect::<Vec<_>>())
}
