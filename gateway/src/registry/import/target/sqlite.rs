//! How does the embedded database get a new registry while counters use the old one?
//!
//! New tables are filled beside the old ones in the order of their keys, a few milliseconds of the one writer at a
//! time; then names are exchanged in one transaction; then the old tables go, in small steps too.

mod clean;
mod gentle;
mod load;

use std::fs::File;
use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use self::clean::clean;
use self::load::load;
use super::super::report::ImportReport;
use super::super::staging::{Staging, lock};
use super::super::{ImportError, Mode, Progress, Step};
use crate::limits::import::IMPORT_MERGED_AT_ONCE;
use crate::store::SqliteStore;

/// The tables of the registry that are exchanged, and the columns by which they are in order.
const TABLES: [(&str, &str); 3] =
    [("guardianship", "guardian, dependant"), ("holder", "number"), ("patient", "subject")];

const NEXT: &str = include_str!("sqlite/next.sql");
const TRIGGERS: &str = include_str!("sqlite/triggers.sql");
const MERGE: &str = include_str!("sqlite/merge.sql");

/// Adds what this import sealed, at most, to what those before did.
const IN_FORCE: &str = "INSERT INTO registry_import (id, in_force, sealed) \
    VALUES ($1, 1, $2 + (SELECT coalesce(max(sealed), 0) FROM registry_import)) \
    ON CONFLICT (id) DO UPDATE SET in_force = 1, sealed = excluded.sealed";

/// Locks `…-import` beside the database. Never the database's own file: whoever closes it again would let go of all
/// the locks that SQLite has on it in this process (POSIX fcntl).
pub(super) async fn alone(store: &SqliteStore) -> Result<File, ImportError> {
    let path = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    let path: String = sqlx::query_scalar(path).fetch_one(&store.readers).await?;
    lock(Path::new(&format!("{path}-import")))
}

pub(super) async fn known(store: &SqliteStore, subjects: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, ImportError> {
    let text = format!("SELECT subject FROM patient WHERE subject IN ({})", places(subjects.len()));
    let mut query = sqlx::query_scalar(AssertSqlSafe(text));
    for subject in subjects {
        query = query.bind(subject);
    }
    Ok(query.fetch_all(&store.readers).await?)
}

pub(super) async fn holders(
    store: &SqliteStore,
    numbers: &[Vec<u8>],
) -> Result<Vec<(Vec<u8>, Vec<u8>)>, ImportError> {
    let text = format!("SELECT number, subject FROM holder WHERE number IN ({})", places(numbers.len()));
    let mut query = sqlx::query(AssertSqlSafe(text));
    for number in numbers {
        query = query.bind(number);
    }
    let rows = query.fetch_all(&store.readers).await?;
    let pair = |row: &sqlx::sqlite::SqliteRow| Ok((row.try_get(0)?, row.try_get(1)?));
    rows.iter().map(pair).collect()
}

fn places(count: usize) -> String {
    vec!["?"; count].join(",")
}

pub(super) async fn take_over(
    store: &SqliteStore,
    staging: &mut Staging,
    mode: Mode,
    report: &ImportReport,
    progress: &mut dyn Progress,
) -> Result<(), ImportError> {
    let mut connection = store.writer.acquire().await?;
    sqlx::query("ATTACH $1 AS staging")
        .bind(staging.database().display().to_string())
        .execute(&mut *connection)
        .await?;
    let done = match state(&mut connection, staging, mode).await? {
        State::InForce => Ok(()),
        _ if mode == Mode::Merge && report.patients + report.coverages_alone <= IMPORT_MERGED_AT_ONCE => {
            merge(&mut connection, staging, report).await
        }
        state => build(&mut connection, staging, state, (mode, report), progress).await,
    };
    let done = match done {
        Ok(()) => {
            progress.at(Step::Cleaning);
            clean(&mut connection, "_old").await
        }
        failed => failed,
    };
    sqlx::query("DETACH staging").execute(&mut *connection).await?;
    done
}

/// How far the registry took this import over.
enum State {
    /// Not yet; what another left behind is still there.
    Unknown,
    /// Its tables are there, as full as they are.
    Loading,
    /// It is the registry.
    InForce,
}

async fn state(
    connection: &mut SqliteConnection,
    staging: &Staging,
    mode: Mode,
) -> Result<State, ImportError> {
    let row = sqlx::query("SELECT in_force, base FROM registry_import WHERE id = $1")
        .bind(staging.id.to_string())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(State::Unknown) };
    let (in_force, base): (bool, i64) = (row.try_get(0)?, row.try_get(1)?);
    match in_force {
        true => Ok(State::InForce),
        // What was taken over from the registry is no longer what it says.
        false if mode == Mode::Merge && version(connection).await? != base => Ok(State::Unknown),
        false => Ok(State::Loading),
    }
}

/// How often patients were changed, ever.
async fn version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT version FROM registry_change WHERE what = 'patient'")
        .fetch_one(connection)
        .await
}

/// Builds the new tables beside the old ones and exchanges them.
async fn build(
    connection: &mut SqliteConnection,
    staging: &Staging,
    state: State,
    (mode, report): (Mode, &ImportReport),
    progress: &mut dyn Progress,
) -> Result<(), ImportError> {
    if matches!(state, State::Unknown) {
        clean(connection, "_next").await?;
        clean(connection, "_old").await?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(NEXT).execute(&mut *transaction).await?;
        let base = version(&mut transaction).await?;
        sqlx::query("INSERT INTO registry_import (id, in_force, base) VALUES ($1, 0, $2)")
            .bind(staging.id.to_string())
            .bind(base)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
    }
    load(connection, mode, report, progress).await?;
    exchange(connection, staging, mode, report).await
}

/// The moment in which the registry becomes another: names are exchanged, nothing is copied.
async fn exchange(
    connection: &mut SqliteConnection,
    staging: &Staging,
    mode: Mode,
    report: &ImportReport,
) -> Result<(), ImportError> {
    let mut text = String::from(
        "DROP TRIGGER patient_added; DROP TRIGGER patient_changed; DROP TRIGGER patient_removed;",
    );
    for (table, _) in TABLES {
        text += &format!(
            "ALTER TABLE {table} RENAME TO {table}_old; ALTER TABLE {table}_next RENAME TO {table};"
        );
    }
    text += TRIGGERS;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    if !matches!(state(&mut transaction, staging, mode).await?, State::Loading) {
        return Err(ImportError::Overtaken);
    }
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *transaction).await?;
    in_force(&mut transaction, staging, report.lines.cast_signed()).await?;
    Ok(transaction.commit().await?)
}

/// Writes down that this import is the registry, and tells the gateways to look again.
async fn in_force(
    connection: &mut SqliteConnection,
    staging: &Staging,
    lines: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE registry_change SET version = version + 1 WHERE what = 'patient'")
        .execute(&mut *connection)
        .await?;
    sqlx::query(IN_FORCE).bind(staging.id.to_string()).bind(lines).execute(&mut *connection).await?;
    sqlx::query("DELETE FROM registry_import WHERE id <> $1")
        .bind(staging.id.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Everything in one transaction, and so no more than a moment's work.
async fn merge(
    connection: &mut SqliteConnection,
    staging: &Staging,
    report: &ImportReport,
) -> Result<(), ImportError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(MERGE).execute(&mut *transaction).await?;
    in_force(&mut transaction, staging, report.lines.cast_signed()).await?;
    Ok(transaction.commit().await?)
}
