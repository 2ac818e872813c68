//! Velocity of a station (*fréquence d'un poste*): more cards on one reader than hands can put there.

use super::{Signal, Windows, between, distinct};
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::wanted::card_tag;
use crate::fraud::window::{WindowKind, millis};
use crate::{ClientKind, RiskSignal};

/// Many different cards at one reader in a short time: a stack of cards is worked off, or no reader is there at all.
pub(super) struct StationVelocity;

/// Seconds, and different cards that are plausible in them: a family or a delegate with a handful of cards is faster than
/// a queue is in the long run.
const PLAUSIBLE: [(u64, u64); 3] = [(20, 4), (180, 10), (1_200, 25)];

/// A mobile unit reads the cards of a village for a campaign, one after another.
const CAMPAIGN: [(u64, u64); 3] = [(20, 4), (180, 14), (1_200, 50)];

impl Signal for StationVelocity {
    fn signal(&self) -> RiskSignal {
        RiskSignal::StationVelocity
    }

    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit> {
        let Seen::Presence(_) = seen.seen else { return None };
        let bounds = if seen.establishment.kind == ClientKind::MobileUnit { CAMPAIGN } else { PLAUSIBLE };
        let (now, own) = (millis(seen.at), card_tag(seen));
        let all = windows.all(WindowKind::StationCards);
        let beyond = bounds.iter().filter_map(|(seconds, plausible)| {
            let within = || {
                let read = all.iter().filter(|entry| entry.data().first() == Some(&0));
                // What came before, and not around it: of a stack, each card is judged by those below it.
                read.filter(|entry| entry.millis() <= now && now - entry.millis() < seconds * 1000)
            };
            if u64::try_from(within().count()).unwrap_or(u64::MAX) < *plausible {
                return None;
            }
            let count = distinct(within().map(|entry| entry.tag()).chain(std::iter::once(own)));
            (count > *plausible).then_some((count, *plausible, *seconds))
        });
        let (count, plausible, seconds) =
            beyond.max_by_key(|(count, plausible, seconds)| (count * 100 / plausible, *seconds))?;
        Some(Hit {
            signal: self.signal(),
            weight: between(count * 100 / plausible, (100, 200), (25, 55)),
            about: Subject::Station,
            why: Why { of: "cards", seen: count, plausible, seconds },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraud::testing::{after, hits};

    fn stack(cards: u64, apart: u64, kind: ClientKind) -> Vec<Hit> {
        let read = |n: u64| after(i64::try_from(n * apart).unwrap()).card(n).kind(kind);
        hits(RiskSignal::StationVelocity, (0..cards).map(read))
    }

    #[test]
    fn a_stack_of_cards_is_not_a_queue() {
        let hits = stack(40, 9, ClientKind::Pharmacy);
        assert!(hits.len() > 20 && hits.iter().any(|hit| hit.weight >= 50), "{hits:?}");
        assert!(hits.iter().all(|hit| hit.about == Subject::Station));
        assert!(!stack(8, 2, ClientKind::Pharmacy).is_empty(), "faster than hands");
        assert!(!stack(60, 28, ClientKind::Pharmacy).is_empty(), "and for long");
    }

    #[test]
    fn a_family_of_eight_on_one_reader_is_honest() {
        assert!(stack(8, 15, ClientKind::Pharmacy).is_empty());
    }

    #[test]
    fn a_delegate_who_fetches_for_several_patients_is_honest() {
        assert!(stack(10, 25, ClientKind::Pharmacy).is_empty());
    }

    #[test]
    fn a_busy_counter_is_honest_all_day() {
        assert!(stack(500, 50, ClientKind::Hospital).is_empty());
    }

    #[test]
    fn a_mobile_unit_in_a_village_is_honest() {
        assert!(stack(200, 26, ClientKind::MobileUnit).is_empty());
    }

    #[test]
    fn one_card_that_is_read_again_and_again_is_one_card() {
        let again = (0..60).map(|n| after(n * 2));
        assert!(hits(RiskSignal::StationVelocity, again).is_empty());
    }
}
