//! How fast does an honest patient get from one counter to another? By car, by the fast train, by plane.
//!
//! Door to door: the way to the station and the wait are in it. The fastest of them is what nature allows, and by that alone, not by
//! what any signal thinks, the bench says whether two uses of one card could have been seen to be impossible.

use super::chance::{About, Chance};
use super::cities::Point;
use super::places::Map;
use super::{Kingdom, calendar::DAYS};

/// Stations of the fast line (*Al Boraq*): Tanger, Kénitra, Rabat, Casablanca.
const FAST_LINE: [Point; 4] =
    [point(35.77, -5.80), point(34.26, -6.58), point(34.02, -6.83), point(33.57, -7.59)];
/// Airports with flights inside the country.
const AIRPORTS: [Point; 11] = [
    point(33.37, -7.58),
    point(34.05, -6.75),
    point(35.73, -5.92),
    point(34.79, -1.92),
    point(33.93, -4.98),
    point(31.61, -8.04),
    point(30.33, -9.41),
    point(31.95, -4.40),
    point(29.03, -10.06),
    point(27.15, -13.22),
    point(23.72, -15.93),
];

const fn point(latitude: f64, longitude: f64) -> Point {
    Point { latitude, longitude }
}

/// Somebody goes somewhere for some days.
#[derive(Clone, Copy, Debug)]
pub struct Journey {
    /// The town that they go to.
    pub town: u32,
    /// Day and minute of leaving home.
    pub leaves: (u32, f64),
    /// Day and minute of leaving for home.
    pub returns: (u32, f64),
    /// Minutes on the way.
    pub takes: f64,
}

/// The fewest minutes from here to there for somebody in a hurry who breaks no speed record.
pub fn fastest(from: Point, to: Point) -> f64 {
    let way = from.kilometres_to(to);
    // An ambulance or a hurried driver on a motorway, as the crow flies.
    let road = way / 115.0;
    let rail =
        if near(&FAST_LINE, from, 25.0) && near(&FAST_LINE, to, 25.0) { way / 150.0 + 0.35 } else { road };
    let air = if near(&AIRPORTS, from, 40.0) && near(&AIRPORTS, to, 40.0) { way / 720.0 + 1.2 } else { road };
    60.0 * road.min(rail).min(air)
}

fn near(stops: &[Point], place: Point, kilometres: f64) -> bool {
    stops.iter().any(|stop| stop.kilometres_to(place) < kilometres)
}

impl Journey {
    /// The month's journey of that person, if there is one.
    pub fn of(kingdom: &Kingdom, person: u32) -> Option<Self> {
        let mut chance = Chance::new(kingdom.size.seed, About::Journey, u64::from(person), 0);
        let about = &kingdom.people.all[person as usize];
        if !about.card || about.age < 18 || !chance.happens(0.15) {
            return None;
        }
        let town = destination(&kingdom.map, about.town, &mut chance)?;
        let (from, to) = (&kingdom.map.towns[about.town as usize], &kingdom.map.towns[town as usize]);
        // The bus stops; a few are in a hurry.
        let slower = if chance.happens(0.3) { chance.between(1.02, 1.15) } else { chance.between(1.15, 1.9) };
        let takes = fastest(from.centre, to.centre) * slower + 10.0;
        let leaves = (chance.whole(0, DAYS - 2), chance.between(360.0, 1_080.0));
        let returns = ((leaves.0 + chance.whole(1, 7)).min(DAYS - 1), chance.between(420.0, 1_080.0));
        Some(Self { town, leaves, returns, takes })
    }
}

fn destination(map: &Map, home: u32, chance: &mut Chance) -> Option<u32> {
    let town = chance.weighted(&map.sums) as u32;
    let way = map.towns[town as usize].centre.kilometres_to(map.towns[home as usize].centre);
    // Far-away places are visited less, but family is everywhere.
    (way > 25.0 && chance.happens(0.25 + 0.75 * (-way / 300.0).exp())).then_some(town)
}
