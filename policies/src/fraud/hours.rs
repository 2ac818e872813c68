//! Is an establishment closed by its own hours, and which night is it?

use time::OffsetDateTime;

use super::observation::Observation;
use super::ramadan::{is_ramadan, local};
use super::window::millis;
use crate::ClientKind;

/// Before opening and after closing: who came in before the door was shut is served, and a clock may be
/// an hour off around Ramadan.
const GRACE_MINUTES: u16 = 75;

const DAY_MINUTES: u16 = 24 * 60;

/// From sunset to after midnight, in minutes: in Ramadan every counter may open again.
const RAMADAN_EVENING: (u16, u16) = (18 * 60, 60);

const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;

/// Whether it was closed, and long enough before opening and after closing. Whoever has no hours is never closed, nor is
/// a hospital, whatever hours it told for its consultations: its emergency ward is open at night.
pub(crate) fn closed(observation: &Observation) -> bool {
    let here = &observation.establishment;
    let Some(hours) = here.hours.filter(|_| here.kind != ClientKind::Hospital && !here.on_duty) else {
        return false;
    };
    let local = local(observation.at);
    let minute = u16::from(local.hour()) * 60 + u16::from(local.minute());
    let (sunset, late) = RAMADAN_EVENING;
    if is_ramadan(local.date()) && (minute >= sunset || minute < late) {
        return false;
    }
    let earlier = (minute + DAY_MINUTES - GRACE_MINUTES) % DAY_MINUTES;
    let later = (minute + GRACE_MINUTES) % DAY_MINUTES;
    ![earlier, minute, later].into_iter().any(|minute| hours.are_open(minute))
}

/// The night that this moment belongs to: the noon before it, in milliseconds of Unix time.
pub(crate) fn night_of(at: OffsetDateTime) -> u64 {
    let local = millis(at).saturating_add(3_600_000);
    local.saturating_sub(DAY_MILLIS / 2) / DAY_MILLIS * DAY_MILLIS
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::fraud::testing::{at, pharmacy};

    fn closed_at(hour: u8, minute: u8, hours: &str, kind: ClientKind) -> bool {
        let mut seen =
            at(datetime!(2026-05-12 0:00 +1).replace_time(time::Time::from_hms(hour, minute, 0).unwrap()));
        seen.establishment.hours = (!hours.is_empty()).then(|| hours.parse().unwrap());
        seen.establishment.kind = kind;
        closed(&seen)
    }

    #[test]
    fn an_establishment_is_closed_by_its_own_hours_only() {
        let pharmacy = |hour, minute| closed_at(hour, minute, "08:30-20:00", ClientKind::Pharmacy);
        assert!(pharmacy(2, 0) && pharmacy(21, 30) && pharmacy(7, 0));
        assert!(!pharmacy(8, 30) && !pharmacy(12, 0) && !pharmacy(21, 14) && !pharmacy(7, 16));
        assert!(!closed_at(2, 0, "20:00-08:00", ClientKind::Pharmacy), "a night pharmacy");
        assert!(closed_at(14, 0, "20:00-08:00", ClientKind::Pharmacy));
        assert!(!closed_at(2, 0, "", ClientKind::Pharmacy), "nothing is known");
        assert!(!closed_at(2, 0, "08:30-16:30", ClientKind::Hospital), "emergencies come at night");
        assert!(!closed_at(2, 0, "00:00-24:00", ClientKind::Clinic));
    }

    #[test]
    fn a_pharmacy_on_duty_is_not_closed() {
        let mut seen = at(datetime!(2026-05-12 2:00 +1));
        seen.establishment = pharmacy(1);
        assert!(closed(&seen));
        seen.establishment.on_duty = true;
        assert!(!closed(&seen));
    }

    #[test]
    fn in_ramadan_counters_open_again_after_sunset() {
        for (moment, shut) in [
            (datetime!(2026-03-10 23:30 UTC), false),
            (datetime!(2026-03-11 0:45 UTC), false),
            (datetime!(2026-03-11 3:00 UTC), true),
            (datetime!(2026-05-12 23:30 +1), true),
        ] {
            assert_eq!(closed(&at(moment)), shut, "{moment}");
        }
    }

    #[test]
    fn one_night_has_one_name_on_both_sides_of_midnight() {
        let evening = night_of(datetime!(2026-03-10 22:00 +1));
        assert_eq!(evening, night_of(datetime!(2026-03-11 5:00 +1)));
        assert_ne!(evening, night_of(datetime!(2026-03-11 22:00 +1)));
    }
}
