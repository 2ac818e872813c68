//! Night activity (*activité de nuit*): cards are read in an establishment that is closed by its own hours.

use super::{Signal, Windows, between, distinct};
use crate::RiskSignal;
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::hours::{closed, night_of};
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::wanted::card_tag;
use crate::fraud::window::{WindowKind, millis};

/// Somebody works at a counter whose door is shut.
pub(super) struct Night;

const HOUR_MILLIS: u64 = 60 * 60 * 1000;

/// Different cards in an hour behind a shut door: a pharmacist opens for a neighbour, and not for a queue.
const NEIGHBOURS: u64 = 2;

/// Nights of the last four weeks after which it is no surprise any more: its hours are wrong in the register, or it has the
/// duty of the quarter. Peers are the judge of that, by the day.
const HABIT: u64 = 4;

impl Signal for Night {
    fn signal(&self) -> RiskSignal {
        RiskSignal::NightActivity
    }

    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit> {
        let is_session =
            matches!(seen.seen, Seen::Presence(_) | Seen::ManualAccess | Seen::BreakGlass { .. });
        if !is_session || !closed(seen) {
            return None;
        }
        let tonight = night_of(seen.at);
        let nights = windows.all(WindowKind::Nights).iter().map(|entry| entry.millis());
        if distinct(nights.filter(|night| *night != tonight).map(u64::to_be_bytes)) >= HABIT {
            return None;
        }
        let now = millis(seen.at);
        let cards = windows.all(WindowKind::EstablishmentCards).iter();
        let within =
            cards.filter(|entry| entry.millis().abs_diff(now) < HOUR_MILLIS).map(|entry| entry.tag());
        let count = distinct(within.chain(std::iter::once(card_tag(seen))));
        (count > NEIGHBOURS).then(|| Hit {
            signal: self.signal(),
            weight: between(count, (NEIGHBOURS + 1, 10), (25, 50)),
            about: Subject::Establishment,
            why: Why {
                of: "cards-while-closed",
                seen: count,
                plausible: NEIGHBOURS,
                seconds: HOUR_MILLIS / 1000,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::ClientKind;
    use crate::fraud::testing::{NIGHT, at, hits};

    fn night(day: i64, cards: u64) -> impl Iterator<Item = Observation> {
        (0..cards).map(move |n| {
            let moment = NIGHT + Duration::days(day) + Duration::minutes(4 * i64::try_from(n).unwrap());
            at(moment).card(n)
        })
    }

    fn judged(happened: impl IntoIterator<Item = Observation>) -> Vec<u8> {
        hits(RiskSignal::NightActivity, happened).iter().map(|hit| hit.weight).collect()
    }

    #[test]
    fn a_queue_behind_a_shut_door_is_none() {
        let weights = judged(night(0, 10));
        assert_eq!(
            (weights.len(), weights[0], weights[7]),
            (8, 25, 50),
            "from the third card on: {weights:?}"
        );
    }

    #[test]
    fn a_manual_session_in_a_closed_pharmacy_counts_as_a_card_does() {
        let seen = at(NIGHT + Duration::minutes(20)).saw(Seen::ManualAccess);
        let manual = Observation { card: None, chip: None, ..seen };
        assert!(judged([manual]).is_empty(), "a neighbour forgets the card, and all of Ramadan is late");
        assert_eq!(judged(night(0, 2).chain([manual])), [25]);
    }

    #[test]
    fn a_neighbour_at_night_is_honest() {
        assert!(judged(night(0, 2)).is_empty());
    }

    #[test]
    fn a_hospital_at_night_is_honest() {
        assert!(judged(night(0, 40).map(|seen| seen.kind(ClientKind::Hospital))).is_empty());
        let unknown = night(0, 40).map(|mut seen| {
            seen.establishment.hours = None;
            seen
        });
        assert!(judged(unknown).is_empty(), "nobody knows its hours");
    }

    #[test]
    fn a_pharmacy_on_duty_is_honest() {
        let duty = night(0, 40).map(|mut seen| {
            seen.establishment.on_duty = true;
            seen
        });
        assert!(judged(duty).is_empty());
    }

    #[test]
    fn a_habit_is_left_to_its_peers() {
        let month = (0..28).flat_map(|day| night(day, 1));
        assert!(judged(month.chain(night(28, 10))).is_empty());
    }

    #[test]
    fn late_clients_and_the_hour_of_ramadan_are_honest() {
        let evening = (0..20).map(|n| at(NIGHT - Duration::minutes(345 - n)).card(u64::try_from(n).unwrap()));
        assert!(judged(evening).is_empty(), "from 20:15 to 20:35");
    }
}
