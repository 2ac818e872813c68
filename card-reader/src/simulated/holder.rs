//! What does the holder's application on the chip answer? PIN, certificate, and a key that signs only after the PIN.

use pki::issuing::{ChipKey, ChipKeyKind, HolderAuthority, HolderProfile};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::card_file::{Bytes, CardFile, CardFileError, pkcs8, private_key};
use crate::apdu::{CommandApdu, ResponseApdu, StatusWord};
use crate::holder::{HolderApplication, Pin};
use crate::profile::CardProfile;
use crate::tlv::{self, TlvReader};

/// Wrong PINs before it is blocked.
const PIN_TRIES: u8 = 3;

/// The holder's application, written down (application du titulaire).
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardHolder {
    /// The PIN, four to eight digits.
    pub pin: String,
    /// Tries left when the card is inserted; 0 is blocked.
    #[serde(default = "pin_tries")]
    pub tries: u8,
    /// The authentication certificate, DER (base64 in JSON).
    pub certificate: Bytes,
    /// Its private key as PKCS#8 (base64 in JSON).
    pub key: Bytes,
}

const fn pin_tries() -> u8 {
    PIN_TRIES
}

impl CardFile {
    /// Adds the holder's application: a fresh key of that kind, certified by `authority` for whom `profile` names.
    ///
    /// # Errors
    /// The PIN is none, or the authority fails.
    pub fn with_holder(
        mut self,
        pin: &str,
        kind: ChipKeyKind,
        authority: &HolderAuthority,
        profile: &HolderProfile,
    ) -> Result<Self, CardFileError> {
        Pin::parse(pin).ok_or(NO_PIN)?;
        let key = ChipKey::generate(kind)?;
        let certificate = Bytes(authority.issue(profile, &key)?);
        self.holder =
            Some(CardHolder { pin: pin.to_owned(), tries: PIN_TRIES, certificate, key: pkcs8(&key)? });
        Ok(self)
    }
}

const NO_PIN: CardFileError = CardFileError::Invalid("the PIN is not four to eight digits");

/// The application in the chip. Its counter of wrong PINs outlives resets.
pub(super) struct HolderChip {
    application: HolderApplication,
    reference: Zeroizing<Vec<u8>>,
    tries_left: u8,
    certificate: Vec<u8>,
    key: ChipKey,
    selected: bool,
    verified: bool,
    /// MSE:SET AT named the key.
    key_chosen: bool,
    /// The certificate is the file that a plain READ BINARY means.
    reading: bool,
}

impl HolderChip {
    pub(super) fn new(file: &CardHolder, profile: CardProfile, copied: bool) -> Result<Self, CardFileError> {
        let application = profile.holder_application();
        let key = private_key(&file.key)?;
        Ok(Self {
            application,
            reference: Pin::parse(&file.pin).ok_or(NO_PIN)?.block(application.pin_octets),
            tries_left: file.tries.min(PIN_TRIES),
            certificate: file.certificate.0.clone(),
            key: if copied { key.another()? } else { key },
            selected: false,
            verified: false,
            key_chosen: false,
            reading: false,
        })
    }

    /// Power off, or the end of the channel: no right is left.
    pub(super) fn forget(&mut self) {
        (self.selected, self.verified, self.key_chosen, self.reading) = (false, false, false, false);
    }

    /// The answer, if the command is for this application: its SELECT, or anything while it is selected.
    pub(super) fn obey(&mut self, command: &CommandApdu, authenticated: bool) -> Option<ResponseApdu> {
        let status = |sw| Some(ResponseApdu::status(sw));
        if (command.ins(), command.p1()) == (0xa4, 0x04) {
            self.forget();
            return match command.data() == self.application.aid {
                true if !authenticated => status(StatusWord::SECURITY_STATUS_NOT_SATISFIED),
                true => {
                    self.selected = true;
                    status(StatusWord::OK)
                }
                false => None,
            };
        }
        if !self.selected {
            return None;
        }
        match command.ins() {
            0xb0 => Some(self.read(command)),
            0x20 => status(self.verify(command)),
            0xca => Some(self.get_data(command)),
            0x22 if (command.p1(), command.p2()) == (0x41, 0xa4) => status(self.choose_key(command)),
            0x88 => Some(self.sign(command)),
            // Channels and protocols are the card's, not the application's.
            _ => None,
        }
    }

