//! What does the engine say of the month? Day by day, as a gateway would see it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use policies::RiskSignal;
use policies::fraud::{Engine, Hit, InProcessWindows, Observation, Subject, WindowKind};
use time::OffsetDateTime;

use super::week::{self, Week};
use super::{Verdicts, meant_for};
use crate::kingdom::Kingdom;
use crate::kingdom::act::{Act, Card, Label, LookAlike, What};
use crate::kingdom::calendar::{self, moment};
use crate::kingdom::frauds::FraudKind;
use crate::kingdom::journeys::fastest;

/// Minutes that a session lives: two of one card within it are in two places.
const SESSION_MINUTES: f64 = 15.0;
/// Scores from which the shipped policies ask for the PIN, hold, and deny.
const SCORES: [u8; 3] = [40, 70, 90];

/// Whom an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whom {
    Card(Card),
    Station(u32, u32),
    Place(u32),
}

/// The engine, tried on a kingdom (*mise à l'essai*).
pub struct Trial<'a> {
    kingdom: &'a Kingdom,
    engine: Engine,
    windows: InProcessWindows,
    week: Week,
    /// Alerts of the week: whether any hit of it was right, and whose act the first was.
    alerts: BTreeMap<(RiskSignal, Whom), (bool, Label)>,
    /// Which case an establishment last did something for, and on which day.
    at_work: HashMap<u32, (u32, i64)>,
    /// Where a card that is misused was last shown, when, and whether by its holder.
    shown: HashMap<Card, (OffsetDateTime, u32, bool)>,
    /// Whether the holder and the other have both shown the chip whose certificates differ.
    shown_both: HashMap<u32, (bool, bool)>,
    /// What was handed out on a line of a prescription by frauds.
    handed_out: HashMap<u64, u32>,
    /// Cases that leave the trace of a signal, and those that it found.
    traces: HashSet<(u32, RiskSignal)>,
    found: HashSet<(u32, RiskSignal)>,
    active: HashSet<u32>,
    /// The last two establishments of each card that was seen.
    cards: HashMap<Card, (u32, u32)>,
    verdicts: Verdicts,
}

impl<'a> Trial<'a> {
    /// Lets the engine see the whole month.
    pub fn of(kingdom: &'a Kingdom) -> Verdicts {
        let mut trial = Self {
            kingdom,
            engine: Engine::new(),
            windows: InProcessWindows::default(),
            week: Week::new(kingdom),
            alerts: BTreeMap::new(),
            at_work: HashMap::new(),
            shown: HashMap::new(),
            shown_both: HashMap::new(),
            handed_out: HashMap::new(),
            traces: HashSet::new(),
            found: HashSet::new(),
            active: HashSet::new(),
            cards: HashMap::new(),
            verdicts: Verdicts::default(),
        };
        let mut of_day: Vec<(Act, Observation)> = Vec::new();
        for act in kingdom.month() {
            if of_day.last().is_some_and(|(last, _)| day(last) != day(&act)) {
                trial.day(&of_day);
                of_day.clear();
            }
            of_day.push((act, kingdom.observation(&act)));
        }
        trial.day(&of_day);
        trial.week_ends(i64::from(calendar::DAYS));
        trial.end()
    }

    fn day(&mut self, of_day: &[(Act, Observation)]) {
        let start = Instant::now();
        let judged: Vec<_> =
            of_day.iter().map(|(_, seen)| self.engine.observe(&mut self.windows, seen)).collect();
        if let Some((_, last)) = of_day.last() {
            self.windows.forget(policies::fraud::window::millis(last.at));
        }
        self.verdicts.judging += start.elapsed();
        for ((act, _), judged) in of_day.iter().zip(judged) {
            self.act(act);
            self.week.count(act);
            for hit in &judged.hits {
                self.hit(act, hit);
            }
            self.scored(act, judged.risk.score);
        }
        if let Some(ends) = of_day.last().map(|(act, _)| day(act) + 1).filter(|day| day % week::DAYS == 0) {
            self.week_ends(ends);
        }
    }

    /// Peers are compared, and the week's alerts are looked at.
    fn week_ends(&mut self, day: i64) {
        for (place, hit, label) in self.week.end(self.kingdom) {
            let case = self.culprit(place, day, week::DAYS);
            self.alert(hit.signal, Whom::Place(place), [case, None], label);
        }
        for ((signal, _), (right, label)) in std::mem::take(&mut self.alerts) {
            let outcome = self.verdicts.signals.entry(signal).or_default();
            outcome.alerts.0 += 1;
            if right {
                outcome.alerts.1 += 1;
            } else {
                *outcome.mistaken_for.entry(label).or_default() += 1;
            }
        }
    }

    /// What really happened, and which trace it leaves.
    fn act(&mut self, act: &Act) {
        self.verdicts.events += 1;
        if let (Some(card), What::Presence(_)) = (act.card, act.what) {
            let before = self.cards.get(&card).map_or(act.place, |(_, last)| *last);
            self.cards.insert(card, (before, act.place));
        }
        let (case, by_holder) = match act.label {
            Label::Fraud(case) => (case, false),
            Label::Victim(case) => (case, true),
            Label::Honest | Label::LookAlike(_) => return,
        };
        let kind = self.kingdom.cases[case as usize].kind;
        if !by_holder {
            self.active.insert(case);
            if kind.of_counter() {
                self.at_work.insert(act.place, (case, day(act)));
            }
            for signal in meant_for(kind) {
                use RiskSignal as S;
                if !matches!(
                    signal,
                    S::ImpossibleTravel | S::TwoPlaces | S::TwoCertificates | S::OverDispensing
                ) {
                    self.traces.insert((case, *signal));
                }
            }
        }
        self.two_uses(act, case, kind, by_holder);
        if let What::Dispense { prescription, prescribed, dispensed, pack } = act.what {
            let sum = self.handed_out.entry(prescription).or_default();
            *sum += dispensed;
            if *sum > prescribed.div_ceil(pack) * pack
                && meant_for(kind).contains(&RiskSignal::OverDispensing)
            {
                self.traces.insert((case, RiskSignal::OverDispensing));
            }
        }
    }

