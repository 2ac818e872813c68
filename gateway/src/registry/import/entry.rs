//! What does one line of an import say, whatever its format?

use card_reader::NationalNumber;
use time::Date;
use time::macros::format_description;

use super::reason::Reason;
use crate::registry::{Coverage, HealthId, Relationship};

/// What stands in a line (*enregistrement*).
#[derive(Debug)]
pub(super) enum Entry {
    /// A person.
    Patient(Box<PatientEntry>),
    /// A cover that names its person.
    Coverage { beneficiary: Reference, coverage: Coverage },
    /// Something that is said to be no longer so.
    LeftOut,
}

/// A person, with the cover where the format has it in the same line.
#[derive(Debug)]
pub(super) struct PatientEntry {
    /// `Patient.id`, by which other resources may refer to the person.
    pub(super) name: Option<String>,
    pub(super) health_id: HealthId,
    pub(super) national_number: Option<NationalNumber>,
    pub(super) birth_year: Option<i32>,
    pub(super) coverage: Option<Coverage>,
    pub(super) guardians: Vec<(Reference, Relationship)>,
}

/// How a line names another person (FHIR R4 §2.3.0: logical or literal reference).
#[derive(Debug)]
pub(super) enum Reference {
    /// By the identifiant santé.
    HealthId(HealthId),
    /// By `Patient.id`.
    Name(String),
}

/// The year of a FHIR `date`: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
pub(super) fn birth_year(text: &str) -> Result<i32, Reason> {
    let full = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    Ok(day(&full).ok_or(Reason::BadBirthDate)?.year())
}

/// The last day of a cover: `YYYY-MM-DD`, or the day of a FHIR `dateTime`.
pub(super) fn end_of_cover(text: &str) -> Result<Date, Reason> {
    let date = text.split_once('T').map_or(text, |(date, _)| date);
    day(date).ok_or(Reason::BadEndOfCover)
}

/// A day of the years that people and covers live in.
fn day(text: &str) -> Option<Date> {
    let date = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    (text.len() == 10 && (1850..=9999).contains(&date.year())).then_some(date)
}

pub(super) fn health_id(text: &str) -> Result<HealthId, Reason> {
    HealthId::parse(text).ok_or(Reason::BadHealthId)
}

pub(super) fn national_number(text: &str) -> Result<NationalNumber, Reason> {
    NationalNumber::parse(text).ok_or(Reason::BadNationalNumber)
}
