//! A run of wrong secrets (*essais de codes*): CANs or PINs of many cards are tried at one station.

use super::{Signal, Windows, between, distinct};
use crate::RiskSignal;
use crate::fraud::chance::binomial_tail;
use crate::fraud::hit::{Hit, Subject, Why};
use crate::fraud::observation::{Observation, Seen};
use crate::fraud::wanted::{NOBODY, card_tag};
use crate::fraud::window::{WindowKind, millis};

/// Wrong secrets over many cards, and few that open: somebody has cards without their holders.
pub(super) struct SecretsRun;

const HOUR_MILLIS: u64 = 60 * 60 * 1000;

/// Holders of a hundred who forgot their PIN, or whose printed CAN cannot be read any more.
const FORGETFUL: f64 = 0.12;

/// Cards below which it is bad luck.
const PLAUSIBLE: u64 = 4;

/// The chance at which it is not any more.
const RARE: f64 = 1e-4;

/// Times that one holder tries; a card that does not open does not say which one it is.
const TRIES: u64 = 3;

impl Signal for SecretsRun {
    fn signal(&self) -> RiskSignal {
        RiskSignal::SecretsRun
    }

    fn judge(&self, seen: &Observation, windows: &Windows<'_>) -> Option<Hit> {
        let Seen::WrongSecret(_) = seen.seen else { return None };
        let now = millis(seen.at);
        let within = || {
            let others = windows.others(WindowKind::StationCards, (now, card_tag(seen)));
            others.filter(|entry| entry.millis() <= now && now - entry.millis() < HOUR_MILLIS)
        };
        let is_wrong = |data: [u8; 6]| data.first() != Some(&0);
        let wrong = within().filter(|entry| is_wrong(entry.data())).map(|entry| entry.tag());
        let wrong: Vec<_> = wrong.chain([card_tag(seen)]).collect();
        let known = distinct(wrong.iter().copied().filter(|tag| *tag != NOBODY));
        let nameless = wrong.iter().filter(|tag| **tag == NOBODY).count();
        let cards = known + u64::try_from(nameless).unwrap_or(u64::MAX).div_ceil(TRIES);
        if cards <= PLAUSIBLE {
            return None;
        }
        // Who was wrong first and then right is right: it is the holder.
        let right = within().filter(|entry| !is_wrong(entry.data())).map(|entry| entry.tag());
        let right: Vec<_> = right.collect();
        let corrected = distinct(wrong.iter().copied().filter(|tag| right.contains(tag)));
        let (failed, all) = (cards - corrected, cards - corrected + distinct(right.iter().copied()));
        (failed > PLAUSIBLE && binomial_tail(failed, all, FORGETFUL) < RARE).then(|| Hit {
            signal: self.signal(),
            weight: between(failed, (PLAUSIBLE + 1, 15), (35, 58)),
            about: Subject::Station,
            why: Why {
                of: "cards-not-opened",
                seen: failed,
                plausible: PLAUSIBLE,
                seconds: HOUR_MILLIS / 1000,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClientKind;
    use crate::fraud::observation::Secret;
    use crate::fraud::testing::{after, hits};

    fn wrong(second: i64, card: u64) -> Observation {
        after(second).card(card).saw(Seen::WrongSecret(Secret::Pin))
    }

    fn nameless(second: i64) -> Observation {
        Observation { card: None, chip: None, ..after(second).saw(Seen::WrongSecret(Secret::Can)) }
    }

    fn run(happened: impl IntoIterator<Item = Observation>) -> Vec<Hit> {
        hits(RiskSignal::SecretsRun, happened)
    }

    #[test]
    fn a_bag_of_stolen_cards_is_tried_one_after_another() {
        let hits = run((0..12_u8).map(|n| wrong(i64::from(n) * 40, n.into())));
        assert_eq!(hits.len(), 8, "from the fifth on");
        assert!(hits.iter().all(|hit| hit.about == Subject::Station));
        assert!(!run((0..20).map(|n| nameless(n * 20))).is_empty(), "cards that do not say which they are");
    }

    #[test]
    fn one_forgetful_holder_is_honest() {
        assert!(run((0..30).map(|n| wrong(n * 20, 1))).is_empty());
        assert!(run((0..9).map(|n| nameless(n * 20))).is_empty(), "three of them, with worn cards");
    }

    #[test]
    fn a_busy_counter_with_its_share_of_errors_is_honest() {
        let day = (0..400_u64).flat_map(|n| {
            let second = i64::try_from(n * 60).unwrap();
            let error = (n % 9 == 0).then(|| wrong(second, n));
            error.into_iter().chain([after(second + 20).card(n).kind(ClientKind::Hospital)])
        });
        assert!(run(day).is_empty());
    }

    #[test]
    fn a_family_that_mistypes_and_then_does_not_is_honest() {
        let family = (0..7_u8).flat_map(|n| {
            let second = i64::from(n) * 60;
            [wrong(second, n.into()), after(second + 30).card(n.into())]
        });
        assert!(run(family).is_empty());
    }
}
