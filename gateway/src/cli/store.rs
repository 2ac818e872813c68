//! How does a command reach registry and log?

use super::{Exit, Failure};
use crate::config::Config;
use crate::store::{Store, StoreError, StorePlace};

/// The database of this gateway; a file must be there already.
pub(super) async fn open(config: &Config) -> Result<Store, Failure> {
    if let StorePlace::Sqlite(path) = &config.store
        && !path.exists()
    {
        let message = format!("{} does not exist", path.display());
        return Err(
            Failure::new(Exit::Unavailable, message).remedy("start the gateway once: it makes the database")
        );
    }
    Ok(Store::open(&config.store).await?)
}

/// 78 where the configuration is to be mended, 69 where something else is.
pub(super) fn exit(error: &StoreError) -> Exit {
    match error {
        StoreError::Password(_) => Exit::Config,
        _ => Exit::Unavailable,
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let said = error.to_string();
        match said.split_once(". Remedy: ") {
            Some((message, remedy)) => Self::new(exit(&error), message).remedy(remedy),
            None => {
                Self::new(exit(&error), said).remedy("bawaba doctor says what is wrong with the database")
            }
        }
    }
}
