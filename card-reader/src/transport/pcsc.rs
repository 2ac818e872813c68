//! How are bytes exchanged with a card on a real reader, without ever hanging the counter?
//!
//! Every PC/SC call may block for ever (`SCardConnect` behind another program's transaction, `SCardTransmit`
//! behind a silent card) and none can be interrupted. So each connected card lives on an OS thread of its
//! own, and whoever waits for it waits with a deadline. A thread that never comes back is abandoned; it ends
//! by itself when the driver lets go, and it never touches another session.

mod owner;
mod readers;
mod watch;

use std::ffi::CString;
use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use owner::{Order, Taken};

use super::{CardTransport, TransportError};
use crate::apdu::{CommandApdu, ResponseApdu};
use crate::error::Party;

pub use readers::{Reader, ReaderCondition, choose_reader, readers};
pub use watch::ReaderWatch;

/// How long each kind of call may take before the counter goes on without it.
#[derive(Debug, Clone, Copy)]
pub struct PcscDeadlines {
    /// Connecting to the card, another program's transaction included.
    pub connect: Duration,
    /// One command and its answer. ISO 7816 sets no maximum (waiting-time extensions), a chip computing an
    /// elliptic-curve key on a weak contactless field needs about one second.
    pub exchange: Duration,
}

impl Default for PcscDeadlines {
    fn default() -> PcscDeadlines {
        PcscDeadlines { connect: Duration::from_secs(4), exchange: Duration::from_secs(6) }
    }
}

/// What can go wrong between this program and a card on a reader.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PcscError {
    /// The daemon `pcscd` does not answer.
    #[error("the PC/SC service (pcscd) is not running")]
    ServiceUnavailable,
    /// No reader is plugged in.
    #[error("no card reader is connected")]
    NoReader,
    /// The reader asked for by name is not there.
    #[error("no reader is called {0:?}")]
    UnknownReader(String),
    /// Several readers hold a card: guessing would read another patient's card.
    #[error("several readers hold a card: choose one by name")]
    SeveralCards,
    /// The reader is empty.
    #[error("no card is on the reader")]
    NoCard,
    /// Another program holds the card.
    #[error("another program is using the card")]
    Busy,
    /// A card is there and does not speak.
    #[error("the card does not answer; it may be lying badly on the reader")]
    MuteCard,
    /// The conversation is over: its keys are gone, and it has to start again from the beginning.
    #[error("the conversation with the card was lost: {0}")]
    SessionLost(Loss),
    /// Anything else that the reader's driver reported.
    #[error("the reader failed: {0}")]
    Failed(String),
}

/// Why a conversation was lost. Every reason has the same consequence: nothing is retried inside a secure
/// session, because chip and station no longer agree on the send-sequence counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The card left the reader.
    Removed,
    /// The card was reset, for example by another program.
    Reset,
    /// The card did not answer in time.
    Silent,
    /// The reader was unplugged, or its service stopped.
    ReaderGone,
}

impl Loss {
    fn as_transport_error(self) -> TransportError {
        match self {
            Loss::Removed | Loss::Reset => TransportError::SessionLost,
            Loss::Silent => TransportError::Silent,
            Loss::ReaderGone => TransportError::ReaderUnusable,
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Loss::Removed => "the card was removed",
            Loss::Reset => "the card was reset",
            Loss::Silent => "the card stopped answering",
            Loss::ReaderGone => "the reader is gone",
        })
    }
}

