//! Who lives in the kingdom? Households in streets, nobody of whom exists: a person here is a number with habits.

use super::Size;
use super::chance::{About, Chance};
use super::cities::Point;
use super::places::Map;

/// Somebody (*assuré*).
#[derive(Clone, Debug)]
pub struct Person {
    /// The first of the household, and how many they are.
    pub household: (u32, u32),
    /// The town or village where they live.
    pub town: u32,
    /// Their home.
    pub home: Point,
    /// In years.
    pub age: u8,
    /// Has a card of their own. Children come with a parent's.
    pub card: bool,
    /// How often a month they fetch the medicines of a chronic disease (*ALD*).
    pub refills: u8,
    /// Somebody else of the street fetches them (*mandataire*).
    pub delegates: bool,
    /// Where they go for medicines, the usual one first.
    pub pharmacies: [u32; 3],
    /// Their health centre.
    pub centre: u32,
    /// How often they mistype a number.
    pub fumbles: f32,
    /// The day on which they are handed a new card, if it is in this month.
    pub renewed: Option<u8>,
}

/// Everybody, in streets of some households.
#[derive(Debug)]
pub struct People {
    /// At their numbers.
    pub all: Vec<Person>,
    /// The first number of each street, and how many live there.
    pub streets: Vec<(u32, u32)>,
}

impl People {
    /// The kingdom's, of that size.
    pub fn new(size: &Size, map: &Map) -> Self {
        let mut people = Self { all: Vec::with_capacity(size.people as usize), streets: Vec::new() };
        while people.all.len() < size.people as usize {
            let first = people.all.len() as u32;
            let mut chance = Chance::new(size.seed, About::Person, u64::from(first), 0);
            let town = chance.weighted(&map.sums) as u32;
            for _ in 0..chance.whole(3, 5) {
                people.household(size, map, town, &mut chance);
            }
            people.streets.push((first, people.all.len() as u32 - first));
        }
        people
    }

    fn household(&mut self, size: &Size, map: &Map, town: u32, chance: &mut Chance) {
        let about = &map.towns[town as usize];
        let spread = about.radius * 0.6;
        let home = about.centre.moved(spread * chance.normal(), spread * chance.normal());
        let mut near = [(); 3].map(|()| map.pharmacy(town, chance));
        near.sort_by(|one, other| {
            let way = |place: &u32| map.places[*place as usize].at.kilometres_to(home);
            way(one).total_cmp(&way(other))
        });
        let centre = chance.pick(&about.centres);
        let left = size.people - self.all.len() as u32;
        let (first, count) = (self.all.len() as u32, chance.whole(1, 7).min(left));
        for member in 0..count {
            let age = match member {
                0 => chance.whole(24, 78),
                1 => chance.whole(20, 74),
                _ if chance.happens(0.12) => chance.whole(66, 90),
                _ => chance.whole(0, 22),
            } as u8;
            let ill = f64::from(age) / 160.0;
            self.all.push(Person {
                household: (first, count),
                town,
                home,
                age,
                card: age >= 18 || (age >= 12 && chance.happens(0.4)),
                refills: if age >= 18 && chance.happens(ill) { chance.pick(&[1, 1, 1, 2]) } else { 0 },
                delegates: chance.happens(match (age >= 66, about.market.is_some()) {
                    (true, true) => 0.5,
                    (true, false) => 0.15,
                    (false, true) => 0.2,
                    (false, false) => 0.02,
                }),
                pharmacies: near,
                centre,
                fumbles: (if age >= 66 { 0.06 } else { 0.015 } * chance.skewed(1.0, 0.8)).min(0.5) as f32,
                renewed: chance.happens(0.012).then(|| chance.whole(0, 30) as u8),
            });
        }
    }
}
