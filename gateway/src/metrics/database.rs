//! How many connections does this node hold to PostgreSQL?

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Metrics;

/// Connections; both stay at zero on SQLite.
pub(super) struct DatabaseMetrics {
    open: Gauge,
    idle: Gauge,
}

impl DatabaseMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = Self { open: Gauge::default(), idle: Gauge::default() };
        let help = "Connections to PostgreSQL, of 16 at most";
        registry.register("database_connections", help, metrics.open.clone());
        let help = "Connections to PostgreSQL that wait for work";
        registry.register("database_connections_idle", help, metrics.idle.clone());
        metrics
    }
}

impl Metrics {
    /// What the pool holds now.
    pub fn database_connections(&self, (open, idle): (u32, usize)) {
        self.database.open.set(i64::from(open));
        self.database.idle.set(i64::try_from(idle).unwrap_or(i64::MAX));
    }
}
