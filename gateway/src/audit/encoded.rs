//! In which bytes is an event stored?

use time::OffsetDateTime;

use super::AuditEvent;

/// An event in the bytes that are stored: made once, by the task that records it.
#[derive(Clone, Debug)]
pub struct EncodedEvent {
    at: OffsetDateTime,
    json: String,
}

impl EncodedEvent {
    /// The bytes of `event`.
    pub fn new(event: &AuditEvent) -> Result<Self, serde_json::Error> {
        let mut json = serde_json::to_string(event)?;
        // A caller's text may hold a NUL, which no JSON function of PostgreSQL reads.
        if json.contains("\\u0000") {
            json = json.replace("\\u0000", "\\ufffd");
        }
        Ok(Self { at: event.at, json })
    }

    /// When it happened.
    #[must_use]
    pub fn at(&self) -> OffsetDateTime {
        self.at
    }

    /// One JSON object.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }
}
