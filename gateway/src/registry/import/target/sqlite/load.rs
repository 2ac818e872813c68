//! Which rows does the new registry have, in the order of their keys?
//!
//! Everything is read from the staging area in that order and written at the end of a table: no page is touched twice.
//! With `--merge` the registry in force is read along, and who is in the files comes from there.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::super::super::report::ImportReport;
use super::super::super::{ImportError, Mode, Progress, Step};
use super::TABLES;
use super::gentle::Gentle;
use crate::limits::import::IMPORT_LOADED_AT_ONCE;

/// Rows after `$1` (and `$3`), at most `$2` of them.
const REPLACE: [(&str, &str); 3] = [
    (
        "patient",
        "INSERT INTO patient_next SELECT r.subject, r.number, r.health_id, r.birth_year, \
        coalesce(r.scheme, b.scheme), coalesce(r.open_until, b.open_until) FROM (SELECT * FROM staging.ready \
        WHERE subject > $1 ORDER BY subject LIMIT $2) r LEFT JOIN staging.best b ON b.subject = r.subject",
    ),
    (
        "holder",
        "INSERT INTO holder_next SELECT number, subject FROM staging.ready INDEXED BY ready_number \
        WHERE number IS NOT NULL AND number > $1 ORDER BY number LIMIT $2",
    ),
    (
        "guardianship",
        "INSERT INTO guardianship_next SELECT guardian, dependant, relationship FROM staging.guardianship \
        WHERE (guardian, dependant) > ($1, $3) ORDER BY guardian, dependant LIMIT $2",
    ),
];
const MERGE: [(&str, &str); 3] = [
    (
        "patient",
        "INSERT INTO patient_next SELECT r.subject, r.number, r.health_id, r.birth_year, \
        coalesce(r.scheme, b.scheme), coalesce(r.open_until, b.open_until) FROM staging.ready r \
        LEFT JOIN staging.best b ON b.subject = r.subject WHERE r.subject > $1 \
        UNION ALL SELECT p.subject, p.national_number_index, p.health_id, p.birth_year, \
        coalesce(b.scheme, p.coverage_scheme), coalesce(b.open_until, p.coverage_open_until) FROM main.patient p \
        LEFT JOIN staging.best b ON b.subject = p.subject WHERE p.subject > $1 \
        AND NOT EXISTS (SELECT 1 FROM staging.ready r WHERE r.subject = p.subject) ORDER BY 1 LIMIT $2",
    ),
    (
        "holder",
        "INSERT INTO holder_next SELECT number, subject FROM staging.ready INDEXED BY ready_number \
        WHERE number IS NOT NULL AND number > $1 \
        UNION ALL SELECT h.number, h.subject FROM main.holder h WHERE h.number > $1 \
        AND NOT EXISTS (SELECT 1 FROM staging.ready r WHERE r.subject = h.subject) ORDER BY 1 LIMIT $2",
    ),
    (
        "guardianship",
        "INSERT INTO guardianship_next SELECT guardian, dependant, relationship FROM staging.guardianship \
        WHERE (guardian, dependant) > ($1, $3) \
        UNION ALL SELECT g.guardian, g.dependant, g.relationship FROM main.guardianship g \
        WHERE (g.guardian, g.dependant) > ($1, $3) AND NOT EXISTS (SELECT 1 FROM staging.guardianship s \
        WHERE s.guardian = g.guardian AND s.dependant = g.dependant) ORDER BY 1, 2 LIMIT $2",
    ),
];

/// Fills every new table to its end.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    mode: Mode,
    report: &ImportReport,
    progress: &mut dyn Progress,
) -> Result<(), ImportError> {
    let (mut done, of) = (0, report.patients * 2 + report.guardianships);
    let texts = if mode == Mode::Merge { MERGE } else { REPLACE };
    for (table, text) in texts {
        fill(connection, table, text, &mut done, of, progress).await?;
    }
    Ok(())
}

/// Goes on after the last row that is there.
async fn fill(
    connection: &mut SqliteConnection,
    table: &'static str,
    text: &'static str,
    done: &mut u64,
    of: u64,
    progress: &mut dyn Progress,
) -> Result<(), ImportError> {
    let key = TABLES.iter().find(|(name, _)| *name == table).map_or("", |(_, key)| *key);
    let descending = key.replace(',', " DESC,");
    let last = format!("SELECT {key} FROM {table}_next ORDER BY {descending} DESC LIMIT 1");
    let last: Arc<str> = last.into();
    *done += sqlx::query_scalar::<_, i64>(AssertSqlSafe(format!("SELECT count(*) FROM {table}_next")))
        .fetch_one(&mut *connection)
        .await?
        .unsigned_abs();
    let mut gentle = Gentle::default();
    loop {
        progress.at(Step::Loading { done: *done, of: of.max(*done) });
        let row = sqlx::query(AssertSqlSafe(last.clone())).fetch_optional(&mut *connection).await?;
        let part = |column: usize| match &row {
            Some(row) if column < row.len() => row.try_get::<Vec<u8>, _>(column),
            _ => Ok(Vec::new()),
        };
        let (first, second) = (part(0)?, part(1)?);
        let start = gentle.start();
        let mut query = sqlx::query(text).bind(first).bind(IMPORT_LOADED_AT_ONCE);
        if table == "guardianship" {
            query = query.bind(second);
        }
        let written = query.execute(&mut *connection).await?.rows_affected();
        if written == 0 {
            return Ok(());
        }
        *done += written;
        gentle.rest(connection, start).await?;
    }
}
