//! How much money is meant, to the centime? (FHIR R4 Money)
//!
//! Money is never a float: `0.10` has no binary fraction. The digits are read as they stand in the JSON, kept as whole
//! centimes, and written as digits again.

use serde::ser::{Error as _, SerializeStruct as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// The dirham (ISO 4217), which has a hundred centimes.
const CURRENCY: &str = "MAD";

/// Whole digits of an amount at most: the budget of the whole insurance has eleven.
const DIGITS_MAX: usize = 13;

/// An amount in dirhams (*montant*), in whole centimes; never below nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Money {
    centimes: u64,
}

#[derive(Deserialize)]
pub(super) struct MoneyShape {
    value: Box<RawValue>,
    currency: String,
}

impl Money {
    /// What a `Money` says; nothing for another currency, a negative amount, parts of a centime, or an exponent.
    pub(super) fn read(shape: &MoneyShape) -> Option<Self> {
        (shape.currency == CURRENCY).then(|| Self::of_digits(shape.value.get()))?
    }

    fn of_digits(digits: &str) -> Option<Self> {
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(part) || whole.len() > DIGITS_MAX {
            return None;
        }
        // `12.500` is exact to a tenth of a centime, and says none.
        let part = part.trim_end_matches('0');
        let centimes: u64 = match part.len() {
            0 => 0,
            1 => part.parse::<u64>().ok()?.checked_mul(10)?,
            2 => part.parse().ok()?,
            _ => return None,
        };
        let centimes = whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(centimes)?;
        Some(Self { centimes })
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = format!("{}.{:02}", self.centimes / 100, self.centimes % 100);
        let value = RawValue::from_string(digits).map_err(S::Error::custom)?;
        let mut money = serializer.serialize_struct("Money", 2)?;
        money.serialize_field("value", &value)?;
        money.serialize_field("currency", CURRENCY)?;
        money.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(json: &str) -> Option<Money> {
        Money::read(&serde_json::from_str(json).ok()?)
    }

    #[test]
    fn every_centime_is_what_it_was() {
        for (digits, centimes, written) in [
            ("0.10", 10, "0.10"),
            ("12.5", 1_250, "12.50"),
            ("86", 8_600, "86.00"),
            ("86.500", 8_650, "86.50"),
            ("90071992547409.93", 9_007_199_254_740_993, "90071992547409.93"),
            ("0", 0, "0.00"),
        ] {
            let read = money(&format!(r#"{{"value":{digits},"currency":"MAD"}}"#));
            // The next to last has more whole digits than are taken; as a float it would have lost a centime.
            let expected =
                (digits.split('.').next().unwrap().len() <= DIGITS_MAX).then_some(Money { centimes });
            assert_eq!(read, expected, "{digits}");
            let again = serde_json::to_string(&Money { centimes }).unwrap();
            assert_eq!(again, format!(r#"{{"value":{written},"currency":"MAD"}}"#));
        }
    }

    #[test]
    fn what_is_no_amount_in_dirhams_is_none() {
        for json in [
            r#"{"value":-1,"currency":"MAD"}"#,
            r#"{"value":1,"currency":"EUR"}"#,
            r#"{"value":1e2,"currency":"MAD"}"#,
            r#"{"value":1.005,"currency":"MAD"}"#,
            r#"{"value":"1","currency":"MAD"}"#,
            r#"{"value":null,"currency":"MAD"}"#,
            r#"{"value":99999999999999,"currency":"MAD"}"#,
            r#"{"value":1}"#,
        ] {
            assert_eq!(money(json), None, "{json}");
        }
    }
}
