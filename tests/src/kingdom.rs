//! A kingdom to try the fraud signals on: what would a month of a whole country's cards look like, and who in it cheats?
//!
//! Everything follows from one seed. A day is made when it is asked for, so the month streams by in the order of time and only one day is
//! in memory. Nobody exists: people are numbers, their keys are drawn. Modules in reading order:
//!
//! | module | the question it answers |
//! |---|---|
//! | [`chance`] | which way does a coin fall? |
//! | [`cities`], [`places`], [`people`] | where, at which counters, who? |
//! | [`calendar`], [`journeys`], [`cards`] | when, on which way, with which card? |
//! | [`act`] | what happens, and who really did it? |
//! | [`counters`], [`errands`] | what do a visit and an errand look like from behind the counter? |
//! | [`days`], [`outings`], [`occasions`], [`queues`] | what do the honest do: in streets, alone, many at once, in a queue? |
//! | [`frauds`] | who cheats, how, how often? |
//! | [`observed`] | what does a gateway see of it? |
//! | [`verdicts`] | how well did the signals do? |

pub mod act;
pub mod calendar;
pub mod cards;
pub mod chance;
pub mod cities;
pub mod counters;
pub mod days;
pub mod errands;
pub mod frauds;
pub mod journeys;
pub mod observed;
pub mod occasions;
pub mod outings;
pub mod people;
pub mod places;
pub mod queues;
pub mod verdicts;

use std::collections::HashMap;

use act::{Act, Label, LookAlike};
use calendar::{DAYS, Day};
use cards::Cards;
use frauds::Case;
use people::People;
use places::Map;

/// How large a kingdom is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Everything follows from it.
    pub seed: u64,
    /// People.
    pub people: u32,
    /// Pharmacies.
    pub pharmacies: u32,
    /// Public establishments.
    pub public: u32,
    /// How many frauds there are, against [`frauds::FraudKind::ALL`].
    pub frauds: f64,
}

impl Size {
    /// The one of the bench.
    pub const WHOLE: Self =
        Self { seed: 1_447, people: 200_000, pharmacies: 12_000, public: 3_000, frauds: 1.0 };

    /// The same for so many people, with fewer of everything.
    pub fn of(people: u32) -> Self {
        let share = f64::from(people) / f64::from(Self::WHOLE.people);
        let scaled = |count: u32, least: u32| ((f64::from(count) * share) as u32).max(least);
        let (pharmacies, public) = (scaled(Self::WHOLE.pharmacies, 300), scaled(Self::WHOLE.public, 120));
        Self { people, pharmacies, public, frauds: share, ..Self::WHOLE }
    }
}

/// The kingdom and its month.
#[derive(Debug)]
pub struct Kingdom {
    /// How large it is.
    pub size: Size,
    /// Its towns and establishments.
    pub map: Map,
    /// Who lives there.
    pub people: People,
    /// Cards that are not where they should be.
    pub cards: Cards,
    /// The streets of each town.
    pub residents: Vec<Vec<u32>>,
    /// The month's frauds.
    pub cases: Vec<Case>,
    /// Whose card is misused while they have it: by which case, from which day to which.
    pub victims: HashMap<u32, (u32, u32, u32)>,
}

impl Kingdom {
    /// The kingdom of that size.
    pub fn new(size: Size) -> Self {
        let map = Map::new(&size);
        let people = People::new(&size, &map);
        let mut residents = vec![Vec::new(); map.towns.len()];
        for (street, (first, _)) in people.streets.iter().enumerate() {
            residents[people.all[*first as usize].town as usize].push(street as u32);
        }
        let cards = Cards::new(&size);
        let (cases, victims) = (Vec::new(), HashMap::new());
        let mut kingdom = Self { size, map, people, cards, residents, cases, victims };
        kingdom.plan_frauds();
        kingdom
    }

    /// Where lost cards are reported: an office of its own.
    pub fn hot_line(&self) -> u32 {
        self.map.places.len() as u32 - 1
    }

    /// The month, act by act in the order of time.
    pub fn month(&self) -> Month<'_> {
        Month { kingdom: self, day: 0, ahead: Vec::new(), ready: 0 }
    }

    /// What an honest act is, seen from outside.
    fn label(&self, act: &Act, day: Day) -> Label {
        let victim = act.card.and_then(|card| self.victims.get(&card.person));
        if let Some((case, from, to)) = victim
            && (*from..=*to).contains(&day.0)
        {
            return Label::Victim(*case);
        }
        if act.label != Label::Honest {
            return act.label;
        }
        let moment = calendar::moment(act.at);
        let evening = moment.fract() * 24.0;
        if act.card.is_some_and(|card| self.is_reported(card, moment)) {
            Label::LookAlike(LookAlike::FoundAgain)
        } else if act.card.is_some_and(|card| card.issue != (0, 0)) {
            Label::LookAlike(LookAlike::Renewed)
        } else if day.ramadan() && evening > 19.5 {
            Label::LookAlike(LookAlike::RamadanEvening)
        } else if !(6.5..21.5).contains(&evening) {
            Label::LookAlike(LookAlike::Night)
        } else {
            act.label
        }
    }

    fn day(&self, day: Day, out: &mut Vec<Act>) {
        let before = out.len();
        self.honest_day(day, out);
        self.occasions(day, out);
        self.queue(day, &mut out[before..]);
        for act in &mut out[before..] {
            act.label = self.label(act, day);
        }
        self.calls(day, out);
        for case in &self.cases {
            self.fraud_day(case, day, out);
        }
    }
}

/// The month streaming by.
#[derive(Debug)]
pub struct Month<'a> {
    kingdom: &'a Kingdom,
    day: u32,
    /// Acts of the day, last first, behind those of later days.
    ahead: Vec<Act>,
    /// How many of them, from the end, nothing of a later day can come before.
    ready: usize,
}

impl Month<'_> {
    /// Acts that are in memory.
    pub fn held(&self) -> usize {
        self.ahead.len()
    }
}

impl Iterator for Month<'_> {
    type Item = Act;

    fn next(&mut self) -> Option<Act> {
        while self.ready == 0 && self.day < DAYS {
            self.kingdom.day(Day(self.day), &mut self.ahead);
            self.day += 1;
            // Later days begin at their midnight.
            self.ahead.sort_by_key(|act| std::cmp::Reverse(act.order()));
            let midnight = Day(self.day).at(0.0);
            self.ready = self.ahead.len() - self.ahead.partition_point(|act| act.at >= midnight);
        }
        self.ready = self.ready.checked_sub(1)?;
        self.ahead.pop()
    }
}
