//! How do hits combine, and how do they fade?
//!
//! Each hit is taken for the chance that it is fraud, and hits of different signals for independent of each other:
//! `score = 1 - Π (1 - weight)`. Of one signal only the heaviest hit counts, so that the same thing seen ten times is not
//! ten things. A remembered hit loses half of its weight in each half-life of its signal. No signal alone reaches above
//! [`LONE_MAX`], whatever its weight, but the one that a report of the holder or of an authority stands behind: a chance
//! match may ask an honest patient for the PIN, and never send them away.

use crate::{RiskFacts, RiskSignal};

use super::hit::Hit;

/// How far one signal alone can go. Policies ask for more below it (step-up) and hold or deny above.
pub const LONE_MAX: u8 = 60;

/// Below this a remembered hit is no reason any more.
const FAINT: u8 = 5;

const HOUR: u64 = 60 * 60 * 1000;

/// 1 in the fixed point of scores: the same everywhere, to the last bit.
const ONE: u64 = 1 << 16;

/// Some of the signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalSet(u32);

impl SignalSet {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// Whether that one is among them.
    #[must_use]
    pub const fn has(self, signal: RiskSignal) -> bool {
        self.0 & (1 << code(signal)) != 0
    }
}

impl FromIterator<RiskSignal> for SignalSet {
    fn from_iter<T: IntoIterator<Item = RiskSignal>>(signals: T) -> Self {
        Self(signals.into_iter().fold(0, |set, signal| set | 1 << code(signal)))
    }
}

/// The score of these hits and these remembered ones (signal, weight, milliseconds of Unix time) at `now`.
#[must_use]
pub fn score(
    hits: &[Hit],
    remembered: impl Iterator<Item = (RiskSignal, u8, u64)>,
    now: u64,
    trial: SignalSet,
) -> RiskFacts {
    // The heaviest hit of each signal, by its code.
    let mut heaviest = [0_u64; 32];
    let fresh = hits.iter().map(|hit| (hit.signal, u64::from(hit.weight.min(100)) * ONE));
    let faded =
        remembered.map(|(signal, weight, then)| (signal, fade(signal, weight, now.saturating_sub(then))));
    for (signal, weight) in fresh.chain(faded) {
        let weight = weight.min(u64::from(most(signal)) * ONE);
        if let Some(heaviest) = heaviest.get_mut(usize::from(code(signal)))
            && !trial.has(signal)
            && weight >= u64::from(FAINT) * ONE
        {
            *heaviest = weight.max(*heaviest);
        }
    }
    let mut innocent = ONE * 100;
    let mut signals = Vec::new();
    for signal in RiskSignal::ALL {
        let weight = heaviest.get(usize::from(code(*signal))).copied().unwrap_or(0);
        if weight > 0 {
            innocent = innocent * (ONE * 100 - weight) / (ONE * 100);
            signals.push(*signal);
        }
    }
    let score = u8::try_from((ONE * 100 - innocent + ONE / 2) / ONE).unwrap_or(100);
    RiskFacts { score, signals, ..RiskFacts::default() }
}

/// The most that this signal alone can come to.
const fn most(signal: RiskSignal) -> u8 {
    match signal {
        RiskSignal::CardReported => 100,
        _ => LONE_MAX,
    }
}

/// What is left of a weight after so many milliseconds, in fixed point: halved in each half-life, straight in between.
fn fade(signal: RiskSignal, weight: u8, age: u64) -> u64 {
    let half_life = half_life(signal);
    let (halvings, rest) = (age / half_life, age % half_life);
    let weight = u64::from(weight.min(100)) * ONE;
    let whole = weight.checked_shr(u32::try_from(halvings).unwrap_or(u32::MAX)).unwrap_or(0);
    // At most 100 · 2^16 · 30 days in milliseconds: below 2^55.
    whole - whole * rest / half_life / 2
}

/// How long half of a suspicion lasts, in milliseconds: as long as what raised it can still be going on.
const fn half_life(signal: RiskSignal) -> u64 {
    HOUR * match signal {
        // A report stands until it is taken back; what was used after it is worth a look for a month.
        RiskSignal::CardReported => 30 * 24,
        // A second chip or a copy does not go away by itself.
        RiskSignal::CloneSuspected | RiskSignal::TwoCertificates => 14 * 24,
        RiskSignal::ImpossibleTravel | RiskSignal::TwoPlaces | RiskSignal::OverDispensing => 3 * 24,
        RiskSignal::CardVelocity | RiskSignal::RelaySuspected | RiskSignal::SecretsRun => 12,
        RiskSignal::StationVelocity | RiskSignal::EstablishmentVelocity | RiskSignal::NightActivity => 2,
        // Judged by the day, of establishments: no patient carries them.
        RiskSignal::BreakGlassRate
        | RiskSignal::ManualRate
        | RiskSignal::PresenceWithoutClaim
        | RiskSignal::ClaimWithoutPresence => 24,
    }
}

