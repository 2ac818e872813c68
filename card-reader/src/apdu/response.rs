//! One answer of the card.

use std::fmt;

use super::{ApduError, EXTENDED_ANSWER, StatusWord};

/// The card's answer to one command (réponse APDU). `Debug` shows the length and the status word, never the data.
#[derive(Clone, PartialEq, Eq)]
pub struct ResponseApdu {
    /// Response data, empty when there is none.
    pub data: Vec<u8>,
    /// How it went.
    pub sw: StatusWord,
}

impl ResponseApdu {
    /// An answer that is a status word alone.
    #[must_use]
    pub const fn status(sw: StatusWord) -> Self {
        Self { data: Vec::new(), sw }
    }

    /// An answer with data and 9000.
    #[must_use]
    pub const fn ok(data: Vec<u8>) -> Self {
        Self { data, sw: StatusWord::OK }
    }

    /// Reads what a card sent.
    ///
    /// # Errors
    /// Fewer than two bytes (PC/SC reports a card that dies mid-command as an answer of none), or more than an answer can hold.
    pub fn parse(bytes: &[u8]) -> Result<Self, ApduError> {
        let (data, &[sw1, sw2]) = bytes.split_last_chunk::<2>().ok_or(ApduError)?;
        if data.len() > EXTENDED_ANSWER as usize {
            return Err(ApduError);
        }
        Ok(Self { data: data.to_vec(), sw: StatusWord(u16::from_be_bytes([sw1, sw2])) })
    }

    /// The bytes as a card sends them.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.data.clone();
        bytes.extend(self.sw.0.to_be_bytes());
        bytes
    }
}

impl fmt::Debug for ResponseApdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseApdu({} bytes, {})", self.data.len(), self.sw)
    }
}
