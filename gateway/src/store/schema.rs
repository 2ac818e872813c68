//! Does the schema in PostgreSQL serve this program, and how does it come to?

use std::collections::BTreeSet;

use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};

use super::postgres::{PostgresPlace, PostgresStore};
use super::{DatabaseError, Engine, StoreError, migrations};

/// One step of the schema (*migration*), and whether it was made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MigrationStep {
    /// Its number.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Whether the schema has it.
    pub applied: bool,
}

/// Lets the gateways' role do its work and no more: it appends to the log through `audit_append`, reads it, and cannot
/// change it. Twice is as once.
///
/// One migration at a time: two that grant at once would meet in PostgreSQL's own tables. The number is any.
const GRANTS: &str = "SELECT pg_advisory_xact_lock(7244160917); \
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}; \
    GRANT USAGE ON SCHEMA public TO {role}; \
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}; \
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}; \
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}; \
    REVOKE INSERT, UPDATE, DELETE ON audit_event, audit_head, schema_serves, _sqlx_migrations FROM {role}; \
    REVOKE UPDATE, DELETE ON policy_set, policy_bundle FROM {role}";

/// Brings the schema up to date, as the role in `place`, and lets `gateway` use it where that is another role.
///
/// Safe with several at once (an advisory lock: the others wait, then find nothing to do), with gateways running, and
/// when it was done already. Gives every step; `applied` says whether it was there before.
pub async fn migrate(place: &PostgresPlace, gateway: Option<&str>) -> Result<Vec<MigrationStep>, StoreError> {
    let store = PostgresStore::connect(place).await?;
    let mut connection = store.connection().await?;
    let before = steps(&mut connection).await?;
    migrations::postgres()
        .run_direct(None, &mut connection, false)
        .await
        .map_err(|error| StoreError::Migration(error.to_string()))?;
    if let Some(role) = gateway.filter(|role| *role != store.user()) {
        let grants = GRANTS.replace("{role}", &quoted(role));
        // One message of several statements is one transaction.
        let granted = sqlx::raw_sql(sqlx::AssertSqlSafe(grants)).execute(&mut connection).await;
        granted.map_err(|error| StoreError::Migration(format!("the role {role}: {error}")))?;
    }
    store.close().await;
    Ok(before)
}

/// What [`migrate`] would do, by a role that may read the schema. Changes nothing.
pub async fn migration_plan(place: &PostgresPlace) -> Result<Vec<MigrationStep>, StoreError> {
    let store = PostgresStore::connect(place).await?;
    let steps = steps(&mut store.connection().await?).await;
    store.close().await;
    Ok(steps?)
}

/// Whether this program may work on that schema.
pub(super) async fn check(store: &PostgresStore) -> Result<(), StoreError> {
    let mut connection = store.connection().await?;
    let steps = match steps(&mut connection).await {
        // insufficient_privilege
        Err(DatabaseError::Statement(sqlx::Error::Database(refused)))
            if refused.code().as_deref() == Some("42501") =>
        {
            return Err(StoreError::NotGranted(store.user().to_owned()));
        }
        other => other?,
    };
    let missing: Vec<_> = steps.iter().filter(|step| !step.applied).collect();
    if let Some(first) = missing.first() {
        let first = format!("{:04}_{}", first.number, first.name);
        return Err(StoreError::SchemaTooOld { missing: missing.len(), first });
    }
    let serves_from: i64 = sqlx::query_scalar("SELECT programs_from FROM schema_serves")
        .fetch_one(&mut connection)
        .await
        .map_err(DatabaseError::Statement)?;
    let ours = migrations::newest();
    if serves_from > ours { Err(StoreError::SchemaTooNew { serves_from, ours }) } else { Ok(()) }
}

/// Every step of this program, and those of a newer one that are there.
async fn steps(connection: &mut PgConnection) -> Result<Vec<MigrationStep>, DatabaseError> {
    let failed = DatabaseError::Statement;
    let kept: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    let applied: Vec<PgRow> = match kept {
        true => sqlx::query("SELECT version, description FROM _sqlx_migrations WHERE success")
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?,
        false => Vec::new(),
    };
    let mut steps = Vec::new();
    for row in &applied {
        let number = row.try_get("version").map_err(DatabaseError::Row)?;
        let name = row.try_get("description").map_err(DatabaseError::Row)?;
        steps.push(MigrationStep { number, name, applied: true });
    }
    let there: BTreeSet<i64> = steps.iter().map(|step| step.number).collect();
    let ours = migrations::names().filter(|(number, _)| !there.contains(number));
    steps.extend(ours.map(|(number, name)| MigrationStep { number, name: name.to_owned(), applied: false }));
    steps.sort_by_key(|step| step.number);
    Ok(steps)
}

/// A name as PostgreSQL quotes it.
fn quoted(role: &str) -> String {
    format!("\"{}\"", role.replace('"', "\"\""))
}
