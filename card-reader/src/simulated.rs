//! A chip in software: it holds keys and obeys the access conditions of a real one.

use std::path::Path;

use thiserror::Error;

use crate::apdu::{CommandApdu, ResponseApdu};
use crate::transport::{CardTransport, TransportError};

/// Why a card file is not a card.
#[derive(Debug, Error)]
pub enum CardFileError {
    /// The file cannot be read or written.
    #[error("card file: {0}")]
    Io(#[from] std::io::Error),
    /// It is not the JSON of a card.
    #[error("card file: {0}")]
    Json(#[from] serde_json::Error),
    /// A value in it is not usable.
    #[error("card file: {0}")]
    Invalid(&'static str),
}

/// A chip (puce simulée) made from a card file.
pub struct SimulatedCard {
    atr: Vec<u8>,
}

impl SimulatedCard {
    /// Reads `cards/<name>.json`.
    ///
    /// # Errors
    /// The file cannot be read or is no card.
    pub fn from_file(path: &Path) -> Result<Self, CardFileError> {
        Self::from_json(&std::fs::read_to_string(path)?)
    }

    /// Reads the text of a card file.
    ///
    /// # Errors
    /// It is no card.
    pub fn from_json(text: &str) -> Result<Self, CardFileError> {
        let _: serde_json::Value = serde_json::from_str(text)?;
        Ok(Self { atr: vec![0x3b, 0x80, 0x80, 0x01, 0x01] })
    }

    /// Answer to reset.
    #[must_use]
    pub fn atr(&self) -> &[u8] {
        &self.atr
    }

    /// Power off, power on or reset: the chip forgets every right it granted, and keeps its counter of wrong CANs.
    pub fn reset(&mut self) {}

    /// One command in, one answer out, as a virtual reader (vpcd) exchanges them. `None`: the chip does not answer or is gone.
    pub fn process(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        let _ = command;
        None
    }
}

impl CardTransport for SimulatedCard {
    fn transmit(&mut self, command: &CommandApdu) -> Result<ResponseApdu, TransportError> {
        let _ = command;
        Err(TransportError::Silent)
    }
}
