//! Whose keys are meant?

use std::path::PathBuf;

use clap::Args;
use hsm_config::{KeyPlace, ProfilePlace, SecretSource};

use super::super::{Failure, place};
use crate::config::Config;

/// `--state DIR`, `--config FILE` or `--file FILE`, one of them.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct Which {
    /// A folder made by `bawaba demo`, for example ./var/demo
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// The gateway's configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The key file itself
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// What was meant.
pub(super) enum Target {
    /// A key file, and where its passphrase is by configuration.
    File { path: PathBuf, passphrase: Option<SecretSource> },
    /// The places of a profile.
    Profile(ProfilePlace),
}

impl Which {
    /// The gateway whose keys they are, where one is named.
    pub(super) fn config(&self) -> Result<Option<Config>, Failure> {
        if self.file.is_some() {
            return Ok(None);
        }
        place::load(&place::config_file(self.state.as_ref(), self.config.as_ref())).map(Some)
    }

    pub(super) fn target(&self) -> Result<Target, Failure> {
        if let Some(path) = &self.file {
            return Ok(Target::File { path: path.clone(), passphrase: None });
        }
        let config = place::load(&place::config_file(self.state.as_ref(), self.config.as_ref()))?;
        match config.keys {
            KeyPlace::File { path, passphrase } => Ok(Target::File { path, passphrase: Some(passphrase) }),
            KeyPlace::Profile(place) => Ok(Target::Profile(place)),
        }
    }
}
