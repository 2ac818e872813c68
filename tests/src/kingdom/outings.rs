//! Where does somebody go who goes out alone?
//!
//! To the doctor and then for medicines, on the way to another town, in an emergency at night.

use super::Kingdom;
use super::act::{Act, Label, LookAlike};
use super::calendar::Day;
use super::chance::{About, Chance};
use super::counters::Visit;
use super::errands::Prescription;
use super::journeys::{Journey, fastest};

/// Somebody on a day, in the town where they are.
#[derive(Clone, Copy)]
struct Outing {
    person: u32,
    day: Day,
    town: u32,
    away: bool,
}

impl Kingdom {
    /// Everything that somebody does alone on that day.
    pub(super) fn own_day(&self, person: u32, day: Day, out: &mut Vec<Act>) {
        let mut chance = Chance::new(self.size.seed, About::Day, u64::from(person), u64::from(day.0));
        let journey = Journey::of(self, person);
        if let Some(journey) =
            journey.filter(|journey| journey.leaves.0 == day.0 || journey.returns.0 == day.0)
        {
            self.journey_day(person, day, &journey, &mut chance, out);
            return;
        }
        let away = journey.filter(|journey| (journey.leaves.0..journey.returns.0).contains(&day.0));
        let town = away.map_or(self.people.all[person as usize].town, |journey| journey.town);
        let outing = Outing { person, day, town, away: away.is_some() };
        let minute = chance.between(480.0, 1_170.0);
        if away.is_none() && self.refill_due(person, day) {
            self.refill(person, day, minute, &mut chance, out);
            return;
        }
        match chance.unit() / day.bustle() {
            ill if ill < 0.013 => self.ill(outing, &mut chance, out),
            errand if errand < 0.034 => {
                self.pharmacy_visit(outing, minute, None, &mut chance, out);
            }
            _ if chance.happens(0.001) => self.accident(outing, &mut chance, out),
            _ => {}
        }
    }

    /// The last errand before leaving and the first after arriving: two towns, one card, and no fraud.
    fn journey_day(&self, person: u32, day: Day, journey: &Journey, chance: &mut Chance, out: &mut Vec<Act>) {
        let home = self.people.all[person as usize].town;
        let (leaves, from, to) = match journey.leaves.0 == day.0 {
            true => (journey.leaves.1, home, journey.town),
            false => (journey.returns.1, journey.town, home),
        };
        let mut errand = |turn: u64, town: u32, minute: f64, chance: &mut Chance| {
            let place = self.map.pharmacy(town, chance);
            let in_time = self.open_from(place, day, minute).is_some_and(|open| open == minute);
            if in_time && minute < 1_440.0 {
                let visit = Visit::new(self, day, minute, place, chance).looks_like(LookAlike::Traveller);
                let number = (u64::from(person) << 8) + turn + u64::from(day.0);
                self.medicines(
                    visit,
                    self.card(person, day),
                    Prescription::course(number, chance),
                    chance,
                    out,
                );
            }
        };
        if chance.happens(0.3) {
            errand(40, from, leaves - chance.skewed(40.0, 0.6), chance);
        }
        if chance.happens(0.3) {
            errand(120, to, leaves + journey.takes + chance.skewed(40.0, 0.7), chance);
        }
    }

    fn refill(&self, person: u32, day: Day, minute: f64, chance: &mut Chance, out: &mut Vec<Act>) {
        let about = &self.people.all[person as usize];
        let place = about.pharmacies[if chance.happens(0.85) { 0 } else { chance.whole(1, 2) as usize }];
        let Some(minute) = self.open_from(place, day, minute) else { return };
        let mut visit = Visit::new(self, day, minute, place, chance);
        if self.map.towns[about.town as usize].market == Some(day.weekday()) {
            visit = visit.looks_like(LookAlike::MarketDay);
        }
        let prescription = Prescription::month_of_three(person);
        self.medicines(visit, self.card(person, day), prescription, chance, out);
    }

