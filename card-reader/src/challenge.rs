//! What must this chip do to prove that it is the original, now?

mod active_authentication;
mod chip_authentication;

use std::fmt;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::apdu::{CommandApdu, ResponseApdu};
use crate::error::PresenceError;
use crate::presence::PresenceProof;
use crate::secure_messaging::SecureMessaging;
use crate::transcript::AuthenticCard;
use chip_authentication::Agreed;

/// What a challenge that was put down begins with: the nonce of Active Authentication …
const NONCE: u8 = 1;
/// … or what Chip Authentication agreed on.
const AGREED: u8 = 2;

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
///
/// A copy would be a second try:
/// ```compile_fail,E0599
/// fn twice(challenge: card_reader::Challenge) -> (card_reader::Challenge, card_reader::Challenge) {
///     (challenge.clone(), challenge)
/// }
/// ```
pub struct Challenge {
    card: AuthenticCard,
    secret: Secret,
    commands: Vec<CommandApdu>,
}

/// What the gateway keeps to judge the answers by.
enum Secret {
    ActiveAuthentication { nonce: [u8; 8] },
    ChipAuthentication { agreed: Agreed, channel: SecureMessaging },
}

impl Challenge {
    /// Chip Authentication where the card offers it: it also shows that DG1 is of this chip, and the station cannot read along.
    pub(crate) fn fresh(card: AuthenticCard) -> Result<Self, PresenceError> {
        let (secret, commands) = if let Some(info) = card.chip_authentication() {
            let agreed = Agreed::fresh(info)?;
            let (channel, commands) = chip_authentication::commands(info, &agreed, card.dg1().len())?;
            (Secret::ChipAuthentication { agreed, channel }, commands)
        } else if let Some(chip) = card.active_authentication() {
            let nonce = active_authentication::nonce()?;
            let commands = active_authentication::commands(&nonce, chip.key.signature_size())?;
            (Secret::ActiveAuthentication { nonce }, commands)
        } else {
            return Err(PresenceError::CannotProve);
        };
        Ok(Self { card, secret, commands })
    }

    /// Puts down what only this gateway knows of the challenge, so that another of its nodes can go on with it. Whoever reads it
    /// can answer without the chip: it is sealed wherever it lies.
    #[must_use]
    pub fn put_down(&self) -> Zeroizing<Vec<u8>> {
        match &self.secret {
            Secret::ActiveAuthentication { nonce } => Zeroizing::new([&[NONCE][..], nonce].concat()),
            Secret::ChipAuthentication { agreed, .. } => agreed.put_down(),
        }
    }

    /// Takes up what was put down: for the same card, authenticated again here and now, and once.
    ///
    /// # Errors
    /// Bytes that no challenge of this card left.
    pub fn take_up(card: AuthenticCard, put_down: &[u8]) -> Result<Self, PresenceError> {
        const STRANGE: PresenceError = PresenceError::Malformed("challenge");
        let (secret, commands) = match put_down.split_first() {
            Some((&NONCE, nonce)) => {
                let chip = card.active_authentication().ok_or(STRANGE)?;
                let nonce = nonce.try_into().map_err(|_| STRANGE)?;
                let commands = active_authentication::commands(&nonce, chip.key.signature_size())?;
                (Secret::ActiveAuthentication { nonce }, commands)
            }
            Some((&AGREED, agreed)) => {
                let info = card.chip_authentication().ok_or(STRANGE)?;
                let agreed = Agreed::take_up(agreed).ok_or(STRANGE)?;
                let (channel, commands) = chip_authentication::commands(info, &agreed, card.dg1().len())?;
                (Secret::ChipAuthentication { agreed, channel }, commands)
            }
            _ => return Err(STRANGE),
        };
        Ok(Self { card, secret, commands })
    }

    /// How this card will prove itself.
    #[must_use]
    pub const fn method(&self) -> PresenceMethod {
        match self.secret {
            Secret::ActiveAuthentication { .. } => PresenceMethod::ActiveAuthentication,
            Secret::ChipAuthentication { .. } => PresenceMethod::ChipAuthentication,
        }
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

    /// Judges the chip's answers, one per command, the last a refusal if there was one. Takes the challenge by value: it is spent,
    /// whatever comes out.
    ///
    /// # Errors
    /// Answers missing, a step refused by the chip, or not made with the key that the state vouches for.
    pub fn prove(
        self,
        responses: &[ResponseApdu],
        at: OffsetDateTime,
    ) -> Result<PresenceProof, PresenceError> {
        let method = self.method();
        if responses.len() > self.commands.len() {
            return Err(PresenceError::AnswersMissing);
        }
        let whole = responses.len() == self.commands.len();
        let Some((last, before)) = responses.split_last() else { return Err(PresenceError::AnswersMissing) };
        if let Some(refused) = before.iter().find(|response| !response.sw.is_ok()) {
            return Err(PresenceError::ChipRefused(refused.sw));
        }
        match self.secret {
            _ if !whole && last.sw.is_ok() => return Err(PresenceError::AnswersMissing),
            _ if !whole => return Err(PresenceError::ChipRefused(last.sw)),
            Secret::ActiveAuthentication { nonce } => active_authentication::judge(&self.card, &nonce, last)?,
            Secret::ChipAuthentication { channel, .. } => {
                chip_authentication::judge(&self.card, channel, last)?
            }
        }
        Ok(PresenceProof::new(self.card, method, at))
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenge({}, {} commands)", self.method().as_str(), self.commands.len())
    }
}
