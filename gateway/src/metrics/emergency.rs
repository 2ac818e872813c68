//! How often is the glass broken, and how long does its review wait?

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::Metrics;
use super::labels::Outcome;

/// Accesses, and the queue that waits for a reviewer.
pub(super) struct EmergencyMetrics {
    accesses: Family<Outcome, Counter>,
    waiting: Gauge,
    overdue: Gauge,
    oldest: Gauge<f64, AtomicU64>,
}

impl EmergencyMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            accesses: Family::default(),
            waiting: Gauge::default(),
            overdue: Gauge::default(),
            oldest: Gauge::default(),
        };
        registry.register("emergency_accesses", "Emergency accesses by outcome", metrics.accesses.clone());
        registry.register(
            "emergency_reviews_waiting",
            "Emergency accesses that nobody reviewed yet",
            metrics.waiting.clone(),
        );
        registry.register(
            "emergency_reviews_overdue",
            "Emergency accesses whose review is past its date",
            metrics.overdue.clone(),
        );
        let help = "Age of the oldest emergency access that nobody reviewed yet";
        registry.register_with_unit("emergency_review_oldest", help, Unit::Seconds, metrics.oldest.clone());
        metrics
    }
}

impl Metrics {
    /// The glass was broken (`opened`), or was not (`refused`).
    pub fn emergency(&self, outcome: &'static str) {
        self.emergency.accesses.get_or_create(&Outcome { outcome }).inc();
    }

    /// What waits for review, and the age of the oldest in seconds.
    pub fn emergency_queue(&self, waiting: i64, overdue: i64, oldest: f64) {
        self.emergency.waiting.set(waiting);
        self.emergency.overdue.set(overdue);
        self.emergency.oldest.set(oldest);
    }
}
