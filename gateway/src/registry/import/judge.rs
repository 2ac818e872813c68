//! Which lines belong together, and which contradict each other?
//!
//! Every step sorts once and then goes along in order, so that memory does not grow with the country. Each is one
//! transaction that also counts the step: a killed import repeats at most one.

use sqlx::{Connection, SqliteConnection};

use super::known;
use super::reason::Reason;
use super::staging::Staging;
use super::target::Alone;
use super::{ImportError, Mode, Progress, Step};
use crate::limits::import::IMPORT_REPORTED;

/// What is done in one step: SQL, then who of the table `refused` goes, and why.
struct Work {
    /// Before: sorts, and fills `refused (id)`.
    sql: &'static str,
    reason: Option<Reason>,
    /// After: what the refused leave behind.
    then: &'static str,
}

const STEPS: [Work; 11] = [
    Work {
        sql: "CREATE TABLE ready (subject BLOB NOT NULL, id INTEGER NOT NULL, name BLOB, number BLOB, \
              health_id BLOB NOT NULL, birth_year INTEGER, scheme TEXT, open_until TEXT, \
              PRIMARY KEY (subject, id)) STRICT, WITHOUT ROWID; \
              INSERT INTO ready SELECT subject, id, name, number, health_id, birth_year, scheme, open_until \
              FROM patient ORDER BY subject, id; \
              DROP TABLE patient;",
        reason: None,
        then: "",
    },
    Work {
        sql: "INSERT INTO refused SELECT id, subject FROM (SELECT id, subject, lag(subject) OVER (ORDER BY subject, id) \
              AS before FROM ready) WHERE before = subject;",
        reason: Some(Reason::DuplicateHealthId),
        then: DROP_REFUSED,
    },
    Work {
        sql: "CREATE INDEX ready_name ON ready (name) WHERE name IS NOT NULL; \
              INSERT INTO refused SELECT id, subject FROM (SELECT id, subject, name, lag(name) OVER \
              (ORDER BY name, id) AS before FROM ready WHERE name IS NOT NULL) WHERE before = name;",
        reason: Some(Reason::DuplicateResourceId),
        then: DROP_REFUSED,
    },
    Work {
        sql: "CREATE INDEX ready_number ON ready (number, id) WHERE number IS NOT NULL; \
              INSERT INTO refused SELECT id, subject FROM (SELECT id, subject, number, lag(number) OVER \
              (ORDER BY number, id) AS before FROM ready WHERE number IS NOT NULL) WHERE before = number;",
        reason: Some(Reason::DuplicateNationalNumber),
        then: DROP_REFUSED,
    },
    Work {
        sql: "CREATE TABLE cover (subject BLOB NOT NULL, open_until TEXT NOT NULL, id INTEGER NOT NULL, \
              scheme TEXT NOT NULL, PRIMARY KEY (subject, open_until, id)) STRICT, WITHOUT ROWID; \
              CREATE TABLE named (id INTEGER, subject BLOB, open_until TEXT, scheme TEXT) STRICT; \
              INSERT INTO named SELECT c.id, r.subject, c.open_until, c.scheme FROM (SELECT * FROM coverage \
              WHERE name IS NOT NULL ORDER BY name LIMIT -1) c LEFT JOIN ready r ON r.name = c.name; \
              INSERT INTO cover SELECT subject, open_until, id, scheme FROM (SELECT subject, open_until, id, scheme \
              FROM coverage WHERE subject IS NOT NULL UNION ALL SELECT subject, open_until, id, scheme FROM named \
              WHERE subject IS NOT NULL) ORDER BY subject, open_until, id; \
              INSERT INTO refused SELECT id, NULL FROM named WHERE subject IS NULL; \
              DROP TABLE named; DROP TABLE coverage;",
        reason: Some(Reason::CoverageWithoutPatient),
        then: "",
    },
    Work {
        sql: "INSERT INTO refused SELECT id, subject FROM cover c WHERE NOT EXISTS \
              (SELECT 1 FROM ready r WHERE r.subject = c.subject) AND NOT EXISTS \
              (SELECT 1 FROM known k WHERE k.subject = c.subject);",
        reason: Some(Reason::CoverageWithoutPatient),
        then: "DELETE FROM cover WHERE (subject, id) IN (SELECT subject, id FROM refused);",
    },
    // Of several covers of one person the one that lasts longest counts; of two until the same day, the later line.
    Work {
        sql: "CREATE TABLE best (subject BLOB PRIMARY KEY, scheme TEXT NOT NULL, open_until TEXT NOT NULL) \
              STRICT, WITHOUT ROWID; \
              INSERT INTO best SELECT subject, scheme, open_until FROM (SELECT subject, scheme, open_until, \
              lead(subject) OVER (ORDER BY subject, open_until, id) AS next FROM cover) WHERE next IS NOT subject; \
              DROP TABLE cover; \
              INSERT INTO refused SELECT id, subject FROM ready r WHERE scheme IS NULL AND NOT EXISTS \
              (SELECT 1 FROM best b WHERE b.subject = r.subject);",
        reason: Some(Reason::PatientWithoutCoverage),
        then: DROP_REFUSED,
    },
    Work {
        sql: "CREATE TABLE link (id INTEGER NOT NULL, guardian BLOB, dependant BLOB NOT NULL, \
              relationship TEXT NOT NULL) STRICT; \
              INSERT INTO link SELECT g.id, coalesce(g.subject, r.subject), g.dependant, g.relationship \
              FROM (SELECT * FROM guardian ORDER BY dependant LIMIT -1) g LEFT JOIN ready r ON r.name = g.name \
              WHERE EXISTS (SELECT 1 FROM ready d WHERE d.subject = g.dependant AND d.id = g.id); \
              DROP TABLE guardian; \
              INSERT INTO refused SELECT DISTINCT id, NULL FROM link WHERE guardian IS NULL; \
              DELETE FROM link WHERE guardian IS NULL;",
        reason: Some(Reason::GuardianUnknown),
        then: "",
    },
    Work {
        sql: "INSERT INTO refused SELECT DISTINCT id, NULL FROM link WHERE guardian = dependant; \
              DELETE FROM link WHERE guardian = dependant;",
        reason: Some(Reason::GuardianOfOneself),
        then: "",
    },
    Work {
        sql: "INSERT INTO refused SELECT id, guardian FROM (SELECT * FROM link ORDER BY guardian LIMIT -1) l WHERE NOT EXISTS \
              (SELECT 1 FROM ready r WHERE r.subject = l.guardian) AND NOT EXISTS \
              (SELECT 1 FROM known k WHERE k.subject = l.guardian);",
        reason: Some(Reason::GuardianUnknown),
        then: "DELETE FROM link WHERE (id, guardian) IN (SELECT id, subject FROM refused);",
    },
    Work {
        sql: "CREATE TABLE guardianship (guardian BLOB NOT NULL, dependant BLOB NOT NULL, relationship TEXT NOT NULL, \
              PRIMARY KEY (guardian, dependant)) STRICT, WITHOUT ROWID; \
              INSERT OR REPLACE INTO guardianship SELECT guardian, dependant, relationship FROM link \
              ORDER BY guardian, dependant, id; \
              DROP TABLE link; DROP INDEX ready_name;",
        reason: None,
        then: "",
    },
];

