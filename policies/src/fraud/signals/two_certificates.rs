//! Same chip with two certificates (*puce à deux certificats*): what was signed about a chip changes to and fro.

use super::{Signal, Windows};
use crate::RiskSignal;
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::key::Tag;
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::wanted::{QUARTER_DAY_MILLIS, card_tag, of_card};
use crate::fraud::window::{Entry, WindowKind, millis};

/// One chip key under two certificates: the key was copied, or two documents were issued over one chip.
///
/// Never a ban: whoever copied a key would otherwise lock its honest holder out. The holder is asked for the PIN, which a
/// copy does not know.
pub(super) struct TwoCertificates;

/// Another card over the same chip: no chip is put into two.
const ANOTHER_CARD: u8 = 58;

/// The old certificate of a card came back after the new one: two things are out there.
const CAME_BACK: u8 = 60;

impl Signal for TwoCertificates {
    fn signal(&self) -> RiskSignal {
        RiskSignal::TwoCertificates
    }

    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit> {
        let Seen::Presence(presence) = seen.seen else { return None };
        let own = presence.certificate?.tag();
        let all = windows.all(WindowKind::ChipCertificates);
        let others = || all.iter().filter(|entry| entry.tag() != own);
        others().next()?;
        let certificates = super::distinct(others().map(|entry| entry.tag())) + 1;
        let card = of_card(card_tag(seen));
        let another_card = others().any(|entry| entry.data() != card);
        let weight = if another_card {
            ANOTHER_CARD
        } else if came_back(own, all, millis(seen.at)) {
            CAME_BACK
        } else {
            // A health card whose certificate was renewed shows the new one from then on, and that is all.
            return None;
        };
        Some(Hit {
            signal: self.signal(),
            weight,
            about: Subject::Card,
            why: Why { of: "certificates-of-one-chip", seen: certificates, plausible: 1, seconds: 0 },
        })
    }
}

/// Whether that certificate was seen before another and again after it. Within a quarter of a day nothing says which was
/// first: then it is taken for a renewal.
fn came_back(own: Tag, all: &[Entry], now: u64) -> bool {
    let quarter = now / QUARTER_DAY_MILLIS * QUARTER_DAY_MILLIS;
    let of_own = || all.iter().filter(|entry| entry.tag() == own).map(|entry| entry.millis());
    let mut others = all.iter().filter(|entry| entry.tag() != own).map(|entry| entry.millis());
    others.any(|other| {
        let before = of_own().any(|mine| mine < other);
        before && (other < quarter || of_own().any(|mine| other < mine))
    })
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
        assert_eq!(weights([shows(0, 1), shows(1, 2), shows(2, 1)]), [CAME_BACK]);
        assert_eq!(weights([shows(0, 1), shows(0, 2), shows(1, 1), shows(1, 2), shows(2, 1)]), [CAME_BACK]);
    }

    #[test]
    fn another_card_over_the_same_chip_is_a_second_card() {
        let chip = shows(0, 1).chip;
        let other = Observation { chip, ..shows(1, 2).card(2) };
        assert_eq!(weights([shows(0, 1), other]), [ANOTHER_CARD]);
        assert_eq!(weights([other, shows(2, 1)]), [ANOTHER_CARD], "whichever is seen first");
    }

    #[test]
    fn a_renewed_certificate_is_honest() {
        assert!(weights([shows(0, 1), shows(1, 1), shows(2, 2), shows(3, 2), shows(40, 2)]).is_empty());
        assert!(weights([shows(0, 1), shows(0, 2), shows(0, 2)]).is_empty(), "on the day that it is renewed");
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
