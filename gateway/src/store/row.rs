//! What did a database answer?

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::DatabaseError;

/// One row of an answer, from either engine (*ligne*).
pub struct Row(pub(super) AnyRow);

pub(super) enum AnyRow {
    Postgres(PgRow),
    Sqlite(SqliteRow),
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Row")
    }
}

/// One getter for each type: both drivers are asked for the same.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {
        impl Row {
            $($(#[$doc])*
            pub fn $name(&self, column: &str) -> Result<$type, DatabaseError> {
                let found = match &self.0 {
                    AnyRow::Postgres(row) => sqlx::Row::try_get(row, column),
                    AnyRow::Sqlite(row) => sqlx::Row::try_get(row, column),
                };
                found.map_err(DatabaseError::Row)
            })*
        }
    };
}

getters! {
    /// A truth.
    bool: bool;
    /// Octets.
    bytes: &[u8];
    /// A whole number; `BIGINT` in PostgreSQL.
    int: i64;
    /// Octets, or nothing.
    optional_bytes: Option<&[u8]>;
    /// A whole number, or nothing.
    optional_int: Option<i64>;
    /// A text, or nothing.
    optional_text: Option<&str>;
    /// A text.
    text: &str;
}
