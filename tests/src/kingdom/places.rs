//! Where can a card be presented? Towns and villages with their market days, and the establishments in them.
//!
//! What the register says of an establishment is not always so: a mobile unit is registered at its depot, a few pharmacies
//! have moved or were written down wrongly, and nobody registers the hours of Ramadan or of duty nights.

use policies::ClientKind;
use time::Weekday;

use super::Size;
use super::calendar::{Day, Shifts};
use super::chance::{About, Chance};
use super::cities::{Point, REGIONS};

/// A town, or a village around one, whose market (*souk*) is once a week.
#[derive(Clone, Debug)]
pub struct Town {
    /// Index in [`REGIONS`].
    pub region: usize,
    /// The town that it is, or that it lies around.
    pub city: usize,
    /// Where its middle is.
    pub centre: Point,
    /// Kilometres within which most of it lies.
    pub radius: f64,
    /// How many live there, in thousands.
    pub people: f64,
    /// The market day of a village.
    pub market: Option<Weekday>,
    /// Its pharmacies, and the running sums of how popular they are.
    pub pharmacies: (Vec<u32>, Vec<f64>),
    /// Its health centres, or its city's.
    pub centres: Vec<u32>,
    /// The hospital that it is sent to.
    pub hospital: u32,
}

/// An establishment (*établissement*).
#[derive(Clone, Debug)]
pub struct Place {
    /// Its number in the kingdom.
    pub number: u32,
    /// What it is registered as.
    pub kind: ClientKind,
    /// Where it is.
    pub town: u32,
    /// Where it really stands; a mobile unit's depot.
    pub at: Point,
    /// Where the register says that it stands.
    pub registered: Point,
    /// When the register says that it is open, in minutes of the wall clock; the second may be smaller. Nothing: always.
    pub hours: Option<(u16, u16)>,
    /// How popular it is, around 1.
    pub popularity: f64,
    /// How many readers (*postes*) it has.
    pub stations: u32,
    /// The pharmacy next to it.
    pub next_door: u32,
    /// Its turn among the duty pharmacies of its town, and how many turns there are.
    pub duty: (u32, u32),
    /// Which share of what it bills it bills days later.
    pub late: f64,
    /// Which share it never bills.
    pub unbilled: f64,
    /// Which share of its patients it enters by hand.
    pub by_hand: f64,
}

/// All of them.
#[derive(Debug)]
pub struct Map {
    /// Towns, then villages.
    pub towns: Vec<Town>,
    /// Running sums of the towns' people.
    pub sums: Vec<f64>,
    /// Pharmacies, hospitals, health centres, mobile units: in this order, each at its number.
    pub places: Vec<Place>,
}

impl Map {
    /// The kingdom's, of that size.
    pub fn new(size: &Size) -> Self {
        let mut map = Self { towns: towns(size), sums: Vec::new(), places: Vec::new() };
        map.sums = running(map.towns.iter().map(|town| town.people));
        let cities = map.towns.iter().filter(|town| town.market.is_none()).count();
        // Every town has one before any has two; villages have fewer than their people would fill.
        let trade = running(
            map.towns.iter().map(|town| town.people * if town.market.is_some() { 0.65 } else { 1.0 }),
        );
        map.build(size, ClientKind::Pharmacy, size.pharmacies, |turn, chance| {
            if turn < cities { turn } else { chance.weighted(&trade) }
        });
        let capitals: Vec<usize> =
            (0..REGIONS.len()).map(|region| map.first(|town| town.region == region)).collect();
        let hospitals = (size.public * 165 / 3_000).max(12);
        let units = (size.public * 80 / 3_000).max(4);
        let urban = map.sums[..cities].to_vec();
        map.build(size, ClientKind::Hospital, hospitals, |turn, chance| {
            if turn < capitals.len() { capitals[turn] } else { chance.weighted(&urban) }
        });
        let centres = size.public.saturating_sub(hospitals + units);
        let sums = map.sums.clone();
        map.build(size, ClientKind::Clinic, centres, |turn, chance| {
            if turn < cities { turn } else { chance.weighted(&sums) }
        });
        map.build(size, ClientKind::MobileUnit, units, |turn, _| capitals[turn % capitals.len()]);
        // The fund's hot line, in Rabat.
        map.build(size, ClientKind::Cnss, 1, |_, _| capitals[3]);
        map.tell_towns();
        map
    }

