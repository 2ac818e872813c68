//! Velocity of an establishment (*fréquence d'un établissement*): more patients than its kind, or it itself, ever has.

use super::{Signal, Windows, between, distinct};
use crate::fraud::chance::poisson_tail;
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::wanted::card_tag;
use crate::fraud::window::{WindowKind, millis};
use crate::{ClientKind, RiskSignal};

/// Many different cards in one establishment, over all its stations: stations that do not exist are no way around
/// [`StationVelocity`](super::station_velocity).
pub(super) struct EstablishmentVelocity;

const HOUR: u64 = 60 * 60;

/// Patients in an hour below which nobody looks: a bus may stop at the smallest pharmacy.
const NOTABLE: u64 = 20;

/// The chance at which an hour is no longer one of an establishment's busy ones: with 15,000 establishments of ten hours
/// each, one such false hit in a week.
const RARE: f64 = 1e-6;

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
        let (now, own) = (millis(seen.at), card_tag(seen));
        let within = |seconds: u64| {
            let before = all.iter().filter(|entry| entry.millis() <= now);
            let within = before.filter(|entry| now - entry.millis() < seconds * 1000);
            distinct(within.map(|entry| entry.tag()).chain(std::iter::once(own)))
        };
        let of_kind = plausible(seen.establishment.kind).into_iter().find_map(|(seconds, plausible)| {
            // The many windows of hospitals are not counted for nothing.
            let count = if plausible == u64::MAX { 0 } else { within(seconds) };
            (count > plausible).then_some((count, plausible, seconds))
        });
        let (count, plausible, seconds) = of_kind.or_else(|| {
            // Its own busiest hours, and half as much again for the busiest of the year.
            let usual = u64::from(seen.establishment.usual_hour?);
            let busiest = usual + usual.div_ceil(2);
            let count = within(HOUR);
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
        assert!(crowd(19, 10, 2, ClientKind::Pharmacy, Some(1)).is_empty(), "a bus stops at the smallest");
        assert!(crowd(40, 80, 1, ClientKind::Pharmacy, Some(25)).is_empty(), "the busiest day of the year");
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
