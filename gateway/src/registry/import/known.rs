//! With `--merge`: what does the registry already say of those whom the files name?

use sqlx::{Row, SqliteConnection};

use super::ImportError;
use super::bulk::{self, Value};
use super::target::Alone;

/// Names asked of the registry at once.
const PAGE: i64 = 1_000;

/// Whom the files name as covered or as a guardian without bringing them.
const NAMED: &str = "SELECT subject FROM (SELECT subject FROM coverage WHERE subject IS NOT NULL UNION \
    SELECT subject FROM guardian WHERE subject IS NOT NULL) n WHERE subject > ?1 AND NOT EXISTS \
    (SELECT 1 FROM ready r WHERE r.subject = n.subject) ORDER BY subject LIMIT ?2";
/// Who would get a number that somebody outside the files has.
const NUMBERED: &str = "SELECT number, id, subject FROM ready INDEXED BY ready_number \
    WHERE number IS NOT NULL AND number > ?1 ORDER BY number LIMIT ?2";

/// Fills `known` with the persons whom only the registry knows.
pub(super) async fn persons(
    connection: &mut SqliteConnection,
    target: &mut Alone,
) -> Result<(), ImportError> {
    let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'coverage'";
    if sqlx::query_scalar::<_, i64>(there).fetch_one(&mut *connection).await? == 0 {
        return Ok(());
    }
    let mut after = Vec::new();
    loop {
        let page: Vec<Vec<u8>> =
            sqlx::query_scalar(NAMED).bind(after).bind(PAGE).fetch_all(&mut *connection).await?;
        let Some(last) = page.last().cloned() else { return Ok(()) };
        let known = target.known(&page).await?;
        bulk::insert(connection, "known", 1, known.into_iter().map(Value::Octets).collect()).await?;
        after = last;
    }
}

/// Adds to `refused` who would take the number of somebody that is not in the files.
pub(super) async fn numbers(
    connection: &mut SqliteConnection,
    target: &mut Alone,
) -> Result<(), ImportError> {
    let mut after = Vec::new();
    loop {
        let page = sqlx::query(NUMBERED).bind(after).bind(PAGE).fetch_all(&mut *connection).await?;
        let mut asked = Vec::new();
        for row in &page {
            asked.push((
                row.try_get::<Vec<u8>, _>(0)?,
                row.try_get::<i64, _>(1)?,
                row.try_get::<Vec<u8>, _>(2)?,
            ));
        }
        let Some((last, _, _)) = asked.last().cloned() else { return Ok(()) };
        let numbers: Vec<Vec<u8>> = asked.iter().map(|(number, _, _)| number.clone()).collect();
        for (number, holder) in target.holders(&numbers).await? {
            let Some((_, id, subject)) = asked.iter().find(|(asked, _, _)| *asked == number) else {
                continue;
            };
            let theirs = "SELECT count(*) FROM ready WHERE subject = ?1";
            let comes: i64 = sqlx::query_scalar(theirs).bind(&holder).fetch_one(&mut *connection).await?;
            if *subject != holder && comes == 0 {
                sqlx::query("INSERT INTO refused VALUES (?1, ?2)")
                    .bind(id)
                    .bind(subject)
                    .execute(&mut *connection)
                    .await?;
            }
        }
        after = last;
    }
}
