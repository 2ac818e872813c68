//! What does the machine-readable zone of a TD1 card say? (ICAO 9303-5 §4.2, check digits 9303-3 §4.9)

use std::fmt;

use time::{Date, Month};
use zeroize::Zeroizing;

use crate::error::PresenceError;
use crate::tlv;

/// Characters of one of the three lines.
const LINE: usize = 30;
/// Characters of the whole zone.
const ZONE: usize = 3 * LINE;

/// The machine-readable zone of a card, every check digit checked (zone lisible par machine).
///
/// Personal throughout: no `Display`, redacted `Debug`, zeroized.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    zone: Zeroizing<String>,
    document_number: Zeroizing<String>,
    optional_data: Zeroizing<String>,
    expires_on: Date,
}

impl Mrz {
    /// Reads DG1: `61 L 5F1F L` and the three lines.
    ///
    /// # Errors
    /// Not a TD1 zone, characters that no MRZ has, a check digit that does not hold, or no date of expiry.
    pub fn from_dg1(dg1: &[u8]) -> Result<Self, PresenceError> {
        let malformed = |_| PresenceError::Malformed("DG1");
        let zone = tlv::only(tlv::only(dg1, 0x61).map_err(malformed)?, 0x5f1f).map_err(malformed)?;
        Self::parse(zone)
    }

    /// Reads the 90 characters of a TD1 zone, without line breaks.
    ///
    /// # Errors
    /// As for [`Mrz::from_dg1`].
    pub fn parse(zone: &[u8]) -> Result<Self, PresenceError> {
        let malformed = PresenceError::Malformed("MRZ");
        let allowed = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'<';
        if zone.len() != ZONE || !zone.iter().all(allowed) {
            return Err(malformed);
        }
        let zone = Zeroizing::new(String::from_utf8(zone.to_vec()).map_err(|_| malformed.clone())?);
        let field = |from: usize, to: usize| zone.get(from..to).unwrap_or_default();

        let (number, optional) = document_number(field(5, 14), field(14, 15), field(15, 30))?;
        checked("date of birth", field(30, 36), field(36, 37))?;
        checked("date of expiry", field(38, 44), field(44, 45))?;
        // The composite covers line 1 from the document number, and line 2 without sex, nationality and itself.
        let composite = Zeroizing::new([field(5, 30), field(30, 37), field(38, 45), field(48, 59)].concat());
        checked("composite", &composite, field(59, 60))?;
        let expires_on = date(field(38, 44), 2000).ok_or(malformed)?;
        Ok(Self { document_number: number, optional_data: optional, expires_on, zone: zone.clone() })
    }

    /// Kind of document, such as `I` or `ID`.
    #[must_use]
    pub fn document_code(&self) -> &str {
        self.field(0, 2)
    }

    /// State that issued it, three letters or fewer.
    #[must_use]
    pub fn issuing_state(&self) -> &str {
        self.field(2, 5)
    }

    /// Number of the document, not of the person; whole even where it continues in the optional data.
    #[must_use]
    pub fn document_number(&self) -> &str {
        &self.document_number
    }

    /// Optional data of line 1, behind what a long document number takes of it; fillers at the end taken off.
    #[must_use]
    pub fn optional_data(&self) -> &str {
        &self.optional_data
    }

    /// Optional data of line 2.
    #[must_use]
    pub fn second_optional_data(&self) -> &str {
        self.field(48, 59)
    }

    /// `YYMMDD`; an unknown part is fillers.
    #[must_use]
    pub fn birth_date(&self) -> &str {
        self.zone.get(30..36).unwrap_or_default()
    }

    /// The day of birth as seen from `today`: the latest such date that is not in the future. `None` where a part is unknown.
    #[must_use]
    pub fn born_on(&self, today: Date) -> Option<Date> {
        let this_century = date(self.birth_date(), 2000);
        this_century.filter(|born| *born <= today).or_else(|| date(self.birth_date(), 1900))
    }

    /// `F`, `M` or a filler.
    #[must_use]
    pub fn sex(&self) -> &str {
        self.zone.get(37..38).unwrap_or_default()
    }

    /// Last day on which the document is good.
    #[must_use]
    pub const fn expires_on(&self) -> Date {
        self.expires_on
    }

    /// Nationality, three letters or fewer.
    #[must_use]
    pub fn nationality(&self) -> &str {
        self.field(45, 48)
    }

    /// Family name as the zone spells it, its parts separated by spaces.
    #[must_use]
    pub fn surname(&self) -> String {
        self.names().0
    }

    /// Given names as the zone spells them.
    #[must_use]
    pub fn given_names(&self) -> String {
        self.names().1
    }

    fn names(&self) -> (String, String) {
        let line = self.field(60, 90);
        let (surname, given) = line.split_once("<<").unwrap_or((line, ""));
        (surname.replace('<', " "), given.replace('<', " ").trim_end().to_owned())
    }

    fn field(&self, from: usize, to: usize) -> &str {
        self.zone.get(from..to).unwrap_or_default().trim_end_matches('<')
    }
}

impl fmt::Debug for Mrz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mrz(redacted)")
    }
}

