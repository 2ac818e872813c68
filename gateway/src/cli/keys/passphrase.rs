//! How does a command come by the passphrase? Never from its arguments.

use std::io::{IsTerminal as _, stdin};
use std::path::Path;

use clap::Args;
use hsm_config::{HsmError, SecretError, SecretSource, sealed};
use zeroize::Zeroizing;

use super::super::{Exit, Failure};

/// What a new passphrase must be.
pub(super) const ADVICE: &str =
    "at least 15 characters, 8 of them different; `head -c 24 /dev/urandom | base64` makes a good one";

/// The passphrase of a file that is there.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Passphrase {
    /// Where the passphrase is to be read
    #[arg(long, value_name = "SOURCE")]
    passphrase_from: Option<String>,
}

/// The passphrase of a file that is to be made.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct NewPassphrase {
    /// Where the passphrase is to be read
    #[arg(long, value_name = "SOURCE")]
    passphrase_from: Option<String>,
}

impl Passphrase {
    /// From where it was said, else from where the configuration says, else from the terminal.
    pub(super) fn read(
        &self,
        path: &Path,
        configured: Option<&SecretSource>,
    ) -> Result<Zeroizing<String>, Failure> {
        if let Some(source) = &self.passphrase_from {
            return from(source);
        }
        match configured.map(SecretSource::read) {
            Some(Ok(passphrase)) => Ok(passphrase),
            // What systemd gives to the service, it does not give to the operator's shell.
            _ if stdin().is_terminal() => ask(&format!("Passphrase of {}: ", path.display())),
            Some(Err(error)) => Err(HsmError::from(error).into()),
            None => Err(missing("--passphrase-from")),
        }
    }

    /// Whether somebody said where it is: a command that can do without does not ask.
    pub(super) const fn is_given(&self) -> bool {
        self.passphrase_from.is_some()
    }
}

impl NewPassphrase {
    /// From where it was said, else twice from the terminal.
    pub(super) fn read(&self) -> Result<Zeroizing<String>, Failure> {
        new(self.passphrase_from.as_deref(), "--passphrase-from")
    }
}

/// A new passphrase, strong enough.
pub(super) fn new(source: Option<&str>, option: &str) -> Result<Zeroizing<String>, Failure> {
    let passphrase = match source {
        Some(source) => from(source)?,
        None if stdin().is_terminal() => {
            eprintln!("The new passphrase: {ADVICE}.");
            let first = ask("New passphrase: ")?;
            sealed::strong(&first)?;
            if *first != *ask("Once more: ")? {
                return Err(Failure::new(Exit::Usage, "the two are not the same").remedy("try again"));
            }
            first
        }
        None => return Err(missing(option)),
    };
    sealed::strong(&passphrase)?;
    Ok(passphrase)
}

fn from(source: &str) -> Result<Zeroizing<String>, Failure> {
    let read = source.parse().and_then(|source: SecretSource| source.read());
    read.map_err(|error: SecretError| HsmError::from(error).into())
}

fn ask(question: &str) -> Result<Zeroizing<String>, Failure> {
    let typed = rpassword::prompt_password(question).map_err(|error| Failure::io("the terminal", &error))?;
    Ok(Zeroizing::new(typed))
}

fn missing(option: &str) -> Failure {
    Failure::new(Exit::Usage, "no passphrase, and no terminal to ask for it")
        .remedy(format!("point at it: {option} env:NAME, fd:N, credential:NAME or file:PATH"))
}
