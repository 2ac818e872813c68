//! Is this client asking too often?
//!
//! A leaky bucket per registered client id (GCRA), never per unauthenticated text. governor forgets nobody by itself,
//! so the number of keys is bounded: at the bound the limiter forgets the clients whose bucket is full again. If that
//! makes no room, more clients than the country has are asking at this very moment, and everyone is told to wait.
//!
//! Each node counts for itself, so that no request waits for another machine: of N nodes a client gets up to N times the
//! rate. What has to be bounded for all nodes together is bounded in the [shared state](crate::state).

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::limits;
use crate::problem::{Problem, ProblemCode};

/// How often one client may ask (débit autorisé).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests per second, sustained.
    pub per_second: NonZeroU32,
    /// Requests at once.
    pub burst: NonZeroU32,
    /// Clients remembered.
    pub max_clients: usize,
}

impl Default for RateLimits {
    fn default() -> Self {
        let or_one = |figure| NonZeroU32::new(figure).unwrap_or(NonZeroU32::MIN);
        Self {
            per_second: or_one(limits::RATE_PER_SECOND),
            burst: or_one(limits::RATE_BURST),
            max_clients: limits::RATE_MAX_CLIENTS,
        }
    }
}

/// The limiter of one gateway process.
pub struct RateLimit {
    clients: DefaultKeyedRateLimiter<Arc<str>>,
    clock: DefaultClock,
    max_clients: usize,
    /// An upper bound of the keys held, so that a request need not walk the map's shards to count them.
    known: AtomicUsize,
    since: Instant,
    swept_at: AtomicU64,
}

impl RateLimit {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new(limits: RateLimits) -> Self {
        let quota = Quota::per_second(limits.per_second).allow_burst(limits.burst);
        Self {
            clients: RateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            max_clients: limits.max_clients,
            known: AtomicUsize::new(0),
            since: Instant::now(),
            swept_at: AtomicU64::new(0),
        }
    }

    /// Counts one request of a registered client. The error is `rate-limited` with the time to wait.
    pub fn permit(&self, client: &Arc<str>) -> Result<(), Problem> {
        if self.known.fetch_add(1, Relaxed) >= self.max_clients {
            self.sweep();
            if self.clients.len() >= self.max_clients {
                return Err(ProblemCode::RateLimited.into());
            }
        }
        self.clients.check_key(client).map_err(|not_until| {
            Problem::new(ProblemCode::RateLimited)
                .with_retry_after(not_until.wait_time_from(self.clock.now()))
        })
    }

    /// Forgets the clients whose bucket is full again, and gives the memory back. At most once a second.
    pub fn sweep(&self) {
        let now = self.since.elapsed().as_secs().saturating_add(1);
        if self.swept_at.swap(now, Relaxed) != now {
            self.clients.retain_recent();
            self.clients.shrink_to_fit();
        }
        self.known.store(self.clients.len(), Relaxed);
    }

    /// Clients remembered.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.clients.len()
    }
}

/// How often the composition root calls [`RateLimit::sweep`].
pub const SWEEP_EVERY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(burst: u32, max_clients: usize) -> RateLimit {
        let figure = |figure| NonZeroU32::new(figure).unwrap();
        RateLimit::new(RateLimits { per_second: figure(1), burst: figure(burst), max_clients })
    }

    #[test]
    fn a_greedy_client_waits_and_its_neighbour_does_not() {
        let limit = limit(3, 10);
        let (greedy, neighbour): (Arc<str>, Arc<str>) = ("pharmacy-1".into(), "pharmacy-2".into());
        for _ in 0..3 {
            assert!(limit.permit(&greedy).is_ok());
        }
        let refused = limit.permit(&greedy).unwrap_err();
        assert_eq!((refused.code(), refused.retry_after()), (ProblemCode::RateLimited, Some(1)));
        assert!(limit.permit(&neighbour).is_ok());
    }

    #[test]
    fn the_number_of_remembered_clients_is_bounded() {
        let limit = limit(5, 100);
        let permitted = (0..1_000).filter(|turn| limit.permit(&Arc::from(turn.to_string())).is_ok()).count();
        assert_eq!((permitted, limit.clients()), (100, 100));
    }

    #[test]
    fn quiet_clients_are_forgotten() {
        let figure = |figure| NonZeroU32::new(figure).unwrap();
        let limit =
            RateLimit::new(RateLimits { per_second: figure(1000), burst: figure(1), max_clients: 100 });
        for turn in 0..100 {
            assert!(limit.permit(&Arc::from(turn.to_string())).is_ok());
        }
        std::thread::sleep(Duration::from_millis(20));
        assert!(limit.permit(&"newcomer".into()).is_ok());
        assert_eq!(limit.clients(), 1);
    }
}
