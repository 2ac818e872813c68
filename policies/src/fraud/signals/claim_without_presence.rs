//! Claim without presence (*facture sans passage*): bills for patients who were not there, between those who were.

use super::{Signal, Windows, between};
use crate::fraud::chance::binomial_tail;
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::wanted::card_tag;
use crate::fraud::window::{WindowKind, millis};
use crate::{ClientKind, RiskSignal};

/// Claims without the receipt of a presence, from an establishment whose reader works.
pub(super) struct ClaimWithoutPresence;

/// Of a hundred claims, those that have a good reason: the card was forgotten or does not open. Belgium asks nurses for no
/// more than ten without the card.
const FORGOTTEN: f64 = 0.10;

/// The same in a mobile unit: in a village without a network, and among people who were never asked for a card before.
const FORGOTTEN_ON_TOUR: f64 = 0.30;

const PLAUSIBLE: u64 = 4;

/// The chance at which it is no longer a bad day.
const RARE: f64 = 1e-4;

/// A claim with a presence so near in time says that the reader worked.
const NEAR_MILLIS: u64 = 45 * 60 * 1000;

impl Signal for ClaimWithoutPresence {
    fn signal(&self) -> RiskSignal {
        RiskSignal::ClaimWithoutPresence
    }

    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit> {
        let Seen::Claim { with_presence: false } = seen.seen else { return None };
        let now = millis(seen.at);
        let own = (now, card_tag(seen));
        let others = || windows.others(WindowKind::Claims, own);
        let with = || others().filter(|entry| entry.data().first() == Some(&1)).map(|entry| entry.millis());
        let read_near = |moment: u64| with().any(|read| read.abs_diff(moment) < NEAR_MILLIS);
        let without = others().filter(|entry| entry.data().first() == Some(&0)).map(|entry| entry.millis());
        let without = without.chain([now]).filter(|moment| read_near(*moment)).count();
        let without = u64::try_from(without).unwrap_or(u64::MAX);
        let all = without + u64::try_from(with().count()).unwrap_or(u64::MAX);
        let on_tour = seen.establishment.kind == ClientKind::MobileUnit;
        let forgotten = if on_tour { FORGOTTEN_ON_TOUR } else { FORGOTTEN };
        (without > PLAUSIBLE && binomial_tail(without, all, forgotten) < RARE).then(|| Hit {
            signal: self.signal(),
            weight: between(without * 100 / all.max(1), (15, 70), (30, 58)),
            about: Subject::Establishment,
            why: Why {
                of: "claims-without-presence",
                seen: without,
                plausible: all.div_ceil(10),
                seconds: 0,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraud::testing::{after, hits};

    fn claim(minute: i64, card: u64, with_presence: bool) -> Observation {
        after(minute * 60).card(card).saw(Seen::Claim { with_presence })
    }

    fn ghosts(happened: impl IntoIterator<Item = Observation>) -> Vec<Hit> {
        hits(RiskSignal::ClaimWithoutPresence, happened)
    }

    #[test]
    fn ghosts_between_patients_are_found() {
        let day = (0..30_u8).map(|n| claim(i64::from(n) * 5, n.into(), n % 2 == 0));
        let hits = ghosts(day);
        assert!(!hits.is_empty() && hits.iter().all(|hit| hit.about == Subject::Establishment));
    }

    #[test]
    fn a_forgotten_card_now_and_then_is_honest() {
        assert!(
            ghosts((0..200_u64).map(|n| claim(i64::try_from(n).unwrap() * 10, n, n % 12 != 0))).is_empty()
        );
    }

    #[test]
    fn a_village_where_many_have_no_card_yet_is_honest() {
        let tour = |n: u64| {
            claim(i64::try_from(n).unwrap() * 5, n, !n.is_multiple_of(5)).kind(ClientKind::MobileUnit)
        };
        assert!(ghosts((0..60).map(tour)).is_empty());
        let made_up = |n: u64| {
            claim(i64::try_from(n).unwrap() * 5, n, n.is_multiple_of(3)).kind(ClientKind::MobileUnit)
        };
        assert!(!ghosts((0..60).map(made_up)).is_empty());
    }

    #[test]
    fn a_reader_that_is_broken_for_a_day_is_honest() {
        let read = (0..20_u8).map(|n| claim(i64::from(n) * 10, n.into(), true));
        let broken = (30..60_u8).map(|n| claim(i64::from(n) * 10, n.into(), false));
        assert!(ghosts(read.chain(broken)).is_empty());
    }

    #[test]
    fn one_patient_whose_card_does_not_open_is_honest() {
        assert!(ghosts([claim(0, 1, true), claim(5, 2, false), claim(6, 3, true)]).is_empty());
    }
}
