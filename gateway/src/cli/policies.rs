//! What do the rules say, are they sound, and what would others have said?

mod check;
mod explain;
mod replay;
mod sign;
mod table;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use policies::PolicySet;

use super::output::Output;
use super::{Exit, Failure};
use crate::decisions::{Bundle, Signers};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read policies, check them against their schema, make sure that somebody is still served, print their hash
    Check(check::Arguments),
    /// Make a signed bundle of policies, which gateways take over while they run
    Sign(sign::Arguments),
    /// Print who may do what, why, and under which proof: the rules as decisions
    Table(table::Arguments),
    /// Say why an event was decided as it was, and what would have had to be different
    Explain(explain::Arguments),
    /// Ask the questions of the last days of other policies: who would gain or lose access?
    Replay(replay::Arguments),
}

/// Which policies are meant; without a word, those built into the program.
#[derive(Debug, Args)]
#[group(multiple = true)]
struct Which {
    /// A folder: one *.cedarschema and any number of *.cedar
    #[arg(long, value_name = "DIR", conflicts_with = "bundle")]
    dir: Option<PathBuf>,
    /// A signed bundle
    #[arg(long, value_name = "FILE", requires = "signer")]
    bundle: Option<PathBuf>,
    /// Who may have signed the bundle: a public key, JWK or PEM
    #[arg(long, value_name = "KEY")]
    signer: Vec<PathBuf>,
}

pub(super) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Check(arguments) => check::run(arguments, *output),
        Command::Sign(arguments) => sign::run(arguments, *output),
        Command::Table(arguments) => table::run(arguments, *output),
        Command::Explain(arguments) => explain::run(arguments, *output),
        Command::Replay(arguments) => replay::run(arguments, *output),
    }
}

impl Which {
    fn load(&self) -> Result<PolicySet, Failure> {
        match (&self.dir, &self.bundle) {
            (Some(dir), _) => PolicySet::load(dir).map_err(|error| unsound(error.code(), &error)),
            (None, Some(file)) => Ok(bundle(file, &signers(&self.signer)?)?.into_policies()),
            (None, None) => PolicySet::shipped().map_err(|error| unsound(error.code(), &error)),
        }
    }

    fn name(&self) -> String {
        let path = self.dir.as_ref().or(self.bundle.as_ref());
        path.map_or_else(|| "shipped".to_owned(), |path| path.display().to_string())
    }
}

fn bundle(file: &Path, signers: &Signers) -> Result<Bundle, Failure> {
    Bundle::read(file, signers).map_err(|error| unsound(error.code(), &error))
}

fn signers(files: &[PathBuf]) -> Result<Signers, Failure> {
    Signers::load(files).map_err(|(path, error)| {
        Failure::new(Exit::Config, format!("{}: {error}", path.display())).remedy(
            "give the public key as `bawaba policies sign` prints it, or as `openssl pkey -pubout` makes it",
        )
    })
}

fn unsound(code: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Config, format!("{code}: {error}"))
        .remedy("correct the file; a running gateway keeps the policies it has")
}
