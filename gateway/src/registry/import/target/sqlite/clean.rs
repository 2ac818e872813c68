//! How do tables of millions of rows go while counters wait for the one writer?

use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::super::super::ImportError;
use super::TABLES;
use super::gentle::Gentle;
use crate::limits::import::IMPORT_LOADED_AT_ONCE;

/// Empties tables a little at a time and drops them. The file keeps the room for the next import.
pub(super) async fn clean(connection: &mut SqliteConnection, suffix: &str) -> Result<(), ImportError> {
    for (table, key) in TABLES {
        let name = format!("{table}{suffix}");
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = $1";
        if sqlx::query_scalar::<_, i64>(there).bind(&name).fetch_one(&mut *connection).await? == 0 {
            continue;
        }
        let text = format!(
            "DELETE FROM {name} WHERE ({key}) <= (SELECT {key} FROM {name} ORDER BY {key} LIMIT 1 OFFSET $1)"
        );
        let text: Arc<str> = text.into();
        let mut gentle = Gentle::default();
        loop {
            let start = gentle.start();
            let delete = sqlx::query(AssertSqlSafe(text.clone())).bind(IMPORT_LOADED_AT_ONCE * 4);
            let deleted = delete.execute(&mut *connection).await?.rows_affected();
            gentle.rest(connection, start).await?;
            if deleted == 0 {
                break;
            }
        }
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TABLE {name}"))).execute(&mut *connection).await?;
    }
    Ok(())
}
