//! Where does an import stand, so that a killed one goes on?
//!
//! The staging area is a folder with a SQLite file of its own: whatever was read, hashed and sealed, never in clear,
//! and in the same transaction how far each file was read. A lock on the folder keeps a second import out.

mod rows;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use uuid::Uuid;

use self::rows::Rows;
use super::bulk;
use super::parsed::Parsed;
use super::reason::Reason;
use super::source::Identity;
use super::{ImportError, ImportOptions, Mode, Start};
use crate::limits::import::IMPORT_REPORTED;

const SCHEMA: &str = include_str!("staging.sql");
/// Line numbers share an integer with the number of their file.
pub(super) const LINE_BITS: u32 = 40;

/// The staging area of one import (*zone de préparation*).
pub(super) struct Staging {
    pub(super) connection: SqliteConnection,
    pub(super) id: Uuid,
    folder: PathBuf,
    _lock: File,
}

/// How far one file was read.
pub(super) struct Reading {
    pub(super) number: i64,
    pub(super) path: PathBuf,
    pub(super) size: i64,
    pub(super) offset: u64,
    pub(super) lines: u64,
    pub(super) done: bool,
}

impl Staging {
    /// Takes the folder for this import alone: a new one, or the one that was interrupted.
    pub(super) async fn open(files: &[Identity], options: &ImportOptions) -> Result<Self, ImportError> {
        let (folder, mode) = (options.staging.as_path(), options.mode);
        let unusable = |error| ImportError::Staging { path: folder.to_owned(), error };
        make(folder).map_err(unusable)?;
        let lock = lock(&folder.join("lock"))?;
        let database = folder.join("staging.db");
        let unfinished = database.exists();
        match options.start {
            Start::New if unfinished => return Err(ImportError::Unfinished),
            Start::Again if unfinished => remove(folder).map_err(unusable)?,
            _ => {}
        }
        let mut connection = SqliteConnectOptions::new()
            .filename(&database)
            .create_if_missing(true)
            // Pages that are only added need no journal, and nearly all are.
            .journal_mode(SqliteJournalMode::Truncate)
            .synchronous(SqliteSynchronous::Normal)
            .page_size(16_384)
            .pragma("cache_size", "-65536")
            .pragma("temp_store", "1")
            .pragma("threads", "2")
            .disable_statement_logging()
            .connect()
            .await?;
        if options.alone_in_process {
            sort_in(&mut connection, folder).await?;
        }
        let known: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'import'")
            .fetch_one(&mut connection)
            .await?;
        let id = if known == 0 {
            begin(&mut connection, files, mode).await?
        } else {
            found(&mut connection, files, mode).await?
        };
        Ok(Self { connection, id, folder: folder.to_owned(), _lock: lock })
    }

    /// The file itself, for the database that takes over from it.
    pub(super) fn database(&self) -> PathBuf {
        self.folder.join("staging.db")
    }

    /// How many steps after reading are done; none while files are read.
    pub(super) async fn phase(&mut self) -> Result<i64, ImportError> {
        Ok(sqlx::query_scalar("SELECT phase FROM import").fetch_one(&mut self.connection).await?)
    }

