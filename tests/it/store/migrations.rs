//! The schema in PostgreSQL: made once, by whoever comes first, beside gateways that run.

use std::borrow::Cow;
use std::time::Duration;

use bawaba_tests::harness::{Harness, Prepared};
use bawaba_tests::postgres::{DATABASE, GATEWAY, OWNER, PASSWORD, Postgres};
use bawaba_tests::program::{bawaba, run, text};
use futures_util::future::join_all;
use gateway::store::{Store, StoreError, StorePlace, migrate, migration_plan};
use serde_json::Value;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection, PgConnection, SqlSafeStr, SqliteConnection};

use super::audit::{batch, codes};

/// The two steps that there were before gateways could share a database.
fn version_before(sqlite: bool) -> Migrator {
    let [registry, audit] = match sqlite {
        true => [
            include_str!("../../../gateway/migrations/sqlite/0001_registry.sql"),
            include_str!("../../../gateway/migrations/sqlite/0002_audit.sql"),
        ],
        false => [
            include_str!("../../../gateway/migrations/postgres/0001_registry.sql"),
            include_str!("../../../gateway/migrations/postgres/0002_audit.sql"),
        ],
    };
    let step = |number, name, sql: &'static str| {
        Migration::new(number, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(vec![step(1, "registry", registry), step(2, "audit", audit)])
}

/// One patient, one client, two events.
const DATA: [&str; 4] = [
    "INSERT INTO patient (subject, health_id, coverage_scheme, coverage_open_until) \
        VALUES ('000102030405060708090a0b0c0d0e0f', 'sealed', 'tns', '2027-01-31')",
    "INSERT INTO client (id, kind, name, city, active, scopes) VALUES ('c', 'pharmacy', 'n', 'r', true, '')",
    "INSERT INTO audit_event (position, at, event) \
        VALUES (0, 5, '{\"at\":5,\"kind\":\"access\",\"outcome\":\"permit\",\"code\":\"old-0\"}')",
    "INSERT INTO audit_event (position, at, event) \
        VALUES (1, 6, '{\"at\":6,\"kind\":\"access\",\"outcome\":\"permit\",\"code\":\"old-1\"}')",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_migrations_at_once_are_as_one_and_twice_is_as_once() {
    let server = Postgres::start();
    let place = server.owner_place();
    let missing = migration_plan(&place).await.expect("a plan");
    assert!(!missing.is_empty() && missing.iter().all(|step| !step.applied), "{missing:?}");
    let place = &place;
    for outcome in join_all((0..5).map(|_| migrate(place, Some(GATEWAY)))).await {
        outcome.expect("a schema");
    }
    let again = migrate(place, Some(GATEWAY)).await.expect("a schema");
    assert!(again.iter().all(|step| step.applied), "{again:?}");
    assert_eq!(again.len(), missing.len());
    Store::open(&StorePlace::Postgres(server.place())).await.expect("an open database").close().await;
}

#[tokio::test]
async fn postgresql_with_the_schema_before_keeps_its_data() {
    let server = Postgres::start();
    let url = server.owner_url().replace('@', &format!(":{PASSWORD}@"));
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    version_before(false).run_direct(None, &mut connection, false).await.expect("the schema before");
    for row in DATA.into_iter().chain(["UPDATE audit_head SET next = 2"]) {
        sqlx::query(row).execute(&mut connection).await.expect(row);
    }
    let place = StorePlace::Postgres(server.place());
    let refused = Store::open(&place).await.expect_err("the schema is too old");
    assert!(refused.to_string().contains("Remedy: bawaba migrate"), "{refused}");
    migrate(&server.owner_place(), Some(GATEWAY)).await.expect("a schema");
    goes_on(&place).await;
}

#[tokio::test]
async fn a_file_with_the_schema_before_keeps_its_data() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bawaba.db");
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut connection = SqliteConnection::connect(&url).await.expect("a file");
    version_before(true).run_direct(None, &mut connection, false).await.expect("the schema before");
    for row in DATA {
        let row = row.replace("'sealed'", "x'00'");
        sqlx::query(sqlx::AssertSqlSafe(row)).execute(&mut connection).await.expect("a row");
    }
    connection.close().await.expect("closed");
    goes_on(&StorePlace::Sqlite(path)).await;
}

/// What was there is there, and the log continues where it stopped.
async fn goes_on(place: &StorePlace) {
    let store = Store::open(place).await.expect("an open database");
    let next = batch(&["new"]);
    for _ in 0..2 {
        assert_eq!(store.audit().append(&next).await.expect("stored"), 2);
    }
    assert_eq!(codes(store.audit().as_ref()).await, ["old-0", "old-1", "new"]);
    let count = |table| gateway::store::Statement::new(table);
    for table in ["SELECT count(*) AS n FROM patient", "SELECT count(*) AS n FROM client"] {
        assert_eq!(store.read(count(table)).await.expect("rows")[0].int("n").expect("a number"), 1);
    }
    store.close().await;
}

#[tokio::test]
async fn a_newer_schema_serves_this_program_until_it_says_that_it_does_not() {
    let server = Postgres::start();
    server.migrate().await;
    let place = StorePlace::Postgres(server.place());
    server.sql(
        DATABASE,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
            VALUES (9000, 'of a newer program', true, '', 0)",
    );
    Store::open(&place).await.expect("an expanded schema serves the older program").close().await;
    migrate(&server.owner_place(), Some(GATEWAY)).await.expect("the older program has nothing to do");
    server.sql(DATABASE, "UPDATE schema_serves SET programs_from = 9000");
    let refused = Store::open(&place).await.expect_err("contracted");
    assert!(matches!(refused, StoreError::SchemaTooNew { serves_from: 9000, .. }), "{refused:?}");
    assert!(refused.to_string().contains("Remedy: install the newer bawaba"), "{refused}");
}

/// `bawaba WORDS --config gateway.toml`: exit code, standard output, standard error.
fn operator(town: &Prepared, words: &[&str]) -> (i32, String, String) {
    let config = town.files.config();
    let words: Vec<&str> =
        words.iter().copied().chain(["--config", config.to_str().expect("UTF-8")]).collect();
    let mut command = bawaba(&words);
    let output = run(command.env("OWNER_PASSWORD", PASSWORD), Duration::from_secs(30));
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn an_operator_plans_migrates_and_works_on_postgresql_as_on_a_file() {
    let server = Postgres::start();
    let (url, password) = (server.url(), format!("file:{}", server.password_file().display()));
    let plan = Harness::new().configured(move |config, _| {
        let store: toml::Table =
            format!("postgres = \"{url}\"\npassword = \"{password}\"").parse().expect("TOML");
        config.insert("store".to_owned(), store.into());
    });
    let town = plan.prepare().await;
    let (code, _, said) = operator(&town, &["serve"]);
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("remedy: bawaba migrate --config FILE"), "{said}");
    let (code, _, said) = operator(&town, &["migrate"]);
    assert_eq!(code, 69, "the gateways' role owns nothing here: {said}");
    let owner = ["migrate", "--json", "--role", OWNER, "--password", "env:OWNER_PASSWORD"];
    for (more, standing) in [(Some("--plan"), "missing"), (None, "done now"), (None, "there")] {
        let words: Vec<&str> = owner.into_iter().chain(more).collect();
        let (code, answer, said) = operator(&town, &words);
        assert_eq!(code, 0, "{said}");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        let steps = answer["steps"].as_array().expect("a list");
        assert!(steps.len() >= 3 && steps.iter().all(|step| step["standing"] == standing), "{answer}");
    }
    let (code, answer, said) = operator(&town, &["registry", "list-clients", "--json"]);
    assert_eq!((code, answer.trim()), (0, "[]"), "{said}");
    let (code, answer, said) = operator(&town, &["audit", "list", "--json"]);
    assert_eq!((code, answer.trim()), (0, "[]"), "{said}");
    let (_, answer, _) = operator(&town, &["doctor", "--json"]);
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let findings = answer["findings"].as_array().expect("a list");
    let found = findings.iter().find(|finding| finding["check"] == "database").expect("a finding");
    assert_eq!(found["standing"], "ok", "{found}");
    assert!(found["detail"].as_str().expect("a text").contains("PostgreSQL at 127.0.0.1:"), "{found}");
    let standing = |answer: &Value, check: &str| {
        let findings = answer["findings"].as_array().expect("a list").clone();
        let found = findings.iter().find(|finding| finding["check"] == check).cloned();
        found.expect("a finding")["standing"].clone()
    };
    assert_eq!(standing(&answer, "audit-log-protection"), "ok", "{answer}");
    // An operator who was in a hurry.
    server.sql(DATABASE, &format!("GRANT {OWNER} TO {GATEWAY}"));
    let (_, answer, _) = operator(&town, &["doctor", "--json"]);
    let answer = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(standing(&answer, "audit-log-protection"), "warning", "{answer}");
    // One more host: now what a standby has matters.
    let two = format!("postgres = [\"{0}\", \"{0}\"]", server.url());
    let text = std::fs::read_to_string(town.files.config()).expect("a configuration");
    let one = format!("postgres = \"{}\"", server.url());
    assert!(text.contains(&one), "{text}");
    std::fs::write(town.files.config(), text.replace(&one, &two)).expect("a writable folder");
    let (_, answer, _) = operator(&town, &["doctor", "--json"]);
    let answer = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(standing(&answer, "failover"), "warning", "{answer}");
}
