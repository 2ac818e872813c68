//! What does one visit to a counter look like from behind it?
//!
//! A number that is mistyped, a chip that takes its time, medicine handed out, a bill that goes out at once, days later or never.

use policies::ClientKind;

use super::Kingdom;
use super::act::{Act, Card, Label, LookAlike, Took, What};
use super::calendar::Day;
use super::chance::{About, Chance};

/// Somebody at a counter.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// The day.
    pub day: Day,
    /// The minute of the wall clock.
    pub minute: f64,
    /// The establishment.
    pub place: u32,
    /// Its reader.
    pub station: u32,
    /// Who really stands there.
    pub label: Label,
}

impl Visit {
    /// One at any of the readers of that establishment.
    pub fn new(kingdom: &Kingdom, day: Day, minute: f64, place: u32, chance: &mut Chance) -> Self {
        let station = chance.whole(0, kingdom.map.places[place as usize].stations - 1);
        Self { day, minute, place, station, label: Label::Honest }
    }

    /// The same, so many minutes later.
    pub fn later(self, minutes: f64) -> Self {
        Self { minute: self.minute + minutes, ..self }
    }

    /// The same, of somebody who looks like something else.
    pub fn looks_like(self, what: LookAlike) -> Self {
        Self { label: Label::LookAlike(what), ..self }
    }

    /// The same, by that case.
    pub fn fraud(self, case: u32) -> Self {
        Self { label: Label::Fraud(case), ..self }
    }

    /// One act of it.
    pub fn act(&self, card: Option<Card>, what: What) -> Act {
        Act {
            at: self.day.at(self.minute),
            place: self.place,
            station: self.station,
            card,
            what,
            label: self.label,
        }
    }

    /// A card is put on the reader and proves itself, after some mistyped numbers. Returns minutes that it took.
    pub fn present(
        &self,
        kingdom: &Kingdom,
        card: Card,
        slower: f64,
        chance: &mut Chance,
        out: &mut Vec<Act>,
    ) -> f64 {
        let person = &kingdom.people.all[card.chip_of as usize];
        let mut now = *self;
        while chance.happens(f64::from(person.fumbles)) && now.minute - self.minute < 2.5 {
            let mut wrong = now.act(Some(card), What::WrongSecret { pin: chance.happens(0.3) });
            if person.fumbles > 0.1 && self.label == Label::Honest {
                wrong.label = Label::LookAlike(LookAlike::Clumsy);
            }
            // Before PACE has opened it, nobody knows which card it is.
            if !matches!(wrong.what, What::WrongSecret { pin: true }) {
                wrong.card = None;
            }
            out.push(wrong);
            now = now.later(chance.between(0.2, 0.7));
        }
        let reader = Reader::of(kingdom, self.place, self.station);
        let mut act = now.act(Some(card), What::Presence(reader.took(slower, chance)));
        if reader.slow && self.label == Label::Honest {
            act.label = Label::LookAlike(LookAlike::SlowReader);
        }
        out.push(act);
        now.minute - self.minute + 0.2
    }

    /// The bill: at once, later or never, as the house is used to.
    pub fn bill(
        &self,
        kingdom: &Kingdom,
        card: Option<Card>,
        receipt: bool,
        chance: &mut Chance,
        out: &mut Vec<Act>,
    ) {
        let place = &kingdom.map.places[self.place as usize];
        if chance.happens(place.unbilled) {
            return;
        }
        let mut claim = self.later(chance.between(1.0, 4.0));
        if chance.happens(place.late) {
            claim.day = Day(self.day.0 + chance.pick(&[0, 1, 1, 2, 3, 5]));
            claim.minute = match claim.day == self.day {
                true => claim.minute.max(place.shifts(self.day).0[1].1) + chance.between(0.0, 30.0),
                false => place.shifts(claim.day).minute(chance),
            };
        }
        out.push(claim.act(card, What::Claim { receipt }));
    }
}

/// A reader (*lecteur*) and its way to the gateway.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    method: u8,
    /// Milliseconds of a command.
    command: f64,
    /// Milliseconds to the gateway and back, with what the counter's software does.
    way: f64,
    /// It is one of the slow ones.
    pub slow: bool,
}

impl Reader {
    /// The one with that number, in that establishment.
    pub fn of(kingdom: &Kingdom, place: u32, station: u32) -> Self {
        let mut chance =
            Chance::new(kingdom.size.seed, About::Place, u64::from(place), 100 + u64::from(station));
        let method = chance.pick(&[0, 0, 0, 1, 1, 2]);
        let slow = method > 0 && chance.happens(0.08);
        let command = match method {
            0 => chance.skewed(22.0, 0.2),
            _ if slow => chance.skewed(140.0, 0.35),
            _ => chance.skewed(42.0, 0.25),
        };
        let mobile = kingdom.map.places[place as usize].kind == ClientKind::MobileUnit;
        let way = match chance.unit() {
            // By satellite.
            far if mobile && far < 0.6 => chance.skewed(1_500.0, 0.3),
            _ if mobile => chance.skewed(500.0, 0.5),
            // By a mobile network, against a line.
            weak if weak < 0.2 => chance.skewed(260.0, 0.4),
            _ => chance.skewed(110.0, 0.3),
        };
        Self { method, command, way, slow: slow || way > 900.0 }
    }

    /// One conversation, every command of which takes so many milliseconds more.
    pub fn took(&self, slower: f64, chance: &mut Chance) -> Took {
        let commands = [14_u16, 14, 22][usize::from(self.method)] + chance.whole(0, 3) as u16;
        let computes = [260.0, 310.0, 480.0][usize::from(self.method)];
        let each = self.command * chance.skewed(1.0, 0.12) + slower;
        // A card held badly is read twice.
        let again = if self.method > 0 && chance.happens(0.03) { chance.between(1.3, 2.2) } else { 1.0 };
        let chip = (f64::from(commands) * each + computes) * again;
        let whole = chip + self.way * chance.skewed(1.0, 0.25);
        Took { method: self.method, commands, chip: chip as f32, whole: whole as f32 }
    }
}
