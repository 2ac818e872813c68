//! How do the bytes reach the card? The one seam towards readers, real or simulated.

#[cfg(feature = "pcsc")]
pub mod pcsc;

use thiserror::Error;

use crate::apdu::{CommandApdu, ResponseApdu};

/// One exchange with whatever holds the card (lecteur). Blocking.
///
/// A transport does exactly one command and one answer: 61xx, 6Cxx and chaining are handled above it.
/// It must have a deadline of its own and answer [`TransportError::Silent`] when it passes.
pub trait CardTransport {
    /// Sends `command`, waits for the answer.
    ///
    /// # Errors
    /// The card, the reader or the link did not bring an answer back. Never retried: the chip's session is gone.
    fn transmit(&mut self, command: &CommandApdu) -> Result<ResponseApdu, TransportError>;

    /// Whether this link carries extended-length APDUs. A reader that does not say so does not.
    fn carries_extended_length(&self) -> bool {
        false
    }
}

/// Why no answer came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TransportError {
    /// No card on the reader.
    #[error("no card on the reader")]
    NoCard,
    /// The card was taken away or reset in the middle of the conversation; whatever the chip had granted is forgotten.
    #[error("the card was removed or reset")]
    SessionLost,
    /// The card did not answer before the deadline.
    #[error("the card does not answer")]
    Silent,
    /// What came back is not an answer of a card.
    #[error("the answer is not an APDU")]
    Garbled,
    /// The reader is gone, in use by another program, or its service does not run.
    #[error("the reader is not usable")]
    ReaderUnusable,
}

impl TransportError {
    /// Stable name, the same in logs, metrics and messages.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoCard => "no-card",
            Self::SessionLost => "card-removed",
            Self::Silent => "card-silent",
            Self::Garbled => "card-garbled",
            Self::ReaderUnusable => "reader-unusable",
        }
    }
}
