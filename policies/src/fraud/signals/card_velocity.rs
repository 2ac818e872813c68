//! Velocity of a card (*fréquence d'une carte*): more establishments in a day than a sick person goes to.

use super::{Signal, Windows, between, distinct};
use crate::RiskSignal;
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::window::{WindowKind, millis};

/// One card in many establishments within a day: it goes round, or what it proves is collected.
pub(super) struct CardVelocity;

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Establishments in a day that a bad day can hold: the doctor, the laboratory, a pharmacy that does not have the
/// medicine, and the one that does.
const PLAUSIBLE: u64 = 4;

impl Signal for CardVelocity {
    fn signal(&self) -> RiskSignal {
        RiskSignal::CardVelocity
    }

    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit> {
        let Seen::Presence(_) = seen.seen else { return None };
        let all = windows.all(WindowKind::CardPlaces);
        if u64::try_from(all.len()).unwrap_or(u64::MAX) < PLAUSIBLE {
            return None;
        }
        let now = millis(seen.at);
        let within = all.iter().filter(|entry| entry.millis().abs_diff(now) < DAY_SECONDS * 1000);
        let own = std::iter::once(seen.establishment.key.tag());
        let count = distinct(within.map(|entry| entry.tag()).chain(own));
        (count > PLAUSIBLE).then(|| Hit {
            signal: self.signal(),
            weight: between(count, (PLAUSIBLE + 1, 9), (25, 55)),
            about: Subject::Card,
            why: Why { of: "establishments", seen: count, plausible: PLAUSIBLE, seconds: DAY_SECONDS },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClientKind;
    use crate::fraud::testing::{after, hits};

    fn fast(happened: impl IntoIterator<Item = Observation>) -> Vec<Hit> {
        hits(RiskSignal::CardVelocity, happened)
    }

    #[test]
    fn ten_pharmacies_in_an_afternoon_are_too_many() {
        let round = fast((1..=10).map(|n| after(n * 1_800).there(u64::try_from(n).unwrap())));
        let weights: Vec<_> = round.iter().map(|hit| hit.weight).collect();
        assert_eq!(weights.len(), 6, "from the fifth on: {weights:?}");
        assert!(weights.is_sorted() && weights[0] == 25 && weights[5] == 55);
    }

    #[test]
    fn a_bad_day_of_a_patient_is_honest() {
        assert!(fast((1..=4).map(|n| after(n * 2_400).there(u64::try_from(n).unwrap()))).is_empty());
    }

    #[test]
    fn a_mother_with_five_children_at_one_counter_is_honest() {
        assert!(fast((0..30).map(|n| after(n * 60))).is_empty(), "sessions for each child from her card");
    }

    #[test]
    fn a_day_in_a_hospital_is_honest() {
        let ward = |n: i64| after(n * 900).station(u64::try_from(n).unwrap()).kind(ClientKind::Hospital);
        assert!(fast((0..30).map(ward)).is_empty());
    }

    #[test]
    fn a_pharmacy_a_day_is_honest() {
        assert!(fast((1..=20).map(|n| after(n * 86_400).there(u64::try_from(n).unwrap()))).is_empty());
    }
}
