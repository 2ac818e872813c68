//! Who broke the glass, and was it right? The reviewer's queue.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use policies::EmergencyReason;
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::output::{Output, moment, table};
use super::place::Place;
use super::{Exit, Failure, keys, runtime, store};
use crate::audit::Audit;
use crate::clock::SystemClock;
use crate::emergency::review::{Age, QueuedAccess, ReviewDesk, ReviewError, ReviewOutcome, ShownAccess};
use crate::emergency::texts;
use crate::limits::EMERGENCY_REVIEW_WORDS_MAX;
use crate::registry::{Registry, SUBJECT_AUDIENCE};
use crate::relink::OperatorKey;
use crate::token::Tokens;
use crate::trust::Trust;
use crate::wire::NoticeText;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// What waits for review, most urgent first
    #[command(after_help = "Example:\n  bawaba emergency queue --config gateway.toml\n  \
        bawaba emergency queue --config gateway.toml --all --language ar --json")]
    Queue {
        /// Also what was reviewed, newest first
        #[arg(long)]
        all: bool,
        /// The language of reasons and ages
        #[arg(long, value_enum, default_value = "fr")]
        language: Tongue,
        #[command(flatten)]
        place: Place,
    },
    /// One access: why, in the practitioner's words, who signed for it, and what was then looked at. Who asks goes on record
    #[command(
        after_help = "Example:\n  bawaba emergency show 0193… --config gateway.toml --cert auditor.pem --key auditor.key"
    )]
    Show {
        /// Its id in the queue
        id: Uuid,
        /// The language of reasons and ages
        #[arg(long, value_enum, default_value = "fr")]
        language: Tongue,
        #[command(flatten)]
        reviewer: Reviewer,
        #[command(flatten)]
        place: Place,
    },
    /// Say what the review found, once; the patient is told
    #[command(
        after_help = "Why is read from standard input, never from an argument: other users of the machine see arguments.\n\n\
        Example:\n  bawaba emergency review 0193… --outcome justified --config gateway.toml \\\n    \
        --cert auditor.pem --key auditor.key < why.txt"
    )]
    Review {
        /// Its id in the queue
        id: Uuid,
        /// What the review found
        #[arg(long, value_enum)]
        outcome: ReviewOutcome,
        /// The language of reasons and ages
        #[arg(long, value_enum, default_value = "fr")]
        language: Tongue,
        #[command(flatten)]
        reviewer: Reviewer,
        #[command(flatten)]
        place: Place,
    },
}

/// The reviewer's own certificate and key.
#[derive(Debug, Args)]
pub(super) struct Reviewer {
    /// The reviewer's certificate of kind auditor, under the client authority; PEM, leaf first
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// Its P-256 key; PEM, PKCS#8
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// In which language codes are explained.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Tongue {
    Fr,
    Ar,
    En,
}

pub(super) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    runtime()?.block_on(async {
        match command {
            Command::Queue { all, language, place } => {
                let (desk, at) = desk(place).await?;
                let queue = desk.queue(*all, at).await?;
                output.answer(&queue, || queue_table(&queue, *language))
            }
            Command::Show { id, language, reviewer, place } => {
                let (desk, at) = desk(place).await?;
                let shown = desk.show(&reviewer.load()?, *id, at).await?;
                output.answer(&shown, || shown_text(&shown, *language))
            }
            Command::Review { id, outcome, language, reviewer, place } => {
                let words = words()?;
                let (desk, at) = desk(place).await?;
                let access = desk.review(&reviewer.load()?, *id, (*outcome, &words), at).await?;
                output.answer(&access, || queue_table(std::slice::from_ref(&access), *language))
            }
        }
    })
}

impl Reviewer {
    fn load(&self) -> Result<OperatorKey, Failure> {
        Ok(OperatorKey::load(&self.cert, &self.key)?)
    }
}

