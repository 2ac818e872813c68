//! What does somebody do with a card that they should not have?

use super::{Case, FraudKind};
use crate::kingdom::Kingdom;
use crate::kingdom::act::{Act, Card, Label, What};
use crate::kingdom::calendar::Day;
use crate::kingdom::chance::Chance;
use crate::kingdom::counters::Visit;
use crate::kingdom::errands::Prescription;

impl Kingdom {
    pub(super) fn fraud_by_card(&self, case: &Case, day: Day, chance: &mut Chance, out: &mut Vec<Act>) {
        let card = self.issued(case.people[0], day);
        let often = match case.kind {
            FraudKind::Twin | FraudKind::TwinOtherName => 0.40,
            FraudKind::Relayed => 0.30,
            FraudKind::Copied => 0.25,
            FraudKind::Stolen => 0.45,
            FraudKind::Lent => 0.20,
            _ => 0.30,
        };
        // The first day is when it begins.
        if day.0 != case.days.0 && !chance.happens(often * case.boldness.min(2.0)) {
            return;
        }
        let place = self.map.pharmacy(case.town, chance);
        let Some(minute) = self.open_from(place, day, chance.between(540.0, 1_170.0)) else { return };
        let visit = Visit::new(self, day, minute, place, chance).fraud(case.number);
        let course = Prescription::course((u64::from(case.number) << 40) + u64::from(day.0), chance);
        match case.kind {
            FraudKind::TwinOtherName => {
                let other = Card { person: self.stranger(case), issue: (9, 9), chip_of: card.chip_of };
                self.medicines(visit, Some(other), course, chance, out);
            }
            FraudKind::Relayed => self.relayed(case, visit, card, course, chance, out),
            FraudKind::Copied => {
                for turn in 0..chance.whole(1, 3) {
                    out.push(visit.later(f64::from(turn)).act(Some(card), What::WrongChip));
                }
            }
            FraudKind::Stolen => {
                // A PIN that is guessed wrong three times is dead; the number printed on the card does for most things.
                for turn in 0..chance.pick(&[0, 0, 0, 1, 2, 3]) {
                    let wrong = visit.later(f64::from(turn) * 0.5 - 2.0);
                    out.push(wrong.act(Some(card), What::WrongSecret { pin: true }));
                }
                self.medicines(visit, Some(card), course, chance, out);
            }
            FraudKind::Shopping => self.shopping(case, visit, card, chance, out),
            _ => self.medicines(visit, Some(card), course, chance, out),
        }
    }

    /// Who is written on the other card: nobody who could be in the kingdom.
    fn stranger(&self, case: &Case) -> u32 {
        self.size.people + case.number
    }

    /// A phone near the card, another on the reader, and a network in between that takes its time for every command.
    fn relayed(
        &self,
        case: &Case,
        mut visit: Visit,
        card: Card,
        course: Prescription,
        chance: &mut Chance,
        out: &mut Vec<Act>,
    ) {
        let network = chance.skewed(90.0, 0.5);
        if chance.happens(0.4) {
            // The card lies on the reader of a counter that is in it, and is used there as well.
            let own = self.people.all[card.person as usize].pharmacies[0];
            let here = Visit::new(self, visit.day, visit.minute + chance.between(-4.0, 4.0), own, chance);
            let here = Visit { label: Label::Victim(case.number), ..here };
            here.present(self, card, 0.0, chance, out);
        }
        visit.minute += visit.present(self, card, network, chance, out);
        let Prescription { number, prescribed, pack, .. } = course;
        let dispensed = prescribed.div_ceil(pack) * pack;
        let what = What::Dispense { prescription: number, prescribed, dispensed, pack };
        out.push(visit.later(1.0).act(Some(card), what));
        visit.later(2.0).bill(self, Some(card), true, chance, out);
    }

    /// From pharmacy to pharmacy with copies of one prescription, or with one from each doctor.
    fn shopping(&self, case: &Case, mut visit: Visit, card: Card, chance: &mut Chance, out: &mut Vec<Act>) {
        let copies = case.number % 5 < 3;
        let stops = (chance.whole(3, 6) as f64 * case.boldness).round().clamp(2.0, 9.0) as u32;
        let own = self.map.towns[case.town as usize].city as u32;
        visit.minute = self.open_from(visit.place, visit.day, 620.0).unwrap_or(visit.minute);
        for stop in 0..stops {
            let number = (u64::from(case.number) << 40) + if copies { 50 } else { u64::from(50 + stop) };
            let course = Prescription { number, prescribed: 30, wanted: 30, pack: 30 };
            self.medicines(visit, Some(card), course, chance, out);
            let place = self.map.pharmacy(if chance.happens(0.5) { own } else { case.town }, chance);
            let then = visit.minute + chance.between(12.0, 45.0);
            let Some(minute) = self.open_from(place, visit.day, then) else { return };
            visit = Visit::new(self, visit.day, minute, place, chance).fraud(case.number);
        }
    }
}
