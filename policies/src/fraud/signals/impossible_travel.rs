//! Impossible travel (*déplacement impossible*): two counters too far apart for the time between two presences.

use super::{Signal, Windows, between};
use crate::RiskSignal;
use crate::fraud::address::{believed, doubtful};
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::travel::reach;
use crate::fraud::wanted::site;
use crate::fraud::window::{CLOCK_SKEW, WindowKind, millis};

/// A chip proved that it is the original at two places between which nobody can have come.
pub(super) struct ImpossibleTravel;

impl Signal for ImpossibleTravel {
    fn signal(&self) -> RiskSignal {
        RiskSignal::ImpossibleTravel
    }

    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit> {
        let Seen::Presence(_) = seen.seen else { return None };
        let here = site(&seen.establishment)?;
        let (now, tag) = (millis(seen.at), seen.establishment.key.tag());
        let places = believed(windows.all(WindowKind::CardPlaces)).filter(|(entry, _)| entry.tag() != tag);
        let beyond = places.filter_map(|(entry, there)| {
            let seconds = entry.millis().abs_diff(now) / 1000 + CLOCK_SKEW.as_secs();
            let (metres, plausible) = (u64::from(here.metres_to(there)), reach(seconds));
            (metres > plausible).then_some((metres, plausible, seconds))
        });
        // The furthest beyond what is plausible, whichever was first.
        let (metres, plausible, seconds) = beyond.max_by_key(|(metres, plausible, seconds)| {
            (metres * 1000 / plausible.max(&1), *metres, *seconds)
        })?;
        if doubtful(seen, windows) {
            return None;
        }
        Some(Hit {
            signal: self.signal(),
            // A little too fast is a helicopter or a wrong address; twice too fast is two cards.
            weight: between(metres * 100 / plausible.max(1), (100, 250), (30, 60)),
            about: Subject::Card,
            why: Why { of: "metres", seen: metres, plausible, seconds },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClientKind;
    use crate::fraud::testing::{CASABLANCA, RABAT, TANGER, after, hits};

    fn travel(happened: impl IntoIterator<Item = Observation>) -> Vec<Hit> {
        hits(RiskSignal::ImpossibleTravel, happened)
    }

    #[test]
    fn a_card_in_tanger_half_an_hour_after_casablanca_is_two_cards() {
        let first = after(0).place(CASABLANCA);
        let second = after(1_800).place(TANGER).there(2);
        let hit = travel([first, second])[0];
        assert_eq!((hit.weight, hit.about), (60, Subject::Card));
        assert!((285_000..300_000).contains(&hit.why.seen), "{}", hit.why);
        assert_eq!(travel([second, first]), [hit], "whichever is heard of first");
    }

    #[test]
    fn an_honest_journey_is_none() {
        assert!(travel([after(0), after(80 * 60).place(RABAT).there(2)]).is_empty(), "motorway");
        assert!(travel([after(0), after(165 * 60).place(TANGER).there(2)]).is_empty(), "Al Boraq");
        assert!(travel([after(0), after(240 * 60).place("23.684774,-15.957980").there(2)]).is_empty(), "air");
        assert!(
            travel([after(0), after(60).place("33.583110,-7.599843").there(2)]).is_empty(),
            "next quarter"
        );
    }

    #[test]
    fn a_clock_that_is_a_minute_off_makes_no_journey() {
        // 4 km in three minutes by the clocks of the stations; in truth in four and a half.
        assert!(travel([after(0), after(180).place("33.609110,-7.589843").there(2)]).is_empty());
    }

    #[test]
    fn a_mobile_unit_is_not_where_it_is_registered() {
        let unit = after(1_800).place(TANGER).there(2).kind(ClientKind::MobileUnit);
        assert!(travel([after(0), unit]).is_empty());
        assert!(travel([after(0), after(1_800).there(2).nowhere()]).is_empty(), "nobody knows where");
    }

    #[test]
    fn a_pharmacy_whose_address_is_wrong_accuses_one_patient_and_then_nobody() {
        let patient = |n: u64| {
            let second = i64::try_from(n).unwrap() * 7_200;
            [after(second).card(n), after(second + 1_800).card(n).place(TANGER).there(2)]
        };
        assert_eq!(travel((10..30).flat_map(patient)).len(), 1, "it stands in Casablanca");
        let back = |n| {
            let [first, second] = patient(n);
            [Observation { at: second.at, ..first }, Observation { at: first.at, ..second }]
        };
        let backwards = |n: u64| {
            let [home, wrong] = back(n);
            [wrong, home]
        };
        assert!(
            travel((10..13).flat_map(patient).chain((13..30).flat_map(backwards))).len() <= 2,
            "on the way back too"
        );
    }

    #[test]
    fn two_counters_of_one_establishment_are_one_place() {
        assert!(travel([after(0), after(5).station(2)]).is_empty());
        assert!(
            travel([after(0), after(5).place(TANGER)]).is_empty(),
            "its address was corrected in between"
        );
    }
}
