//! What does a row of CSV say?
//!
//! A row is a line: quotes as in RFC 4180, but no line break inside a field.

use super::entry::{self, Entry, PatientEntry, Reference};
use super::reason::Reason;
use crate::registry::{Coverage, CoverageScheme, HealthId, Relationship};

/// The columns, in the order of the documentation; a file may have them in any order.
pub const COLUMNS: [&str; 7] =
    ["health_id", "national_number", "birth_date", "scheme", "open_until", "guardian", "relationship"];
/// Those without which a file is refused.
const REQUIRED: [&str; 3] = ["health_id", "scheme", "open_until"];

/// Where each column stands (*en-tête*).
#[derive(Clone, Debug)]
pub(super) struct Header {
    width: usize,
    /// By the order of [`COLUMNS`].
    places: [Option<usize>; COLUMNS.len()],
}

/// A header that cannot be used, and which word of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A column is missing.
    #[error("the header lacks the column {0}")]
    Missing(&'static str),
    /// A column twice, or one that is not known; its number from 1, not its text: it may be somebody's data.
    #[error(
        "column {0} of the header is not one of: health_id, national_number, birth_date, scheme, open_until, guardian, relationship; or stands there twice"
    )]
    Unknown(usize),
    /// Not a line of CSV.
    #[error("the first line is no header of CSV")]
    NotCsv,
}

impl Header {
    pub(super) fn parse(line: &[u8]) -> Result<Self, HeaderError> {
        let fields = fields(line).map_err(|_| HeaderError::NotCsv)?;
        let mut places = [None; COLUMNS.len()];
        for (place, field) in fields.iter().enumerate() {
            let known = COLUMNS.iter().position(|column| *column == field.trim());
            match known.and_then(|known| places.get_mut(known)) {
                Some(free @ None) => *free = Some(place),
                _ => return Err(HeaderError::Unknown(place + 1)),
            }
        }
        let header = Self { width: fields.len(), places };
        match REQUIRED.into_iter().find(|column| header.place(column).is_none()) {
            Some(missing) => Err(HeaderError::Missing(missing)),
            None => Ok(header),
        }
    }

    fn place(&self, column: &str) -> Option<usize> {
        let known = COLUMNS.iter().position(|known| *known == column)?;
        self.places.get(known).copied().flatten()
    }

    pub(super) fn row(&self, line: &[u8]) -> Result<Entry, Reason> {
        let fields = fields(line)?;
        if fields.len() != self.width {
            return Err(Reason::NotCsv);
        }
        let field = |column: &str| {
            let text = self.place(column).and_then(|place| fields.get(place)).map_or("", |text| text.trim());
            (!text.is_empty()).then_some(text)
        };
        let scheme = field("scheme").and_then(CoverageScheme::parse).ok_or(Reason::UnknownScheme)?;
        let open_until = entry::end_of_cover(field("open_until").ok_or(Reason::MissingEndOfCover)?)?;
        Ok(Entry::Patient(Box::new(PatientEntry {
            name: None,
            health_id: entry::health_id(field("health_id").ok_or(Reason::MissingHealthId)?)?,
            national_number: field("national_number").map(entry::national_number).transpose()?,
            birth_year: field("birth_date").map(entry::birth_year).transpose()?,
            coverage: Some(Coverage { scheme, open_until }),
            guardians: guardians(field("guardian").unwrap_or_default(), field("relationship"))?,
        })))
    }
}

/// One or more guardians, separated by spaces.
fn guardians(names: &str, relationship: Option<&str>) -> Result<Vec<(Reference, Relationship)>, Reason> {
    let relationship = relationship.map(|word| Relationship::parse(word).ok_or(Reason::UnknownRelationship));
    let relationship = relationship.transpose()?;
    let named = names.split_ascii_whitespace().map(|name| {
        let guardian = HealthId::parse(name).ok_or(Reason::BadReference)?;
        Ok((Reference::HealthId(guardian), relationship.ok_or(Reason::UnknownRelationship)?))
    });
    named.collect()
}

fn fields(line: &[u8]) -> Result<Vec<String>, Reason> {
    let text = std::str::from_utf8(line).map_err(|_| Reason::NotCsv)?;
    if !text.contains('"') {
        return Ok(text.split(',').map(str::to_owned).collect());
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .buffer_capacity(text.len().max(64))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => Ok(record.iter().map(str::to_owned).collect()),
        _ => Err(Reason::NotCsv),
    }
}
