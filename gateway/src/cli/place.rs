//! Which gateway is meant? The one of a configuration file, or of a demonstration folder.

use std::path::PathBuf;

use clap::Args;

use super::{Exit, Failure};
use crate::config::Config;

/// `--state DIR` or `--config FILE`, one of them.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Place {
    /// A folder made by `bawaba demo`, for example ./var/demo
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// The gateway's configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Place {
    /// The configuration file that is meant.
    pub(super) fn file(&self) -> PathBuf {
        config_file(self.state.as_ref(), self.config.as_ref())
    }

    /// The configuration, ready to use.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        load(&self.file())
    }
}

/// `FILE`, or `DIR/gateway.toml`.
pub(super) fn config_file(state: Option<&PathBuf>, config: Option<&PathBuf>) -> PathBuf {
    match (state, config) {
        (_, Some(config)) => config.clone(),
        (Some(state), None) => state.join("gateway.toml"),
        (None, None) => PathBuf::from("gateway.toml"),
    }
}

/// Reads a configuration: 78 with file, line and remedy when it cannot be used.
pub(super) fn load(file: &std::path::Path) -> Result<Config, Failure> {
    Config::load(file).map_err(|error| {
        let place = match error.line {
            Some(line) => format!("{}:{line}", error.file.display()),
            None => error.file.display().to_string(),
        };
        Failure::new(Exit::Config, format!("{place}: {}", error.problem)).remedy(error.remedy)
    })
}
