//! What is said to a card, and what does it say back? (ISO/IEC 7816-4 §5)

mod command;
mod response;
mod status;

pub use command::CommandApdu;
pub use response::ResponseApdu;
pub use status::StatusWord;
use thiserror::Error;

/// Most data bytes a short command carries (Lc in one byte).
pub const SHORT_DATA: usize = 255;
/// Most bytes a short command can ask for (Le = 00).
pub const SHORT_ANSWER: u32 = 256;
/// Most data bytes an extended command carries (Lc in two bytes).
pub const EXTENDED_DATA: usize = 65_535;
/// Most bytes an extended command can ask for (Le = 0000).
pub const EXTENDED_ANSWER: u32 = 65_536;

/// Bytes that are no command, no answer, or too long to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a well-formed APDU")]
pub struct ApduError;

#[cfg(test)]
mod tests {
    use super::*;

    fn roundtrip(command: &CommandApdu) {
        assert_eq!(CommandApdu::parse(&command.encode()).as_ref(), Ok(command));
    }

    #[test]
    fn the_four_cases_short_and_extended_survive_a_roundtrip() {
        let base = CommandApdu::new(0x00, 0xb0, 0x81, 0x00);
        for length in [0, 1, 5, 255, 256, 65_535] {
            for le in [None, Some(1), Some(255), Some(256), Some(257), Some(65_536)] {
                let mut command = base.clone().with_data(vec![7; length]).unwrap();
                if let Some(le) = le {
                    command = command.expecting(le);
                }
                roundtrip(&command);
            }
        }
    }

    #[test]
    fn encodings_are_those_of_the_standard() {
        let read = CommandApdu::new(0x00, 0xb0, 0x00, 0x00);
        assert_eq!(read.clone().expecting(256).encode(), hex::decode("00b0000000").unwrap());
        assert_eq!(read.clone().expecting(65_536).encode(), hex::decode("00b00000000000").unwrap());
        assert_eq!(
            read.with_data([1, 2]).unwrap().expecting(0).encode(),
            hex::decode("00b0000002010200").unwrap()
        );
    }

    #[test]
    fn wrong_lengths_are_refused() {
        for bad in
            ["", "00b000", "00b0000005aabb", "00b00000020102030405", "00b00000000005aa", "00b00000000000aa"]
        {
            assert_eq!(CommandApdu::parse(&hex::decode(bad).unwrap()), Err(ApduError), "{bad}");
        }
        assert_eq!(ResponseApdu::parse(&[]), Err(ApduError));
        assert_eq!(ResponseApdu::parse(&[0x90]), Err(ApduError));
        assert!(CommandApdu::new(0, 0, 0, 0).with_data(vec![0; 65_536]).is_err());
    }

    #[test]
    fn debug_shows_no_data() {
        let verify = CommandApdu::new(0x00, 0x20, 0x00, 0x01).with_data(*b"4711").unwrap();
        let shown = format!("{verify:?} {:?}", ResponseApdu::ok(b"4711".to_vec()));
        assert!(!shown.contains("4711") && !shown.contains("52"), "{shown}");
    }
}
