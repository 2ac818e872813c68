//! What time is it on every node? The database's time, told by this machine's own beat.
//!
//! Gateways that share a PostgreSQL share its clock: a token that one dates is in time on every other, however far apart
//! their own clocks are. The wall clock of the machine is not used at all, only its monotonic beat; each reading of
//! withdrawals brings the database's time, and says by how much the hands must move.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::Clock;
use crate::limits::{CLOCK_LEEWAY, CLOCK_SAMPLE_MAX};

/// The time that nodes share (*heure commune*). It never goes back within a process: where the database's clock is
/// behind, it runs at half speed until it is met.
pub struct SharedClock {
    own: Arc<dyn Clock>,
    hands: Mutex<Hands>,
}

/// What the clock shows, and how it goes on from there.
#[derive(Clone, Copy)]
struct Hands {
    /// The beat at which it showed this.
    beat: Instant,
    shows: OffsetDateTime,
    /// By how much it is ahead of the database, to be given back.
    ahead: Duration,
}

impl std::fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedClock")
    }
}

impl SharedClock {
    /// Set by the first reading: `told` was the database's time between `asked` and `took` later. `own` is the machine's
    /// clock, to say how far off that is.
    #[must_use]
    pub fn set(own: Arc<dyn Clock>, told: OffsetDateTime, asked: Instant, took: Duration) -> Self {
        let beat = asked.checked_add(took / 2).unwrap_or(asked);
        Self { own, hands: Mutex::new(Hands { beat, shows: told, ahead: Duration::ZERO }) }
    }

    /// Another reading. Differences within the round trip are the network's, and are ignored.
    pub fn heard(&self, told: OffsetDateTime, asked: Instant, took: Duration) {
        if took > CLOCK_SAMPLE_MAX {
            return;
        }
        let answered = asked.checked_add(took).unwrap_or(asked);
        let mut hands = self.hands();
        let (earliest, latest) = (hands.at(asked), hands.at(answered));
        let now = Instant::now();
        let mut shows = hands.at(now);
        let mut ahead = Duration::ZERO;
        if told > latest {
            // The future may come at once.
            shows = shows.saturating_add(told - latest);
        } else if told < earliest {
            ahead = (earliest - told).unsigned_abs();
        }
        *hands = Hands { beat: now, shows, ahead };
    }

    /// How far the machine's own clock is ahead of the shared one.
    #[must_use]
    pub fn offset(&self) -> time::Duration {
        self.own.now() - self.now()
    }

    /// Whether it shows what the database shows, as nearly as tokens need it.
    #[must_use]
    pub fn is_together(&self) -> bool {
        self.hands().ahead_at(Instant::now()) <= Duration::from_secs(CLOCK_LEEWAY.unsigned_abs())
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SharedClock {
    fn now(&self) -> OffsetDateTime {
        self.hands().at(Instant::now())
    }
}

impl Hands {
    /// What it shows at that beat, which may be a little before the one it was set at.
    fn at(&self, beat: Instant) -> OffsetDateTime {
        match beat.checked_duration_since(self.beat) {
            Some(passed) => {
                let given_back = passed.min(self.ahead.saturating_mul(2)) / 2;
                self.shows.saturating_add(span(passed.saturating_sub(given_back)))
            }
            None => self.shows.saturating_sub(span(self.beat.duration_since(beat))),
        }
    }

    fn ahead_at(&self, beat: Instant) -> Duration {
        self.ahead.saturating_sub(beat.saturating_duration_since(self.beat) / 2)
    }
}

fn span(duration: Duration) -> time::Duration {
    time::Duration::try_from(duration).unwrap_or(time::Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use time::macros::datetime;

    const AT: OffsetDateTime = datetime!(2026-11-22 09:00:00 UTC);
    const TRIP: Duration = Duration::from_millis(10);

    /// A machine thirty seconds ahead, set by a reading of this moment.
    fn clock(start: Instant) -> SharedClock {
        let own = Arc::new(ManualClock::new(AT + time::Duration::seconds(30)));
        SharedClock::set(own, AT, start, TRIP)
    }

    fn seconds(duration: time::Duration) -> f64 {
        duration.as_seconds_f64()
    }

    #[test]
    fn it_shows_the_databases_time_and_says_how_far_off_the_machine_is() {
        let clock = clock(Instant::now());
        assert!(seconds(clock.now() - AT).abs() < 5.0, "not the machine's thirty seconds");
        assert!((25.0..=30.1).contains(&seconds(clock.offset())));
    }

    #[test]
    fn the_networks_noise_moves_nothing() {
        let start = Instant::now();
        let clock = clock(start);
        let before = clock.hands().at(start);
        for told in [-4, 0, 4] {
            let asked = start + Duration::from_millis(5);
            clock.heard(AT + time::Duration::milliseconds(5 + told), asked, TRIP);
        }
        assert!(seconds(clock.hands().at(start) - before).abs() < 0.000_001);
        // A reading that took for ever says nothing.
        clock.heard(AT + time::Duration::hours(1), start, CLOCK_SAMPLE_MAX + TRIP);
        assert!(seconds(clock.hands().at(start) - before).abs() < 0.000_001);
    }

    #[test]
    fn it_goes_forward_at_once_and_never_back() {
        let start = Instant::now();
        let clock = clock(start);
        clock.heard(AT + time::Duration::seconds(40), start, TRIP);
        let ahead = clock.now();
        assert!(ahead >= AT + time::Duration::seconds(39));
        assert!(clock.is_together());
        // The database fails over to one whose clock is ten seconds behind.
        clock.heard(AT + time::Duration::seconds(30), start, TRIP);
        assert!(clock.now() >= ahead, "not back");
        assert!(!clock.is_together());
        let hands = *clock.hands();
        let in_ten = hands.at(hands.beat + Duration::from_secs(10)) - hands.at(hands.beat);
        assert!((seconds(in_ten) - 5.0).abs() < 0.01, "at half speed");
        let in_thirty = hands.at(hands.beat + Duration::from_secs(30)) - hands.at(hands.beat);
        assert!((seconds(in_thirty) - 20.0).abs() < 0.05, "until it is met");
        assert_eq!(hands.ahead_at(hands.beat + Duration::from_secs(30)), Duration::ZERO);
    }
}
