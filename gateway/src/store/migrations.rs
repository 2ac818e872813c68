//! Which steps made the schema what it is?
//!
//! One numbered step for both engines, a text for each. A released file is never edited: a change is a new file.
//! On PostgreSQL nodes of the version before and of the next run side by side while a step is made, so a step only
//! *expands*: new tables, new columns that may be empty. What nobody uses any more is *contracted* one release later,
//! by a step that also says so: `UPDATE schema_serves SET programs_from = N`.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// One step: its number and name, its text for SQLite, its text for PostgreSQL.
struct Step(i64, &'static str, &'static str, &'static str);

macro_rules! steps {
    ($($number:literal $name:literal $file:literal,)*) => {
        /// The schema, oldest first.
        const STEPS: &[Step] = &[$(Step(
            $number,
            $name,
            include_str!(concat!("../../migrations/sqlite/", $file)),
            include_str!(concat!("../../migrations/postgres/", $file)),
        ),)*];
    };
}

steps! {
    1 "registry" "0001_registry.sql",
    2 "audit" "0002_audit.sql",
    3 "store" "0003_store.sql",
    4 "withdrawal" "0004_withdrawal.sql",
    5 "client-key" "0005_client_key.sql",
    6 "national size" "0006_national_size.sql",
    7 "relink" "0007_relink.sql",
    8 "announced key" "0008_announced_key.sql",
    9 "site" "0009_site.sql",
    10 "policy set" "0010_policy_set.sql",
    11 "consent" "0011_consent.sql",
    12 "emergency" "0012_emergency.sql",
    13 "cover" "0013_cover.sql",
    14 "fraud" "0014_fraud.sql",
}

/// The steps of the embedded database.
pub(super) fn sqlite() -> Migrator {
    migrator(|step| step.2)
}

/// The steps of PostgreSQL. Those of a newer program may be there already.
pub(super) fn postgres() -> Migrator {
    let mut migrator = migrator(|step| step.3);
    migrator.set_ignore_missing(true);
    migrator
}

/// The number of the newest step: the schema that this program was written for.
pub(super) fn newest() -> i64 {
    STEPS.iter().map(|step| step.0).max().unwrap_or_default()
}

/// Every step by number and name.
pub(super) fn names() -> impl Iterator<Item = (i64, &'static str)> {
    STEPS.iter().map(|step| (step.0, step.1))
}

/// Built by hand: the `migrate!` macro would bring sqlx's compile-time machinery for a few files.
fn migrator(text: impl Fn(&Step) -> &'static str) -> Migrator {
    let step = |step: &Step| {
        let (name, sql) = (Cow::Borrowed(step.1), text(step).into_sql_str());
        Migration::new(step.0, name, MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(STEPS.iter().map(step).collect())
}
