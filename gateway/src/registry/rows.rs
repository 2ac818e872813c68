//! How does a row become a value?

use policies::ClientKind;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use time::Date;
use time::macros::format_description;

use super::{Client, Coverage, CoverageScheme, RegistryError};

/// A patient as stored, the identifiant santé still sealed.
pub(super) struct PatientRow {
    pub(super) subject: String,
    pub(super) sealed_health_id: Vec<u8>,
    pub(super) birth_year: Option<i32>,
    pub(super) coverage: Coverage,
}

pub(super) fn patient(row: &SqliteRow) -> Result<PatientRow, RegistryError> {
    let scheme: &str = row.try_get("coverage_scheme")?;
    let open_until: &str = row.try_get("coverage_open_until")?;
    Ok(PatientRow {
        subject: row.try_get("subject")?,
        sealed_health_id: row.try_get("health_id")?,
        birth_year: row.try_get("birth_year")?,
        coverage: Coverage {
            scheme: CoverageScheme::parse(scheme).ok_or(RegistryError::Malformed("coverage_scheme"))?,
            open_until: parse_date(open_until)?,
        },
    })
}

pub(super) fn client(row: &SqliteRow) -> Result<Client, RegistryError> {
    let kind: &str = row.try_get("kind")?;
    let scopes: &str = row.try_get("scopes")?;
    Ok(Client {
        id: row.try_get("id")?,
        kind: ClientKind::parse(kind).ok_or(RegistryError::Malformed("kind"))?,
        name: row.try_get("name")?,
        city: row.try_get("city")?,
        active: row.try_get("active")?,
        scopes: scopes.split_ascii_whitespace().map(str::to_owned).collect(),
    })
}

pub(super) fn date(date: Date) -> Result<String, RegistryError> {
    date.format(format_description!("[year]-[month]-[day]"))
        .map_err(|_| RegistryError::Malformed("coverage_open_until"))
}

fn parse_date(text: &str) -> Result<Date, RegistryError> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| RegistryError::Malformed("coverage_open_until"))
}