impl Tongue {
    const fn of(self, text: NoticeText) -> &'static str {
        match self {
            Self::Fr => text.fr,
            Self::Ar => text.ar,
            Self::En => text.en,
        }
    }

    fn reason(self, code: &str) -> String {
        EmergencyReason::parse(code)
            .map_or_else(|| code.to_owned(), |reason| self.of(texts::reason(reason)).to_owned())
    }

    fn age(self, age: Age) -> String {
        self.of(texts::age(age)).to_owned()
    }

    fn outcome(self, outcome: Option<ReviewOutcome>) -> String {
        outcome.map_or_else(|| "-".to_owned(), |outcome| self.of(texts::outcome(outcome)).to_owned())
    }
}

/// The desk of this gateway, and the time of its database: operators' machines may disagree.
async fn desk(place: &Place) -> Result<(ReviewDesk, OffsetDateTime), Failure> {
    let config = place.config()?;
    let store = store::open(&config).await?;
    let signer = keys::load(&config)?;
    let tokens = Arc::new(Tokens::new(signer.clone(), config.issuer.clone(), config.issuer.clone()));
    let registry = Registry::open(store.clone(), signer.clone(), tokens, SUBJECT_AUDIENCE.to_owned());
    let registry = registry.await.map_err(ReviewError::from)?;
    let trust = Trust::load(&config.trust, &config.tls, Arc::new(SystemClock))
        .map_err(|error| Failure::new(Exit::Config, error.to_string()))?;
    let (audit, log) = (Audit::start(store.audit()), store.audit());
    let at = store.now().await.map_err(|error| ReviewError::Registry(error.into()))?;
    Ok((ReviewDesk { config, store, registry, signer, trust, audit, log }, at))
}

/// Why, from standard input.
fn words() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    // A character has at most four octets.
    let most =
        u64::try_from(EMERGENCY_REVIEW_WORDS_MAX).unwrap_or(u64::MAX).saturating_mul(4).saturating_add(1);
    std::io::stdin()
        .lock()
        .take(most)
        .read_to_string(&mut text)
        .map_err(|error| Failure::io("standard input", &error))?;
    Ok(text)
}

fn queue_table(queue: &[QueuedAccess], language: Tongue) -> String {
    let row = |access: &QueuedAccess| {
        vec![
            access.id.to_string(),
            moment(access.opened_at),
            format!("{} h", access.age_hours),
            language.age(access.age),
            access.establishment.clone(),
            access.identified.clone(),
            if access.patient_known { "yes" } else { "no" }.to_owned(),
            language.reason(&access.reason),
            language.outcome(access.outcome),
        ]
    };
    let head = ["ID", "OPENED", "AGE", "STATE", "ESTABLISHMENT", "BY", "ENROLLED", "REASON", "OUTCOME"];
    table(&head, &queue.iter().map(row).collect::<Vec<_>>())
}

fn shown_text(shown: &ShownAccess, language: Tongue) -> String {
    let mut text = queue_table(std::slice::from_ref(&shown.access), language);
    text += &format!("\n{}\n\n", shown.words);
    for signature in &shown.practitioners {
        text += &format!("{}  {}\n", signature.practitioner, signature.signature);
    }
    let row = |event: &crate::emergency::review::ShownEvent| {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        vec![
            event.index.to_string(),
            moment(event.at),
            event.code.clone(),
            or_none(&event.service),
            or_none(&event.resource_type),
            or_none(&event.interaction),
        ]
    };
    let rows: Vec<_> = shown.events.iter().map(row).collect();
    text + "\n" + &table(&["INDEX", "TIME", "CODE", "SERVICE", "TYPE", "INTERACTION"], &rows)
}

impl From<ReviewError> for Failure {
    fn from(error: ReviewError) -> Self {
        let exit = match &error {
            ReviewError::Audit(_)
            | ReviewError::Log(_)
            | ReviewError::Registry(_)
            | ReviewError::Signer(_) => Exit::Unavailable,
            ReviewError::Key(_) => Exit::Io,
            _ => Exit::Failed,
        };
        Self::new(exit, format!("{error} ({})", error.code()))
    }
}
