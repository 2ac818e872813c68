//! Which registry takes the import over, and who else is at it?

mod postgres;
mod sqlite;

use std::fs::File;

use sqlx::PgConnection;

use super::report::ImportReport;
use super::staging::Staging;
use super::{ImportError, Mode, Progress};
use crate::registry::RegistryError;
use crate::store::{DatabaseError, SqliteStore, Store};

/// PostgreSQL's SQLSTATE for it.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// The registry that an import goes into (*destination*).
#[derive(Debug)]
pub struct Target(Store);

/// The same, while nobody else imports into it.
pub(super) enum Alone {
    /// A lock on a file beside the database, which is on this machine like everybody who writes to it.
    Sqlite { store: SqliteStore, _lock: File },
    /// A connection that holds an advisory lock: others may be on other machines.
    Postgres(PgConnection),
}

impl Target {
    /// The registry in this database.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(store)
    }

    /// Keeps others out until it is dropped.
    pub(super) async fn alone(&self) -> Result<Alone, ImportError> {
        match &self.0 {
            Store::Sqlite(store) => sqlite::alone(store)
                .await
                .map(|lock| Alone::Sqlite { store: store.clone(), _lock: lock })
                .map_err(failed),
            Store::Postgres(store) => postgres::alone(store).await.map(Alone::Postgres).map_err(failed),
        }
    }
}

impl Alone {
    /// Which of these subjects are in the registry.
    pub(super) async fn known(&mut self, subjects: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, ImportError> {
        match self {
            Self::Sqlite { store, .. } => sqlite::known(store, subjects).await,
            Self::Postgres(connection) => postgres::known(connection, subjects).await,
        }
        .map_err(failed)
    }

    /// Who has one of these numbers: number and subject.
    pub(super) async fn holders(
        &mut self,
        numbers: &[Vec<u8>],
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, ImportError> {
        match self {
            Self::Sqlite { store, .. } => sqlite::holders(store, numbers).await,
            Self::Postgres(connection) => postgres::holders(connection, numbers).await,
        }
        .map_err(failed)
    }

    /// Brings what was judged into force. Done twice it is done once.
    pub(super) async fn take_over(
        &mut self,
        staging: &mut Staging,
        mode: Mode,
        report: &ImportReport,
        progress: &mut dyn Progress,
    ) -> Result<(), ImportError> {
        match self {
            Self::Sqlite { store, .. } => sqlite::take_over(store, staging, mode, report, progress).await,
            Self::Postgres(connection) => {
                postgres::take_over(connection, staging, mode, report, progress).await
            }
        }
        .map_err(failed)
    }
}

/// It was the registry's database that failed, not the staging area's.
fn failed(error: ImportError) -> ImportError {
    match error {
        ImportError::StagingDatabase(error) if code(&error).as_deref() == Some(INSUFFICIENT_PRIVILEGE) => {
            ImportError::NotOwner
        }
        ImportError::StagingDatabase(error) => {
            RegistryError::Database(DatabaseError::Statement(error)).into()
        }
        other => other,
    }
}

fn code(error: &sqlx::Error) -> Option<std::borrow::Cow<'_, str>> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code)
}
