//! How often were other policies offered, and what came of it?

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::Metrics;

/// Changes of policies.
pub(super) struct PolicyMetrics {
    offered: Family<Offered, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Offered {
    outcome: &'static str,
}

impl PolicyMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let offered = Family::default();
        registry.register("policies_offered", "Policies that were offered, by outcome", offered.clone());
        Self { offered }
    }
}

impl Metrics {
    /// Other policies were offered. `outcome`: `replaced` or `refused`.
    pub fn policies(&self, outcome: &'static str) {
        self.policies.offered.get_or_create(&Offered { outcome }).inc();
    }
}
