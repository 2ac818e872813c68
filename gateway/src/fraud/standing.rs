//! Which signals count, which cards are in quarantine, and of whom is a signal known to be mistaken?
//!
//! What operators ruled, as this node knows it: one frozen picture, swapped whole within a second.

use std::collections::{HashMap, HashSet};

use policies::RiskSignal;
use policies::fraud::{Engine, Entry, Hit};

use super::case::{About, Regime, Subject};
use super::store::Rulings;

/// What was ruled (*consignes*).
#[derive(Debug)]
pub(crate) struct Standing {
    of: i64,
    engine: Engine,
    regimes: HashMap<RiskSignal, Regime>,
    quarantined: HashSet<String>,
    mistaken: HashMap<Subject, Vec<RiskSignal>>,
}

impl Standing {
    /// Of what was read. A signal of another version is none of ours.
    pub(crate) fn new(rulings: Rulings) -> Self {
        let known = |(signal, regime): (String, Regime)| Some((RiskSignal::parse(&signal)?, regime));
        let regimes: HashMap<_, _> = rulings.regimes.into_iter().filter_map(known).collect();
        let mut mistaken: HashMap<Subject, Vec<RiskSignal>> = HashMap::new();
        for (subject, signal) in rulings.mistaken {
            mistaken.entry(subject).or_default().extend(RiskSignal::parse(&signal));
        }
        let quarantined = rulings.quarantined.into_iter().collect();
        let standing = Self { of: rulings.of, engine: Engine::new(), regimes, quarantined, mistaken };
        let tried = RiskSignal::ALL.iter().copied().filter(|signal| !standing.counts(*signal));
        Self { engine: Engine::with_trial(tried), ..standing }
    }

    /// The last change that is known.
    pub(crate) const fn of(&self) -> i64 {
        self.of
    }

    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether that card needs its PIN for everything.
    pub(crate) fn quarantines(&self, card: &str) -> bool {
        self.quarantined.contains(card)
    }

    /// What a signal's hits are worth.
    pub(crate) fn regime(&self, signal: RiskSignal) -> Regime {
        self.regimes.get(&signal).copied().unwrap_or(Regime::shipped(signal))
    }

    /// Whether its hits change decisions.
    pub(crate) fn counts(&self, signal: RiskSignal) -> bool {
        self.regime(signal) == Regime::Counts
    }

    /// Whether a hit is to be heard at all, about that subject.
    pub(crate) fn hears(&self, hit: &Hit, subject: &Subject) -> bool {
        let mistaken = self.mistaken.get(subject).is_some_and(|signals| signals.contains(&hit.signal));
        self.regime(hit.signal) != Regime::Off && !mistaken
    }

    /// Takes out of a window of remembered hits those that are known to be mistaken about that subject; and of reports: one
    /// stands or was taken back, and the registry knows which.
    pub(crate) fn forgive(&self, subject: &Subject, remembered: &mut Vec<Entry>) {
        let mistaken = self.mistaken.get(subject).map(Vec::as_slice).unwrap_or_default();
        let forgiven = |entry: &Entry| {
            let [number, ..] = entry.tag();
            let mut signals = mistaken.iter().chain([&RiskSignal::CardReported]);
            signals.any(|signal| policies::fraud::number(*signal) == number)
        };
        remembered.retain(|entry| !forgiven(entry));
    }
}

/// As shipped, until the database was read.
impl Default for Standing {
    fn default() -> Self {
        Self::new(Rulings::default())
    }
}

/// The case that a hit belongs to.
pub(crate) const fn about(hit: &Hit) -> About {
    match hit.about {
        policies::fraud::Subject::Card => About::Card,
        policies::fraud::Subject::Station => About::Station,
        policies::fraud::Subject::Establishment => About::Establishment,
    }
}
