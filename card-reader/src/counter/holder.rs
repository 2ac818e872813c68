//! Who stands at the counter, as the card's machine-readable zone prints it?

use std::fmt;

use crate::transcript::CardTranscript;

/// Characters of a TD1 machine-readable zone: three lines of thirty (ICAO 9303-5 §4.2).
const LINE: usize = 30;

/// The holder's name and birth as printed on the card (titulaire), for the screen of this counter.
///
/// It comes from the same DG1 that is sent to the gateway; show it only once the gateway has accepted that DG1.
/// It is never serialised, logged or sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Holder {
    surname: String,
    given_names: String,
    born: Option<(u16, u8, u8)>,
}

impl Holder {
    /// Reads lines 2 and 3 of the zone at the end of DG1. Nothing here is checked: the gateway does that.
    #[must_use]
    pub fn from_transcript(transcript: &CardTranscript) -> Option<Holder> {
        Holder::from_dg1(&transcript.dg1)
    }

    fn from_dg1(dg1: &[u8]) -> Option<Holder> {
        let zone = dg1.get(dg1.len().checked_sub(3 * LINE)?..)?;
        let text = std::str::from_utf8(zone).ok().filter(|text| text.is_ascii())?;
        let (names, dates) = (text.get(2 * LINE..)?, text.get(LINE..2 * LINE)?);
        let (surname, given) = names.trim_end_matches('<').split_once("<<").unwrap_or((names, ""));
        let surname = surname.replace('<', " ").trim().to_owned();
        let given_names =
            given.split('<').filter(|name| !name.is_empty()).map(title_case).collect::<Vec<_>>().join(" ");
        Some(Holder { surname, given_names, born: birth(dates) })
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

/// The zone writes years with two digits. A card lives ten years, seven for a child under twelve, so nobody was
/// born later than seven years before it expires; anything later belongs to the century before.
fn birth(line: &str) -> Option<(u16, u8, u8)> {
    let year: u16 = line.get(0..2)?.parse().ok()?;
    let month: u8 = line.get(2..4)?.parse().ok()?;
    let day: u8 = line.get(4..6)?.parse().ok()?;
    let expiry: u16 = line.get(8..10)?.parse().ok()?;
    let century = if year <= expiry.saturating_sub(7) { 2000 } else { 1900 };
    (1..=12).contains(&month).then_some(())?;
    (1..=31).contains(&day).then_some((century + year, month, day))
}

fn title_case(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_string() + &letters.as_str().to_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dg1(line2: &str, line3: &str) -> Vec<u8> {
        let zone = format!("{:<<30}{line2:<<30}{line3:<<30}", "I<MAR");
        [&[0x61, 0x5d, 0x5f, 0x1f, 0x5a], zone.as_bytes()].concat()
    }

    #[test]
    fn names_and_birth_are_read_as_people_write_them() {
        let holder = Holder::from_dg1(&dg1("8503124F3206300MAR", "EL<AMRANI<<FATIMA<ZAHRA")).unwrap();
        assert_eq!(holder.full_name(), "Fatima Zahra EL AMRANI");
        assert_eq!(holder.born().as_deref(), Some("12/03/1985"));
        assert!(!format!("{holder:?}").contains("AMRANI"));
    }

    #[test]
    fn a_child_is_of_this_century_and_nonsense_has_no_birth() {
        assert_eq!(Holder::from_dg1(&dg1("180101", "A<<B")).unwrap().born(), None);
        let born = |line: &str| Holder::from_dg1(&dg1(line, "A<<B")).unwrap().born();
        assert_eq!(born("1801014F3206300MAR").as_deref(), Some("01/01/2018"));
        assert_eq!(born("3001014F3206300MAR").as_deref(), Some("01/01/1930"));
        assert_eq!(born("8513014F3206300MAR"), None);
        assert_eq!(Holder::from_dg1(&[0x61, 0x00]), None);
    }
}