    fn first(&self, wanted: impl Fn(&Town) -> bool) -> usize {
        self.towns.iter().position(wanted).expect("every region has a town")
    }

    fn build(
        &mut self,
        size: &Size,
        kind: ClientKind,
        count: u32,
        town: impl Fn(usize, &mut Chance) -> usize,
    ) {
        for turn in 0..count {
            let number = self.places.len() as u32;
            let mut chance = Chance::new(size.seed, About::Place, u64::from(number), 0);
            let town = town(turn as usize, &mut chance);
            let place = place(number, kind, town as u32, &self.towns[town], &mut chance);
            self.places.push(place);
        }
    }

    /// Who is where, and who is on duty when.
    fn tell_towns(&mut self) {
        for place in &mut self.places {
            let town = &mut self.towns[place.town as usize];
            match place.kind {
                ClientKind::Pharmacy => {
                    place.duty.0 = town.pharmacies.0.len() as u32;
                    town.pharmacies.0.push(place.number);
                    let before = town.pharmacies.1.last().copied().unwrap_or_default();
                    town.pharmacies.1.push(before + place.popularity);
                }
                ClientKind::Clinic => town.centres.push(place.number),
                ClientKind::Hospital if town.hospital == u32::MAX => town.hospital = place.number,
                _ => {}
            }
        }
        for town in 0..self.towns.len() {
            let (city, region) = (self.towns[town].city, self.towns[town].region);
            if self.towns[town].pharmacies.0.is_empty() {
                self.towns[town].pharmacies = self.towns[city].pharmacies.clone();
            }
            if self.towns[town].centres.is_empty() {
                self.towns[town].centres = self.towns[city].centres.clone();
            }
            if self.towns[town].hospital == u32::MAX {
                let capital = self.first(|town| town.region == region);
                let own = self.towns[city].hospital;
                self.towns[town].hospital = if own == u32::MAX { self.towns[capital].hospital } else { own };
            }
        }
        for place in 0..self.places.len() {
            let about = &self.places[place];
            let pharmacies = &self.towns[about.town as usize].pharmacies.0;
            let way = |other: &&u32| self.places[**other as usize].at.kilometres_to(about.at);
            let nearest = pharmacies.iter().min_by(|one, other| way(one).total_cmp(&way(other)));
            let (nearest, turns) = (nearest.copied().unwrap_or_default(), pharmacies.len().clamp(1, 14));
            self.places[place].next_door = nearest;
            self.places[place].duty.1 = turns as u32;
        }
    }

    /// A pharmacy of that town that serves people at night on that day.
    pub fn on_duty(&self, town: u32, day: Day, chance: &mut Chance) -> u32 {
        let pharmacies = &self.towns[town as usize].pharmacies.0;
        let start = chance.whole(0, pharmacies.len() as u32 - 1) as usize;
        let turns = (0..pharmacies.len()).map(|step| pharmacies[(start + step) % pharmacies.len()]);
        turns
            .into_iter()
            .find(|place| self.places[*place as usize].serves_at_night(day))
            .unwrap_or(pharmacies[0])
    }

    /// Any pharmacy of that town, the popular ones more often.
    pub fn pharmacy(&self, town: u32, chance: &mut Chance) -> u32 {
        let (pharmacies, sums) = &self.towns[town as usize].pharmacies;
        pharmacies[chance.weighted(sums)]
    }
}

impl Place {
    /// It is its night of duty (*pharmacie de garde*).
    pub fn serves_at_night(&self, day: Day) -> bool {
        // The night pharmacies leave it to the others.
        self.hours.is_none_or(|(opens, closes)| opens < closes)
            && (self.duty.0 + day.0).is_multiple_of(self.duty.1)
    }

    /// When it is open on that day; hospitals always are.
    pub fn shifts(&self, day: Day) -> Shifts {
        match self.kind {
            // A night pharmacy (*pharmacie de nuit*).
            ClientKind::Pharmacy if self.hours.is_some_and(|(opens, closes)| opens > closes) => {
                Shifts([(0.0, 540.0), (1_200.0, 1_440.0)])
            }
            ClientKind::Pharmacy => Shifts::pharmacy(day),
            ClientKind::Hospital => Shifts([(0.0, 720.0), (720.0, 1_440.0)]),
            _ => Shifts::centre(day),
        }
    }
}

