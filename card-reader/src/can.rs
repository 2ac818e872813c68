//! The number printed on the card that opens the conversation.

use std::fmt;

use zeroize::Zeroizing;

/// Digits of a card access number (ICAO 9303-11 §4.4: six digits on TD1 cards).
const DIGITS: usize = 6;

/// The card access number, typed at the counter (numéro d'accès à la carte). It never leaves the station.
#[derive(Clone)]
pub struct Can(Zeroizing<String>);

impl Can {
    /// Reads six digits; spaces around them are a typist's, not part of it.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let digits = typed.trim();
        let six = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        six.then(|| Self(Zeroizing::new(digits.to_owned())))
    }

    /// The digits as PACE hashes them: ASCII (9303-11 §4.4.4.1... π = CAN as a character string).
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Can {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Can(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_and_nothing_else() {
        assert!(Can::parse("123456").is_some());
        assert!(Can::parse(" 000000\n").is_some());
        for bad in ["", "12345", "1234567", "12345a", "１２３４５６", "12 456"] {
            assert!(Can::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(format!("{:?}", Can::parse("123456")), "Some(Can(redacted))");
    }
}
