//! A chip in software: it holds keys and obeys the access conditions of a real one.
//!
//! - [`card_file`]: what is a card, written down? (`cards/<name>.json`)
//! - [`personalise`]: how does a person become a card?
//! - `chip`: what does the chip answer?
//!
//! What it does not forgive: nothing but EF.CardAccess is readable before PACE (6982); a message outside the channel or with a wrong MAC
//! ends it (6988); power off or reset forgets every right. Wrong CANs are counted over resets: 63C2, 63C1, 63C0, then PACE is refused
//! with 6983 until the card file is loaded anew; a right CAN in between sets the counter back. (Real cards slow down instead of
//! blocking; a station must understand both.)

pub mod card_file;
mod chip;
mod files;
mod holder;
mod keys;
pub mod personalise;

use std::path::Path;
use std::thread;
use std::time::Duration;

pub use card_file::{Behaviour, CardFile, CardFileError};
use chip::Chip;
pub use holder::CardHolder;
pub use personalise::{ChipMethods, ChipProfile, Person, Sex};

use crate::apdu::{CommandApdu, ResponseApdu, StatusWord};
use crate::transport::{CardTransport, TransportError};

/// A contactless chip over PC/SC without historical bytes.
const ATR: [u8; 5] = [0x3b, 0x80, 0x80, 0x01, 0x01];

/// A chip (puce simulée) made from a card file, with the misbehaviour that the file asks for.
pub struct SimulatedCard {
    chip: Chip,
    behaviour: Behaviour,
    commands: u32,
}

impl SimulatedCard {
    /// Reads `cards/<name>.json`.
    ///
    /// # Errors
    /// The file cannot be read or is no card.
    pub fn from_file(path: &Path) -> Result<Self, CardFileError> {
        CardFile::load(path)?.insert()
    }

    /// Reads the text of a card file.
    ///
    /// # Errors
    /// It is no card.
    pub fn from_json(text: &str) -> Result<Self, CardFileError> {
        CardFile::from_json(text)?.insert()
    }

    pub(crate) const fn new(chip: Chip, behaviour: Behaviour) -> Self {
        Self { chip, behaviour, commands: 0 }
    }

    /// Answer to reset.
    #[must_use]
    pub fn atr(&self) -> &[u8] {
        &ATR
    }

    /// Power off, power on or reset: the chip forgets every right it granted, and keeps its counter of wrong CANs.
    ///
    /// A card that was pulled out is back.
    pub fn reset(&mut self) {
        self.chip.reset();
        self.commands = 0;
    }

    /// One command in, one answer out, as a virtual reader exchanges them.
    ///
    /// # Errors
    /// [`TransportError::Silent`] when the chip never answers, [`TransportError::SessionLost`] when the card is gone.
    pub fn process(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let Behaviour { pulled_out_after, silent_after, slow_ms, extended_length, .. } = self.behaviour;
        if pulled_out_after.is_some_and(|limit| self.commands >= limit) {
            return Err(TransportError::SessionLost);
        }
        if silent_after.is_some_and(|limit| self.commands >= limit) {
            return Err(TransportError::Silent);
        }
        self.commands += 1;
        thread::sleep(Duration::from_millis(slow_ms));
        let response = match CommandApdu::parse(command) {
            Ok(command) if command.is_extended() && !extended_length => {
                self.chip.refuse_naked(StatusWord::WRONG_LENGTH)
            }
            Ok(command) => self.chip.execute(&command),
            Err(_) => self.chip.refuse_naked(StatusWord::WRONG_LENGTH),
        };
        Ok(response.encode())
    }
}

impl CardTransport for SimulatedCard {
    fn transmit(&mut self, command: &CommandApdu) -> Result<ResponseApdu, TransportError> {
        let answer = self.process(&command.encode())?;
        ResponseApdu::parse(&answer).map_err(|_| TransportError::Garbled)
    }

    fn carries_extended_length(&self) -> bool {
        true
    }
}
