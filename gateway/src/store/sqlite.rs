//! How is the embedded database opened, and who may write to it?
//!
//! One writer connection for the whole process: writers queue in the pool, fairly, instead of meeting
//! `SQLITE_BUSY` inside SQLite. Readers have connections of their own and, in WAL mode, never wait for it.
//! `synchronous = FULL`: a committed transaction survives a power cut, not only a crash of the process.

use std::path::Path;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::sqlite::{SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Sqlite, SqlitePool};

use super::row::{AnyRow, Row};
use super::{DatabaseError, Engine, Statement, StoreError, Value, migrations};

/// Readers: as many as can be useful on a small machine.
const READERS: u32 = 4;

/// How long one statement waits for a writer in another process (the operator's commands).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a caller waits for a connection before the store counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// The embedded database: one file (and its `-wal`, `-shm` beside it).
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, makes it if it is not there, and brings its schema up to date.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error| StoreError::File { path: path.to_owned(), error };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .pragma("wal_autocheckpoint", "4000")
            .disable_statement_logging();
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await
            .map_err(failed)?;
        migrations::sqlite().run(&writer).await.map_err(|error| failed(error.into()))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(options.read_only(true));
        Ok(Self { writer, readers })
    }
}

impl Engine for SqliteStore {
    fn read(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DatabaseError>> {
        Box::pin(async move {
            let found = query(&statement)?.fetch_all(&self.readers).await;
            found.map(rows).map_err(DatabaseError::Statement)
        })
    }

    fn write(&self, statement: Statement) -> BoxFuture<'_, Result<u64, DatabaseError>> {
        Box::pin(async move {
            let done = query(&statement)?.execute(&self.writer).await.map_err(DatabaseError::Statement)?;
            Ok(done.rows_affected())
        })
    }

    fn write_returning(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DatabaseError>> {
        Box::pin(async move {
            let found = query(&statement)?.fetch_all(&self.writer).await;
            found.map(rows).map_err(DatabaseError::Statement)
        })
    }

    /// Opens with `BEGIN IMMEDIATE`, so that a lock is never upgraded half-way.
    fn transaction(&self, statements: Vec<Statement>) -> BoxFuture<'_, Result<Vec<u64>, DatabaseError>> {
        Box::pin(async move {
            let mut transaction =
                self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(DatabaseError::Statement)?;
            let mut affected = Vec::with_capacity(statements.len());
            for statement in &statements {
                let done = query(statement)?.execute(&mut *transaction).await;
                affected.push(done.map_err(DatabaseError::Statement)?.rows_affected());
            }
            transaction.commit().await.map_err(DatabaseError::Statement)?;
            Ok(affected)
        })
    }

    /// SQLite then folds the write-ahead log into the file.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.readers.close().await;
            self.writer.close().await;
        })
    }
}

fn rows(found: Vec<SqliteRow>) -> Vec<Row> {
    found.into_iter().map(|row| Row(AnyRow::Sqlite(row))).collect()
}

fn query(statement: &Statement) -> Result<Query<'_, Sqlite, SqliteArguments>, DatabaseError> {
    let mut query = sqlx::query(statement.sqlite);
    for value in &statement.values {
        query = match value {
            Value::Bool(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value.as_deref()),
            Value::Int(value) => query.bind(value),
            Value::Ints(values) => query.bind(json(values)?),
            Value::Text(value) => query.bind(value.as_deref()),
            Value::Texts(values) => query.bind(json(values)?),
        };
    }
    Ok(query)
}

fn json(values: &impl serde::Serialize) -> Result<String, DatabaseError> {
    serde_json::to_string(values)
        .map_err(|error| DatabaseError::Statement(sqlx::Error::Encode(Box::new(error))))
}
