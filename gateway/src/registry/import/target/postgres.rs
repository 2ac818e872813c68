//! How does PostgreSQL get a new registry while counters use the old one?
//!
//! Rows go by COPY, in the order of their subjects, into tables without indexes; indexes are built over all of them;
//! then names are exchanged in one transaction. Nothing of it is in the way of those who read and write. It takes the
//! rights of the schema's owner, as `bawaba migrate` does.

mod copy;

use std::time::Duration;

use sqlx::{Connection, PgConnection, Row};

use self::copy::Copy;
use super::super::report::ImportReport;
use super::super::staging::Staging;
use super::super::{ImportError, Mode, Progress, Step};
use crate::store::PostgresStore;

const NEXT: &str = include_str!("postgres/next.sql");
const INDEXES: &str = include_str!("postgres/indexes.sql");
const EXCHANGE: &str = include_str!("postgres/exchange.sql");
const TEMPORARY: &str = include_str!("postgres/temporary.sql");
const MERGE: &str = include_str!("postgres/merge.sql");

/// Whoever imports holds this advisory lock: the first eight letters of `registry`.
const LOCK: i64 = i64::from_be_bytes(*b"registry");
/// Rows of one COPY.
const PAGE: i64 = 20_000;
/// The exchange waits so long for those who read at the moment: whoever comes after it waits with it.
const EXCHANGE_WAIT: &str = "SET LOCAL lock_timeout = '300ms'";
/// … and tries again so often.
const EXCHANGE_TRIES: u32 = 100;
/// PostgreSQL's `lock_not_available`.
const LOCK_NOT_AVAILABLE: &str = "55P03";

const PATIENTS: &str = "SELECT r.subject, r.number, r.health_id, r.birth_year, coalesce(r.scheme, b.scheme), \
    coalesce(r.open_until, b.open_until) FROM (SELECT * FROM ready WHERE subject > ?1 ORDER BY subject LIMIT ?2) r \
    LEFT JOIN best b ON b.subject = r.subject ORDER BY r.subject";
const COVERS: &str = "SELECT subject, scheme, open_until FROM best b WHERE subject > ?1 AND NOT EXISTS \
    (SELECT 1 FROM ready r WHERE r.subject = b.subject) ORDER BY subject LIMIT ?2";
const LINKS: &str = "SELECT guardian, dependant, relationship FROM guardianship WHERE guardian > ?1 \
    OR (guardian = ?1 AND dependant > ?3) ORDER BY guardian, dependant LIMIT ?2";

/// Adds what this import sealed, at most, to what those before did.
const IN_FORCE: &str = "INSERT INTO registry_import (id, in_force, sealed) \
    VALUES ($1, true, $2 + (SELECT coalesce(max(sealed), 0) FROM registry_import)) \
    ON CONFLICT (id) DO UPDATE SET in_force = true, sealed = excluded.sealed";

/// A connection of its own, on which nobody else imports.
pub(super) async fn alone(store: &PostgresStore) -> Result<PgConnection, ImportError> {
    let mut connection = store.connection().await.map_err(crate::registry::RegistryError::from)?;
    let taken: bool =
        sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(LOCK).fetch_one(&mut connection).await?;
    if taken { Ok(connection) } else { Err(ImportError::Running) }
}

pub(super) async fn known(
    connection: &mut PgConnection,
    subjects: &[Vec<u8>],
) -> Result<Vec<Vec<u8>>, ImportError> {
    let subjects: Vec<String> = subjects.iter().map(hex::encode).collect();
    let known: Vec<String> = sqlx::query_scalar("SELECT subject FROM patient WHERE subject = ANY($1)")
        .bind(subjects)
        .fetch_all(connection)
        .await?;
    Ok(known.iter().filter_map(|subject| hex::decode(subject).ok()).collect())
}

pub(super) async fn holders(
    connection: &mut PgConnection,
    numbers: &[Vec<u8>],
) -> Result<Vec<(Vec<u8>, Vec<u8>)>, ImportError> {
    let text = "SELECT national_number_index, subject FROM patient WHERE national_number_index = ANY($1)";
    let rows = sqlx::query(text).bind(numbers).fetch_all(connection).await?;
    let pair = |row: &sqlx::postgres::PgRow| {
        Ok((row.try_get(0)?, hex::decode(row.try_get::<&str, _>(1)?).unwrap_or_default()))
    };
    rows.iter().map(pair).collect()
}

pub(super) async fn take_over(
    connection: &mut PgConnection,
    staging: &mut Staging,
    mode: Mode,
    report: &ImportReport,
    progress: &mut dyn Progress,
) -> Result<(), ImportError> {
    let state: Option<bool> = sqlx::query_scalar("SELECT in_force FROM registry_import WHERE id = $1")
        .bind(staging.id.to_string())
        .fetch_optional(&mut *connection)
        .await?;
    match (state, mode) {
        (Some(true), _) => Ok(()),
        (_, Mode::Merge) => merge(connection, staging, report, progress).await,
        (state, Mode::Replace) => {
            if state.is_none() {
                let mut transaction = connection.begin().await?;
                sqlx::raw_sql(NEXT).execute(&mut *transaction).await?;
                sqlx::query("INSERT INTO registry_import (id, in_force) VALUES ($1, false)")
                    .bind(staging.id.to_string())
                    .execute(&mut *transaction)
                    .await?;
                transaction.commit().await?;
            }
            replace(connection, staging, report, progress).await
        }
    }
}

