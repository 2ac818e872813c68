//! What did an import bring, and which lines were bad?

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sqlx::Row;

use super::ImportError;
use super::staging::{LINE_BITS, Staging};
use crate::limits::import::IMPORT_REPORTED;

/// What an import brought (*bilan*).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// `replace` or `merge`.
    pub mode: &'static str,
    /// Whether the registry is the new one.
    pub in_force: bool,
    /// Lines read, but empty ones and headers.
    pub lines: u64,
    /// Patients that are brought in.
    pub patients: u64,
    /// Guardianships that are brought in.
    pub guardianships: u64,
    /// Covers of patients whom only the registry knew, brought up to date.
    pub coverages_alone: u64,
    /// Inactive patients and covers that were never meant to count.
    pub left_out: u64,
    /// Bad lines.
    pub bad: u64,
    /// Bad lines, by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Where they are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<PathBuf>,
}

/// What was judged, before anything is taken over.
pub(super) async fn of(staging: &mut Staging, mode: &'static str) -> Result<ImportReport, ImportError> {
    let reasons = staging.reasons().await?;
    let row = sqlx::query(
        "SELECT lines, left_out, (SELECT count(*) FROM ready), (SELECT count(*) FROM guardianship), \
         (SELECT count(*) FROM best b WHERE NOT EXISTS (SELECT 1 FROM ready r WHERE r.subject = b.subject)) FROM import",
    )
    .fetch_one(&mut staging.connection)
    .await?;
    let number = |column: usize| row.try_get::<i64, _>(column).map(i64::unsigned_abs);
    Ok(ImportReport {
        mode,
        lines: number(0)?,
        left_out: number(1)?,
        patients: number(2)?,
        guardianships: number(3)?,
        coverages_alone: number(4)?,
        bad: reasons.iter().map(|(_, count)| count).sum(),
        reasons: reasons.into_iter().map(|(reason, count)| (reason.code(), count)).collect(),
        ..ImportReport::default()
    })
}

/// What was read, when that was bad enough to stop.
pub(super) async fn unjudged(staging: &mut Staging, mode: &'static str) -> Result<ImportReport, ImportError> {
    let reasons = staging.reasons().await?;
    let lines: i64 =
        sqlx::query_scalar("SELECT lines FROM import").fetch_one(&mut staging.connection).await?;
    Ok(ImportReport {
        mode,
        lines: lines.unsigned_abs(),
        bad: reasons.iter().map(|(_, count)| count).sum(),
        reasons: reasons.into_iter().map(|(reason, count)| (reason.code(), count)).collect(),
        ..ImportReport::default()
    })
}

/// Writes which lines were bad: file, number, reason; never the line. As many of each reason as are named at all.
pub(super) async fn write(staging: &mut Staging, path: &Path) -> Result<(), ImportError> {
    let failed = |error| ImportError::Staging { path: path.to_owned(), error };
    let rows =
        sqlx::query("SELECT path, id & ?1, code FROM bad JOIN file ON number = id >> ?2 ORDER BY id, code")
            .bind((1_i64 << LINE_BITS) - 1)
            .bind(i64::from(LINE_BITS))
            .fetch_all(&mut staging.connection)
            .await?;
    let beside = path.with_extension("partial");
    let file = std::fs::File::create(&beside).map_err(failed)?;
    let mut out = std::io::BufWriter::new(file);
    writeln!(out, "file,line,reason").map_err(failed)?;
    for row in rows {
        let (file, line, code): (&str, i64, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let quoted = if file.contains([',', '"']) {
            format!("\"{}\"", file.replace('"', "\"\""))
        } else {
            file.to_owned()
        };
        writeln!(out, "{quoted},{line},{code}").map_err(failed)?;
    }
    for (reason, count) in staging.reasons().await? {
        let more = count.saturating_sub(u64::from(IMPORT_REPORTED));
        if more > 0 {
            writeln!(out, "# and {more} more lines: {}", reason.code()).map_err(failed)?;
        }
    }
    out.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}
