//! Where are registry and log kept?
//!
//! Two engines, one shape: SQLite inside this process, or PostgreSQL for any number of gateways. What is asked is a
//! [`Statement`], data that either engine takes; so a question whose answer was lost can be asked again, and a request
//! that is cancelled never leaves half a conversation on a connection that others will use.

mod error;
mod migrations;
mod postgres;
mod row;
mod schema;
mod sqlite;
mod statement;

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use time::OffsetDateTime;

use crate::audit::{AuditStore, PostgresAuditStore, SqliteAuditStore};

pub use error::{Away, DatabaseError, StoreError};
pub use postgres::{PostgresHost, PostgresPlace, PostgresStore};
pub use row::Row;
pub use schema::{MigrationStep, migrate, migration_plan};
pub use sqlite::SqliteStore;
pub use statement::{Statement, Value};

/// Which database, as configured.
#[derive(Clone, Debug)]
pub enum StorePlace {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A server, or several of which one takes writes.
    Postgres(PostgresPlace),
}

impl StorePlace {
    /// For people: the file, or the hosts.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(place) => {
                let hosts: Vec<String> = place.hosts.iter().map(PostgresHost::name).collect();
                format!("PostgreSQL at {}", hosts.join(", "))
            }
        }
    }
}

/// An open database (*base*). Clones share its connections.
#[derive(Clone, Debug)]
pub enum Store {
    /// Inside this process.
    Sqlite(SqliteStore),
    /// A server.
    Postgres(PostgresStore),
}

/// What both engines can do.
pub(crate) trait Engine: Debug + Send + Sync {
    fn read(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DatabaseError>>;
    fn write(&self, statement: Statement) -> BoxFuture<'_, Result<u64, DatabaseError>>;
    fn write_returning(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DatabaseError>>;
    fn transaction(&self, statements: Vec<Statement>) -> BoxFuture<'_, Result<Vec<u64>, DatabaseError>>;
    fn close(&self) -> BoxFuture<'_, ()>;
}

impl Store {
    /// Opens the database. A file is made and brought up to date; a server must have the schema of this program
    /// already (`bawaba migrate`).
    pub async fn open(place: &StorePlace) -> Result<Self, StoreError> {
        match place {
            StorePlace::Sqlite(path) => SqliteStore::open(path).await.map(Self::Sqlite),
            StorePlace::Postgres(place) => {
                let store = PostgresStore::connect(place).await?;
                schema::check(&store).await?;
                Ok(Self::Postgres(store))
            }
        }
    }

    /// The rows that are there.
    pub async fn read(&self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        self.engine().read(statement).await
    }

    /// Changes rows, durably; says how many.
    pub async fn write(&self, statement: Statement) -> Result<u64, DatabaseError> {
        self.engine().write(statement).await
    }

    /// Changes rows, durably; says what `RETURNING` gives.
    pub async fn write_returning(&self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        self.engine().write_returning(statement).await
    }

    /// All of them or none; says how many rows each changed.
    pub async fn transaction(&self, statements: Vec<Statement>) -> Result<Vec<u64>, DatabaseError> {
        self.engine().transaction(statements).await
    }

    /// The database's own time, which all nodes share.
    pub async fn now(&self) -> Result<OffsetDateTime, DatabaseError> {
        let asked = Statement::of_each(
            "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS now",
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now",
        );
        let rows = self.read(asked).await?;
        let micros = rows.first().map(|row| row.int("now")).transpose()?.unwrap_or_default();
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
            .map_err(|error| DatabaseError::Row(sqlx::Error::Decode(Box::new(error))))
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        self.read(Statement::new("SELECT 1")).await.map(drop)
    }

    /// The audit log in this database.
    #[must_use]
    pub fn audit(&self) -> Arc<dyn AuditStore> {
        match self {
            Self::Sqlite(store) => Arc::new(SqliteAuditStore::new(store.clone())),
            Self::Postgres(store) => Arc::new(PostgresAuditStore::new(store.clone())),
        }
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.engine().close().await;
    }

    fn engine(&self) -> &dyn Engine {
        match self {
            Self::Sqlite(store) => store,
            Self::Postgres(store) => store,
        }
    }
}