/// The number of a signal where it is remembered. Numbers are never given again.
#[must_use]
pub(crate) const fn code(signal: RiskSignal) -> u8 {
    match signal {
        RiskSignal::CardReported => 1,
        RiskSignal::CloneSuspected => 2,
        RiskSignal::ImpossibleTravel => 3,
        RiskSignal::TwoPlaces => 4,
        RiskSignal::TwoCertificates => 5,
        RiskSignal::CardVelocity => 6,
        RiskSignal::StationVelocity => 7,
        RiskSignal::EstablishmentVelocity => 8,
        RiskSignal::NightActivity => 9,
        RiskSignal::BreakGlassRate => 10,
        RiskSignal::ManualRate => 11,
        RiskSignal::PresenceWithoutClaim => 12,
        RiskSignal::ClaimWithoutPresence => 13,
        RiskSignal::RelaySuspected => 14,
        RiskSignal::SecretsRun => 15,
        RiskSignal::OverDispensing => 16,
    }
}

/// The number of a signal where it is written in few octets, below 32.
#[must_use]
pub const fn number(signal: RiskSignal) -> u8 {
    code(signal)
}

/// The signal of that number.
pub(crate) fn by_code(number: u8) -> Option<RiskSignal> {
    RiskSignal::ALL.iter().copied().find(|signal| code(*signal) == number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraud::hit::{Subject, Why};

    fn hit(signal: RiskSignal, weight: u8) -> Hit {
        Hit {
            signal,
            weight,
            about: Subject::Card,
            why: Why { of: "test", seen: 1, plausible: 0, seconds: 0 },
        }
    }

    fn fresh(hits: &[Hit]) -> RiskFacts {
        score(hits, std::iter::empty(), 0, SignalSet::NONE)
    }

    fn old(weight: u8, age: u64) -> u8 {
        let hits = [(RiskSignal::TwoPlaces, weight, 0)];
        score(&[], hits.into_iter(), age, SignalSet::NONE).score
    }

    #[test]
    fn no_signal_alone_sends_anybody_away_but_a_report() {
        for signal in RiskSignal::ALL {
            let alone = fresh(&[hit(*signal, 100), hit(*signal, 100)]).score;
            assert_eq!(alone, if *signal == RiskSignal::CardReported { 100 } else { LONE_MAX }, "{signal}");
        }
    }

    #[test]
    fn two_signals_are_more_than_either_and_the_same_twice_is_not() {
        let both = fresh(&[hit(RiskSignal::TwoPlaces, 50), hit(RiskSignal::RelaySuspected, 40)]);
        assert_eq!(both.score, 70);
        assert_eq!(both.signals, [RiskSignal::TwoPlaces, RiskSignal::RelaySuspected]);
        assert_eq!(fresh(&[hit(RiskSignal::TwoPlaces, 50), hit(RiskSignal::TwoPlaces, 40)]).score, 50);
        assert_eq!(fresh(&[]), RiskFacts::default());
    }

    #[test]
    fn a_suspicion_fades_by_half_in_its_half_life_and_is_forgotten() {
        let half = half_life(RiskSignal::TwoPlaces);
        assert_eq!([0, half / 2, half, 2 * half].map(|age| old(60, age)), [60, 45, 30, 15]);
        assert_eq!(old(60, 4 * half), 0, "too faint to be a reason");
        assert_eq!(old(60, u64::MAX), 0);
        let ages: Vec<u8> = (0..200).map(|hours| old(60, hours * HOUR)).collect();
        assert!(ages.is_sorted_by(|earlier, later| earlier >= later));
    }

    #[test]
    fn a_signal_on_trial_has_no_effect() {
        let trial: SignalSet = [RiskSignal::TwoPlaces].into_iter().collect();
        assert!(trial.has(RiskSignal::TwoPlaces) && !trial.has(RiskSignal::CardReported));
        let hits = [hit(RiskSignal::TwoPlaces, 60), hit(RiskSignal::CardVelocity, 30)];
        assert_eq!(score(&hits, std::iter::empty(), 0, trial).score, 30);
    }

    #[test]
    fn every_signal_has_its_own_number() {
        let numbers: std::collections::BTreeSet<_> =
            RiskSignal::ALL.iter().map(|signal| code(*signal)).collect();
        assert_eq!(numbers.len(), RiskSignal::ALL.len());
        assert!(numbers.iter().all(|number| (1..32).contains(number)));
        for signal in RiskSignal::ALL {
            assert_eq!(by_code(code(*signal)), Some(*signal));
        }
    }
}
