//! How does a row become a value?

use policies::{CareLevel, ClientKind};
use time::Date;
use time::macros::format_description;

use super::{Client, Coverage, CoverageScheme, RegistryError, Site};
use crate::dpop::ClientKey;
use crate::store::Row;

/// A patient as stored, the identifiant santé still sealed.
pub(super) struct PatientRow {
    pub(super) subject: String,
    pub(super) sealed_health_id: Vec<u8>,
    pub(super) birth_year: Option<i32>,
    pub(super) coverage: Coverage,
}

pub(super) fn patient(row: &Row) -> Result<PatientRow, RegistryError> {
    let scheme = row.text("coverage_scheme")?;
    let open_until = row.text("coverage_open_until")?;
    Ok(PatientRow {
        subject: row.text("subject")?.to_owned(),
        sealed_health_id: row.bytes("health_id")?.to_owned(),
        birth_year: row.optional_int("birth_year")?.and_then(|year| i32::try_from(year).ok()),
        coverage: Coverage {
            scheme: CoverageScheme::parse(scheme).ok_or(RegistryError::Malformed("coverage_scheme"))?,
            open_until: parse_date(open_until)?,
        },
    })
}

pub(super) fn client(row: &Row) -> Result<Client, RegistryError> {
    let kind = row.text("kind")?;
    let scopes = row.text("scopes")?;
    Ok(Client {
        id: row.text("id")?.to_owned(),
        kind: ClientKind::parse(kind).ok_or(RegistryError::Malformed("kind"))?,
        name: row.text("name")?.to_owned(),
        city: row.text("city")?.to_owned(),
        active: row.bool("active")?,
        scopes: scopes.split_ascii_whitespace().map(str::to_owned).collect(),
        key: row
            .optional_text("jwk")?
            .map(|jwk| ClientKey::parse(jwk.as_bytes()))
            .transpose()
            .map_err(|_| RegistryError::Malformed("jwk"))?,
        site: site(row)?,
    })
}

fn site(row: &Row) -> Result<Site, RegistryError> {
    let level = row.optional_text("care_level")?;
    let level = level.map(|level| CareLevel::parse(level).ok_or(RegistryError::Malformed("care_level")));
    let (position, hours) = (row.optional_text("position")?, row.optional_text("opening_hours")?);
    Ok(Site {
        level: level.transpose()?,
        position: position.map(str::parse).transpose().map_err(|_| RegistryError::Malformed("position"))?,
        hours: hours.map(str::parse).transpose().map_err(|_| RegistryError::Malformed("opening_hours"))?,
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
