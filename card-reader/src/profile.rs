//! Where does this card generation keep what we need?

use std::fmt;
use std::str::FromStr;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::lds::mrz::Mrz;

/// A generation of cards and its conventions (profil de carte).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CardProfile {
    /// The national electronic identity card issued since 2020 (CNIE): LDS1 of ICAO 9303-10, PACE with the CAN,
    /// the national number in the optional data of line 1 of the TD1 MRZ. It is *not* the MRZ document number.
    #[default]
    Cnie2020,
}

impl CardProfile {
    /// Stable name, as on the wire and in card files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cnie2020 => "cnie-2020",
        }
    }

    /// Country of the signers that may sign such a card, as in certificates, and issuing state, as in the MRZ.
    #[must_use]
    pub const fn issuer(self) -> (&'static str, &'static str) {
        match self {
            Self::Cnie2020 => ("MA", "MAR"),
        }
    }

    /// The national number, from where this generation keeps it; `None` where there is none.
    #[must_use]
    pub fn national_number(self, mrz: &Mrz) -> Option<NationalNumber> {
        match self {
            Self::Cnie2020 => NationalNumber::parse(mrz.optional_data()),
        }
    }
}

impl fmt::Display for CardProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no card profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown card profile")]
pub struct UnknownProfile;

impl FromStr for CardProfile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "cnie-2020" => Ok(Self::Cnie2020),
            _ => Err(UnknownProfile),
        }
    }
}

/// The national identity number of the holder (numéro de la CNIE): one or two letters, then digits.
///
/// Opaque: no `Display`, redacted `Debug`, constant-time equality. The registry indexes it by a keyed hash and keeps nothing else of it.
#[derive(Clone)]
pub struct NationalNumber(Zeroizing<String>);

impl NationalNumber {
    /// Reads one or two letters A–Z followed by 1 to 8 digits, as seen on cards; case and fillers must already be those of an MRZ.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_start_matches(|c: char| c.is_ascii_uppercase());
        let letters = text.len() - digits.len();
        let fits = (1..=2).contains(&letters) && (1..=8).contains(&digits.len());
        (fits && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The number itself: for the keyed hash of the registry's index, nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for NationalNumber {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for NationalNumber {}

impl fmt::Debug for NationalNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NationalNumber(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_like_those_on_cards() {
        for good in ["A1", "AB123456", "BE54321", "Z12345678"] {
            assert!(NationalNumber::parse(good).is_some(), "{good}");
        }
        for bad in ["", "AB", "123456", "ABC123", "AB1234567890", "ab123456", "AB12<456"] {
            assert!(NationalNumber::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        assert!(!format!("{:?}", NationalNumber::parse("AB123456")).contains("123456"));
    }

    #[test]
    fn profiles_are_found_by_name() {
        assert_eq!("cnie-2020".parse(), Ok(CardProfile::Cnie2020));
        assert_eq!("cnie-2008".parse::<CardProfile>(), Err(UnknownProfile));
    }
}
