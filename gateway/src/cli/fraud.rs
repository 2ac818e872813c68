//! What looked wrong, what became of it, and what is each signal worth?

mod cases;
mod replay;
mod signals;

use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use super::output::Output;
use super::place::Place;
use super::{Exit, Failure, runtime};
use crate::audit::{AuditEvent, Batch, EncodedEvent, EventKind, Outcome};
use crate::fraud::FraudError;
use crate::fraud::case::{CaseState, Label};
use crate::store::Store;
use crate::wire::is_label;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List cases, the highest score first
    #[command(after_help = "Example:\n  bawaba fraud cases --state ./var/demo --only open\n  \
        bawaba fraud cases --config gateway.toml --signal impossible-travel --json")]
    Cases(Cases),
    /// Show a case whole: what each signal said and by which numbers, and the notes
    #[command(after_help = "That somebody looked is on record.\n\n\
        Example:\n  bawaba fraud show 0b6e… --by nadia --config gateway.toml")]
    Show(One),
    /// Add a note; its words are read from standard input and kept sealed
    #[command(after_help = "Example:\n  bawaba fraud note 0b6e… --by nadia --config gateway.toml < note.txt")]
    Note(One),
    /// Close a case: what was it? An honest card is free again, and its signals are not held against it for 30 days
    #[command(
        after_help = "Every label recomputes the precision of the case's signals (bawaba fraud signals).\n\n\
        Example:\n  bawaba fraud label 0b6e… honest --by nadia --config gateway.toml"
    )]
    Label(SetLabel),
    /// What each signal is worth: hits, cases, precision; put one on trial, switch it off, let it count
    #[command(after_help = "A signal on trial opens cases and changes no decision.\n\n\
        Examples:\n  bawaba fraud signals --config gateway.toml\n  \
        bawaba fraud signals --rule night=on-trial --by nadia --config gateway.toml")]
    Signals(signals::Arguments),
    /// Run all signals over the last days' recorded events: what would they have said?
    #[command(
        after_help = "Reads the log alone and changes nothing: for a signal that is to count, or a threshold that changed.\n\n\
        Example:\n  bawaba fraud replay --days 30 --config gateway.toml --json"
    )]
    Replay(replay::Arguments),
}

#[derive(Debug, Args)]
pub(super) struct Cases {
    /// Only cases that are that far
    #[arg(long, value_enum)]
    only: Option<Far>,
    /// Only cases of which that signal spoke
    #[arg(long, value_name = "SIGNAL")]
    signal: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    most: u32,
    #[command(flatten)]
    place: Place,
}

/// One case, and who is at it.
#[derive(Debug, Args)]
pub(super) struct One {
    /// The case
    case: Uuid,
    #[command(flatten)]
    by: By,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct SetLabel {
    /// The case
    case: Uuid,
    /// What it was
    #[arg(value_enum)]
    label: Was,
    #[command(flatten)]
    by: By,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct By {
    /// Who does it, for the record
    #[arg(long = "by", value_name = "NAME", value_parser = operator)]
    operator: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Far {
    /// Nobody looked at it yet
    Open,
    /// Somebody does
    UnderReview,
    /// It has its label
    Closed,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Was {
    /// It was fraud
    Fraud,
    /// Nothing was wrong
    Honest,
    /// Nobody will ever know
    Unclear,
}

pub(super) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    runtime()?.block_on(async {
        match command {
            Command::Cases(asked) => cases::list(asked, *output).await,
            Command::Show(one) => cases::show(one, *output).await,
            Command::Note(one) => cases::note(one, *output).await,
            Command::Label(asked) => cases::label(asked, *output).await,
            Command::Signals(asked) => signals::run(asked, *output).await,
            Command::Replay(asked) => replay::run(asked, *output).await,
        }
    })
}

/// On record, in the operator's name: first the event, then what it tells of.
async fn on_record(
    store: &Store,
    code: &'static str,
    (what, by): (String, &str),
) -> Result<time::OffsetDateTime, Failure> {
    let at = store.now().await.map_err(|error| unavailable(&error.into()))?;
    let mut event = AuditEvent::new(EventKind::FraudRuled, Outcome::Permit, code, at);
    event.detail = Some(format!("{what}, by {by}"));
    let event = EncodedEvent::new(&event)
        .map_err(|error| Failure::new(Exit::Internal, format!("no event: {error}")))?;
    let batch = Batch { id: Uuid::new_v4(), events: vec![event] };
    store.audit().append(&batch).await.map(|_first| at).map_err(|error| {
        Failure::new(Exit::Unavailable, format!("nothing was done, for it cannot be recorded: {error}"))
            .remedy("bawaba doctor says what is wrong with the database")
    })
}

fn operator(text: &str) -> Result<String, String> {
    if is_label(text) { Ok(text.to_owned()) } else { Err("1 to 64 of A-Z a-z 0-9 . _ -".to_owned()) }
}

fn no_such_case(case: Uuid) -> Failure {
    Failure::new(Exit::Failed, format!("there is no case {case}")).remedy("bawaba fraud cases lists them")
}

fn unavailable(error: &FraudError) -> Failure {
    Failure::new(Exit::Unavailable, error.to_string())
        .remedy("bawaba doctor says what is wrong with the database")
}

impl From<Far> for CaseState {
    fn from(far: Far) -> Self {
        match far {
            Far::Open => Self::Open,
            Far::UnderReview => Self::UnderReview,
            Far::Closed => Self::Closed,
        }
    }
}

impl From<Was> for Label {
    fn from(was: Was) -> Self {
        match was {
            Was::Fraud => Self::Fraud,
            Was::Honest => Self::Honest,
            Was::Unclear => Self::Unclear,
        }
    }
}
