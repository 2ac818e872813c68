//! What does the station do with the holder's application, and where does the PIN go?

use crate::apdu::{CommandApdu, ResponseApdu, SHORT_ANSWER, StatusWord};
use crate::conversation::{Channel, Conversation, MOST_CHALLENGE_COMMANDS, pace};
use crate::error::CardError;
use crate::holder::{Pin, PinState};

/// What a station runs beside the PIN: SELECT, READ BINARY, MANAGE SECURITY ENVIRONMENT, INTERNAL AUTHENTICATE.
const ALLOWED_WITH_PIN: [u8; 4] = [0xa4, 0xb0, 0x22, 0x88];

impl Conversation<'_> {
    /// A fresh channel between this station and the card, which has stayed on the reader: PACE again with the same CAN.
    ///
    /// After Chip Authentication the channel is the gateway's. A command in plain makes the card leave it (9303-11 §9.8.3), whatever it
    /// answers; only then does it listen to PACE.
    ///
    /// # Errors
    /// As for [`Conversation::open`].
    pub fn renew(&mut self) -> Result<(), CardError> {
        let select = CommandApdu::new(0x00, 0xa4, 0x00, 0x0c).with_data([0x3f, 0x00])?;
        let _whatever = self.link.transmit(&select)?;
        self.channel = Channel::Station(pace(&mut self.link, &self.card_access, &self.can)?);
        Ok(())
    }

    /// Looks for the holder's application and asks how many tries of the PIN are left. Costs none of them.
    ///
    /// # Errors
    /// [`CardError::NoHolderApplication`], or a broken channel.
    pub fn holder_application(&mut self) -> Result<PinState, CardError> {
        let application = self.profile.holder_application();
        let selected = self.secured(&application.select()?)?;
        match selected.sw {
            StatusWord::OK => {}
            StatusWord::FILE_NOT_FOUND => return Err(CardError::NoHolderApplication),
            sw => return Err(CardError::Refused { step: "SELECT of the holder's application", sw }),
        }
        let counted = PinState::of(&self.secured(&application.pin_tries().expecting(SHORT_ANSWER))?);
        if counted.tries_left.is_some() {
            return Ok(counted);
        }
        // A card that does not know the counter by that name answers a VERIFY without data.
        Ok(PinState::of(&self.secured(&application.verify())?))
    }

    /// Runs the gateway's commands with the PIN in the one place that they mark, up to the first that the card refuses; its status
    /// word is then the last answer.
    ///
    /// Everything goes through this station's own PACE channel. A VERIFY that brings data, that asks for another PIN, or a second one, is
    /// not run at all: a gateway in the wrong hands can neither guess PINs nor use them up.
    ///
    /// # Errors
    /// A command that stations do not run, too many of them, or a broken channel. A PIN that the card refuses is an answer.
    pub fn run_with_pin(
        &mut self,
        commands: &[CommandApdu],
        pin: &Pin,
    ) -> Result<Vec<ResponseApdu>, CardError> {
        let application = self.profile.holder_application();
        let allowed = |command: &CommandApdu| {
            command.cla() == 0x00
                && (ALLOWED_WITH_PIN.contains(&command.ins()) || application.asks_for_pin(command))
        };
        let marks = commands.iter().filter(|command| application.asks_for_pin(command)).count();
        if commands.len() > MOST_CHALLENGE_COMMANDS || marks != 1 || !commands.iter().all(allowed) {
            return Err(CardError::CommandNotAllowed);
        }
        self.until_refused(commands, |conversation, command| {
            if application.asks_for_pin(command) {
                let block = pin.block(application.pin_octets);
                conversation.secured(&command.clone().with_data(block.as_slice())?)
            } else {
                conversation.secured(command)
            }
        })
    }

    /// What the card said of the PIN in these answers, if it did not take it.
    #[must_use]
    pub fn pin_refused(&self, commands: &[CommandApdu], responses: &[ResponseApdu]) -> Option<CardError> {
        let application = self.profile.holder_application();
        let place = commands.iter().position(|command| application.asks_for_pin(command))?;
        match responses.get(place)?.sw {
            sw if sw.tries_left().is_some() => Some(CardError::WrongPin { tries_left: sw.tries_left() }),
            StatusWord::AUTHENTICATION_FAILED => Some(CardError::WrongPin { tries_left: None }),
            _ => None,
        }
    }
}
