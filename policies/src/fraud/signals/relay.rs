//! Relay (*attaque par relais*): the chip answers as if it were far away.

use super::{Signal, Windows, between};
use crate::RiskSignal;
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::wanted::{card_tag, per_command};
use crate::fraud::window::{Entry, WindowKind, millis};

/// Every command takes longer than this station ever needed for this method: somebody passes the commands on to a card
/// that lies elsewhere (Hancke 2005; ISO/IEC 14443 has no bound that would stop it).
///
/// What it is compared with is the station's own history, as the method and the chip's family are: a slow line, an old
/// reader and a slow chip are in it. Times are in tenths of a millisecond for each command.
pub(super) struct Relay;

/// Presences of a station before its history says anything.
const HISTORY: usize = 6;

/// Median absolute deviations beyond the median, of which 1.4826 are a standard deviation: nine of those.
const DEVIATIONS: u64 = 13;

/// Tenths of a millisecond that a relay adds to each command at the least: two more radio links and two programs.
const RELAY_TENTHS: u64 = 150;

/// A card that is held badly is read twice, at the most in so many percent of the usual time: slower than that is no hand.
const READ_TWICE: u64 = 250;

/// Of the last presences of the station, so many as slow as this one mean that the station has changed.
const CHANGED: (usize, usize) = (5, 3);

impl Signal for Relay {
    fn signal(&self) -> RiskSignal {
        RiskSignal::RelaySuspected
    }

    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit> {
        let Seen::Presence(presence) = seen.seen else { return None };
        let timing = presence.timing?;
        let (whole, chip) = tenths(per_command(timing));
        let own = (millis(seen.at), card_tag(seen));
        if windows.all(WindowKind::StationTimes).len() < HISTORY {
            return None;
        }
        let mut before: Vec<&Entry> = windows.others(WindowKind::StationTimes, own).collect();
        let usual = Usual::of(before.iter().map(|entry| tenths(entry.data()).0))?;
        if !usual.is_slow(whole) {
            return None;
        }
        // What the station says of the chip alone counts for the patient: then the line was slow.
        let usual_chip =
            Usual::of(before.iter().map(|entry| tenths(entry.data()).1).filter(|chip| *chip > 0));
        if chip > 0 && usual_chip.is_some_and(|usual| !usual.is_slow(chip)) {
            return None;
        }
        before.sort_unstable_by(|one, other| other.cmp(one));
        let slow = |entry: &&&Entry| usual.is_slow(tenths(entry.data()).0);
        let changed = before.iter().take(CHANGED.0).filter(slow).count() >= CHANGED.1;
        // A chip that was as slow here another time is a slow chip.
        let slow_chip = before.iter().filter(|entry| entry.tag() == own.1).any(|entry| slow(&entry));
        (!changed && !slow_chip).then(|| Hit {
            signal: self.signal(),
            weight: between(whole * 100 / usual.median.max(1), (READ_TWICE, 450), (35, 58)),
            about: Subject::Card,
            why: Why { of: "tenths-of-ms-per-command", seen: whole, plausible: usual.bound(), seconds: 0 },
        })
    }
}

/// What is usual at a station, told by what lies in the middle: a relay in its past moves neither.
struct Usual {
    median: u64,
    deviation: u64,
}

impl Usual {
    fn of(times: impl Iterator<Item = u64>) -> Option<Self> {
        let mut times: Vec<u64> = times.collect();
        if times.len() < HISTORY {
            return None;
        }
        let median = middle(&mut times)?;
        let mut away: Vec<u64> = times.iter().map(|time| time.abs_diff(median)).collect();
        Some(Self { median, deviation: middle(&mut away)? })
    }

    fn bound(&self) -> u64 {
        (self.median + (self.deviation * DEVIATIONS).max(RELAY_TENTHS)).max(self.median * READ_TWICE / 100)
    }

    fn is_slow(&self, time: u64) -> bool {
        time > self.bound()
    }
}

fn middle(times: &mut [u64]) -> Option<u64> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

/// The whole and the chip alone.
fn tenths([a, b, c, d, e, f]: [u8; 6]) -> (u64, u64) {
    (u32::from_be_bytes([0, a, b, c]).into(), u32::from_be_bytes([0, d, e, f]).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraud::observation::{PresenceSeen, Timing};
    use crate::fraud::testing::{after, hits};

    /// A presence of ten commands: `chip` milliseconds in the chip, `line` beside it.
    fn took(n: u64, chip: u32, line: u32) -> Observation {
        let timing = Timing { method: 1, commands: 10, whole: chip + line, chip: Some(chip) };
        let presence = PresenceSeen { timing: Some(timing), ..PresenceSeen::default() };
        after(i64::try_from(n).unwrap() * 600).card(n).saw(Seen::Presence(presence))
    }

    /// Twenty presences as they are: chips and lines differ a little.
    fn ordinary() -> impl Iterator<Item = Observation> {
        (0..20).map(|n| {
            took(n, 600 + u32::try_from(n * 7 % 50).unwrap(), 80 + u32::try_from(n * 13 % 40).unwrap())
        })
    }

    fn relay(happened: impl IntoIterator<Item = Observation>) -> Vec<Hit> {
        hits(RiskSignal::RelaySuspected, happened)
    }

    #[test]
    fn a_chip_that_answers_from_afar_is_seen() {
        let hit = relay(ordinary().chain([took(30, 2_400, 100)]))[0];
        assert_eq!(hit.about, Subject::Card);
        assert!(hit.weight >= 35 && hit.why.seen == 2_500, "{hit:?}");
        let mut silent = took(30, 2_400, 100);
        silent.seen = match silent.seen {
            Seen::Presence(presence) => Seen::Presence(PresenceSeen {
                timing: presence.timing.map(|timing| Timing { chip: None, ..timing }),
                ..presence
            }),
            other => other,
        };
        assert_eq!(relay(ordinary().chain([silent])).len(), 1, "the gateway's own measure is enough");
    }

    #[test]
    fn a_card_that_slipped_and_was_read_twice_is_honest() {
        assert!(relay(ordinary().chain([took(30, 1_300, 100)])).is_empty());
    }

    #[test]
    fn a_slow_line_is_honest() {
        assert!(relay(ordinary().chain([took(30, 620, 4_000)])).is_empty());
    }

    #[test]
    fn a_mobile_unit_whose_line_always_varies_is_honest() {
        let lines = [200, 3_000, 900, 5_000, 400, 1_500, 2_500, 700];
        let mut mountain = (0..40_u64).map(|n| {
            let mut seen = took(n, 600, lines[usize::try_from(n).unwrap() % lines.len()]);
            if let Seen::Presence(presence) = &mut seen.seen
                && let Some(timing) = &mut presence.timing
            {
                timing.chip = None;
            }
            seen
        });
        assert!(relay(&mut mountain).is_empty());
    }

    #[test]
    fn a_new_station_has_no_history() {
        assert!(relay(ordinary().take(5).chain([took(30, 3_000, 100)])).is_empty());
    }

    #[test]
    fn a_station_that_got_a_slower_reader_is_believed_soon() {
        let slower = (30..60).map(|n| took(n, 2_300, 100));
        let hits = relay(ordinary().chain(slower));
        assert!(hits.len() <= 3, "{}", hits.len());
    }

    #[test]
    fn a_slow_card_is_told_once() {
        let slow = |n: u64| took(n, 2_400, 100).card(7_000);
        assert_eq!(relay(ordinary().chain([slow(30), slow(200), slow(400)])).len(), 1);
    }
}
