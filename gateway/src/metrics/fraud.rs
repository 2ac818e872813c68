//! What looked wrong, how often, and at which cost?

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::{Metrics, seconds};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Signal {
    signal: &'static str,
    /// `no`: it is on trial.
    counted: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Hits, cases, and looks into the windows.
pub(super) struct FraudMetrics {
    hits: Family<Signal, Counter>,
    cases: Family<Outcome, Counter>,
    unknown: Counter,
    look: Histogram,
}

impl FraudMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let fraud = Self {
            hits: Family::default(),
            cases: Family::default(),
            unknown: Counter::default(),
            look: seconds(),
        };
        registry.register("fraud_hits", "What looked wrong, by signal", fraud.hits.clone());
        registry.register("fraud_cases", "Cases written, failed, dropped", fraud.cases.clone());
        let help = "Observations whose windows could not be had in time";
        registry.register("fraud_unknown", help, fraud.unknown.clone());
        let help = "Time for the windows of one observation";
        registry.register_with_unit("fraud_look", help, Unit::Seconds, fraud.look.clone());
        fraud
    }
}

impl Metrics {
    /// A signal spoke.
    pub fn fraud_hit(&self, signal: &'static str, counted: bool) {
        let counted = if counted { "yes" } else { "no" };
        self.fraud.hits.get_or_create(&Signal { signal, counted }).inc();
    }

    /// What became of hits about one thing: `written`, `failed`, `dropped`.
    pub fn fraud_case(&self, outcome: &'static str) {
        self.fraud.cases.get_or_create(&Outcome { outcome }).inc();
    }

    /// The windows of an observation were looked into.
    pub fn fraud_looked(&self, known: bool, took: Duration) {
        self.fraud.look.observe(took.as_secs_f64());
        if !known {
            self.fraud.unknown.inc();
        }
    }
}
