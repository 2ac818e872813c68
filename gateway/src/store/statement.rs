//! What is asked of a database, as data? So it can be asked again, of another server, by a task of its own.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::limits::{DATABASE_PATIENCE, DATABASE_PATIENCE_SLOW};

/// One statement with its values (*requête*).
///
/// Values are `$1`, `$2`, … in both engines. On PostgreSQL a statement whose answer was lost is asked again: write it
/// so that twice is as once.
#[derive(Clone)]
pub struct Statement {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
    pub(super) values: Vec<Value>,
    pub(super) patience: Duration,
}

impl Statement {
    /// A text that both engines understand alike.
    #[must_use]
    pub fn new(sql: &'static str) -> Self {
        Self::of_each(sql, sql)
    }

    /// A text for each engine, where they really differ.
    #[must_use]
    pub fn of_each(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres, values: Vec::new(), patience: DATABASE_PATIENCE }
    }

    /// The value of the next `$n`.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// One that may take long, because an operator asks and not a counter.
    #[must_use]
    pub fn slow(mut self) -> Self {
        self.patience = DATABASE_PATIENCE_SLOW;
        self
    }
}

impl fmt::Debug for Statement {
    /// The text; values may be pseudonyms.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Statement").field(&self.postgres).finish()
    }
}

/// A value that both engines can store. Times are microseconds since 1970, ids are texts.
#[derive(Clone)]
pub enum Value {
    /// A truth.
    Bool(bool),
    /// Octets.
    Bytes(Option<Vec<u8>>),
    /// A whole number.
    Int(Option<i64>),
    /// Whole numbers: `bigint[]`, in SQLite a JSON array.
    Ints(Vec<i64>),
    /// A text.
    Text(Option<String>),
    /// Texts: `text[]`, in SQLite a JSON array.
    Texts(Vec<String>),
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<String>> for Value {
    fn from(value: Vec<String>) -> Self {
        Self::Texts(value)
    }
}

impl From<Vec<i64>> for Value {
    fn from(value: Vec<i64>) -> Self {
        Self::Ints(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(Some(value.to_owned()))
    }
}

impl From<&[u8; 32]> for Value {
    fn from(value: &[u8; 32]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}

impl From<Option<&[u8]>> for Value {
    fn from(value: Option<&[u8]>) -> Self {
        Self::Bytes(value.map(<[u8]>::to_owned))
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Text(Some(value.to_string()))
    }
}

impl From<OffsetDateTime> for Value {
    fn from(value: OffsetDateTime) -> Self {
        Self::Int(Some(crate::audit::unix_micros(value)))
    }
}
