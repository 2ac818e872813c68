//! Is it Ramadan?
//!
//! Then the clocks of the kingdom are set back by an hour (decree 2-18-855), and counters that close in the evening open
//! again after the meal at sunset. The month begins when its moon is seen, which no calendar knows for certain: a day
//! before and a day after are taken for it too.

use time::{Date, OffsetDateTime, UtcOffset, macros::date};

/// The clock of the kingdom outside Ramadan.
const ONE_HOUR: UtcOffset = match UtcOffset::from_hms(1, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};

/// A first day of Ramadan (1447), as its mean moon says.
const FIRST: Date = date!(2026 - 02 - 18);

/// Twelve mean lunations (29.530588 days) in millionths of a day: the months go by the moon, and no year is corrected.
const YEAR: i64 = 354_367_056;

/// Millionths of a day.
const DAY: i64 = 1_000_000;

/// Whether that day is one of Ramadan, or next to one.
pub(crate) fn is_ramadan(date: Date) -> bool {
    let since = i64::from(date.to_julian_day() - FIRST.to_julian_day()) * DAY;
    let into = (since + 3 * DAY / 2).rem_euclid(YEAR);
    into < 33 * DAY
}

/// The moment by the wall clocks of the kingdom. Around Ramadan they change on a Sunday; in the days between, this is an
/// hour off.
pub(crate) fn local(at: OffsetDateTime) -> OffsetDateTime {
    if is_ramadan(at.to_offset(UtcOffset::UTC).date()) {
        at.to_offset(UtcOffset::UTC)
    } else {
        at.to_offset(ONE_HOUR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First and last days as the ministry of Habous announced them, and as they are expected.
    #[test]
    fn the_months_that_were_are_known() {
        for (first, last) in [
            (date!(2019 - 05 - 07), date!(2019 - 06 - 04)),
            (date!(2021 - 04 - 14), date!(2021 - 05 - 12)),
            (date!(2023 - 03 - 23), date!(2023 - 04 - 21)),
            (date!(2024 - 03 - 12), date!(2024 - 04 - 09)),
            (date!(2025 - 03 - 02), date!(2025 - 03 - 30)),
            (date!(2026 - 02 - 19), date!(2026 - 03 - 19)),
            (date!(2030 - 01 - 06), date!(2030 - 02 - 03)),
        ] {
            assert!(is_ramadan(first) && is_ramadan(last), "{first} to {last}");
            let week = time::Duration::days(4);
            assert!(!is_ramadan(first - week) && !is_ramadan(last + week), "{first} to {last}");
        }
    }
}
