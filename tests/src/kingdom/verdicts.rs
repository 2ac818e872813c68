//! How well did the signals do? Alerts and cases, right and wrong, by the labels that the engine never saw.
//!
//! An alert (*alerte*) is what an analyst would be shown once: one signal about one card, reader or establishment in one week. It is right
//! where any fraud was at work there. A case is found where an alert hit one of its acts, or the establishment that does it. Recall counts the
//! cases that leave the trace that a signal looks for; for what needs two uses of a card, nature alone says which these are.

mod trial;
mod week;

use std::collections::BTreeMap;
use std::time::Duration;

use policies::RiskSignal;

use super::act::Label;
use super::frauds::FraudKind;

pub use trial::Trial;

/// What one signal did in a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Alerts, and those of them that are right.
    pub alerts: (usize, usize),
    /// Cases that leave its trace, and those of them that it found.
    pub cases: (usize, usize),
    /// What the honest looked like who were suspected.
    pub mistaken_for: BTreeMap<Label, usize>,
}

/// How the month went.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    /// By signal.
    pub signals: BTreeMap<RiskSignal, Outcome>,
    /// Of each kind of fraud: cases that did anything, and those that any signal found.
    pub kinds: BTreeMap<FraudKind, (usize, usize)>,
    /// Things seen.
    pub events: usize,
    /// Presences of the honest, and how many of them had a score of at least 40, 70, 90.
    pub honest: (usize, [usize; 3]),
    /// Presences of frauds, likewise.
    pub frauds: (usize, [usize; 3]),
    /// Time in the engine.
    pub judging: Duration,
    /// Different cards seen.
    pub cards: usize,
    /// Octets of windows at the end that are a card's, and of all.
    pub octets: (usize, usize),
}

/// The signals that are meant for a kind of fraud. A lent card is used as any other is: nothing is meant for it.
pub const fn meant_for(kind: FraudKind) -> &'static [RiskSignal] {
    use RiskSignal as S;
    match kind {
        FraudKind::Twin => &[S::ImpossibleTravel, S::TwoPlaces],
        FraudKind::TwinOtherName => &[S::TwoCertificates],
        FraudKind::Relayed => &[S::RelaySuspected, S::ImpossibleTravel, S::TwoPlaces],
        FraudKind::Copied => &[S::CloneSuspected],
        FraudKind::Stolen => &[S::CardReported],
        FraudKind::Lent => &[],
        FraudKind::Shopping => &[S::CardVelocity, S::OverDispensing],
        FraudKind::Kept => &[S::StationVelocity, S::EstablishmentVelocity],
        FraudKind::Phantom => &[S::ClaimWithoutPresence],
        FraudKind::Harvest => &[S::PresenceWithoutClaim],
        FraudKind::ByHand => &[S::ManualRate],
        FraudKind::Snooping => &[S::BreakGlassRate],
        FraudKind::Overfilled => &[S::OverDispensing],
        FraudKind::Guessing => &[S::SecretsRun],
        FraudKind::AfterHours => &[S::NightActivity],
    }
}

impl Outcome {
    /// Which share of its alerts is right, in percent; nothing where there are none.
    pub fn precision(&self) -> Option<f64> {
        share(self.alerts)
    }

    /// Which share of the cases that leave its trace it found, in percent; nothing where there are none.
    pub fn recall(&self) -> Option<f64> {
        share(self.cases)
    }
}

impl Verdicts {
    /// Which share of all alerts is right, in percent.
    pub fn precision(&self) -> Option<f64> {
        let of = |side: fn(&Outcome) -> usize| self.signals.values().map(side).sum();
        share((of(|one| one.alerts.0), of(|one| one.alerts.1)))
    }

    /// Which share of all cases, of those too that leave no trace, any signal found, in percent.
    pub fn recall(&self) -> Option<f64> {
        let of = |side: fn(&(usize, usize)) -> usize| self.kinds.values().map(side).sum();
        share((of(|one| one.0), of(|one| one.1)))
    }
}

fn share((all, some): (usize, usize)) -> Option<f64> {
    (all > 0).then(|| some as f64 * 100.0 / all as f64)
}
