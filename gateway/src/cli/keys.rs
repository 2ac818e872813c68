//! Which keys does the gateway hold?

use clap::Subcommand;
use hsm_config::{KeyJob, KeyRole, Signer, SoftwareKeys};
use serde::Serialize;

use super::output::{Output, table};
use super::place::Place;
use super::{Exit, Failure};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List every key role: what it does, and the public name of those that sign. Never a secret
    #[command(after_help = "Example:\n  bawaba keys list --state ./var/demo --json")]
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Make a key file with a fresh key for every role; refuses to replace one
    #[command(after_help = "Example:\n  bawaba keys generate keys.json")]
    Generate {
        /// The file to make, readable by its owner alone
        #[arg(value_name = "FILE")]
        file: std::path::PathBuf,
    },
}

#[derive(Serialize)]
struct Key {
    role: &'static str,
    job: &'static str,
    algorithm: &'static str,
    kid: Option<String>,
}

pub(super) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::List { place } => list(&load(&place.config()?)?, *output),
        Command::Generate { file } => generate(file, *output),
    }
}

/// The key file of a configuration.
pub(super) fn load(config: &Config) -> Result<SoftwareKeys, Failure> {
    SoftwareKeys::load(&config.keys).map_err(|error| {
        Failure::new(Exit::Config, format!("{}: {error}", config.keys.display()))
            .remedy("keep the key file of this gateway in place, owned by the user that runs it: chmod 600")
    })
}

fn list(keys: &SoftwareKeys, output: Output) -> Result<(), Failure> {
    let keys: Vec<Key> = KeyRole::ALL.into_iter().map(|role| describe(keys, role)).collect();
    output.answer(&keys, || {
        let row = |key: &Key| {
            vec![
                key.role.to_owned(),
                key.job.to_owned(),
                key.algorithm.to_owned(),
                key.kid.clone().unwrap_or_default(),
            ]
        };
        table(&["ROLE", "JOB", "ALGORITHM", "KID"], &keys.iter().map(row).collect::<Vec<_>>())
    })
}

fn describe(keys: &SoftwareKeys, role: KeyRole) -> Key {
    let algorithm = match role.job() {
        KeyJob::Sign => "ES256",
        KeyJob::Mac => "HMAC-SHA256",
        KeyJob::Seal => "AES-256-GCM",
    };
    let kid = keys.current(role, SystemClock.now()).ok().map(|key| key.kid().to_owned());
    Key { role: role.name(), job: role.job().name(), algorithm, kid }
}

fn generate(file: &std::path::Path, output: Output) -> Result<(), Failure> {
    if file.exists() {
        let message = format!("{} exists: its keys name patients and sign tokens", file.display());
        return Err(Failure::new(Exit::Usage, message).remedy("give the name of a new file"));
    }
    let keys = SoftwareKeys::generate(SystemClock.now())
        .map_err(|error| Failure::new(Exit::Unavailable, error.to_string()))?;
    keys.save(file).map_err(|error| Failure::new(Exit::Io, format!("{}: {error}", file.display())))?;
    list(&keys, output)
}
