//! Dispensing beyond the prescription (*délivrance au-delà de l'ordonnance*).

use super::{Signal, Windows, between, distinct};
use crate::RiskSignal;
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::window::{WindowKind, millis};

/// More was handed out on one line of a prescription, over all pharmacies, than it allows with its repeats.
pub(super) struct OverDispensing;

impl Signal for OverDispensing {
    fn signal(&self) -> RiskSignal {
        RiskSignal::OverDispensing
    }

    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit> {
        let Seen::Dispense { prescribed, dispensed, pack, .. } = seen.seen else { return None };
        let here = seen.establishment.key.tag();
        let others = || windows.others(WindowKind::Dispensed, (millis(seen.at), here));
        let before: u64 = others().map(|entry| amount(entry.data())).sum();
        let total = before + u64::from(dispensed);
        // A pack is not cut: the last one may reach over what is prescribed.
        let whole = u64::from(prescribed) + u64::from(pack.max(1)) - 1;
        let pharmacies = distinct(others().map(|entry| entry.tag()).chain([here]));
        // A bottle that breaks on the way home is replaced where it was bought.
        let allowed = if pharmacies > 1 || prescribed == 0 { whole } else { whole + u64::from(pack.max(1)) };
        if total <= allowed || dispensed == 0 {
            return None;
        }
        let percent = total * 100 / allowed.max(1);
        Some(Hit {
            signal: self.signal(),
            // Several pharmacies that each did nothing wrong: the prescription goes round. One alone made an error, or more.
            weight: between(percent, (100, 200), if pharmacies > 1 { (35, 60) } else { (25, 50) }),
            about: if pharmacies > 1 { Subject::Card } else { Subject::Establishment },
            why: Why { of: "units-dispensed", seen: total, plausible: allowed, seconds: 0 },
        })
    }
}

fn amount([a, b, c, d, ..]: [u8; 6]) -> u64 {
    u32::from_be_bytes([a, b, c, d]).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraud::key::PrescriptionKey;
    use crate::fraud::testing::{after, hits, octets};

    const MONTH: i64 = 28 * 86_400;

    fn hands_out(second: i64, line: u64, (prescribed, dispensed, pack): (u32, u32, u32)) -> Observation {
        let prescription = PrescriptionKey::new(octets(line));
        after(second).saw(Seen::Dispense { prescription, prescribed, dispensed, pack })
    }

    fn over(happened: impl IntoIterator<Item = Observation>) -> Vec<Hit> {
        hits(RiskSignal::OverDispensing, happened)
    }

    #[test]
    fn a_prescription_that_goes_round_is_found() {
        let round = (1..=4_u8).map(|n| hands_out(i64::from(n) * 3_600, 1, (30, 30, 30)).there(n.into()));
        let hits = over(round);
        let weights: Vec<_> = hits.iter().map(|hit| hit.weight).collect();
        assert_eq!((weights.as_slice(), hits[0].about), (&[35, 48, 60][..], Subject::Card));
    }

    #[test]
    fn too_much_at_once_is_found() {
        assert_eq!(over([hands_out(0, 1, (20, 60, 20))]).len(), 1);
        assert_eq!(over([hands_out(0, 1, (0, 10, 1))]).len(), 1, "nothing was prescribed");
        assert_eq!(
            over([hands_out(0, 1, (u32::MAX, u32::MAX, 1)), hands_out(9, 1, (u32::MAX, 2, 1))]).len(),
            1
        );
    }

    #[test]
    fn a_pack_that_is_not_cut_is_honest() {
        assert!(over([hands_out(0, 1, (21, 16, 16)), hands_out(9, 1, (21, 16, 16)).there(2)]).is_empty());
    }

    #[test]
    fn a_broken_bottle_is_replaced_where_it_was_bought() {
        assert!(over([hands_out(0, 1, (30, 30, 30)), hands_out(9, 1, (30, 30, 30))]).is_empty());
        assert_eq!(over([hands_out(0, 1, (30, 30, 30)), hands_out(9, 1, (30, 30, 30)).there(2)]).len(), 1);
    }

    #[test]
    fn a_year_of_refills_is_honest() {
        assert!(over((0..12).map(|month| hands_out(month * MONTH, 1, (336, 28, 28)))).is_empty());
    }

    #[test]
    fn a_delegate_who_fetches_for_several_patients_is_honest() {
        assert!(over((0..9_u8).map(|line| hands_out(i64::from(line), line.into(), (30, 30, 30)))).is_empty());
    }

    #[test]
    fn a_request_that_is_sent_again_is_one() {
        let again = hands_out(5, 1, (30, 30, 30));
        assert!(over([again, again, again]).is_empty());
    }
}
