//! Card used after it was reported (*carte en opposition*): now, or before anybody told us.

use super::{Signal, Windows, between};
use crate::RiskSignal;
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::window::{CLOCK_SKEW, WindowKind, millis};

/// A card that somebody reported. It is the one signal that sends a patient away by itself: its holder or the authority
/// that issued it said so.
pub(super) struct ReportedCard;

/// What was used between the loss and the report: perhaps by the holder, who is not sure of the day.
const BEFORE_THE_REPORT: (u8, u8) = (40, 60);

impl Signal for ReportedCard {
    fn signal(&self) -> RiskSignal {
        RiskSignal::CardReported
    }

    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit> {
        let hit = |weight, of, seen| Hit {
            signal: self.signal(),
            weight,
            about: Subject::Card,
            why: Why { of, seen, plausible: 0, seconds: 0 },
        };
        match seen.seen {
            Seen::Presence(presence) => presence.reported.then(|| hit(100, "uses-after-the-report", 1)),
            Seen::CardReported { missing_since } => {
                let skew = u64::try_from(CLOCK_SKEW.as_millis()).unwrap_or(0);
                let (since, now) = (millis(missing_since?) + skew, millis(seen.at));
                let used = windows.all(WindowKind::CardPlaces).iter().map(|entry| entry.millis());
                let uses = used.filter(|used| *used > since && *used <= now).count();
                let uses = u64::try_from(uses).unwrap_or(u64::MAX);
                (uses > 0)
                    .then(|| hit(between(uses, (1, 4), BEFORE_THE_REPORT), "uses-before-the-report", uses))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraud::observation::PresenceSeen;
    use crate::fraud::testing::{MORNING, after, hits};

    fn weights(happened: impl IntoIterator<Item = Observation>) -> Vec<u8> {
        hits(RiskSignal::CardReported, happened).iter().map(|hit| hit.weight).collect()
    }

    fn report(seconds: i64, missing: i64) -> Observation {
        let missing_since = Some(MORNING + time::Duration::seconds(missing));
        after(seconds).saw(Seen::CardReported { missing_since })
    }

    #[test]
    fn a_reported_card_on_a_reader_is_certain() {
        let reported = PresenceSeen { reported: true, ..PresenceSeen::default() };
        assert_eq!(weights([after(0).saw(Seen::Presence(reported))]), [100]);
    }

    #[test]
    fn what_was_used_between_the_loss_and_the_report_is_found_afterwards() {
        let uses = [after(0), after(7_200).there(2), after(9_000).there(3)];
        assert_eq!(weights(uses.into_iter().chain([report(20_000, 3_600)])), [46], "two of the three");
    }

    #[test]
    fn the_holders_own_use_before_the_loss_is_honest() {
        assert!(weights([after(0), report(20_000, 3_600)]).is_empty());
        assert!(weights([after(0), report(20_000, -60)]).is_empty(), "by clocks that differ by a minute");
        let unknown = after(20_000).saw(Seen::CardReported { missing_since: None });
        assert!(weights([after(0), unknown]).is_empty(), "nobody knows since when");
    }

    #[test]
    fn another_card_of_the_family_is_not_the_reported_one() {
        assert!(weights([after(7_200).card(2), report(20_000, 3_600)]).is_empty());
    }
}