impl PcscError {
    /// Stable name for logs and messages.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            PcscError::ServiceUnavailable => "reader-service-unavailable",
            PcscError::NoReader => "no-reader",
            PcscError::UnknownReader(_) => "unknown-reader",
            PcscError::SeveralCards => "several-cards",
            PcscError::NoCard => "no-card",
            PcscError::Busy => "card-busy",
            PcscError::MuteCard => "card-mute",
            PcscError::SessionLost(_) => "card-session-lost",
            PcscError::Failed(_) => "reader-failed",
        }
    }

    /// Who has to act.
    #[must_use]
    pub fn party(&self) -> Party {
        match self {
            PcscError::NoCard | PcscError::MuteCard | PcscError::SessionLost(_) => Party::Card,
            PcscError::SeveralCards | PcscError::Busy => Party::Station,
            PcscError::ServiceUnavailable
            | PcscError::NoReader
            | PcscError::UnknownReader(_)
            | PcscError::Failed(_) => Party::Reader,
        }
    }

    fn from_pcsc(error: pcsc::Error) -> PcscError {
        use pcsc::Error as E;
        match error {
            E::NoService | E::ServiceStopped => PcscError::ServiceUnavailable,
            E::NoReadersAvailable => PcscError::NoReader,
            E::UnknownReader | E::ReaderUnavailable => PcscError::NoReader,
            E::NoSmartcard | E::RemovedCard => PcscError::NoCard,
            E::SharingViolation => PcscError::Busy,
            E::UnresponsiveCard | E::UnpoweredCard | E::UnsupportedCard | E::ProtoMismatch => {
                PcscError::MuteCard
            }
            other => PcscError::Failed(other.to_string()),
        }
    }
}

/// A card on a PC/SC reader, held by this program alone for one act.
pub struct PcscTransport {
    reader: String,
    taken: Taken,
    orders: SyncSender<Order>,
    deadline: Duration,
    lost: Option<Loss>,
}

impl PcscTransport {
    /// Takes the card on the reader of this exact name, exclusively: no other program can speak to the chip
    /// while its secure channel is open.
    pub fn connect(reader: &str, deadlines: PcscDeadlines) -> Result<PcscTransport, PcscError> {
        let name = CString::new(reader).map_err(|_| PcscError::UnknownReader(reader.to_owned()))?;
        let (orders, inbox) = mpsc::sync_channel(1);
        let (report, connected) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name("bawaba-card".to_owned())
            .spawn(move || owner::hold_card(&name, deadlines.connect, &report, &inbox))
            .map_err(|error| PcscError::Failed(error.to_string()))?;
        let taken = match connected.recv_timeout(deadlines.connect) {
            Ok(outcome) => outcome.map_err(|error| match error {
                PcscError::NoReader => PcscError::UnknownReader(reader.to_owned()),
                other => other,
            })?,
            Err(_) => return Err(PcscError::Busy),
        };
        Ok(PcscTransport {
            reader: reader.to_owned(),
            taken,
            orders,
            deadline: deadlines.exchange,
            lost: None,
        })
    }

    /// The reader's name, as PC/SC gives it.
    pub fn reader(&self) -> &str {
        &self.reader
    }

    /// The card's answer to reset (ISO 7816-3).
    pub fn atr(&self) -> &[u8] {
        &self.taken.atr
    }

    /// Sends raw command bytes and waits for the raw answer, at least the two bytes of a status word.
    fn exchange(&mut self, command: Vec<u8>) -> Result<Vec<u8>, Loss> {
        if let Some(loss) = self.lost {
            return Err(loss);
        }
        let outcome = self.exchange_once(command);
        if let Err(loss) = &outcome {
            self.lost = Some(*loss);
        }
        outcome
    }

    fn exchange_once(&self, command: Vec<u8>) -> Result<Vec<u8>, Loss> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.orders.send(Order { command, answer }).map_err(|_| Loss::ReaderGone)?;
        match answered.recv_timeout(self.deadline) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Timeout) => Err(Loss::Silent),
            Err(RecvTimeoutError::Disconnected) => Err(Loss::ReaderGone),
        }
    }
}

impl CardTransport for PcscTransport {
    fn transmit(&mut self, command: &CommandApdu) -> Result<ResponseApdu, TransportError> {
        let answer = self.exchange(command.encode()).map_err(Loss::as_transport_error)?;
        ResponseApdu::parse(&answer).map_err(|_| TransportError::Garbled)
    }

    fn carries_extended_length(&self) -> bool {
        self.taken.extended_length
    }
}

impl fmt::Debug for PcscTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PcscTransport")
            .field("reader", &self.reader)
            .field("lost", &self.lost)
            .finish_non_exhaustive()
    }
}
