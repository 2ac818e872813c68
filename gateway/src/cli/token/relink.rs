//! Who is this pseudonym? Two operators ask together.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::audit::Audit;
use crate::cli::output::{Output, moment};
use crate::cli::place::Place;
use crate::cli::{Exit, Failure, keys, runtime, store};
use crate::clock::SystemClock;
use crate::registry::{Registry, SUBJECT_AUDIENCE};
use crate::relink::{Answer, Desk, Ground, OperatorKey, RelinkError, Shown, Wanted};
use crate::token::Tokens;
use crate::trust::Trust;

/// Longer than any pseudonym, with its line end.
const MAX_PSEUDONYM: u64 = 256;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// First operator: ask who a pseudonym is
    #[command(
        after_help = "The pseudonym is read from standard input, never from an argument: other users of the\n\
        machine see arguments. The request lives for 24 hours and is opened once.\n\n\
        Example:\n  bawaba token relink request --config gateway.toml --audience dossier --ground court-order \\\n    \
        --reference TPI-RABAT-2026-117 --cert auditor-1.pem --key auditor-1.key < pseudonym.txt"
    )]
    Request {
        /// Who knows the patient by that pseudonym: a back-end's audience or name, or `bawaba` for the gateway itself
        #[arg(long)]
        audience: String,
        /// Whose name for the patient is wanted; without it, the identifiant santé
        #[arg(long)]
        to: Option<String>,
        /// On which legal ground
        #[arg(long, value_enum)]
        ground: Ground,
        /// The number of the order or of the case
        #[arg(long)]
        reference: String,
        #[command(flatten)]
        operator: Operator,
        #[command(flatten)]
        place: Place,
    },
    /// What a request asks for, without its pseudonym
    #[command(after_help = "Example:\n  bawaba token relink show 0193… --config gateway.toml")]
    Show {
        /// The request's id
        id: Uuid,
        #[command(flatten)]
        place: Place,
    },
    /// Second operator: approve a request that somebody else made
    #[command(after_help = "Look at it first: bawaba token relink show ID\n\n\
        Example:\n  bawaba token relink approve 0193… --config gateway.toml --cert auditor-2.pem --key auditor-2.key")]
    Approve {
        /// The request's id
        id: Uuid,
        #[command(flatten)]
        operator: Operator,
        #[command(flatten)]
        place: Place,
    },
    /// Either of the two: search the registry and print the answer, once
    #[command(
        after_help = "The derivation is one-way: every patient's name is derived until one matches. With a key\n\
        file that takes minutes for a country; with a hardware module, hours.\n\n\
        Example:\n  bawaba token relink open 0193… --config gateway.toml --cert auditor-1.pem --key auditor-1.key"
    )]
    Open {
        /// The request's id
        id: Uuid,
        #[command(flatten)]
        operator: Operator,
        #[command(flatten)]
        place: Place,
    },
}

/// The operator's own certificate and key.
#[derive(Debug, Args)]
pub(in crate::cli) struct Operator {
    /// The operator's certificate of kind auditor, under the client authority; PEM, leaf first
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// Its P-256 key; PEM, PKCS#8
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

#[derive(Serialize)]
struct Requested {
    request: Uuid,
}

#[derive(Serialize)]
struct Opened<'a> {
    request: Uuid,
    answer: &'a str,
}

pub(in crate::cli) fn run(command: &Command, output: Output) -> Result<(), Failure> {
    runtime()?.block_on(async {
        match command {
            Command::Request { audience, to, ground, reference, operator, place } => {
                let pseudonym = pseudonym()?;
                let (desk, at) = desk(place).await?;
                let wanted = Wanted {
                    audience: audience.clone(),
                    to: to.clone(),
                    ground: *ground,
                    reference: reference.clone(),
                };
                let id = desk.request(&operator.load()?, &wanted, pseudonym.trim(), at).await?;
                output.answer(&Requested { request: id }, || {
                    format!("request {id}; another operator approves it within 24 hours: bawaba token relink approve {id}")
                })
            }
            Command::Show { id, place } => {
                let (desk, at) = desk(place).await?;
                let shown = desk.show(*id, at).await?;
                output.answer(&shown, || text(&shown))
            }
            Command::Approve { id, operator, place } => {
                let (desk, at) = desk(place).await?;
                let shown = desk.approve(&operator.load()?, *id, at).await?;
                output.answer(&shown, || text(&shown))
            }
            Command::Open { id, operator, place } => {
                let (desk, at) = desk(place).await?;
                let bar = ProgressBar::new(0).with_style(style());
                let Answer(answer) = desk
                    .open(&operator.load()?, *id, at, |done, of| {
                        bar.set_length(of);
                        bar.set_position(done);
                    })
                    .await?;
                bar.finish_and_clear();
                output.answer(&Opened { request: *id, answer: &answer }, || answer.to_string())
            }
        }
    })
}

impl Operator {
    fn load(&self) -> Result<OperatorKey, Failure> {
        Ok(OperatorKey::load(&self.cert, &self.key)?)
    }
}

/// The desk of this gateway, and the time of its database: operators' machines may disagree.
async fn desk(place: &Place) -> Result<(Desk, OffsetDateTime), Failure> {
    let config = place.config()?;
    let store = store::open(&config).await?;
    let signer = keys::load(&config)?;
    let tokens = Arc::new(Tokens::new(signer.clone(), config.issuer.clone(), config.issuer.clone()));
    let subjects = SUBJECT_AUDIENCE.to_owned();
    let registry = Registry::open(store.clone(), signer.clone(), tokens.clone(), subjects);
    let registry = registry.await.map_err(RelinkError::from)?;
    let trust = Trust::load(&config.trust, &config.tls, Arc::new(SystemClock))
        .map_err(|error| Failure::new(Exit::Config, error.to_string()))?;
    let audit = Audit::start(store.audit());
    let at = store.now().await.map_err(RelinkError::from)?;
    Ok((Desk { config, store, registry, tokens, signer, trust, audit }, at))
}

fn pseudonym() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin()
        .lock()
        .take(MAX_PSEUDONYM)
        .read_to_string(&mut text)
        .map_err(|error| Failure::io("standard input", &error))?;
    Ok(text)
}

fn text(shown: &Shown) -> String {
    let until = OffsetDateTime::from_unix_timestamp(shown.expires_at).map(moment).unwrap_or_default();
    format!(
        "request      {}\nrequested by {}\napproved by  {}\nfrom         {}\nto           {}\nground       {}\n\
         reference    {}\nuntil        {until}",
        shown.id,
        shown.requested_by,
        shown.approved_by.as_deref().unwrap_or("nobody yet"),
        shown.audience,
        shown.to.as_deref().unwrap_or("the identifiant santé"),
        shown.ground,
        shown.reference,
    )
}

/// Shown on a terminal only; indicatif sees to that.
fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {pos}/{len} patients, {eta} left at most")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl From<RelinkError> for Failure {
    fn from(error: RelinkError) -> Self {
        let exit = match &error {
            RelinkError::Audit(_) | RelinkError::Database(_) | RelinkError::Registry(_) => Exit::Unavailable,
            RelinkError::Signer(_) | RelinkError::Token(_) => Exit::Unavailable,
            RelinkError::Key(_) => Exit::Io,
            _ => Exit::Failed,
        };
        Self::new(exit, format!("{error} ({})", error.code()))
    }
}