    fn read(&mut self, command: &CommandApdu) -> ResponseApdu {
        let refused = ResponseApdu::status;
        let offset = if command.p1() & 0x80 != 0 {
            if command.p1() & 0x1f != self.application.certificate {
                return refused(StatusWord::FILE_NOT_FOUND);
            }
            self.reading = true;
            usize::from(command.p2())
        } else {
            usize::from(u16::from_be_bytes([command.p1(), command.p2()]))
        };
        if !self.reading {
            return refused(StatusWord::COMMAND_NOT_ALLOWED);
        }
        let Some(rest) = self.certificate.get(offset..).filter(|rest| !rest.is_empty()) else {
            return refused(StatusWord::OFFSET_BEYOND_END);
        };
        let wanted = command.le().and_then(|le| usize::try_from(le).ok()).unwrap_or_default();
        let sw = if wanted > rest.len() { StatusWord::END_OF_FILE } else { StatusWord::OK };
        ResponseApdu { data: rest.get(..wanted.min(rest.len())).unwrap_or_default().to_vec(), sw }
    }

    /// VERIFY; without data, how many tries are left (ISO/IEC 7816-4 §11.6.6).
    fn verify(&mut self, command: &CommandApdu) -> StatusWord {
        if (command.p1(), command.p2()) != (0x00, self.application.pin_reference) {
            return StatusWord::REFERENCED_DATA_NOT_FOUND;
        }
        match command.data() {
            [] if self.verified => StatusWord::OK,
            _ if self.tries_left == 0 => StatusWord::AUTHENTICATION_METHOD_BLOCKED,
            [] => StatusWord::tries_left_is(self.tries_left),
            typed => {
                self.verified = typed.ct_eq(&self.reference).into();
                if self.verified {
                    self.tries_left = PIN_TRIES;
                    return StatusWord::OK;
                }
                self.tries_left -= 1;
                StatusWord::tries_left_is(self.tries_left)
            }
        }
    }

    fn get_data(&self, command: &CommandApdu) -> ResponseApdu {
        if *command.header().last_chunk::<2>().unwrap_or(&[0; 2]) != [0x9f, 0x17] {
            return ResponseApdu::status(StatusWord::REFERENCED_DATA_NOT_FOUND);
        }
        ResponseApdu::ok(tlv::encode(0x9f17, &[self.tries_left]))
    }

    fn choose_key(&mut self, command: &CommandApdu) -> StatusWord {
        let (mut algorithm, mut key) = (None, None);
        let mut objects = TlvReader::new(command.data());
        while let Ok(Some(object)) = objects.next_object() {
            match object.tag {
                0x80 => algorithm = object.value.first().copied(),
                0x84 => key = object.value.first().copied(),
                _ => {}
            }
        }
        let known = (Some(self.application.algorithm), Some(self.application.key_reference));
        self.key_chosen = (algorithm, key) == known;
        if self.key_chosen { StatusWord::OK } else { StatusWord::REFERENCED_DATA_NOT_FOUND }
    }

    /// INTERNAL AUTHENTICATE over 32 octets.
    fn sign(&self, command: &CommandApdu) -> ResponseApdu {
        let refused = ResponseApdu::status;
        if !self.key_chosen {
            return refused(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        if !self.verified {
            return refused(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        if command.data().len() != 32 {
            return refused(StatusWord::WRONG_LENGTH);
        }
        self.key
            .sign_as_certified(command.data())
            .map_or(refused(StatusWord::NO_PRECISE_DIAGNOSIS), ResponseApdu::ok)
    }
}
