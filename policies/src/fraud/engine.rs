//! One observation and its windows in, hits and a score out.

use super::hit::{Hit, Subject};
use super::in_process::InProcessWindows;
use super::observation::Observation;
use super::score::{SignalSet, score};
use super::signals::{LIVE, Windows};
use super::wanted::{WANTED_MAX, wanted};
use super::window::{Entry, Wanted, Window, WindowKind, millis};
use crate::{RiskFacts, RiskSignal};

/// The fraud engine (*moteur de détection*): all signals, and which of them are only tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Engine {
    trial: SignalSet,
}

/// What an observation came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// What looks wrong about this very observation, the signals on trial among it.
    pub hits: Vec<Hit>,
    /// What that and what is remembered of its card and station come to. Signals on trial have no part in it.
    pub risk: RiskFacts,
}

/// A remembered hit is dated by the hour: a signal that strikes at every presence is remembered once an hour.
const HOUR_MILLIS: u64 = 60 * 60 * 1000;

impl Engine {
    /// An engine in which every signal counts.
    #[must_use]
    pub const fn new() -> Self {
        Self { trial: SignalSet::NONE }
    }

    /// The same, with signals on trial: their hits are told and have no effect.
    #[must_use]
    pub fn with_trial(signals: impl IntoIterator<Item = RiskSignal>) -> Self {
        Self { trial: signals.into_iter().collect() }
    }

    /// Whether that signal is only tried.
    #[must_use]
    pub const fn tries(&self, signal: RiskSignal) -> bool {
        self.trial.has(signal)
    }

    /// The windows that this observation goes into or needs: at most [`WANTED_MAX`].
    pub fn wanted(&self, observation: &Observation) -> impl Iterator<Item = Wanted> + use<> {
        wanted(observation)
    }

    /// What looks wrong about it. A window that is missing is one in which nothing is.
    #[must_use]
    pub fn judge(&self, observation: &Observation, windows: &[Window<'_>]) -> Vec<Hit> {
        let windows = Windows::new(windows);
        LIVE.iter().filter_map(|signal| signal.judge(observation, &windows)).collect()
    }

    /// How much looks wrong, with what is remembered of the card and the station.
    #[must_use]
    pub fn risk(&self, observation: &Observation, windows: &[Window<'_>], hits: &[Hit]) -> RiskFacts {
        let windows = Windows::new(windows);
        let remembered = [WindowKind::CardHits, WindowKind::StationHits]
            .into_iter()
            .flat_map(|kind| windows.all(kind))
            .filter_map(remembered);
        score(hits, remembered, millis(observation.at), self.trial)
    }

    /// What is put into windows once it is judged: hits, so that the next observation of the card or the station knows of
    /// them, and what the establishment learns of itself. Nothing of it is read back.
    pub fn remember(
        &self,
        observation: &Observation,
        windows: &[Window<'_>],
        hits: &[Hit],
    ) -> impl Iterator<Item = Wanted> {
        let windows = Windows::new(windows);
        let [doubt, to, from] = super::address::remember(observation, &windows);
        let learnt = [doubt, to, from, super::busy::remember(observation, &windows)];
        learnt.into_iter().flatten().chain(self.remember_hits(observation, hits))
    }

    fn remember_hits(&self, observation: &Observation, hits: &[Hit]) -> impl Iterator<Item = Wanted> {
        let hour = millis(observation.at) / HOUR_MILLIS * HOUR_MILLIS;
        hits.iter().filter(|hit| !self.tries(hit.signal)).filter_map(move |hit| {
            let (kind, subject) = match hit.about {
                Subject::Card => (WindowKind::CardHits, observation.card?.octets()),
                Subject::Station => (WindowKind::StationHits, observation.station?.octets()),
                Subject::Establishment => return None,
            };
            let tag = [super::score::code(hit.signal), 0, 0, 0, 0, 0, 0, 0];
            Some(kind.put(subject, Entry::new(hour, tag, [hit.weight, 0, 0, 0, 0, 0])))
        })
    }

    /// All of it, with the windows of this process.
    pub fn observe(&self, windows: &mut InProcessWindows, observation: &Observation) -> Judged {
        let mut keys = [None; WANTED_MAX];
        for (place, wanted) in keys.iter_mut().zip(self.wanted(observation)) {
            windows.put(&wanted);
            *place = Some(wanted.key);
        }
        let mut held = [Window { kind: WindowKind::CardHits, entries: &[] }; WANTED_MAX];
        for (place, key) in held.iter_mut().zip(keys.iter().flatten()) {
            *place = windows.window(key);
        }
        let hits = self.judge(observation, &held);
        let risk = self.risk(observation, &held, &hits);
        let remembered: Vec<Wanted> = self.remember(observation, &held, &hits).collect();
        for wanted in &remembered {
            windows.put(wanted);
        }
        Judged { hits, risk }
    }
}

/// A remembered hit: which signal, how heavy, when.
fn remembered(entry: &Entry) -> Option<(RiskSignal, u8, u64)> {
    let ([code, ..], [weight, ..]) = (entry.tag(), entry.data());
    Some((super::score::by_code(code)?, weight, entry.millis()))
}
