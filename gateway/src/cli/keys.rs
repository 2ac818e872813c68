//! Which keys does the gateway hold, and how are they made, replaced and shown?

mod change;
mod passphrase;
mod show;
mod token;
mod which;
mod withdraw;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use hsm_config::{HsmError, KeyFileView, KeyPlace, KeyRole, PublishedKey, Signer};
use time::OffsetDateTime;

use super::output::Output;
use super::place::Place;
use super::{Exit, Failure};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use passphrase::{NewPassphrase, Passphrase};
use show::Format;
use token::Token;
use which::Which;

const SECRETS: &str = "A passphrase is never an argument, which every user of the machine can see. SOURCE is\n  \
    env:NAME         an environment variable\n  \
    fd:N             an open file descriptor\n  \
    credential:NAME  a credential of systemd (LoadCredential=)\n  \
    file:PATH        a file that only its owner can read\n\
    Without it, the source of the configuration, or a question at the terminal.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a sealed key file with a fresh key for every role; never replaces one
    #[command(alias = "generate", after_help = with_secrets("bawaba keys init keys.sealed --passphrase-from env:BAWABA_PASSPHRASE"))]
    Init {
        /// The file to make, readable by its owner alone
        #[arg(value_name = "FILE", required_unless_present = "profile")]
        file: Option<PathBuf>,
        #[command(flatten)]
        passphrase: NewPassphrase,
        #[command(flatten)]
        token: Token,
    },
    /// Seal the keys of a file of the first format, which lay open; then delete that file
    #[command(after_help = with_secrets("bawaba keys import keys.json keys.sealed --passphrase-from env:BAWABA_PASSPHRASE"))]
    Import {
        /// The file with open keys; it is not changed
        #[arg(value_name = "OLD")]
        old: PathBuf,
        /// The file to make
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        passphrase: NewPassphrase,
    },
    /// Replace the key of a role without one refused token; a running gateway follows by itself
    #[command(after_help = with_secrets("bawaba keys rotate token-signing --config gateway.toml\n  \
        bawaba keys rotate token-signing --config gateway.toml --now --yes    the key is in other hands"))]
    Rotate {
        /// The role: token-signing, backend-token-signing, receipt-signing, checkpoint-signing, registry-sealing, state-sealing
        #[arg(value_name = "ROLE")]
        role: String,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        passphrase: Passphrase,
        /// Withdraw the old key at once: everything it has signed dies
        #[arg(long)]
        now: bool,
        /// Yes, let it die
        #[arg(long, requires = "now")]
        yes: bool,
    },
    /// A key is in other hands: every gateway refuses what it ever signed within a second, and publishes it no more
    #[command(after_help = "The key file still has it: replace the key as well, with rotate --now.\n\n\
        Example:\n  bawaba keys withdraw --config gateway.toml Hq3…  --yes")]
    Withdraw {
        /// The key's name: `kid` in the header of its tokens, and in `bawaba keys list`
        #[arg(value_name = "KID")]
        kid: String,
        #[command(flatten)]
        place: Place,
        /// Yes, everything that it signed dies
        #[arg(long)]
        yes: bool,
    },
    /// List every key role: what it does, and the public name of those that sign. Never a secret
    #[command(after_help = "Example:\n  bawaba keys list --state ./var/demo --json")]
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Which key signs since when, which one is next, until when the old one is published, and what is due
    #[command(after_help = with_secrets("bawaba keys status --state ./var/demo"))]
    Status {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        passphrase: Passphrase,
    },
    /// Print the public keys that verifiers may meet now. Never a secret
    #[command(after_help = "Example:\n  bawaba keys export --state ./var/demo > jwks.json\n  \
        bawaba keys export --state ./var/demo --role receipt-signing --format pem")]
    Export {
        #[command(flatten)]
        which: Which,
        /// Of one role only
        #[arg(long, value_name = "ROLE")]
        role: Option<String>,
        /// A JWK Set (RFC 7517), or SubjectPublicKeyInfo in PEM, one after the other
        #[arg(long, value_enum, default_value_t = Format::Jwks)]
        format: Format,
    },
    /// Seal the key file under another passphrase; the keys stay what they are
    #[command(after_help = with_secrets("bawaba keys reseal --config gateway.toml --new-passphrase-from file:new-passphrase"))]
    Reseal {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        passphrase: Passphrase,
        /// Where the new passphrase is to be read
        #[arg(long, value_name = "SOURCE")]
        new_passphrase_from: Option<String>,
    },
}

