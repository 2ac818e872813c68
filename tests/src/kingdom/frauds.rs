//! Who cheats, how, and how often? Cases of every kind, planned for the month.
//!
//! The patterns are those of public reports on health-card fraud: cards kept at the counter and read in series, phantom bills,
//! patients who shop at many pharmacies, prescriptions overfilled, break-glass out of curiosity, cards lent to cousins. None of
//! this file knows what a signal looks at or where its threshold is; some frauds leave nothing to be seen, and are counted as missed.

mod by_card;
mod by_counter;

use policies::ClientKind;

use super::Kingdom;
use super::act::{Act, Label};
use super::calendar::{DAYS, Day};
use super::chance::{About, Chance};

/// A kind of fraud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FraudKind {
    /// Somebody at the personalisation made a second card that answers like the first (*carte jumelle*).
    Twin,
    /// The same, but with another name and therefore another certificate over the same chip key.
    TwinOtherName,
    /// A card in one town is played to a reader in another (*attaque par relais*).
    Relayed,
    /// The files of a card on a blank chip (*carte copiée*).
    Copied,
    /// A stolen card, reported late (*carte volée*).
    Stolen,
    /// A card lent to somebody without cover (*prêt de carte*).
    Lent,
    /// A patient who shops at many pharmacies (*nomadisme pharmaceutique*).
    Shopping,
    /// Cards that a counter keeps and reads in series (*cartes conservées*).
    Kept,
    /// Bills for patients who never came (*facturation fictive*).
    Phantom,
    /// Presences for nothing but the patients' records (*collecte de dossiers*).
    Harvest,
    /// Patients entered by hand who were never there (*saisies manuelles abusives*).
    ByHand,
    /// Break-glass out of curiosity (*bris de glace abusif*).
    Snooping,
    /// More handed out and billed than prescribed (*surdélivrance*).
    Overfilled,
    /// PINs and CANs tried over a bag of stolen cards (*essais de codes*).
    Guessing,
    /// A counter that works when nobody can be there (*activité hors horaires*).
    AfterHours,
}

use FraudKind::{
    AfterHours, ByHand, Copied, Guessing, Harvest, Kept, Lent, Overfilled, Phantom, Relayed, Shopping,
    Snooping, Stolen, Twin, TwinOtherName,
};

impl FraudKind {
    /// Every kind, and how many cases of it a kingdom of 200,000 has in a month.
    pub const ALL: [(Self, u32); 15] = [
        (Twin, 30),
        (TwinOtherName, 30),
        (Relayed, 40),
        (Copied, 30),
        (Stolen, 100),
        (Lent, 100),
        (Shopping, 60),
        (Kept, 15),
        (Phantom, 25),
        (Harvest, 20),
        (ByHand, 20),
        (Snooping, 20),
        (Overfilled, 15),
        (Guessing, 20),
        (AfterHours, 20),
    ];

    /// Its name in the tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Twin => "twin card",
            TwinOtherName => "twin, other name",
            Relayed => "relayed card",
            Copied => "copied card",
            Stolen => "stolen card",
            Lent => "lent card",
            Shopping => "pharmacy shopping",
            Kept => "cards kept",
            Phantom => "phantom bills",
            Harvest => "records harvested",
            ByHand => "entered by hand",
            Snooping => "snooping",
            Overfilled => "overfilled",
            Guessing => "codes guessed",
            AfterHours => "after hours",
        }
    }

    /// An establishment does it, not a patient.
    pub const fn of_counter(self) -> bool {
        matches!(self, Kept | Phantom | Harvest | ByHand | Snooping | Overfilled | Guessing | AfterHours)
    }
}

/// One fraud of the month (*cas*).
#[derive(Clone, Debug)]
pub struct Case {
    /// Its number in the kingdom.
    pub number: u32,
    /// Its kind.
    pub kind: FraudKind,
    /// First and last day.
    pub days: (u32, u32),
    /// Whose cards are used.
    pub people: Vec<u32>,
    /// The establishment that does it; for a card's case any.
    pub place: u32,
    /// The town where it happens.
    pub town: u32,
    /// How bold it is, around 1.
    pub boldness: f64,
}

