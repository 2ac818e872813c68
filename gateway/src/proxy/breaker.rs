//! Is this back-end well enough to be asked?
//!
//! Closed: requests pass and are counted in windows. Open: when enough of a window failed, nothing passes for a rest.
//! Half open: after the rest one request tries; its outcome closes or re-opens. Only failures of the back-end count
//! (no connection, timeout, garbage, 502–504), never its refusals. Atomics, no lock: two threads at the edge of a
//! window may count one request wrongly, which a ratio forgives.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::limits::{BREAKER_FAILURE_PERCENT, BREAKER_MIN_REQUESTS, BREAKER_WINDOW};

/// One back-end's breaker (disjoncteur).
pub(super) struct Breaker {
    since: Instant,
    rest: Duration,
    window: AtomicU64,
    asked: AtomicU32,
    failed: AtomicU32,
    /// Milliseconds after `since` when the rest ends; 0 while closed.
    open_until: AtomicU64,
    probing: AtomicBool,
}

/// One request that was let through; tells the breaker how it went.
pub(super) struct Attempt<'a> {
    breaker: &'a Breaker,
    probe: bool,
    told: bool,
}

impl Breaker {
    pub(super) fn new(rest: Duration) -> Self {
        Self {
            since: Instant::now(),
            rest,
            window: AtomicU64::new(0),
            asked: AtomicU32::new(0),
            failed: AtomicU32::new(0),
            open_until: AtomicU64::new(0),
            probing: AtomicBool::new(false),
        }
    }

    /// Lets a request through, or not.
    pub(super) fn attempt(&self) -> Option<Attempt<'_>> {
        let open_until = self.open_until.load(Relaxed);
        let probe = if open_until == 0 {
            false
        } else if self.now() >= open_until && !self.probing.swap(true, Relaxed) {
            true
        } else {
            return None;
        };
        Some(Attempt { breaker: self, probe, told: false })
    }

    pub(super) fn is_open(&self) -> bool {
        self.open_until.load(Relaxed) != 0
    }

    fn open(&self) {
        self.open_until.store((self.now() + millis(self.rest)).max(1), Relaxed);
        self.probing.store(false, Relaxed);
    }

    fn close(&self) {
        self.asked.store(0, Relaxed);
        self.failed.store(0, Relaxed);
        self.open_until.store(0, Relaxed);
        self.probing.store(false, Relaxed);
    }

    fn count(&self, failed: bool) {
        let window = self.now() / millis(BREAKER_WINDOW).max(1);
        if self.window.swap(window, Relaxed) != window {
            self.asked.store(0, Relaxed);
            self.failed.store(0, Relaxed);
        }
        let asked = self.asked.fetch_add(1, Relaxed).saturating_add(1);
        let failures = self.failed.fetch_add(u32::from(failed), Relaxed).saturating_add(u32::from(failed));
        let too_many = u64::from(failures) * 100 >= u64::from(asked) * u64::from(BREAKER_FAILURE_PERCENT);
        if failed && asked >= BREAKER_MIN_REQUESTS && too_many && !self.is_open() {
            self.open();
        }
    }

    fn now(&self) -> u64 {
        millis(self.since.elapsed())
    }
}

impl Attempt<'_> {
    /// How it went.
    pub(super) fn tell(mut self, failed: bool) {
        self.told = true;
        match (self.probe, failed) {
            (false, failed) => self.breaker.count(failed),
            (true, false) => self.breaker.close(),
            (true, true) => self.breaker.open(),
        }
    }
}

impl Drop for Attempt<'_> {
    /// The client went away before the outcome: a probe must not stay out for ever.
    fn drop(&mut self) {
        if self.probe && !self.told {
            self.breaker.probing.store(false, Relaxed);
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(breaker: &Breaker, failed: bool) -> bool {
        breaker.attempt().map(|attempt| attempt.tell(failed)).is_some()
    }

    #[test]
    fn half_of_enough_failures_open_it_and_one_good_probe_closes_it() {
        let breaker = Breaker::new(Duration::from_millis(30));
        for turn in 0..BREAKER_MIN_REQUESTS {
            assert!(ask(&breaker, turn % 2 == 1), "opened after {turn}");
        }
        assert!(!ask(&breaker, false) && breaker.is_open());
        std::thread::sleep(Duration::from_millis(40));
        assert!(ask(&breaker, true), "the probe passes");
        assert!(!ask(&breaker, false), "a failed probe re-opens");
        std::thread::sleep(Duration::from_millis(40));
        let probe = breaker.attempt().unwrap();
        assert!(breaker.attempt().is_none(), "one probe at a time");
        drop(probe);
        assert!(ask(&breaker, false), "a probe nobody waited for frees its place");
        assert!(!breaker.is_open() && ask(&breaker, false));
    }

    #[test]
    fn a_few_failures_are_forgiven() {
        let breaker = Breaker::new(Duration::from_secs(9));
        for turn in 0..200 {
            assert!(ask(&breaker, turn % 3 == 0));
        }
    }
}
