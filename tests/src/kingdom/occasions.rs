//! What happens to many at once? A mobile unit comes to a village, a bus turns over on the road to the hospital.

use policies::ClientKind;

use super::Kingdom;
use super::act::{Act, LookAlike, What};
use super::calendar::Day;
use super::chance::{About, Chance};
use super::counters::Visit;
use super::journeys::Journey;

impl Kingdom {
    /// Every establishment's occasions of that day.
    pub fn occasions(&self, day: Day, out: &mut Vec<Act>) {
        for place in &self.map.places {
            let mut chance =
                Chance::new(self.size.seed, About::PlaceDay, u64::from(place.number), 1 + u64::from(day.0));
            match place.kind {
                ClientKind::MobileUnit if day.working() && chance.happens(0.5) => {
                    self.tour(place.number, day, &mut chance, out);
                }
                ClientKind::Hospital if chance.happens(0.002) => {
                    self.many_injured(place.number, day, &mut chance, out);
                }
                _ => {}
            }
        }
    }

    /// A mobile unit sees a village in one morning, hours from the depot where it is registered.
    fn tour(&self, unit: u32, day: Day, chance: &mut Chance, out: &mut Vec<Act>) {
        let region = self.map.towns[self.map.places[unit as usize].town as usize].region;
        let villages = self.map.towns.iter().enumerate();
        let villages: Vec<u32> = villages
            .filter(|(_, town)| town.region == region && town.market.is_some())
            .map(|(number, _)| number as u32)
            .collect();
        let village = chance.pick(&villages);
        let patients = chance.whole(15, 60) as usize;
        let mut minute = 540.0 + chance.between(0.0, 40.0);
        for person in self.some_of(village, patients, day, chance) {
            let visit = Visit::new(self, day, minute, unit, chance).looks_like(LookAlike::MobileUnit);
            self.care(visit, self.card(person, day), chance, out);
            minute += chance.between(2.0, 9.0);
        }
    }

    /// Nobody asks the injured for their cards.
    fn many_injured(&self, hospital: u32, day: Day, chance: &mut Chance, out: &mut Vec<Act>) {
        let from = chance.between(0.0, 1_300.0);
        for _ in 0..chance.whole(8, 30) {
            let minute = from + chance.between(0.0, 120.0);
            let visit = Visit::new(self, day, minute, hospital, chance).looks_like(LookAlike::Accident);
            let practitioner = chance.whole(0, 11);
            let what = if chance.happens(0.5) { What::BreakGlass { practitioner } } else { What::ByHand };
            out.push(visit.act(None, what));
        }
    }

    /// Some who live in that town, have their card and are at home, none twice.
    pub fn some_of(&self, town: u32, count: usize, day: Day, chance: &mut Chance) -> Vec<u32> {
        let streets = &self.residents[town as usize];
        let mut some = Vec::with_capacity(count);
        let tries = if streets.is_empty() { 0 } else { 4 * count };
        for _ in 0..tries {
            let (first, people) = self.people.streets[chance.pick(streets) as usize];
            let person = first + chance.whole(0, people - 1);
            let home = Journey::of(self, person).is_none() && self.card(person, day).is_some();
            if some.len() < count && home && !some.contains(&person) {
                some.push(person);
            }
        }
        some
    }
}
