//! What day is it, and how does that change people's days? March 2026: Ramadan, a feast, and the clocks that are put forward.
//!
//! Morocco keeps UTC+1, and UTC during Ramadan (decree of 2018). Days are counted from 0; minutes are of the wall clock.

use time::macros::datetime;
use time::{Duration, OffsetDateTime, Weekday};

/// Days of the month that is lived through.
pub const DAYS: u32 = 31;

/// Midnight of the first day on the wall clock, which then is UTC.
const START: OffsetDateTime = datetime!(2026-03-01 00:00 UTC);
/// The first day after Ramadan, the feast of its end (*Aïd al-Fitr*), and the day after it.
const FEAST: [u32; 2] = [19, 20];
/// The Sunday on which the wall clock goes from UTC to UTC+1.
const CLOCKS_CHANGE: u32 = 21;

/// Days since the month began, with their fraction.
pub fn moment(at: OffsetDateTime) -> f64 {
    (at - START).as_seconds_f64() / 86_400.0
}

/// A day of the month, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub u32);

impl Day {
    /// That minute of its wall clock. Minutes may run into the next day, or be before midnight.
    pub fn at(self, minute: f64) -> OffsetDateTime {
        let clock = if self.0 >= CLOCKS_CHANGE { Duration::HOUR } else { Duration::ZERO };
        let second = (minute * 60.0).round() as i64;
        START + Duration::days(i64::from(self.0)) + Duration::seconds(second) - clock
    }

    /// Sunday to Saturday.
    pub fn weekday(self) -> Weekday {
        (START.date() + Duration::days(i64::from(self.0))).weekday()
    }

    /// People fast until sunset: shops open later, close for the meal, open again at night.
    pub fn ramadan(self) -> bool {
        self.0 < FEAST[0]
    }

    /// Nothing but duty pharmacies, hospitals and families.
    pub fn feast(self) -> bool {
        FEAST.contains(&self.0)
    }

    /// Offices and health centres are open.
    pub fn working(self) -> bool {
        !self.feast() && !matches!(self.weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// How many people go out for their health, against an ordinary weekday.
    pub fn bustle(self) -> f64 {
        let week = match self.weekday() {
            Weekday::Monday => 1.25,
            Weekday::Friday => 0.8,
            Weekday::Saturday => 0.7,
            Weekday::Sunday => 0.25,
            _ => 1.0,
        };
        if self.feast() { 0.2 } else { week }
    }
}

/// When a kind of establishment really serves people on a day, in minutes of the wall clock, in two parts.
#[derive(Clone, Copy, Debug)]
pub struct Shifts(pub [(f64, f64); 2]);

impl Shifts {
    /// A pharmacy (*officine*) that is not on duty.
    pub fn pharmacy(day: Day) -> Self {
        match (day.ramadan(), day.weekday()) {
            (true, _) => Self([(600.0, 1_020.0), (1_230.0, 1_410.0)]),
            (false, Weekday::Friday) => Self([(540.0, 735.0), (930.0, 1_200.0)]),
            (false, _) => Self([(540.0, 780.0), (900.0, 1_200.0)]),
        }
    }

    /// A health centre (*centre de santé*).
    pub fn centre(day: Day) -> Self {
        match (day.ramadan(), day.weekday()) {
            (true, _) => Self([(540.0, 720.0), (720.0, 870.0)]),
            (false, Weekday::Friday) => Self([(510.0, 720.0), (870.0, 990.0)]),
            (false, _) => Self([(510.0, 750.0), (750.0, 990.0)]),
        }
    }

    /// A minute in one of the two, mornings being busier.
    pub fn minute(self, chance: &mut super::chance::Chance) -> f64 {
        let (from, to) = self.0[usize::from(chance.happens(0.42))];
        from + (to - from) * chance.unit().powf(1.15)
    }

    /// When somebody comes who wanted to at `minute`, if it is open on this day: those who are too early come within the first hour.
    pub fn open_from(self, minute: f64) -> Option<f64> {
        let (from, to) = self.0.into_iter().find(|(_, to)| minute < to - 5.0)?;
        let later = from + 1.0 + minute.fract() * (to - from - 6.0).min(60.0);
        Some(if minute < from { later } else { minute })
    }
}
