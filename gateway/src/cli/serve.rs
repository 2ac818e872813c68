//! How is the gateway run?

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Exit, Failure, place, runtime, store};
use crate::app::BuildError;
use crate::serve::{self, ServeError};
use crate::telemetry;

#[derive(Debug, Args)]
#[command(
    after_help = "The file is documented by gateway/config/sample.toml; every key of it is known, no other is.\n\
    Logs go to standard error, one JSON event a request, and hold no personal data.\n\
    BAWABA_LOG sets how much: error, warn, info (the default), debug.\n\n\
    Example:\n  bawaba serve --config /etc/bawaba/gateway.toml"
)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// How much to log
    #[arg(long, value_name = "LEVEL", env = "BAWABA_LOG", default_value = "info")]
    log: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    telemetry::init(&arguments.log);
    let config = place::load(&arguments.config)?;
    runtime()?.block_on(serve::run(config)).map_err(|error| match error {
        ServeError::Bind { address, ref error } => taken(&arguments.config, address, error),
        error => Failure::from(error),
    })
}

/// A port that cannot be had, by the line that asks for it.
fn taken(file: &Path, address: SocketAddr, error: &io::Error) -> Failure {
    let wanted = format!("\"{address}\"");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().position(|line| line.contains(&wanted));
    let place =
        line.map_or_else(|| file.display().to_string(), |line| format!("{}:{}", file.display(), line + 1));
    Failure::new(Exit::Config, format!("{place}: cannot listen on {address}: {error}"))
        .remedy("stop what listens there, or give another port in [listen]")
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let exit = match &error {
            ServeError::Bind { .. } | ServeError::Audit(_) => Exit::Unavailable,
            ServeError::Build(BuildError::Store(error)) => store::exit(error),
            ServeError::Build(BuildError::Registry(_)) => Exit::Unavailable,
            ServeError::Build(_) => Exit::Config,
            ServeError::Signals(_) => Exit::Internal,
        };
        // Where the error itself knows what to do, that is the better advice.
        let said = error.to_string();
        match said.split_once(". Remedy: ") {
            Some((message, remedy)) => Failure::new(exit, message).remedy(remedy),
            None => Failure::new(exit, said).remedy(
                "bawaba doctor --config FILE looks at every file, port and date, and says what to do",
            ),
        }
    }
}
