//! Who stands at the counter, as the card's machine-readable zone prints it?

use std::fmt;

use crate::lds::mrz::Mrz;
use crate::transcript::CardTranscript;

/// The holder's name and birth as printed on the card (titulaire), for the screen of this counter.
///
/// It comes from the same DG1 that is sent to the gateway; show it only once the gateway has accepted that DG1.
/// It is never serialised, logged or sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Holder {
    surname: String,
    given_names: String,
    born: Option<(i32, u8, u8)>,
}

impl Holder {
    /// Reads the holder off the files of a card.
    #[must_use]
    pub fn from_transcript(transcript: &CardTranscript) -> Option<Holder> {
        Holder::from_dg1(&transcript.dg1)
    }

    /// Reads the holder off DG1; nothing if its check digits do not hold.
    #[must_use]
    pub fn from_dg1(dg1: &[u8]) -> Option<Holder> {
        let mrz = Mrz::from_dg1(dg1).ok()?;
        let given_names = mrz.given_names();
        Some(Holder {
            surname: mrz.surname(),
            given_names: given_names.split(' ').map(title_case).collect::<Vec<_>>().join(" "),
            born: birth(mrz.birth_date(), mrz.expires_on().year()),
        })
    }

    /// First names, then the family name in capitals.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{} {}", self.given_names, self.surname).trim().to_owned()
    }

    /// Date of birth as it is written in Morocco: day, month, year.
    #[must_use]
    pub fn born(&self) -> Option<String> {
        self.born.map(|(year, month, day)| format!("{day:02}/{month:02}/{year}"))
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Holder(redacted)")
    }
}

/// The zone writes the year of birth with two digits. A card lives ten years, seven for a child under twelve, so nobody was born
/// later than seven years before it expires; anything later belongs to the century before.
fn birth(digits: &str, expires: i32) -> Option<(i32, u8, u8)> {
    let year: i32 = digits.get(0..2)?.parse().ok()?;
    let month: u8 = digits.get(2..4)?.parse().ok()?;
    let day: u8 = digits.get(4..6)?.parse().ok()?;
    let century = if 2000 + year <= expires - 7 { 2000 } else { 1900 };
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((century + year, month, day))
}

fn title_case(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_string() + &letters.as_str().to_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_of_this_century_and_nonsense_has_no_birth() {
        assert_eq!(birth("850312", 2032), Some((1985, 3, 12)));
        assert_eq!(birth("180101", 2032), Some((2018, 1, 1)));
        assert_eq!(birth("300101", 2032), Some((1930, 1, 1)));
        assert_eq!(birth("851301", 2032), None);
        assert_eq!(birth("85<<01", 2032), None);
    }

    #[test]
    fn names_are_written_as_people_do_and_debug_shows_none() {
        let holder = Holder {
            surname: "EL AMRANI".to_owned(),
            given_names: ["FATIMA", "ZAHRA"].map(title_case).join(" "),
            born: Some((1985, 3, 12)),
        };
        assert_eq!(holder.full_name(), "Fatima Zahra EL AMRANI");
        assert_eq!(holder.born().as_deref(), Some("12/03/1985"));
        assert!(!format!("{holder:?}").contains("AMRANI"));
    }
}
