//! One card in two places (*carte en deux lieux*): closer than a journey, and still too fast for one piece of plastic.

use super::{Signal, Windows};
use crate::RiskSignal;
use crate::facts::Position;
use crate::fraud::address::doubtful;
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::key::Tag;
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::wanted::site;
use crate::fraud::window::{Entry, WindowKind, millis};

/// Two counters of different establishments saw the card almost at once, or it went to and fro faster than anybody can.
pub(super) struct TwoPlaces;

/// Milliseconds for each metre of great circle in a town: 30 km/h. That the clocks may differ is made up for by what is
/// left out here: taking the card, walking out, parking, queueing, and putting it on the next reader.
const MILLIS_PER_METRE: u64 = 120;

/// Metres by which an address may be wrong and nobody has noticed: the establishment moved around the corner.
const ADDRESS_METRES: u64 = 1_500;

/// From one reader to another next door, in milliseconds.
const NEXT_DOOR_MILLIS: u64 = 20_000;

/// For the way there and back the clocks cannot help (both ends are at one of them), so what a visit takes counts, in
/// milliseconds: out, in, the queue, the card's reading.
const VISIT_MILLIS: u64 = 120_000;

/// The longest way of this signal in metres; beyond, it is a journey.
const TOWN_METRES: u64 = 10_000;

impl Signal for TwoPlaces {
    fn signal(&self) -> RiskSignal {
        RiskSignal::TwoPlaces
    }

    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit> {
        let Seen::Presence(_) = seen.seen else { return None };
        let (now, tag) = (millis(seen.at), seen.establishment.key.tag());
        let here = site(&seen.establishment).filter(|_| !doubtful(seen, windows));
        let all = windows.all(WindowKind::CardPlaces);
        let elsewhere =
            || all.iter().filter(move |entry| entry.tag() != tag).map(|entry| (entry, metres(here, entry)));
        let at_once = elsewhere().map(|(entry, metres)| (entry.millis().abs_diff(now), one_way(metres)));
        let to_and_fro = elsewhere().filter_map(|(entry, metres)| {
            let round = back(all, (now, tag), entry)?;
            Some((round, 2 * (one_way(metres) + VISIT_MILLIS)))
        });
        let (taken, needed) = at_once
            .chain(to_and_fro.filter(|(_, needed)| *needed > 4 * VISIT_MILLIS))
            .filter(|(taken, needed)| taken < needed)
            .max_by_key(|(taken, needed)| (needed - taken, *taken))?;
        let why =
            Why { of: "seconds-too-few", seen: taken / 1000, plausible: needed.div_ceil(1000), seconds: 0 };
        // One in the time of two is more certain the less time there was.
        let weight = super::between((needed - taken) * 100 / needed, (0, 90), (35, 58));
        Some(Hit { signal: self.signal(), weight, about: Subject::Card, why })
    }
}

/// The shortest time for that way, in milliseconds.
const fn one_way(metres: u64) -> u64 {
    NEXT_DOOR_MILLIS + metres.saturating_sub(ADDRESS_METRES) * MILLIS_PER_METRE
}

fn metres(here: Option<Position>, entry: &Entry) -> u64 {
    let there = Position::from_octets(entry.data());
    here.zip(there).map_or(0, |(here, there)| u64::from(here.metres_to(there)).min(TOWN_METRES))
}

/// How long it took from the same establishment to that one and back to here and now, either way round in time.
fn back(all: &[Entry], (now, tag): (u64, Tag), between: &Entry) -> Option<u64> {
    let home = all.iter().filter(|entry| entry.tag() == tag).map(|entry| entry.millis());
    let middle = between.millis();
    home.filter(|then| (*then < middle && middle < now) || (now < middle && middle < *then))
        .map(|then| then.abs_diff(now))
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClientKind;
    use crate::fraud::testing::{after, hits};

    /// 1 km and 7 km north of the pharmacy in Casablanca.
    const NEAR: &str = "33.582110,-7.589843";
    const ACROSS: &str = "33.636110,-7.589843";

    fn two(happened: impl IntoIterator<Item = Observation>) -> Vec<Hit> {
        hits(RiskSignal::TwoPlaces, happened)
    }

    #[test]
    fn at_once_in_two_pharmacies_is_two_cards() {
        let (one, other) = (after(0), after(9).place(NEAR).there(2));
        let hit = two([one, other])[0];
        assert!(hit.weight > 45 && hit.about == Subject::Card, "{hit:?}");
        assert_eq!(two([other, one]), [hit], "whichever is heard of first");
        assert_eq!(two([after(0), after(2).there(2).nowhere()]).len(), 1, "nobody knows how far");
    }

    #[test]
    fn to_and_fro_across_the_town_is_two_cards() {
        let across = |seconds| after(seconds).place(ACROSS).there(2);
        assert!(two([after(0), across(720)]).is_empty(), "one way");
        assert_eq!(two([after(0), across(720), after(1_400)]).len(), 1, "and back");
        assert!(two([after(0), across(900), after(2_400)]).is_empty(), "with time");
    }

    #[test]
    fn a_walk_next_door_is_honest() {
        let next_door = "33.573410,-7.589843";
        assert!(two([after(0), after(45).place(next_door).there(2)]).is_empty(), "35 m");
        assert!(two([after(0), after(45).place(next_door).there(2), after(300)]).is_empty(), "and back");
        assert!(two([after(0), after(300).place(NEAR).there(2)]).is_empty(), "a kilometre in five minutes");
    }

    #[test]
    fn the_counters_of_one_hospital_are_one_place() {
        let ward = |seconds, station| after(seconds).station(station).kind(ClientKind::Hospital);
        assert!(two((0..12).map(|n| ward(n, u64::try_from(n).unwrap()))).is_empty());
    }

    #[test]
    fn a_family_on_one_reader_is_many_cards_in_one_place() {
        assert!(two((0..8_u8).map(|n| after(i64::from(n) * 15).card(n.into()))).is_empty());
    }

    #[test]
    fn clocks_that_differ_by_a_minute_make_no_second_card() {
        // A pharmacy 200 m from the laboratory: five minutes in truth, three and a half by the clocks.
        assert!(two([after(0), after(210).place("33.574910,-7.589843").there(2)]).is_empty());
    }
}
