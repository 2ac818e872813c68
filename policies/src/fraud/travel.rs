//! How far can somebody come from one counter to another in a given time?
//!
//! The most that is plausible, not the usual: the fastest of road, rail and air with the time that each takes before and
//! after. Whoever is beyond was not there twice.

/// Metres within which two positions may be one place: an address in a register is that of a door, or of its quarter.
pub const SAME_PLACE_METRES: u64 = 3_000;

/// A way to travel: seconds that it takes beside the way, and metres of great circle in an hour.
struct Way {
    overhead: u64,
    hourly: u64,
}

/// By car, door to door: 130 km/h on a motorway are at most 110 km/h of great circle.
const ROAD: Way = Way { overhead: 2 * 60, hourly: 110_000 };

/// Al Boraq covers the 248 km of great circle from Casablanca to Kenitra and Tanger at 320 km/h and stops on the way; to
/// the station, and from it.
const RAIL: Way = Way { overhead: 30 * 60, hourly: 200_000 };

/// A domestic flight with the ways to and from the airports and the time in them, all short.
const AIR: Way = Way { overhead: 100 * 60, hourly: 750_000 };

/// How many metres of great circle somebody can have come in so many seconds.
#[must_use]
pub fn reach(seconds: u64) -> u64 {
    let ways = [ROAD, RAIL, AIR];
    let furthest = ways.iter().map(|way| {
        // Nobody is further away than half around the earth.
        seconds.saturating_sub(way.overhead).min(100 * 3600) * way.hourly / 3600
    });
    SAME_PLACE_METRES + furthest.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Great circle in metres, minutes of the fastest honest way from door to door.
    #[test]
    fn the_fastest_honest_ways_are_plausible() {
        for (way, metres, minutes) in [
            ("next door", 50, 1),
            ("the other end of the quarter", 2_500, 4),
            ("Casablanca airport road", 25_000, 25),
            ("Casablanca - Rabat by motorway", 86_000, 58),
            ("Casablanca - Tanger by Al Boraq", 291_000, 160),
            ("Casablanca - Marrakech by motorway", 219_000, 140),
            ("Casablanca - Dakhla by air", 1_366_000, 225),
            ("Casablanca - Oujda by air", 550_000, 160),
        ] {
            assert!(reach(minutes * 60) >= metres, "{way}: {} m", reach(minutes * 60));
        }
    }

    #[test]
    fn what_nobody_can_do_is_beyond_reach() {
        for (way, metres, minutes) in [
            ("the other end of Casablanca at once", 12_000, 3),
            ("Casablanca - Rabat in half an hour", 86_000, 30),
            ("Casablanca - Tanger in an hour", 291_000, 60),
            ("Tanger - Dakhla in two hours", 1_650_000, 120),
        ] {
            assert!(reach(minutes * 60) < metres, "{way}: {} m", reach(minutes * 60));
        }
        assert!(reach(u64::MAX) >= 20_016_000);
    }

    #[test]
    fn more_time_never_reaches_less() {
        let reached: Vec<_> = (0..20_000).map(|minute| reach(minute * 30)).collect();
        assert!(reached.is_sorted());
    }
}
