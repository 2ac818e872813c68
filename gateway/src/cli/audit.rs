//! What happened, as an operator reads it?

use std::sync::Arc;

use clap::Subcommand;
use serde::Serialize;
use serde_json::Value;

use super::output::{Output, moment, table};
use super::place::Place;
use super::{Exit, Failure, runtime, store};
use crate::audit::{AuditFilter, AuditStore, AuditStoreError, EventKind, StoredEvent};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List events, oldest first
    #[command(after_help = "Example:\n  bawaba audit list --state ./var/demo --last 20\n  \
        bawaba audit list --config gateway.toml --kind session-refused --json\n\n\
        Kinds: access, connection-refused, presence-begun, presence-refused, request-refused, risk-signal,\n\
        session-ended, session-opened, session-refused")]
    List {
        #[command(flatten)]
        place: Place,
        /// Only events of this kind
        #[arg(long, value_name = "KIND", value_parser = parse_kind)]
        kind: Option<EventKind>,
        /// Only events of this client
        #[arg(long, value_name = "ID")]
        client: Option<String>,
        /// Only the last N of them
        #[arg(long, value_name = "N", default_value_t = 100)]
        last: u32,
    },
    /// Show one event whole
    #[command(after_help = "Example:\n  bawaba audit show 12 --state ./var/demo")]
    Show {
        /// Its index in the log
        index: u64,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Serialize)]
struct Shown {
    index: u64,
    #[serde(with = "time::serde::rfc3339")]
    time: time::OffsetDateTime,
    #[serde(flatten)]
    event: Value,
}

pub(super) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::List { place, kind, client, last } => {
            let filter = AuditFilter { kind: *kind, client: client.clone(), ..AuditFilter::default() };
            let events =
                runtime()?.block_on(async { read_last(open(place).await?.as_ref(), filter, *last).await })?;
            list(&events, *output)
        }
        Command::Show { index, place } => {
            let filter = AuditFilter { from: *index, limit: 1, ..AuditFilter::default() };
            let events =
                runtime()?.block_on(async { open(place).await?.read(&filter).await.map_err(unavailable) })?;
            let found = events.iter().find(|stored| stored.index == *index);
            let found =
                found.ok_or_else(|| Failure::new(Exit::Failed, format!("there is no event {index}")))?;
            output.json(&shown(found))
        }
    }
}

async fn open(place: &Place) -> Result<Arc<dyn AuditStore>, Failure> {
    Ok(store::open(&place.config()?).await?.audit())
}

/// Reads the log in pages and keeps the last events that match.
async fn read_last(
    store: &dyn AuditStore,
    mut filter: AuditFilter,
    last: u32,
) -> Result<Vec<StoredEvent>, Failure> {
    const PAGE: u32 = 1_000;
    let keep = usize::try_from(last).unwrap_or(usize::MAX);
    filter.limit = PAGE;
    let mut kept = Vec::new();
    loop {
        let page = store.read(&filter).await.map_err(unavailable)?;
        let Some(end) = page.last().map(|stored| stored.index) else { return Ok(kept) };
        let full = page.len() >= PAGE as usize;
        kept.extend(page);
        kept.drain(..kept.len().saturating_sub(keep));
        if !full {
            return Ok(kept);
        }
        filter.from = end + 1;
    }
}

fn list(events: &[StoredEvent], output: Output) -> Result<(), Failure> {
    let events: Vec<Shown> = events.iter().map(shown).collect();
    output.answer(&events, || {
        let row = |shown: &Shown| {
            let field = |name: &str| shown.event.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
            let mut cells = vec![shown.index.to_string(), moment(shown.time)];
            cells.extend(["kind", "outcome", "code", "client", "service", "interaction"].map(field));
            cells
        };
        let head = ["INDEX", "TIME", "KIND", "OUTCOME", "CODE", "CLIENT", "SERVICE", "INTERACTION"];
        table(&head, &events.iter().map(row).collect::<Vec<_>>())
    })
}

fn shown(stored: &StoredEvent) -> Shown {
    let event = serde_json::to_value(&stored.event).unwrap_or_default();
    Shown { index: stored.index, time: stored.event.at, event }
}

fn parse_kind(text: &str) -> Result<EventKind, String> {
    serde_json::from_value(Value::String(text.to_owned())).map_err(|_| format!("{text} is no kind of event"))
}

fn unavailable(error: AuditStoreError) -> Failure {
    Failure::new(Exit::Unavailable, format!("the audit log cannot be read: {error}"))
        .remedy("bawaba doctor says what is wrong with the database")
}
