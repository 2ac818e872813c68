//! What does somebody do who goes out for their health? Medicines, a consultation, an emergency.

use policies::ClientKind;

use super::Kingdom;
use super::act::{Act, Card, LookAlike, What};
use super::calendar::Day;
use super::chance::{About, Chance};
use super::counters::Visit;

/// Units that doctors write, and packs that there are.
const COURSES: [u32; 8] = [6, 10, 12, 14, 20, 21, 28, 30];
const PACKS: [u32; 8] = [10, 12, 14, 16, 20, 28, 28, 30];

/// What somebody goes to a pharmacy with.
#[derive(Clone, Copy, Debug)]
pub struct Prescription {
    /// Which line of which prescription.
    pub number: u64,
    /// Units that it allows in all.
    pub prescribed: u32,
    /// Units that are wanted now.
    pub wanted: u32,
    /// Units in the smallest pack.
    pub pack: u32,
}

impl Prescription {
    /// A course of some days.
    pub fn course(number: u64, chance: &mut Chance) -> Self {
        let prescribed = chance.pick(&COURSES);
        Self { number, prescribed, wanted: prescribed, pack: chance.pick(&PACKS) }
    }

    /// One of three months.
    pub fn month_of_three(person: u32) -> Self {
        let month: u32 = [28, 30, 56, 60, 84, 90][(person % 6) as usize];
        let pack = if month.is_multiple_of(28) { 28 } else { 30 };
        Self { number: u64::from(person) << 8, prescribed: 3 * month, wanted: month, pack }
    }

    /// What an honest pharmacist hands out: whole packs, or what is left on the shelf.
    fn handed_out(&self, chance: &mut Chance) -> u32 {
        let whole = self.wanted.div_ceil(self.pack) * self.pack;
        if chance.happens(0.06) { (whole / 2).max(self.pack) } else { whole }
    }
}

impl Kingdom {
    /// At a pharmacy: presence, medicine, bill. The card is the one that lies on the reader, or none.
    pub fn medicines(
        &self,
        mut visit: Visit,
        card: Option<Card>,
        prescription: Prescription,
        chance: &mut Chance,
        out: &mut Vec<Act>,
    ) {
        let forgotten = chance.happens(self.map.places[visit.place as usize].by_hand);
        let card = card.filter(|_| !forgotten && !self.reader_broken(visit.place, visit.day));
        match card {
            Some(card) => visit.minute += visit.present(self, card, 0.0, chance, out),
            None => visit = self.by_hand(visit, out),
        }
        let dispensed = prescription.handed_out(chance);
        let mut handing = visit.later(chance.between(0.5, 3.0));
        if dispensed > prescription.prescribed && matches!(visit.label, super::act::Label::Honest) {
            handing = handing.looks_like(LookAlike::WholePacks);
        }
        let Prescription { number, prescribed, pack, .. } = prescription;
        out.push(handing.act(card, What::Dispense { prescription: number, prescribed, dispensed, pack }));
        if chance.happens(0.0004) {
            // The bottle broke on the way home.
            let again = handing.later(chance.between(40.0, 200.0)).looks_like(LookAlike::WholePacks);
            let what = What::Dispense { prescription: number, prescribed, dispensed: pack, pack };
            out.push(again.act(card, what));
        }
        handing.bill(self, card, card.is_some(), chance, out);
    }

    /// At a health centre or in a hospital: presence, and a bill where there is one.
    pub fn care(&self, mut visit: Visit, card: Option<Card>, chance: &mut Chance, out: &mut Vec<Act>) {
        let forgotten = chance.happens(self.map.places[visit.place as usize].by_hand);
        let card = card.filter(|_| !forgotten && !self.reader_broken(visit.place, visit.day));
        match card {
            Some(card) => visit.minute += visit.present(self, card, 0.0, chance, out),
            None => visit = self.by_hand(visit, out),
        }
        visit.later(10.0).bill(self, card, card.is_some(), chance, out);
    }

    /// In an emergency room: some cannot tell who they are, and some cannot be asked.
    pub fn emergency(&self, visit: Visit, card: Option<Card>, chance: &mut Chance, out: &mut Vec<Act>) {
        match chance.unit() {
            lying if lying < 0.12 => {
                let visit = self.by_hand(visit, out);
                visit.later(60.0).bill(self, None, false, chance, out);
            }
            mute if mute < 0.16 => {
                let practitioner = chance.whole(0, 11);
                out.push(visit.act(card, What::BreakGlass { practitioner }));
                visit.later(60.0).bill(self, card, false, chance, out);
            }
            _ => self.care(visit, card, chance, out),
        }
    }

    fn by_hand(&self, mut visit: Visit, out: &mut Vec<Act>) -> Visit {
        if self.reader_broken(visit.place, visit.day) {
            visit = visit.looks_like(LookAlike::BrokenReader);
        }
        out.push(visit.act(None, What::ByHand));
        visit
    }

    /// Readers fail, and the new one takes days to come.
    pub fn reader_broken(&self, place: u32, day: Day) -> bool {
        let mut chance = Chance::new(self.size.seed, About::PlaceDay, u64::from(place), 0);
        if !chance.happens(0.015) {
            return false;
        }
        let from = chance.whole(0, 30);
        (from..from + chance.whole(1, 5)).contains(&day.0)
    }

    /// Somebody is open there at that minute, or will be later that day.
    pub fn open_from(&self, place: u32, day: Day, minute: f64) -> Option<f64> {
        let about = &self.map.places[place as usize];
        let open = match about.kind {
            ClientKind::Hospital => return Some(minute),
            ClientKind::Pharmacy if about.serves_at_night(day) => return Some(minute),
            ClientKind::Pharmacy => !day.feast() && day.weekday() != time::Weekday::Sunday,
            _ => day.working(),
        };
        open.then(|| about.shifts(day).open_from(minute)).flatten()
    }
}