    /// By nature alone: could the holder and the other have been one and the same?
    fn two_uses(&mut self, act: &Act, case: u32, kind: FraudKind, by_holder: bool) {
        let (Some(card), What::Presence(_)) = (act.card, act.what) else { return };
        if kind == FraudKind::TwinOtherName {
            let (shown, other) = self.shown_both.entry(case).or_default();
            *(if by_holder { &mut *shown } else { &mut *other }) = true;
            if *shown && *other {
                self.traces.insert((case, RiskSignal::TwoCertificates));
            }
        }
        let Some((then, there, holder)) = self.shown.insert(card, (act.at, act.place, by_holder)) else {
            return;
        };
        let minutes = (act.at - then).as_seconds_f64() / 60.0;
        let at = |place: u32| self.kingdom.map.places[place as usize].at;
        let traces = [
            (RiskSignal::ImpossibleTravel, minutes < fastest(at(there), at(act.place))),
            (RiskSignal::TwoPlaces, minutes < SESSION_MINUTES),
        ];
        for (signal, seen) in traces {
            if seen && holder != by_holder && there != act.place && meant_for(kind).contains(&signal) {
                self.traces.insert((case, signal));
            }
        }
    }

    fn hit(&mut self, act: &Act, hit: &Hit) {
        let own = match act.label {
            Label::Fraud(case) | Label::Victim(case) => Some(case),
            Label::Honest | Label::LookAlike(_) => None,
        };
        let whom = match (hit.about, act.card) {
            (Subject::Card, Some(card)) => Whom::Card(card),
            (Subject::Station, _) => Whom::Station(act.place, act.station),
            (Subject::Card | Subject::Establishment, _) => Whom::Place(act.place),
        };
        let of_place = self.culprit(act.place, day(act), 1).filter(|_| hit.about != Subject::Card);
        let label =
            if self.wrong_address(act, hit) { Label::LookAlike(LookAlike::WrongAddress) } else { act.label };
        self.alert(hit.signal, whom, [own, of_place], label);
    }

    /// Whether the register is wrong about this counter or about the one before.
    fn wrong_address(&self, act: &Act, hit: &Hit) -> bool {
        let before = act.card.and_then(|card| self.cards.get(&card)).map(|(before, _)| *before);
        let wrong = |place: u32| {
            let place = &self.kingdom.map.places[place as usize];
            place.at.kilometres_to(place.registered) > 20.0
        };
        hit.signal == RiskSignal::ImpossibleTravel
            && [Some(act.place), before].into_iter().flatten().any(wrong)
    }

    /// Who cheats in that establishment on that day or did in the days before it.
    fn culprit(&self, place: u32, day: i64, before: i64) -> Option<u32> {
        self.at_work.get(&place).filter(|(_, last)| day - last <= before).map(|(case, _)| *case)
    }

    fn alert(&mut self, signal: RiskSignal, whom: Whom, cases: [Option<u32>; 2], label: Label) {
        let alert = self.alerts.entry((signal, whom)).or_insert((false, label));
        for case in cases.into_iter().flatten() {
            alert.0 = true;
            self.found.insert((case, signal));
        }
    }

    fn scored(&mut self, act: &Act, score: u8) {
        if !matches!(act.what, What::Presence(_)) {
            return;
        }
        let (all, above) = match act.label {
            Label::Fraud(_) => &mut self.verdicts.frauds,
            Label::Victim(_) => return,
            Label::Honest | Label::LookAlike(_) => &mut self.verdicts.honest,
        };
        *all += 1;
        for (count, border) in above.iter_mut().zip(SCORES) {
            *count += usize::from(score >= border);
        }
    }

    fn end(mut self) -> Verdicts {
        for (case, signal) in &self.traces {
            let outcome = self.verdicts.signals.entry(*signal).or_default();
            outcome.cases.0 += 1;
            outcome.cases.1 += usize::from(self.found.contains(&(*case, *signal)));
        }
        let found: HashSet<u32> = self.found.iter().map(|(case, _)| *case).collect();
        for case in &self.active {
            let kind = self.verdicts.kinds.entry(self.kingdom.cases[*case as usize].kind).or_default();
            kind.0 += 1;
            kind.1 += usize::from(found.contains(case));
        }
        self.verdicts.cards = self.cards.len();
        let octets = |kind: WindowKind| self.windows.room(kind).1;
        let of_cards = [WindowKind::CardPlaces, WindowKind::ChipCertificates, WindowKind::CardHits];
        self.verdicts.octets = (of_cards.map(octets).iter().sum(), WindowKind::ALL.map(octets).iter().sum());
        self.verdicts
    }
}

/// Days of 24 hours since the month began.
fn day(act: &Act) -> i64 {
    moment(act.at) as i64
}
