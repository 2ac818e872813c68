//! The number that only the holder knows.

use std::fmt;

use zeroize::Zeroizing;

/// Digits of a PIN. Four is what cards begin with, eight what their reference data hold.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=8;
/// What fills the reference data behind the digits.
const FILLER: u8 = 0xff;

/// The holder's personal identification number (code PIN). It goes from the keyboard into the card and nowhere else: no `Clone`, no
/// `Display`, overwritten when it is dropped.
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// Reads four to eight digits; spaces around them are a typist's, not part of it.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let digits = typed.trim();
        let fits = DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self(Zeroizing::new(digits.to_owned())))
    }

    /// The data field of VERIFY: ASCII digits, filled to the length of the card's reference data.
    pub(crate) fn block(&self, octets: usize) -> Zeroizing<Vec<u8>> {
        let mut block = Zeroizing::new(Vec::with_capacity(octets.max(*DIGITS.end())));
        block.extend(self.0.as_bytes());
        block.resize(octets.max(self.0.len()), FILLER);
        block
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_to_eight_digits_and_nothing_else() {
        for good in ["1234", " 00000000\n"] {
            assert!(Pin::parse(good).is_some());
        }
        for bad in ["", "123", "123456789", "12a4", "١٢٣٤", "12 34"] {
            assert!(Pin::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn it_is_filled_for_the_card_and_never_shown() {
        let pin = Pin::parse("2417").unwrap();
        assert_eq!(*pin.block(8), *b"2417\xff\xff\xff\xff");
        assert_eq!(format!("{pin:?}"), "Pin(redacted)");
    }
}
