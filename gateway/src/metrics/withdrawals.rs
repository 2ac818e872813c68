//! How soon does this node know what was withdrawn, and what did it cut for it?

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::Metrics;

/// Seconds, finest below the one second within which every node must know (design.md §6).
const DELAY: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0];

/// Delays, numbers and cuts.
pub(super) struct WithdrawalMetrics {
    delay: Histogram,
    known: Gauge,
    cut: Counter,
    clock: Gauge<f64, AtomicU64>,
}

impl WithdrawalMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            delay: Histogram::new(DELAY),
            known: Gauge::default(),
            cut: Counter::default(),
            clock: Gauge::default(),
        };
        let help =
            "From the writing of a withdrawal to its taking effect on this node, by the database's clock";
        registry.register_with_unit("withdrawal_delay", help, Unit::Seconds, metrics.delay.clone());
        registry.register("withdrawals", "Withdrawals in force", metrics.known.clone());
        registry.register(
            "streams_cut",
            "Running requests cut because their session ended",
            metrics.cut.clone(),
        );
        let help =
            "How far the machine's clock is ahead of the time that nodes share; 0 where it is that time";
        registry.register_with_unit("clock_offset", help, Unit::Seconds, metrics.clock.clone());
        metrics
    }
}

impl Metrics {
    /// A withdrawal took effect on this node so long after it was written.
    pub fn withdrawal_delay(&self, delay: Duration) {
        self.withdrawals.delay.observe(delay.as_secs_f64());
    }

    /// Withdrawals that are known and have not expired.
    pub fn withdrawals(&self, count: usize) {
        self.withdrawals.known.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// How far the machine's clock is ahead of the shared one.
    pub fn clock_offset(&self, offset: time::Duration) {
        self.withdrawals.clock.set(offset.as_seconds_f64());
    }

    /// A running request was cut.
    pub fn stream_cut(&self) {
        self.withdrawals.cut.inc();
    }
}
