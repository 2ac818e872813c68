//! Does PostgreSQL keep the log as it should: against its own gateways, and through a failover?

use super::Finding;
use crate::store::{Row, Statement, Store, StorePlace};

const ASKED: &str = "SELECT has_table_privilege('audit_event', 'INSERT, UPDATE, DELETE, TRUNCATE') AS writes, \
    pg_has_role((SELECT relowner FROM pg_class WHERE oid = 'audit_event'::regclass), 'USAGE') AS owns, \
    current_setting('synchronous_standby_names') AS standbys";

/// Nothing where the database is a file, or cannot be opened: that is said elsewhere.
pub(super) async fn findings(place: &StorePlace) -> Vec<Finding> {
    let StorePlace::Postgres(hosts) = place else { return Vec::new() };
    let Ok(store) = Store::open(place).await else { return Vec::new() };
    let rows = store.read(Statement::new(ASKED)).await.unwrap_or_default();
    store.close().await;
    let Some(row) = rows.first() else { return Vec::new() };
    let mut findings = vec![protection(row)];
    if hosts.hosts.len() > 1 {
        findings.push(failover(row));
    }
    findings
}

/// Whether the gateways' own role could edit the log, which would then prove less.
fn protection(row: &Row) -> Finding {
    const CHECK: &str = "audit-log-protection";
    match row.bool("writes").unwrap_or(true) || row.bool("owns").unwrap_or(true) {
        true => Finding::warning(
            CHECK,
            "the gateways' own role could edit the audit log",
            "let another role own the schema: bawaba migrate --help shows how",
        ),
        false => Finding::ok(CHECK, "the gateways' role appends to the audit log and reads it, no more"),
    }
}

/// Whether a standby that takes over has everything that was acknowledged.
fn failover(row: &Row) -> Finding {
    const CHECK: &str = "failover";
    match row.text("standbys").unwrap_or_default() {
        "" => Finding::warning(
            CHECK,
            "no standby is waited for: when one takes over, acknowledged events may be missing",
            "set synchronous_standby_names on the primary, for example 'ANY 1 (*)'",
        ),
        names => Finding::ok(CHECK, format!("an answer waits for a standby too: {names}")),
    }
}