async fn replace(
    connection: &mut PgConnection,
    staging: &mut Staging,
    report: &ImportReport,
    progress: &mut dyn Progress,
) -> Result<(), ImportError> {
    let there = sqlx::query("SELECT count(*), max(subject COLLATE \"C\") FROM patient_next")
        .fetch_one(&mut *connection)
        .await?;
    let (done, last): (i64, Option<String>) = (there.try_get(0)?, there.try_get(1)?);
    let last = last.and_then(|last| hex::decode(last).ok()).unwrap_or_default();
    let mut done = done.unsigned_abs();
    patients(connection, staging, "patient_next", last, &mut |more| {
        done += more;
        progress.at(Step::Loading { done, of: report.patients });
    })
    .await?;
    sqlx::raw_sql(TEMPORARY).execute(&mut *connection).await?;
    links(connection, staging).await?;
    // A killed import may have built them already: they are built anew.
    sqlx::raw_sql(INDEXES).execute(&mut *connection).await?;
    exchange(connection, staging, report).await
}

/// Waits for readers a moment at a time: a queue behind a waiting exchange would be an outage.
async fn exchange(
    connection: &mut PgConnection,
    staging: &Staging,
    report: &ImportReport,
) -> Result<(), ImportError> {
    let mut tries = 0;
    loop {
        match exchange_once(connection, staging, report).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                let code = error.as_database_error().and_then(|error| error.code());
                tries += 1;
                if code.as_deref() != Some(LOCK_NOT_AVAILABLE) || tries >= EXCHANGE_TRIES {
                    return Err(error.into());
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn exchange_once(
    connection: &mut PgConnection,
    staging: &Staging,
    report: &ImportReport,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(EXCHANGE_WAIT).execute(&mut *transaction).await?;
    sqlx::raw_sql(EXCHANGE).execute(&mut *transaction).await?;
    in_force(&mut transaction, staging, report.lines.cast_signed()).await?;
    transaction.commit().await
}

async fn in_force(connection: &mut PgConnection, staging: &Staging, lines: i64) -> Result<(), sqlx::Error> {
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

async fn merge(
    connection: &mut PgConnection,
    staging: &mut Staging,
    report: &ImportReport,
    progress: &mut dyn Progress,
) -> Result<(), ImportError> {
    sqlx::raw_sql(TEMPORARY).execute(&mut *connection).await?;
    let mut done = 0;
    patients(connection, staging, "import_patient", Vec::new(), &mut |more| {
        done += more;
        progress.at(Step::Loading { done, of: report.patients });
    })
    .await?;
    links(connection, staging).await?;
    covers(connection, staging).await?;
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(MERGE).execute(&mut *transaction).await?;
    in_force(&mut transaction, staging, report.lines.cast_signed()).await?;
    Ok(transaction.commit().await?)
}

/// Copies everybody after `last`, a page at a time, each page whole or not at all.
async fn patients(
    connection: &mut PgConnection,
    staging: &mut Staging,
    table: &str,
    mut last: Vec<u8>,
    told: &mut (dyn FnMut(u64) + Send),
) -> Result<(), ImportError> {
    let columns =
        "national_number_index, subject, health_id, birth_year, coverage_scheme, coverage_open_until";
    told(0);
    loop {
        let page = sqlx::query(PATIENTS).bind(last).bind(PAGE).fetch_all(&mut staging.connection).await?;
        let mut copy = Copy::default();
        for row in &page {
            copy.octets(row.try_get(1)?);
            copy.text(&hex::encode(row.try_get::<&[u8], _>(0)?));
            copy.octets(row.try_get(2)?);
            copy.number(row.try_get(3)?);
            copy.text(row.try_get(4)?);
            copy.text(row.try_get(5)?);
            copy.end();
        }
        let Some(row) = page.last() else { return Ok(()) };
        last = row.try_get(0)?;
        copy.send(connection, table, columns).await?;
        told(page.len() as u64);
    }
}

/// Copies guardianships into the temporary table.
async fn links(connection: &mut PgConnection, staging: &mut Staging) -> Result<(), ImportError> {
    let mut last = (Vec::new(), Vec::new());
    loop {
        let page = sqlx::query(LINKS)
            .bind(last.0)
            .bind(PAGE)
            .bind(last.1)
            .fetch_all(&mut staging.connection)
            .await?;
        let mut copy = Copy::default();
        for row in &page {
            copy.text(&hex::encode(row.try_get::<&[u8], _>(0)?));
            copy.text(&hex::encode(row.try_get::<&[u8], _>(1)?));
            copy.text(row.try_get(2)?);
            copy.end();
        }
        let Some(row) = page.last() else { return Ok(()) };
        last = (row.try_get(0)?, row.try_get(1)?);
        copy.send(connection, "import_link", "guardian, dependant, relationship").await?;
    }
}

/// Copies the covers of those who are not in the files.
async fn covers(connection: &mut PgConnection, staging: &mut Staging) -> Result<(), ImportError> {
    let mut last = Vec::new();
    loop {
        let page = sqlx::query(COVERS).bind(last).bind(PAGE).fetch_all(&mut staging.connection).await?;
        let mut copy = Copy::default();
        for row in &page {
            copy.text(&hex::encode(row.try_get::<&[u8], _>(0)?));
            copy.text(row.try_get(1)?);
            copy.text(row.try_get(2)?);
            copy.end();
        }
        let Some(row) = page.last() else { return Ok(()) };
        last = row.try_get(0)?;
        copy.send(connection, "import_cover", "subject, scheme, open_until").await?;
    }
}