    pub(super) async fn readings(&mut self) -> Result<Vec<Reading>, ImportError> {
        let rows = sqlx::query("SELECT number, path, size, offset, lines, done FROM file ORDER BY number")
            .fetch_all(&mut self.connection)
            .await?;
        let reading = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Reading {
                number: row.try_get("number")?,
                path: PathBuf::from(row.try_get::<String, _>("path")?),
                size: row.try_get("size")?,
                offset: row.try_get::<i64, _>("offset")?.unsigned_abs(),
                lines: row.try_get::<i64, _>("lines")?.unsigned_abs(),
                done: row.try_get("done")?,
            })
        };
        rows.iter().map(reading).collect()
    }

    /// Keeps a block and how far the file was read with it, both or neither.
    pub(super) async fn keep(&mut self, file: i64, parsed: Parsed) -> Result<(), ImportError> {
        let lines = parsed.first_line + parsed.lines.len() as u64 - 1;
        let mut rows = Rows::default();
        for (line, kept) in (parsed.first_line..).zip(parsed.lines) {
            rows.add((file << LINE_BITS) | i64::try_from(line).unwrap_or(i64::MAX), kept)?;
        }
        let mut transaction = self.connection.begin().await?;
        bulk::insert(&mut transaction, "patient", 8, rows.patients).await?;
        bulk::insert(&mut transaction, "coverage", 5, rows.coverages).await?;
        bulk::insert(&mut transaction, "guardian", 5, rows.guardians).await?;
        for (id, reason) in rows.bad {
            refuse(&mut transaction, id, reason).await?;
        }
        sqlx::query("UPDATE import SET left_out = left_out + ?1, lines = lines + ?2")
            .bind(rows.left_out)
            .bind(rows.lines)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("UPDATE file SET offset = ?2, lines = ?3 WHERE number = ?1")
            .bind(file)
            .bind(i64::try_from(parsed.offset).unwrap_or(i64::MAX))
            .bind(i64::try_from(lines).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    pub(super) async fn file_is_done(&mut self, file: i64) -> Result<(), ImportError> {
        let done = sqlx::query("UPDATE file SET done = 1 WHERE number = ?1").bind(file);
        done.execute(&mut self.connection).await?;
        Ok(())
    }

    /// How many lines were bad, by reason.
    pub(super) async fn reasons(&mut self) -> Result<Vec<(Reason, u64)>, ImportError> {
        let rows = sqlx::query("SELECT code, count FROM reason ORDER BY code")
            .fetch_all(&mut self.connection)
            .await?;
        let mut reasons = Vec::new();
        for row in rows {
            let count: i64 = row.try_get(1)?;
            reasons.extend(Reason::parse(row.try_get(0)?).map(|reason| (reason, count.unsigned_abs())));
        }
        Ok(reasons)
    }

    /// The import is over: nothing of it stays but the folder, which keeps the lock until the end.
    pub(super) async fn end(self) -> Result<(), ImportError> {
        self.connection.close().await?;
        remove(&self.folder).map_err(|error| ImportError::Staging { path: self.folder.clone(), error })
    }
}

/// Refuses one line: counted, and named as long as its reason has not filled the report.
pub(super) async fn refuse(
    connection: &mut SqliteConnection,
    id: i64,
    reason: Reason,
) -> Result<(), sqlx::Error> {
    let count: i64 = sqlx::query_scalar(
        "INSERT INTO reason VALUES (?1, 1) ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count",
    )
    .bind(reason.code())
    .fetch_one(&mut *connection)
    .await?;
    if count <= i64::from(IMPORT_REPORTED) {
        let named = sqlx::query("INSERT INTO bad VALUES (?1, ?2)").bind(id).bind(reason.code());
        named.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn begin(
    connection: &mut SqliteConnection,
    files: &[Identity],
    mode: Mode,
) -> Result<Uuid, ImportError> {
    let id = Uuid::new_v4();
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
    sqlx::query("INSERT INTO import (id, mode) VALUES (?1, ?2)")
        .bind(id.to_string())
        .bind(mode.as_str())
        .execute(&mut *transaction)
        .await?;
    for (number, file) in (0_i64..).zip(files) {
        sqlx::query(
            "INSERT INTO file (number, path, size, modified, fingerprint) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(number)
        .bind(&file.path)
        .bind(file.size)
        .bind(file.modified)
        .bind(&file.fingerprint)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(id)
}

/// The import that was interrupted, if it was this one.
async fn found(
    connection: &mut SqliteConnection,
    files: &[Identity],
    mode: Mode,
) -> Result<Uuid, ImportError> {
    let row = sqlx::query("SELECT id, mode FROM import").fetch_one(&mut *connection).await?;
    let (id, known_mode): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let rows = sqlx::query("SELECT path, size, modified, fingerprint FROM file ORDER BY number")
        .fetch_all(&mut *connection)
        .await?;
    let mut known = Vec::new();
    for row in &rows {
        known.push(Identity {
            path: row.try_get(0)?,
            size: row.try_get(1)?,
            modified: row.try_get(2)?,
            fingerprint: row.try_get(3)?,
        });
    }
    // Standard input has no identity: what was read of it is lost to a second start.
    if known_mode != mode.as_str() || known != files || known.iter().any(|file| file.size < 0) {
        return Err(ImportError::AnotherImport);
    }
    Uuid::parse_str(&id).map_err(|_| ImportError::AnotherImport)
}

/// Nobody else looks into it.
fn make(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Locks a file that is there for nothing else.
pub(super) fn lock(path: &Path) -> Result<File, ImportError> {
    let unusable = |error| ImportError::Staging { path: path.to_owned(), error };
    let opened = File::options().create(true).truncate(false).write(true).open(path);
    let file = opened.map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ImportError::Running),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

fn remove(folder: &Path) -> std::io::Result<()> {
    for name in ["staging.db-journal", "staging.db"] {
        match std::fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Sorting fifty million rows takes as much room as they do: beside the staging area, not in /tmp.
async fn sort_in(connection: &mut SqliteConnection, folder: &Path) -> Result<(), ImportError> {
    let quoted = folder.display().to_string().replace('\'', "''");
    let text = format!("PRAGMA temp_store_directory = '{quoted}'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(connection).await?;
    Ok(())
}
