//! What must this chip do to prove that it is the original, now?

use std::fmt;

use time::OffsetDateTime;

use crate::apdu::{CommandApdu, ResponseApdu};
use crate::error::PresenceError;
use crate::presence::PresenceProof;
use crate::transcript::AuthenticCard;

/// How a chip proves itself (méthode).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PresenceMethod {
    /// It signs the gateway's nonce (9303-11 §6.1).
    ActiveAuthentication,
    /// It re-keys the channel with the gateway's ephemeral key and reads DG1 under it (9303-11 §6.2).
    ChipAuthentication,
}

impl PresenceMethod {
    /// Stable name, as on the wire and in audit events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ActiveAuthentication => "active-authentication",
            Self::ChipAuthentication => "chip-authentication",
        }
    }
}

/// Commands that only the original chip can answer, made for one card (défi). Spent by [`Challenge::prove`].
pub struct Challenge {
    card: AuthenticCard,
    method: PresenceMethod,
    commands: Vec<CommandApdu>,
}

impl Challenge {
    /// How this card will prove itself.
    #[must_use]
    pub const fn method(&self) -> PresenceMethod {
        self.method
    }

    /// The card that was challenged.
    #[must_use]
    pub const fn card(&self) -> &AuthenticCard {
        &self.card
    }

    /// What the station runs on the chip, in this order.
    #[must_use]
    pub fn commands(&self) -> &[CommandApdu] {
        &self.commands
    }

    /// Judges the chip's answers, one per command. Takes the challenge by value: it is spent, whatever comes out.
    ///
    /// # Errors
    /// Answers missing, a step refused by the chip, or not made with the key that the state vouches for.
    pub fn prove(
        self,
        responses: &[ResponseApdu],
        at: OffsetDateTime,
    ) -> Result<PresenceProof, PresenceError> {
        let _ = (responses, at);
        Err(PresenceError::AnswersMissing)
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenge({}, {} commands)", self.method.as_str(), self.commands.len())
    }
}
