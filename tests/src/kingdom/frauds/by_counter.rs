//! What does a counter do that cheats?

use super::{Case, FraudKind};
use crate::kingdom::Kingdom;
use crate::kingdom::act::{Act, What};
use crate::kingdom::calendar::Day;
use crate::kingdom::chance::Chance;
use crate::kingdom::counters::Visit;
use crate::kingdom::errands::Prescription;

impl Kingdom {
    pub(super) fn fraud_by_counter(&self, case: &Case, day: Day, chance: &mut Chance, out: &mut Vec<Act>) {
        let often = match case.kind {
            FraudKind::Kept => 0.35,
            FraudKind::Guessing => 0.2,
            FraudKind::AfterHours => 0.3,
            FraudKind::Snooping => 0.6,
            _ => 0.8,
        };
        if day.0 != case.days.0 && !chance.happens(often) {
            return;
        }
        let place = &self.map.places[case.place as usize];
        let minute = place.shifts(day).minute(chance);
        let visit = Visit::new(self, day, minute, case.place, chance).fraud(case.number);
        let bold = |most: f64| (case.boldness * most).ceil().max(1.0) as u32;
        match case.kind {
            FraudKind::Kept => self.in_series(case, visit, chance, out),
            FraudKind::Guessing => self.guessed(case, visit, chance, out),
            FraudKind::AfterHours => self.at_night(case, visit, chance, out),
            FraudKind::Snooping => {
                let practitioner = 12 + case.number % 7;
                for _ in 0..chance.whole(1, bold(5.0)) {
                    let visit = Visit { minute: place.shifts(day).minute(chance), ..visit };
                    out.push(visit.act(None, What::BreakGlass { practitioner }));
                }
            }
            FraudKind::Phantom | FraudKind::ByHand => {
                // Made up in one go after closing, or in between.
                let batch = case
                    .number
                    .is_multiple_of(2)
                    .then(|| place.shifts(day).0[1].1 + chance.between(-20.0, 40.0));
                for turn in 0..chance.whole(1, bold(8.0 + 4.0 * place.popularity)) {
                    let minute = batch.map(|minute| minute + f64::from(turn) * chance.between(0.5, 2.0));
                    let minute = minute.unwrap_or_else(|| place.shifts(day).minute(chance));
                    let visit = Visit { minute, ..visit };
                    if case.kind == FraudKind::ByHand {
                        out.push(visit.act(None, What::ByHand));
                    }
                    out.push(visit.later(2.0).act(None, What::Claim { receipt: false }));
                }
            }
            _ => {
                let count = chance.whole(2, bold(8.0));
                for _ in 0..count {
                    let visit = Visit { minute: place.shifts(day).minute(chance), ..visit };
                    let person = chance.pick(&case.people);
                    self.for_the_record(case, visit, person, chance, out);
                }
            }
        }
    }

    /// Records read for nothing, or a prescription that is overfilled.
    fn for_the_record(
        &self,
        case: &Case,
        visit: Visit,
        person: u32,
        chance: &mut Chance,
        out: &mut Vec<Act>,
    ) {
        let Some(card) = self.card(person, visit.day) else { return };
        let took = visit.present(self, card, 0.0, chance, out);
        if case.kind == FraudKind::Overfilled {
            let number = (u64::from(case.number) << 40) + (u64::from(person) << 8) + u64::from(visit.day.0);
            let course = Prescription::course(number, chance);
            let more = (f64::from(course.prescribed) * chance.between(1.5, 4.0)) as u32;
            let dispensed = more.div_ceil(course.pack) * course.pack;
            let Prescription { prescribed, pack, .. } = course;
            let visit = visit.later(took + 1.0);
            let what = What::Dispense { prescription: number, prescribed, dispensed, pack };
            out.push(visit.act(Some(card), what));
            visit.bill(self, Some(card), true, chance, out);
        }
    }

    /// A drawer of cards, one after the other.
    fn in_series(&self, case: &Case, mut visit: Visit, chance: &mut Chance, out: &mut Vec<Act>) {
        if chance.happens(0.55) {
            let closes = self.map.places[case.place as usize].shifts(visit.day).0[1].1;
            visit.minute = closes + chance.between(-30.0, 90.0);
        }
        let share = chance.between(0.4, 1.0);
        // Two of three type a prescription for every card, the third has a rack of readers and a program.
        let pace = if case.number.is_multiple_of(3) { 0.12 } else { 1.2 };
        for person in &case.people {
            if chance.happens(share) {
                let card = self.issued(*person, visit.day);
                let number =
                    (u64::from(case.number) << 40) + (u64::from(*person) << 8) + u64::from(visit.day.0);
                self.medicines(visit, Some(card), Prescription::course(number, chance), chance, out);
                visit = visit.later(chance.skewed(pace, 0.4));
            }
        }
    }

    /// A bag of stolen cards at a reader that nobody looks at.
    fn guessed(&self, case: &Case, mut visit: Visit, chance: &mut Chance, out: &mut Vec<Act>) {
        for person in &case.people {
            let card = self.issued(*person, visit.day);
            let pin = chance.happens(0.6);
            for _ in 0..chance.whole(1, 3) {
                // Without the CAN the card does not say which one it is.
                out.push(visit.act(pin.then_some(card), What::WrongSecret { pin }));
                visit = visit.later(chance.between(0.3, 1.0));
            }
            if chance.happens(0.05) {
                visit.minute += visit.present(self, card, 0.0, chance, out);
            }
        }
    }

    /// Patients who are asleep.
    fn at_night(&self, case: &Case, visit: Visit, chance: &mut Chance, out: &mut Vec<Act>) {
        let mut visit = Visit { minute: chance.between(20.0, 240.0), ..visit };
        for _ in 0..chance.whole(2, (8.0 * case.boldness).ceil() as u32 + 1) {
            let person = chance.pick(&case.people);
            if let Some(card) = self.card(person, visit.day) {
                let number =
                    (u64::from(case.number) << 40) + (u64::from(person) << 8) + u64::from(visit.day.0);
                self.medicines(visit, Some(card), Prescription::course(number, chance), chance, out);
            }
            visit = visit.later(chance.between(1.0, 15.0));
        }
    }
}
