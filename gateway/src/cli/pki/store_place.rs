//! Which trust store is meant?

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::{Exit, Failure, place};
use crate::trust::store::{Snapshot, StoreError, StoreFolder};

/// `--trust DIR`, `--state DIR` or `--config FILE`, at most one of them.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
pub(super) struct StorePlace {
    /// The trust-store folder itself; made if it is missing
    #[arg(long, value_name = "DIR")]
    trust: Option<PathBuf>,
    /// A folder made by `bawaba demo`: its trust store is DIR/trust
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// The gateway's configuration file: its [trust] store
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl StorePlace {
    /// The folder that is meant, if one is.
    pub(super) fn folder(&self) -> Result<Option<StoreFolder>, Failure> {
        let path = match (&self.trust, &self.state, &self.config) {
            (Some(trust), _, _) => Some(trust.clone()),
            (None, Some(state), _) => Some(state.join("trust")),
            (None, None, Some(config)) => {
                let store = place::load(config)?.trust.store.ok_or_else(|| {
                    Failure::new(Exit::Config, format!("{} names no trust store", config.display())).remedy(
                        "add a line store = \"trust\" under [trust]: a folder, made by the first import",
                    )
                })?;
                Some(store)
            }
            (None, None, None) => None,
        };
        Ok(path.as_deref().map(StoreFolder::new))
    }

    /// The folder, which the command cannot do without.
    pub(super) fn required(&self) -> Result<StoreFolder, Failure> {
        self.folder()?.ok_or_else(|| {
            Failure::new(Exit::Usage, "no trust store is named")
                .remedy("give --trust DIR, --state DIR of a demonstration, or --config FILE of a gateway")
        })
    }

    /// The current snapshot, which the command cannot do without.
    pub(super) fn snapshot(&self) -> Result<(StoreFolder, Snapshot), Failure> {
        let folder = self.required()?;
        match folder.load()? {
            Some(snapshot) => Ok((folder, snapshot)),
            None => Err(empty(folder.root())),
        }
    }
}

fn empty(root: &Path) -> Failure {
    Failure::new(Exit::Unavailable, format!("{} holds no trust store yet", root.display()))
        .remedy("bawaba pki import FILE --anchor CERT --trust DIR makes it")
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Io { .. } => Self::new(Exit::Io, error.to_string()),
            StoreError::Damaged { .. } => Self::new(Exit::Failed, error.to_string())
                .remedy("put back the file `current` that names an older snapshot, or import anew into an empty folder"),
        }
    }
}
