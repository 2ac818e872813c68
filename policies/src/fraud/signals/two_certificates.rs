//! Same chip with two certificates (*puce à deux certificats*): what was signed about a chip changes to and fro.

use super::{Signal, Windows};
use crate::RiskSignal;
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::window::{WindowKind, millis};

/// One chip key under two certificates: the key was copied, or two documents were issued over one chip.
///
/// Never a ban: whoever copied a key would otherwise lock its honest holder out. The holder is asked for the PIN, which a
/// copy does not know.
pub(super) struct TwoCertificates;

/// A health card whose certificate was renewed shows the new one from then on: below any step that policies take.
const RENEWED: u8 = 30;

/// The old one came back after the new one: two things are out there.
const BOTH: u8 = 60;

impl Signal for TwoCertificates {
    fn signal(&self) -> RiskSignal {
        RiskSignal::TwoCertificates
    }

    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit> {
        let Seen::Presence(presence) = seen.seen else { return None };
        let own = presence.certificate?.tag();
        let all = windows.all(WindowKind::ChipCertificates);
        let others = || all.iter().filter(|entry| entry.tag() != own);
        let certificates = super::distinct(others().map(|entry| entry.tag())) + 1;
        if certificates < 2 {
            return None;
        }
        // Within a quarter of a day nothing says which was first: then it is taken for a renewal.
        let quarter = 6 * 60 * 60 * 1000;
        let came_back = all.iter().filter(|entry| entry.tag() == own).any(|mine| {
            others().any(|other| {
                mine.millis() < other.millis() && other.millis() < millis(seen.at) / quarter * quarter
            }) || others().any(|other| other.millis() < mine.millis())
                && others().any(|other| mine.millis() < other.millis())
        });
        let third = certificates > 2;
        Some(Hit {
            signal: self.signal(),
            weight: if came_back || third { BOTH } else { RENEWED },
            about: Subject::Card,
            why: Why { of: "certificates-of-one-chip", seen: certificates, plausible: 1, seconds: 0 },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraud::key::CertificateKey;
    use crate::fraud::observation::PresenceSeen;
    use crate::fraud::testing::{after, hits, octets};

    const DAY: i64 = 24 * 60 * 60;

    fn shows(day: i64, certificate: u64) -> Observation {
        let certificate = Some(CertificateKey::new(octets(certificate)));
        after(day * DAY).saw(Seen::Presence(PresenceSeen { certificate, reported: false, timing: None }))
    }

    fn weights(happened: impl IntoIterator<Item = Observation>) -> Vec<u8> {
        hits(RiskSignal::TwoCertificates, happened).iter().map(|hit| hit.weight).collect()
    }

    #[test]
    fn a_certificate_that_comes_back_is_a_second_chip() {
        assert_eq!(weights([shows(0, 1), shows(1, 2), shows(2, 1)]), [RENEWED, BOTH]);
        assert_eq!(weights([shows(0, 1), shows(1, 2), shows(2, 3)]), [RENEWED, BOTH], "or a third");
    }

    #[test]
    fn a_renewed_certificate_is_told_once_and_stops_nobody() {
        let renewed = weights([shows(0, 1), shows(1, 1), shows(2, 2), shows(3, 2), shows(40, 2)]);
        assert!(renewed.iter().all(|weight| *weight == RENEWED), "{renewed:?}");
        assert!(weights([shows(0, 1), shows(100, 2)]).is_empty(), "and forgotten in time");
    }

    #[test]
    fn one_certificate_however_often_is_none() {
        assert!(weights((0..60).map(|day| shows(day, 1))).is_empty());
        assert!(weights([after(0), after(DAY)]).is_empty(), "nobody told a certificate");
    }

    #[test]
    fn two_cards_of_one_family_are_two_chips() {
        assert!(weights([shows(0, 1), shows(0, 2).card(2), shows(1, 1), shows(1, 2).card(2)]).is_empty());
    }
}
