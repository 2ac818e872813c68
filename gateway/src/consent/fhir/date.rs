//! Which span of time does a FHIR date name?

use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, Month, OffsetDateTime};

use super::ConsentError;
use crate::consent::model::Period;

const NOT_A_DATE: ConsentError = ConsentError::Dates("a date is not a FHIR dateTime");

/// The moments that a FHIR dateTime names (R4 §2.24.0.1): a year, a month, a day in UTC, or a second with its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: OffsetDateTime,
    /// The first moment after it.
    pub(super) to: OffsetDateTime,
}

impl Span {
    pub(super) fn parse(text: &str) -> Result<Self, ConsentError> {
        if text.contains('T') {
            let from = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| NOT_A_DATE)?;
            let from = from.replace_nanosecond(0).map_err(|_| NOT_A_DATE)?.to_offset(time::UtcOffset::UTC);
            let to = from.checked_add(Duration::SECOND).ok_or(NOT_A_DATE)?;
            return Ok(Self { from, to });
        }
        let well_formed = matches!(text.len(), 4 | 7 | 10)
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !well_formed {
            return Err(NOT_A_DATE);
        }
        let mut parts = text.split('-').map(|part| part.parse::<u16>().map_err(|_| NOT_A_DATE));
        let year = i32::from(parts.next().ok_or(NOT_A_DATE)??);
        let month = parts.next().transpose()?.map(|month| {
            u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok()).ok_or(NOT_A_DATE)
        });
        let day = parts.next().transpose()?;
        let date = |year, month, day| Date::from_calendar_date(year, month, day).map_err(|_| NOT_A_DATE);
        let (from, to) = match (month.transpose()?, day) {
            (None, _) => (date(year, Month::January, 1)?, date(year + 1, Month::January, 1)?),
            (Some(month), None) => {
                let next = if month == Month::December { year + 1 } else { year };
                (date(year, month, 1)?, date(next, month.next(), 1)?)
            }
            (Some(month), Some(day)) => {
                let day = date(year, month, u8::try_from(day).map_err(|_| NOT_A_DATE)?)?;
                (day, day.next_day().ok_or(NOT_A_DATE)?)
            }
        };
        Ok(Self { from: from.midnight().assume_utc(), to: to.midnight().assume_utc() })
    }
}

/// FHIR R4 Period: what is named as its end is still in it.
pub(super) fn period(json: &Value) -> Result<Period, ConsentError> {
    let end_of = |member| match json.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Span::parse(text).map(Some),
        Some(_) => Err(NOT_A_DATE),
    };
    let (start, end) = (end_of("start")?, end_of("end")?);
    Ok(Period { start: start.map(|span| span.from), end: end.map(|span| span.to) })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_date_means_all_of_it() {
        let cases = [
            ("2026", datetime!(2026-01-01 0:00 UTC), datetime!(2027-01-01 0:00 UTC)),
            ("2026-02", datetime!(2026-02-01 0:00 UTC), datetime!(2026-03-01 0:00 UTC)),
            ("2026-12", datetime!(2026-12-01 0:00 UTC), datetime!(2027-01-01 0:00 UTC)),
            ("2028-02-29", datetime!(2028-02-29 0:00 UTC), datetime!(2028-03-01 0:00 UTC)),
            (
                "2026-03-01T10:00:00.5+01:00",
                datetime!(2026-03-01 9:00 UTC),
                datetime!(2026-03-01 9:00:01 UTC),
            ),
        ];
        for (text, from, to) in cases {
            assert_eq!(Span::parse(text), Ok(Span { from, to }), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "26",
            "2026-13",
            "2026-00",
            "2026-02-30",
            "2026-2-3",
            "2026-02-03T10:00:00",
            "20260203",
            "+026",
            "2026-02-0x",
        ] {
            assert_eq!(Span::parse(text), Err(NOT_A_DATE), "{text}");
        }
    }
}
