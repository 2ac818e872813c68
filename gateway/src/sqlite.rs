//! How is the embedded database opened, and who may write to it?
//!
//! One writer connection for the whole process: writers queue in the pool, fairly, instead of meeting
//! `SQLITE_BUSY` inside SQLite. Readers have connections of their own and, in WAL mode, never wait for it.
//! `synchronous = FULL`: a committed transaction survives a power cut, not only a crash of the process.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlSafeStr, SqlitePool};

/// The schema, oldest first. A released file is never edited: a change is a new file.
const MIGRATIONS: [(i64, &str, &str); 2] = [
    (1, "registry", include_str!("../migrations/sqlite/0001_registry.sql")),
    (2, "audit", include_str!("../migrations/sqlite/0002_audit.sql")),
];

/// Readers: as many as can be useful on a small machine.
const READERS: u32 = 4;

/// How long one statement waits for a writer in another process (the operator's commands).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a caller waits for a connection before the store counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// The embedded database: one file (and its `-wal`, `-shm` beside it).
#[derive(Clone, Debug)]
pub struct Database {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

impl Database {
    /// Opens the file, makes it if it is not there, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, sqlx::Error> {
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
            .await?;
        migrator().run(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(options.read_only(true));
        Ok(Self { writer, readers })
    }

    /// Closes every connection; SQLite then folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Built by hand: the `migrate!` macro would bring sqlx's compile-time machinery for two files.
fn migrator() -> Migrator {
    Migrator::with_migrations(
        MIGRATIONS
            .iter()
            .map(|&(version, description, sql)| {
                let sql = sql.into_sql_str();
                Migration::new(version, Cow::Borrowed(description), MigrationType::Simple, sql, false)
            })
            .collect(),
    )
}
