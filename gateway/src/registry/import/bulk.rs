//! How do many rows go into SQLite without a statement for each?
//!
//! A statement costs some 50 µs on its way to the database's thread; one of 512 rows costs little more.

use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection};

/// Rows of one statement: as many as there are, then fewer. Few texts, so that all stay prepared.
const SIZES: [usize; 4] = [512, 64, 8, 1];

/// One value of a row.
pub(super) enum Value {
    Null,
    Integer(i64),
    Octets(Vec<u8>),
    Text(String),
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Octets(value)
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Octets(value.to_vec())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&'static str> for Value {
    fn from(value: &'static str) -> Self {
        Self::Text(value.to_owned())
    }
}

/// `INSERT INTO {table} VALUES …` for every `width` values.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    table: &str,
    width: usize,
    values: Vec<Value>,
) -> Result<(), sqlx::Error> {
    let mut left = values.len() / width.max(1);
    let mut values = values.into_iter();
    for size in SIZES {
        let row = format!("({})", vec!["?"; width].join(","));
        let text = format!("INSERT INTO {table} VALUES {}", vec![row.as_str(); size].join(","));
        let text: std::sync::Arc<str> = text.into();
        while left >= size {
            let mut query = sqlx::query(AssertSqlSafe(text.clone()));
            for value in values.by_ref().take(size * width) {
                query = bound(query, value);
            }
            query.execute(&mut *connection).await?;
            left -= size;
        }
    }
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

fn bound(query: Query<'_>, value: Value) -> Query<'_> {
    match value {
        Value::Null => query.bind(None::<i64>),
        Value::Integer(value) => query.bind(value),
        Value::Octets(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
    }
}
