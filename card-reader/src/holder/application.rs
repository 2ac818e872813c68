//! Where does this card generation keep the holder's certificate, PIN and key?

use crate::apdu::{CommandApdu, ResponseApdu};
use crate::error::CardError;
use crate::profile::{CardProfile, NationalNumber};
use crate::tlv;

/// PIN Try Counter, as GET DATA names it (EMV book 3 §6.5.7; ISO/IEC 7816-4 leaves the tag to the application).
pub(crate) const PIN_TRY_COUNTER: u32 = 0x9f17;
/// VERIFY (ISO/IEC 7816-4 §11.6.6).
pub(crate) const VERIFY: u8 = 0x20;

/// The holder's application on a card (application du titulaire).
///
/// The chip profile of the national card is not public: these are the values of an IAS-ECC-like card, in one place, to be set by
/// whoever is given the real ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HolderApplication {
    /// Name for SELECT.
    pub aid: &'static [u8],
    /// Short file identifier of the authentication certificate, DER.
    pub certificate: u8,
    /// Qualifier of the PIN in VERIFY: 81 is local to the application (ISO/IEC 7816-4 table 98).
    pub pin_reference: u8,
    /// Reference of the private key in MSE:SET AT, tag 84.
    pub key_reference: u8,
    /// Algorithm in MSE:SET AT, tag 80: ECDSA with SHA-256 over the challenge.
    pub algorithm: u8,
    /// Octets of the PIN in VERIFY, filled with FF behind the digits.
    pub pin_octets: usize,
}

/// What the card says about its PIN before anybody types one (état du code PIN).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinState {
    /// Tries left; 0 is blocked, nothing: the card does not say.
    pub tries_left: Option<u8>,
}

impl CardProfile {
    /// The holder's application of this generation.
    #[must_use]
    pub const fn holder_application(self) -> HolderApplication {
        match self {
            Self::Cnie2020 => HolderApplication {
                // IAS ECC §2.2: the registered name of the application.
                aid: &[
                    0xa0, 0x00, 0x00, 0x00, 0x77, 0x01, 0x08, 0x00, 0x07, 0x00, 0x00, 0xfe, 0x00, 0x00, 0x01,
                    0x00,
                ],
                certificate: 0x01,
                pin_reference: 0x81,
                key_reference: 0x82,
                algorithm: 0x14,
                pin_octets: 8,
            },
        }
    }

    /// The national number in the subject of a holder's certificate: plain, or with the prefix for identity cards that ETSI
    /// EN 319 412-1 §5.1.3 gives it.
    #[must_use]
    pub fn holder_number(self, serial_number: &str) -> Option<NationalNumber> {
        match self {
            Self::Cnie2020 => {
                NationalNumber::parse(serial_number.strip_prefix("IDCMA-").unwrap_or(serial_number))
            }
        }
    }
}

impl HolderApplication {
    /// SELECT by name, without an answer.
    pub(crate) fn select(&self) -> Result<CommandApdu, CardError> {
        Ok(CommandApdu::new(0x00, 0xa4, 0x04, 0x0c).with_data(self.aid)?)
    }

    /// The mark of the place where the PIN goes; to a card, the question how many tries are left.
    pub(crate) const fn verify(&self) -> CommandApdu {
        CommandApdu::new(0x00, VERIFY, 0x00, self.pin_reference)
    }

    /// GET DATA of the retry counter.
    pub(crate) const fn pin_tries(&self) -> CommandApdu {
        let [_, _, high, low] = PIN_TRY_COUNTER.to_be_bytes();
        CommandApdu::new(0x00, 0xca, high, low)
    }

    /// Is this the mark, of our PIN and no other, without data?
    pub(crate) fn asks_for_pin(&self, command: &CommandApdu) -> bool {
        *command == self.verify()
    }
}

impl PinState {
    /// From the answer to GET DATA, or to a VERIFY without data.
    pub(crate) fn of(answer: &ResponseApdu) -> Self {
        let counter = tlv::only(&answer.data, PIN_TRY_COUNTER).ok();
        let counted = counter.and_then(|value| <[u8; 1]>::try_from(value).ok()).map(|[tries]| tries);
        Self { tries_left: counted.filter(|_| answer.sw.is_ok()).or_else(|| answer.sw.tries_left()) }
    }
}
