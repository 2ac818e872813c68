//! Who has their card on them, and which card is it? Lost, found again, renewed, in somebody else's pocket.

use std::collections::HashMap;

use super::act::{Act, Card, Label, LookAlike, What};
use super::calendar::Day;
use super::chance::{About, Chance};
use super::{Kingdom, Size};

/// Days of the month, with their fraction.
pub type Moment = f64;

/// Cards that are not where they should be.
#[derive(Debug, Default)]
pub struct Cards {
    /// Days on which somebody does not have their card, the last included.
    pub away: HashMap<u32, Vec<(u32, u32)>>,
    /// From when until when a card stands on the list of the reported.
    pub reported: HashMap<u32, (Moment, Moment)>,
    /// What the hot line is told: when, of whose card, missing for how long, by whom.
    pub calls: Vec<(Moment, u32, f32, Label)>,
}

impl Cards {
    /// Cards that their honest holders lose; half are found again within days, and tried before the report is taken back.
    pub fn new(size: &Size) -> Self {
        let mut cards = Self::default();
        for person in 0..size.people {
            let mut chance = Chance::new(size.seed, About::Key, u64::from(person), 1);
            if !chance.happens(0.004) {
                continue;
            }
            let lost = chance.between(0.3, 28.0);
            let misses = chance.skewed(0.8, 0.6);
            let found = chance.happens(0.5).then(|| lost + chance.between(0.3, 6.0));
            let until = found.unwrap_or(lost + 60.0);
            cards.take_away(person, lost as u32, until as u32);
            if lost + misses < until {
                let label = found.map_or(Label::Honest, |_| Label::LookAlike(LookAlike::FoundAgain));
                cards.report(person, lost + misses, misses as f32, label);
                let lifted = found.map_or(f64::MAX, |found| found + chance.between(0.5, 8.0));
                cards.reported.insert(person, (lost + misses, lifted));
            }
        }
        cards
    }

    /// Nobody sees that card with its holder on those days.
    pub fn take_away(&mut self, person: u32, from: u32, to: u32) {
        self.away.entry(person).or_default().push((from, to));
    }

    /// The hot line is told.
    pub fn report(&mut self, person: u32, at: Moment, missing_days: f32, label: Label) {
        self.calls.push((at, person, missing_days, label));
        self.reported.insert(person, (at, f64::MAX));
    }
}

impl Kingdom {
    /// The card that somebody has on them on that day.
    pub fn card(&self, person: u32, day: Day) -> Option<Card> {
        let away = self.cards.away.get(&person);
        let has = away.is_none_or(|away| !away.iter().any(|(from, to)| (*from..=*to).contains(&day.0)));
        (self.people.all[person as usize].card && has).then(|| self.issued(person, day))
    }

    /// The card that the state last gave them.
    pub fn issued(&self, person: u32, day: Day) -> Card {
        let renewed = self.people.all[person as usize].renewed.is_some_and(|on| u32::from(on) <= day.0);
        // One in five only has a new certificate written onto the old chip.
        let issue = match (renewed, person % 5) {
            (false, _) => (0, 0),
            (true, 0) => (0, 1),
            (true, _) => (1, 1),
        };
        Card { person, issue, chip_of: person }
    }

    /// That card stands on the list of the reported.
    pub fn is_reported(&self, card: Card, at: Moment) -> bool {
        let reported = self.cards.reported.get(&card.person);
        card.chip_of == card.person && reported.is_some_and(|(from, to)| (*from..*to).contains(&at))
    }

    /// What the hot line hears on that day.
    pub(super) fn calls(&self, day: Day, out: &mut Vec<Act>) {
        for (at, person, missing_days, label) in &self.cards.calls {
            if *at as u32 == day.0 {
                out.push(Act {
                    at: day.at(at.fract() * 1_440.0),
                    place: self.hot_line(),
                    station: 0,
                    card: Some(self.issued(*person, day)),
                    what: What::Report { missing_days: *missing_days },
                    label: *label,
                });
            }
        }
    }
}
