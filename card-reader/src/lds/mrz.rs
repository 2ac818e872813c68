//! What does the machine-readable zone of a TD1 card say? (ICAO 9303-5 §4.2)

use std::fmt;

use time::Date;

/// The machine-readable zone of a card, every check digit checked (zone lisible par machine).
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    document_number: String,
    expires_on: Date,
}

impl Mrz {
    /// Number of the document, not of the person.
    #[must_use]
    pub fn document_number(&self) -> &str {
        &self.document_number
    }

    /// Last day on which the document is good.
    #[must_use]
    pub const fn expires_on(&self) -> Date {
        self.expires_on
    }
}

impl fmt::Debug for Mrz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mrz(redacted)")
    }
}