type Text = Zeroizing<String>;

/// The whole document number and what is left of the optional data.
///
/// Longer than nine characters, it has a filler where its check digit would be, and goes on at the start of the optional data up to
/// a filler; the last character before that is its check digit (9303-5 §4.2.2.1 note j).
fn document_number(number: &str, digit: &str, optional: &str) -> Result<(Text, Text), PresenceError> {
    let taken_off = |text: &str| Zeroizing::new(text.trim_end_matches('<').to_owned());
    let continuation = if digit == "<" { optional.split('<').next().unwrap_or_default() } else { "" };
    if continuation.is_empty() {
        checked("document number", number, digit)?;
        return Ok((taken_off(number), taken_off(optional)));
    }
    let (rest, digit) = continuation.split_at_checked(continuation.len() - 1).unwrap_or_default();
    let whole = Zeroizing::new([number, rest].concat());
    checked("document number", &whole, digit)?;
    let left = optional.get(continuation.len() + 1..).unwrap_or_default();
    Ok((whole, taken_off(left)))
}

fn checked(what: &'static str, field: &str, digit: &str) -> Result<(), PresenceError> {
    let right = digit.bytes().next() == Some(check_digit(field));
    if right { Ok(()) } else { Err(PresenceError::CheckDigit(what)) }
}

/// The check digit of a field, as a character: weights 7 3 1, modulo 10; letters count from 10, fillers 0 (9303-3 §4.9).
pub(crate) fn check_digit(field: &str) -> u8 {
    let sum: u32 =
        field.bytes().zip([7, 3, 1].into_iter().cycle()).map(|(byte, weight)| value(byte) * weight).sum();
    b'0' + u8::try_from(sum % 10).unwrap_or_default()
}

fn value(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    }
}

/// `YYMMDD` in a century.
fn date(digits: &str, century: i32) -> Option<Date> {
    let part = |from: usize| digits.get(from..from + 2).and_then(|two| two.parse::<u8>().ok());
    let month = Month::try_from(part(2)?).ok()?;
    Date::from_calendar_date(century + i32::from(part(0)?), month, part(4)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    /// The TD1 specimen of 9303-5 appendix B, in one piece.
    const SPECIMEN: &str =
        "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    /// The same with a document number of twelve characters (9303-11 appendix D).
    const LONG: &str =
        "I<UTOD23145890<7349<<<<<<<<<<<3407127M9507122UTO<<<<<<<<<<<2STEVENSON<<PETER<JOHN<<<<<<<<<";

    #[test]
    fn the_specimen_is_read() {
        let mrz = Mrz::parse(SPECIMEN.as_bytes()).unwrap();
        assert_eq!(mrz.document_code(), "I");
        assert_eq!(mrz.issuing_state(), "UTO");
        assert_eq!(mrz.document_number(), "D23145890");
        assert_eq!(mrz.optional_data(), "");
        assert_eq!(mrz.birth_date(), "740812");
        assert_eq!(mrz.born_on(date!(2026 - 01 - 01)), Some(date!(1974 - 08 - 12)));
        assert_eq!(mrz.sex(), "F");
        assert_eq!(mrz.expires_on(), date!(2012 - 04 - 15));
        assert_eq!(mrz.nationality(), "UTO");
        assert_eq!((mrz.surname().as_str(), mrz.given_names().as_str()), ("ERIKSSON", "ANNA MARIA"));
    }

    #[test]
    fn a_long_document_number_continues_in_the_optional_data() {
        let mrz = Mrz::parse(LONG.as_bytes()).unwrap();
        assert_eq!(mrz.document_number(), "D23145890734");
        assert_eq!(mrz.optional_data(), "");
    }

    #[test]
    fn every_checked_character_matters() {
        // Line 1 from the document number, line 2 but sex, nationality; the composite itself.
        let covered = (5..30).chain(30..37).chain(38..45).chain(48..60);
        for index in covered {
            let mut zone = SPECIMEN.as_bytes().to_vec();
            zone[index] = if zone[index] == b'5' { b'6' } else { b'5' };
            assert!(Mrz::parse(&zone).is_err(), "character {index}");
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        assert!(Mrz::parse(&SPECIMEN.as_bytes()[..89]).is_err());
        assert!(Mrz::parse(&SPECIMEN.to_lowercase().into_bytes()).is_err());
        let td3 = tlv::encode(0x61, &tlv::encode(0x5f1f, &[b'<'; 88]));
        assert_eq!(Mrz::from_dg1(&td3), Err(PresenceError::Malformed("MRZ")));
        assert_eq!(Mrz::from_dg1(&[]), Err(PresenceError::Malformed("DG1")));
    }

    #[test]
    fn debug_shows_nothing() {
        let shown = format!("{:?}", Mrz::parse(SPECIMEN.as_bytes()).unwrap());
        assert_eq!(shown, "Mrz(redacted)");
    }

    proptest! {
        #[test]
        fn any_zone_is_read_without_panic(zone in "[A-Z0-9<]{85,95}") {
            let _ = Mrz::parse(zone.as_bytes());
        }
    }
}