/// What the steps hand to each other: who goes, and whom the registry knows that is not in the files.
const BETWEEN: &str = "CREATE TABLE IF NOT EXISTS refused (id INTEGER NOT NULL, subject BLOB) STRICT; \
    CREATE TABLE IF NOT EXISTS known (subject BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;";

const DROP_REFUSED: &str =
    "DELETE FROM ready WHERE (subject, id) IN (SELECT subject, id FROM refused WHERE subject IS NOT NULL);";

/// How many steps there are; afterwards the import can be loaded.
pub(super) const LAST_PHASE: i64 = STEPS.len() as i64;

/// Does what is left to do.
pub(super) async fn judge(
    staging: &mut Staging,
    target: &mut Alone,
    mode: Mode,
    progress: &mut dyn Progress,
) -> Result<(), ImportError> {
    let done = staging.phase().await?;
    for (number, step) in (1..).zip(&STEPS).filter(|(number, _)| *number > done) {
        progress.at(Step::Judging { done: number - 1, of: LAST_PHASE });
        let mut transaction = staging.connection.begin().await?;
        sqlx::raw_sql(BETWEEN).execute(&mut *transaction).await?;
        if mode == Mode::Merge && step.reason == Some(Reason::CoverageWithoutPatient) {
            known::persons(&mut transaction, target).await?;
        }
        sqlx::raw_sql(step.sql).execute(&mut *transaction).await?;
        if mode == Mode::Merge && step.reason == Some(Reason::DuplicateNationalNumber) {
            known::numbers(&mut transaction, target).await?;
        }
        if let Some(reason) = step.reason {
            count(&mut transaction, reason).await?;
        }
        sqlx::raw_sql(step.then).execute(&mut *transaction).await?;
        sqlx::query("DELETE FROM refused").execute(&mut *transaction).await?;
        sqlx::query("UPDATE import SET phase = ?1").bind(number).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Counts the refused lines of a step, and names as many as the report has room for.
async fn count(connection: &mut SqliteConnection, reason: Reason) -> Result<(), ImportError> {
    let refused: i64 =
        sqlx::query_scalar("SELECT count(DISTINCT id) FROM refused").fetch_one(&mut *connection).await?;
    if refused == 0 {
        return Ok(());
    }
    let known = "SELECT coalesce(max(count), 0) FROM reason WHERE code = ?1";
    let known: i64 = sqlx::query_scalar(known).bind(reason.code()).fetch_one(&mut *connection).await?;
    sqlx::query("INSERT INTO bad SELECT DISTINCT id, ?1 FROM refused ORDER BY id LIMIT ?2")
        .bind(reason.code())
        .bind((i64::from(IMPORT_REPORTED) - known).max(0))
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO reason VALUES (?1, ?2) ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )
    .bind(reason.code())
    .bind(refused)
    .execute(&mut *connection)
    .await?;
    Ok(())
}
