//! What do honest people do on a day? Street by street: who goes out, with whom, with whose card.
//!
//! A card is in one place at a time: whoever goes out with the family or has somebody fetch their medicines does nothing else
//! with their card on that day, and whoever is on the way is nowhere.

use super::Kingdom;
use super::act::{Act, LookAlike};
use super::calendar::Day;
use super::chance::{About, Chance};
use super::counters::Visit;
use super::errands::Prescription;
use super::journeys::Journey;

/// Who of a street has done with their card on this day.
struct Busy {
    first: u32,
    taken: Vec<bool>,
}

impl Busy {
    fn is(&self, person: u32) -> bool {
        self.taken[(person - self.first) as usize]
    }

    fn take(&mut self, person: u32) {
        self.taken[(person - self.first) as usize] = true;
    }

    fn street(&self) -> std::ops::Range<u32> {
        self.first..self.first + self.taken.len() as u32
    }
}

impl Kingdom {
    /// Everything that the honest do on that day, in no order.
    pub fn honest_day(&self, day: Day, out: &mut Vec<Act>) {
        for street in 0..self.people.streets.len() {
            self.street_day(street, day, out);
        }
    }

    fn street_day(&self, street: usize, day: Day, out: &mut Vec<Act>) {
        let (first, count) = self.people.streets[street];
        let mut chance = Chance::new(self.size.seed, About::Household, u64::from(first), u64::from(day.0));
        let mut busy = Busy { first, taken: vec![false; count as usize] };
        self.delegated(day, &mut busy, &mut chance, out);
        let mut next = first;
        while next < first + count {
            let (head, members) = self.people.all[next as usize].household;
            if chance.happens(0.004 * f64::from(members) * day.bustle()) {
                self.family((head, members), day, &mut busy, &mut chance, out);
            }
            next = head + members;
        }
        for person in first..first + count {
            if !busy.is(person) && self.people.all[person as usize].age >= 14 {
                self.own_day(person, day, out);
            }
        }
    }

    /// Somebody of the street takes the cards of those who cannot go, and comes back with their medicines.
    fn delegated(&self, day: Day, busy: &mut Busy, chance: &mut Chance, out: &mut Vec<Act>) {
        let due: Vec<u32> = busy
            .street()
            .filter(|person| self.people.all[*person as usize].delegates && self.refill_due(*person, day))
            .filter(|person| self.card(*person, day).is_some() && Journey::of(self, *person).is_none())
            .collect();
        let Some(minute) = due.first().and_then(|person| {
            let place = self.people.all[*person as usize].pharmacies[0];
            self.open_from(place, day, chance.between(540.0, 1_100.0))
        }) else {
            return;
        };
        let place = self.people.all[due[0] as usize].pharmacies[0];
        let mut visit = Visit::new(self, day, minute, place, chance);
        if due.len() > 1 {
            visit = visit.looks_like(LookAlike::Delegate);
        }
        // Half of the pharmacists read the whole handful first.
        let next = if chance.happens(0.5) { (0.1, 0.4) } else { (2.0, 6.0) };
        for person in due {
            busy.take(person);
            let prescription = Prescription::month_of_three(person);
            self.medicines(visit, self.card(person, day), prescription, chance, out);
            visit = visit.later(chance.between(next.0, next.1));
        }
    }

    /// A parent takes some of the household to the doctor, then all go to the pharmacy.
    fn family(
        &self,
        (head, members): (u32, u32),
        day: Day,
        busy: &mut Busy,
        chance: &mut Chance,
        out: &mut Vec<Act>,
    ) {
        let home = |person: &u32| !busy.is(*person) && Journey::of(self, *person).is_none();
        let ill: Vec<u32> = (head..head + members).filter(home).take(chance.whole(2, 5) as usize).collect();
        let Some(guardian) = ill.first().and_then(|person| self.card(*person, day)) else { return };
        if ill.len() < 2 || !day.working() {
            return;
        }
        let about = &self.people.all[head as usize];
        let from = chance.between(500.0, 900.0);
        let Some(minute) = self.open_from(about.centre, day, from) else { return };
        let mut visit = Visit::new(self, day, minute, about.centre, chance).looks_like(LookAlike::Family);
        let next = if chance.happens(0.5) { (0.1, 0.5) } else { (3.0, 12.0) };
        for person in &ill {
            busy.take(*person);
            // A child comes with the parent's card.
            let card = self.card(*person, day).unwrap_or(guardian);
            self.care(visit, Some(card), chance, out);
            visit = visit.later(chance.between(next.0, next.1));
        }
        let place = about.pharmacies[0];
        let then = visit.minute + chance.between(20.0, 60.0) + self.way(about.centre, place) * 1.2;
        let Some(minute) = self.open_from(place, day, then) else { return };
        let mut visit = Visit::new(self, day, minute, place, chance).looks_like(LookAlike::Family);
        for person in ill {
            let card = self.card(person, day).unwrap_or(guardian);
            let number = (u64::from(person) << 8) + 1 + u64::from(day.0);
            self.medicines(visit, Some(card), Prescription::course(number, chance), chance, out);
            visit = visit.later(chance.between(1.5, 5.0));
        }
    }

    /// In villages refills wait for the market day.
    pub(super) fn refill_due(&self, person: u32, day: Day) -> bool {
        let about = &self.people.all[person as usize];
        let market = self.map.towns[about.town as usize].market;
        (0..about.refills).any(|turn| {
            let mut due = Day((person * 7 + u32::from(turn) * 15) % 31);
            while market.is_some_and(|market| due.weekday() != market) || (due.0 < 31 && !open(due)) {
                due.0 += 1;
            }
            due == day
        })
    }
}

fn open(day: Day) -> bool {
    !day.feast() && day.weekday() != time::Weekday::Sunday
}