fn with_secrets(example: &str) -> String {
    format!("{SECRETS}\n\nExample:\n  {example}")
}

pub(super) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Init { file, passphrase, token } => match (token.place()?, file) {
            (Some(place), _) => change::provision(&place, *output),
            (None, Some(file)) => change::init(file, passphrase, *output),
            (None, None) => Err(Failure::new(Exit::Usage, "neither FILE nor --profile")),
        },
        Command::Import { old, file, passphrase } => change::import(old, file, passphrase, *output),
        Command::Rotate { role, which, passphrase, now, yes } => {
            let role = role_of(role)?;
            let before = if *now { withdraw::published(which)? } else { Vec::new() };
            change::rotate(role, which, passphrase, change::turn(*now, *yes), *output)?;
            withdraw::gone(which, &before)
        }
        Command::Withdraw { kid, place, yes } => withdraw::withdraw(kid, place, *yes, *output),
        Command::List { which } => show::list(which, *output),
        Command::Status { which, passphrase } => show::status(which, passphrase, *output),
        Command::Export { which, role, format } => {
            show::export(which, role.as_deref().map(role_of).transpose()?, *format, *output)
        }
        Command::Reseal { which, passphrase, new_passphrase_from } => {
            change::reseal(which, passphrase, new_passphrase_from.as_deref(), *output)
        }
    }
}

/// The keys of a configuration, ready to be used.
pub(super) fn load(config: &Config) -> Result<Arc<dyn Signer>, Failure> {
    Ok(hsm_config::open(&config.keys, SystemClock.now())?.signer)
}

/// The public keys of a configuration; a key file need not be opened for them.
pub(super) fn published(config: &Config, at: OffsetDateTime) -> Result<Vec<PublishedKey>, Failure> {
    let signing = KeyRole::ALL.into_iter().filter(|role| role.must(hsm_config::KeyJob::Sign).is_ok());
    match &config.keys {
        KeyPlace::File { path, .. } => {
            let view = KeyFileView::read(path)?;
            Ok(signing.flat_map(|role| view.published(role, at)).collect())
        }
        KeyPlace::Profile(place) => Ok(place.published(at)?.into_iter().map(|(_, key)| key).collect()),
    }
}

fn role_of(name: &str) -> Result<KeyRole, Failure> {
    KeyRole::from_name(name).ok_or_else(|| {
        let names: Vec<_> = KeyRole::ALL.into_iter().map(KeyRole::name).collect();
        Failure::new(Exit::Usage, "there is no such key role")
            .remedy(format!("give one of {}", names.join(", ")))
    })
}

impl From<HsmError> for Failure {
    fn from(error: HsmError) -> Self {
        let (exit, remedy) = match &error {
            HsmError::File { .. } => {
                (Exit::Io, "keep the key file in place, owned by the user that runs the gateway")
            }
            HsmError::FileExists { .. } => (Exit::Usage, "give the name of a new file"),
            HsmError::PassphraseWeak(_) => (Exit::Usage, passphrase::ADVICE),
            HsmError::NeverRotated(_) => (Exit::Usage, "keep it; nothing signed by it can be forged with it"),
            HsmError::RotationPending { .. } => {
                (Exit::Failed, "wait until then; a key that is in other hands is withdrawn with --now")
            }
            HsmError::Secret(_) => {
                (Exit::Config, "point at the passphrase: --passphrase-from SOURCE, or [keys] passphrase")
            }
            HsmError::Profile(_) => {
                (Exit::Config, "correct the profile; hsm-config/profiles has three that are sound")
            }
            HsmError::Module(error) => (token::exit(error), token::remedy(error)),
            HsmError::NoRandomness | HsmError::NoMemory => (Exit::Unavailable, "try again"),
            // These say what to do themselves.
            HsmError::FileUnsealed { .. } | HsmError::FileExposed { .. } | HsmError::FileNotOpened { .. } => {
                return Self::new(Exit::Config, error.to_string());
            }
            _ => (Exit::Config, "restore the key file from its backup"),
        };
        Self::new(exit, error.to_string()).remedy(remedy)
    }
}