    fn pharmacy_visit(
        &self,
        outing: Outing,
        minute: f64,
        from: Option<u32>,
        chance: &mut Chance,
        out: &mut Vec<Act>,
    ) {
        let Outing { person, day, town, away } = outing;
        let usual = self.people.all[person as usize].pharmacies;
        let place =
            if away || chance.happens(0.15) { self.map.pharmacy(town, chance) } else { chance.pick(&usual) };
        let minute = minute + from.map_or(0.0, |from| self.way(from, place) * chance.between(1.1, 1.6));
        let Some(minute) = self.open_from(place, day, minute).filter(|minute| *minute < 1_440.0) else {
            return;
        };
        let visit = Visit::new(self, day, minute, place, chance);
        let number = (u64::from(person) << 8) + 1 + u64::from(day.0);
        self.medicines(visit, self.card(person, day), Prescription::course(number, chance), chance, out);
    }

    /// Minutes from one establishment to another.
    pub(super) fn way(&self, from: u32, to: u32) -> f64 {
        fastest(self.map.places[from as usize].at, self.map.places[to as usize].at)
    }

    fn ill(&self, outing: Outing, chance: &mut Chance, out: &mut Vec<Act>) {
        let Outing { person, day, town, away } = outing;
        let hospital = chance.happens(0.18);
        let about = &self.map.towns[town as usize];
        let place = match (hospital, away) {
            (true, _) => about.hospital,
            (false, true) => chance.pick(&about.centres),
            (false, false) => self.people.all[person as usize].centre,
        };
        if !day.working() {
            return;
        }
        let morning = chance.between(500.0, 900.0);
        let Some(minute) = self.open_from(place, day, morning) else { return };
        let visit = Visit::new(self, day, minute, place, chance);
        self.care(visit, self.card(person, day), chance, out);
        let after = minute + 15.0 + chance.skewed(35.0, 0.8);
        // The doctor of the hospital sends people to the pharmacy at its gate.
        let gate = self.map.places[place as usize].next_door;
        if hospital && chance.happens(0.3) {
            if let Some(minute) =
                self.open_from(gate, day, minute + chance.between(3.0, 18.0) + 1.3 * self.way(place, gate))
            {
                let visit = Visit::new(self, day, minute, gate, chance).looks_like(LookAlike::NextDoor);
                let number = (u64::from(person) << 8) + 1 + u64::from(day.0);
                self.medicines(
                    visit,
                    self.card(person, day),
                    Prescription::course(number, chance),
                    chance,
                    out,
                );
            }
        } else if chance.happens(0.75) && after < 1_380.0 {
            self.pharmacy_visit(outing, after, Some(place), chance, out);
        }
    }

    /// An emergency at any hour, a duty pharmacy afterwards, now and then an ambulance to the regional hospital.
    fn accident(&self, outing: Outing, chance: &mut Chance, out: &mut Vec<Act>) {
        let Outing { person, day, town, .. } = outing;
        let about = &self.map.towns[town as usize];
        let minute = chance.between(0.0, 1_200.0);
        let label = if minute < 420.0 { Label::LookAlike(LookAlike::Night) } else { Label::Honest };
        let card = self.card(person, day);
        let mut visit = Visit::new(self, day, minute, about.hospital, chance);
        visit.label = label;
        self.emergency(visit, card, chance, out);
        let capital =
            self.map.towns.iter().find(|town| town.region == about.region).map(|town| town.hospital);
        if let Some(to) = capital.filter(|to| *to != about.hospital && chance.happens(0.08)) {
            let arrival = minute + 25.0 + self.way(about.hospital, to) * chance.between(1.05, 1.4);
            let visit = Visit::new(self, day, arrival, to, chance).looks_like(LookAlike::Transfer);
            self.emergency(visit, card, chance, out);
        } else if chance.happens(0.5) {
            let place = self.map.on_duty(town, day, chance);
            let then = minute + chance.between(40.0, 190.0) + self.way(about.hospital, place) * 1.3;
            let visit = Visit { label, ..Visit::new(self, day, then, place, chance) };
            let number = (u64::from(person) << 8) + 80 + u64::from(day.0);
            self.medicines(visit, card, Prescription::course(number, chance), chance, out);
        }
    }
}