fn running(weights: impl Iterator<Item = f64>) -> Vec<f64> {
    weights
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect()
}

fn towns(size: &Size) -> Vec<Town> {
    let town = |region, city, centre, radius, people, market| Town {
        region,
        city,
        centre,
        radius,
        people,
        market,
        pharmacies: (Vec::new(), Vec::new()),
        centres: Vec::new(),
        hospital: u32::MAX,
    };
    let mut towns = Vec::new();
    for (region, about) in REGIONS.iter().enumerate() {
        for city in about.cities {
            let radius = 1.0 + city.people.sqrt() / 6.0;
            towns.push(town(region, towns.len(), city.centre(), radius, city.people, None));
        }
    }
    let cities = towns.len();
    let around = (size.pharmacies / 1_500).clamp(1, 8);
    let mut city = 0;
    for (region, about) in REGIONS.iter().enumerate() {
        let urban: f64 = about.cities.iter().map(|city| city.people).sum();
        let spread: f64 = about.cities.iter().map(|city| city.people.sqrt()).sum();
        for own in about.cities {
            let people = (about.people - urban).max(0.0) * own.people.sqrt() / spread / f64::from(around);
            for _ in 0..around {
                let mut chance = Chance::new(size.seed, About::Place, towns.len() as u64, 1);
                let (way, angle) = (chance.between(12.0, 48.0), chance.between(0.0, std::f64::consts::TAU));
                let centre = own.centre().moved(way * angle.sin(), way * angle.cos());
                // On no Sunday: that is when pharmacies are closed.
                let market = Weekday::Monday.nth_next((chance.any() % 6) as u8);
                towns.push(town(region, city, centre, 5.0, people, Some(market)));
            }
            city += 1;
        }
    }
    debug_assert_eq!(cities, city);
    towns
}

fn place(number: u32, kind: ClientKind, town: u32, about: &Town, chance: &mut Chance) -> Place {
    let spread = |chance: &mut Chance| about.radius * 0.6 * chance.normal();
    let at = about.centre.moved(spread(chance), spread(chance));
    let popularity = chance.skewed(1.0, if kind == ClientKind::Pharmacy { 0.9 } else { 0.5 });
    let registered = match chance.unit() {
        // Moved without telling, or written down with the figures of another town.
        wrong if wrong < 0.001 => at.moved(chance.between(-300.0, 300.0), chance.between(50.0, 300.0)),
        moved if moved < 0.02 => at.moved(3.0 * chance.normal(), 3.0 * chance.normal()),
        _ => at,
    };
    let hours = match kind {
        ClientKind::Pharmacy if number % 200 == 7 => Some((1_200, 540)),
        ClientKind::Pharmacy => {
            Some((chance.pick(&[480, 510, 540]), chance.pick(&[1_170, 1_200, 1_230, 1_290])))
        }
        ClientKind::Clinic => Some((510, 990)),
        ClientKind::MobileUnit => Some((480, 1_080)),
        _ => None,
    };
    let (stations, late, unbilled, by_hand) = match kind {
        ClientKind::Pharmacy => (1 + (popularity > 1.5) as u32, 0.10, 0.06, 0.02),
        ClientKind::Hospital => (6 + (popularity * 6.0) as u32, 0.75, 0.12, 0.05),
        ClientKind::MobileUnit => (2, 1.0, 0.30, 0.12),
        _ => (1 + (popularity > 2.0) as u32, 0.15, 0.70, 0.03),
    };
    // Habits differ: one pharmacy bills on Fridays, another has a reader that everybody hates.
    let late = (late * chance.skewed(1.0, 0.5)).min(1.0);
    let unbilled = (unbilled * chance.skewed(1.0, 0.4)).min(0.9);
    let by_hand = (by_hand * chance.skewed(1.0, 0.6)).min(0.5);
    Place {
        number,
        kind,
        town,
        at,
        registered,
        hours,
        popularity,
        stations,
        next_door: number,
        duty: (0, 1),
        late,
        unbilled,
        by_hand,
    }
}