impl Kingdom {
    /// Plans the month's cases. Whose card is stolen, lent or kept does not have it.
    pub(super) fn plan_frauds(&mut self) {
        for (kind, count) in FraudKind::ALL {
            let count = (f64::from(count) * self.size.frauds).round().max(1.0) as u32;
            for _ in 0..count {
                let case = self.plan(kind);
                self.take_cards(&case);
                self.cases.push(case);
            }
        }
    }

    fn plan(&self, kind: FraudKind) -> Case {
        let number = self.cases.len() as u32;
        let mut chance = Chance::new(self.size.seed, About::Case, u64::from(number), 0);
        let holder = self.card_holder(&mut chance);
        let own = self.people.all[holder as usize].town;
        let elsewhere = chance.weighted(&self.map.sums) as u32;
        let place = self.culprit(kind, &mut chance);
        let from = chance.whole(0, DAYS - 12);
        let to = (from + chance.whole(4, 16)).min(DAYS - 1);
        let there = self.map.places[place as usize].town;
        let town = match kind {
            Stolen | Lent if chance.happens(0.6) => own,
            Shopping => own,
            kind if kind.of_counter() => there,
            _ => elsewhere,
        };
        let count = match kind {
            Kept => chance.skewed(if number.is_multiple_of(3) { 45.0 } else { 20.0 }, 0.5).clamp(6.0, 90.0),
            Guessing => chance.skewed(10.0, 0.5).clamp(4.0, 40.0),
            Harvest | Overfilled | AfterHours => chance.skewed(60.0, 0.6).clamp(10.0, 300.0),
            _ => 1.0,
        } as usize;
        let people = if kind.of_counter() {
            // Where too few live, their neighbours come too.
            let home = if self.residents[there as usize].len() < 3 { own } else { there };
            self.some_of(home, count, Day(from), &mut chance)
        } else {
            vec![holder]
        };
        let boldness = chance.skewed(1.0, 0.5);
        Case { number, kind, days: (from, to), people, place, town, boldness }
    }

    fn card_holder(&self, chance: &mut Chance) -> u32 {
        loop {
            let person = chance.whole(0, self.size.people - 1);
            if self.people.all[person as usize].card && !self.cards.away.contains_key(&person) {
                return person;
            }
        }
    }

    fn culprit(&self, kind: FraudKind, chance: &mut Chance) -> u32 {
        let may = |place: ClientKind| match kind {
            Snooping => matches!(place, ClientKind::Hospital | ClientKind::Clinic),
            ByHand | Harvest | Guessing => matches!(place, ClientKind::Pharmacy | ClientKind::Clinic),
            _ => place == ClientKind::Pharmacy,
        };
        loop {
            let place = chance.whole(0, self.map.places.len() as u32 - 1);
            if may(self.map.places[place as usize].kind) {
                return place;
            }
        }
    }

    fn take_cards(&mut self, case: &Case) {
        let (from, to) = case.days;
        match case.kind {
            Stolen => {
                let mut chance = Chance::new(self.size.seed, About::Case, u64::from(case.number), 1);
                let missed = chance.skewed(1.3, 0.8);
                let label = Label::Victim(case.number);
                self.cards.take_away(case.people[0], from, DAYS);
                self.cards.report(case.people[0], f64::from(from) + 0.5 + missed, missed as f32, label);
            }
            Lent | Kept => {
                for person in &case.people {
                    self.cards.take_away(*person, from, to);
                }
            }
            Twin | TwinOtherName | Relayed => {
                // A second name over one chip stays true.
                let until = if case.kind == TwinOtherName { DAYS } else { to + 1 };
                self.victims.insert(case.people[0], (case.number, from, until));
            }
            _ => {}
        }
    }

    /// What that case does on that day.
    pub(super) fn fraud_day(&self, case: &Case, day: Day, out: &mut Vec<Act>) {
        if !(case.days.0..=case.days.1).contains(&day.0) {
            return;
        }
        let mut chance =
            Chance::new(self.size.seed, About::CaseDay, u64::from(case.number), u64::from(day.0));
        if case.kind.of_counter() {
            self.fraud_by_counter(case, day, &mut chance, out);
        } else {
            self.fraud_by_card(case, day, &mut chance, out);
        }
    }
}
