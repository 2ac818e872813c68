//! Velocity of an establishment (*fréquence d'un établissement*): more patients than its kind, or it itself, ever has.

use super::{Signal, Windows, between};
use crate::fraud::busy::{busiest, this_hour};
use crate::fraud::chance::poisson_tail;
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::window::WindowKind;
use crate::{ClientKind, RiskSignal};

/// Many different cards in one establishment, over all its stations: stations that do not exist are no way around
/// [`StationVelocity`](super::station_velocity).
pub(super) struct EstablishmentVelocity;

const HOUR: u64 = 60 * 60;

/// Patients in an hour below which nobody looks: a family and its neighbours may come to the smallest pharmacy.
const NOTABLE: u64 = 10;

/// The chance at which an hour is no longer one of an establishment's busy ones. Hours in which nobody comes are not asked
/// about, so of 15,000 establishments few reach it by chance.
const RARE: f64 = 1e-4;

/// Seconds, and different cards that are plausible in them for the busiest of the kind. A hospital has none.
const fn plausible(kind: ClientKind) -> [(u64, u64); 2] {
    match kind {
        ClientKind::Pharmacy => [(600, 35), (HOUR, 110)],
        ClientKind::Clinic | ClientKind::MobileUnit => [(600, 45), (HOUR, 120)],
        _ => [(600, u64::MAX), (HOUR, u64::MAX)],
    }
}

impl Signal for EstablishmentVelocity {
    fn signal(&self) -> RiskSignal {
        RiskSignal::EstablishmentVelocity
    }

    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit> {
        let Seen::Presence(_) = seen.seen else { return None };
        let all = windows.all(WindowKind::EstablishmentCards);
        if u64::try_from(all.len()).unwrap_or(u64::MAX) < NOTABLE {
            return None;
        }
        let of_kind = plausible(seen.establishment.kind).into_iter().find_map(|(seconds, plausible)| {
            // The many windows of hospitals are not counted for nothing.
            let count = if plausible == u64::MAX { 0 } else { this_hour(seen, windows, seconds) };
            (count > plausible).then_some((count, plausible, seconds))
        });
        let (count, plausible, seconds) = of_kind.or_else(|| {
            // Its own busiest hours, and a fifth more for the busiest of the year.
            let usual = seen.establishment.usual_hour.map(u64::from).or_else(|| busiest(seen, windows))?;
            let busiest = usual + usual.div_ceil(5);
            let count = this_hour(seen, windows, HOUR);
            #[allow(clippy::cast_precision_loss, reason = "at most 98,303")]
            let rare = count > NOTABLE.max(busiest) && poisson_tail(count, busiest as f64) < RARE;
            rare.then_some((count, busiest, HOUR))
        })?;
        Some(Hit {
            signal: self.signal(),
            weight: between(count * 100 / plausible.max(1), (100, 300), (30, 55)),
            about: Subject::Establishment,
            why: Why { of: "cards", seen: count, plausible, seconds },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraud::testing::{after, hits};

    fn crowd(patients: u64, apart: u64, stations: u64, kind: ClientKind, usual: Option<u16>) -> Vec<Hit> {
        let happened = (0..patients).map(|n| {
            let mut seen = after(i64::try_from(n * apart).unwrap()).card(n).station(n % stations).kind(kind);
            seen.establishment.usual_hour = usual;
            seen
        });
        hits(RiskSignal::EstablishmentVelocity, happened)
    }

    #[test]
    fn stations_that_do_not_exist_are_no_way_around() {
        assert!(!crowd(60, 10, 20, ClientKind::Pharmacy, None).is_empty());
        assert!(!crowd(30, 60, 1, ClientKind::Pharmacy, Some(4)).is_empty(), "against its own history");
    }

    #[test]
    fn a_busy_hour_is_honest() {
        assert!(crowd(300, 40, 3, ClientKind::Pharmacy, None).is_empty());
        assert!(crowd(10, 10, 2, ClientKind::Pharmacy, Some(1)).is_empty(), "a wedding at the smallest");
        assert!(crowd(40, 80, 1, ClientKind::Pharmacy, Some(25)).is_empty(), "the busiest day of the year");
    }

    #[test]
    fn what_an_establishment_does_of_days_is_its_measure() {
        let day = |day: i64, patients: u64| {
            let first = u64::try_from(day).unwrap() * 1_000;
            (0..patients).map(move |n| after(day * 86_400 + i64::try_from(n).unwrap() * 100).card(first + n))
        };
        let quiet = || (0..6).flat_map(move |n| day(n, 3));
        let velocity = RiskSignal::EstablishmentVelocity;
        assert!(!hits(velocity, quiet().chain(day(6, 20))).is_empty(), "a drawer of cards");
        assert!(hits(velocity, quiet().chain(day(6, 9))).is_empty(), "a family");
        assert!(hits(velocity, (0..8).flat_map(|n| day(n, 20))).is_empty(), "it is always so");
        assert!(hits(velocity, day(0, 20)).is_empty(), "nobody knows yet");
    }

    #[test]
    fn a_hospital_has_its_own_measure() {
        assert!(crowd(500, 4, 30, ClientKind::Hospital, None).is_empty());
        assert!(crowd(500, 4, 30, ClientKind::Hospital, Some(900)).is_empty());
    }

    #[test]
    fn a_mobile_unit_on_a_campaign_is_honest() {
        assert!(crowd(120, 35, 1, ClientKind::MobileUnit, None).is_empty());
    }
}
