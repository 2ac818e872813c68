//! What does the station do with a card, from PACE to the proof?

mod holder;
mod reading;

use pki::{DataGroupNumber, SecurityObject};

use crate::apdu::{CommandApdu, ResponseApdu};
use crate::can::Can;
use crate::conversation::reading::BlockSize;
use crate::error::CardError;
use crate::exchange::Link;
use crate::lds::file::{APPLICATION, ElementaryFile};
use crate::lds::security_infos::{PaceInfo, SecurityInfos};
use crate::pace::{PaceStep, PaceTerminal};
use crate::profile::CardProfile;
use crate::secure_messaging::SecureMessaging;
use crate::transcript::CardTranscript;
use crate::transport::CardTransport;

/// Commands that one challenge may hold.
const MOST_CHALLENGE_COMMANDS: usize = 16;

/// What a station runs for the gateway: SELECT, READ BINARY, GET CHALLENGE, INTERNAL AUTHENTICATE, MANAGE SECURITY ENVIRONMENT,
/// GENERAL AUTHENTICATE. Nothing that presents a PIN, changes, writes or ends anything: a gateway in the wrong hands cannot harm a card.
const ALLOWED_INSTRUCTIONS: [u8; 6] = [0xa4, 0xb0, 0x84, 0x88, 0x22, 0x86];

/// One card on one reader, after PACE (conversation). Blocking; ended by the first failure.
pub struct Conversation<'t> {
    link: Link<'t>,
    channel: Channel,
    can: Can,
    profile: CardProfile,
    card_access: Vec<u8>,
    block: BlockSize,
}

/// Who can read what passes.
enum Channel {
    /// This station and the chip.
    Station(SecureMessaging),
    /// The gateway and the chip: this station only carries bytes.
    Gateway,
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
        let mut link = Link::new(transport);
        let (card_access, block) = reading::read_card_access(&mut link)?;
        let channel = Channel::Station(pace(&mut link, &card_access, can)?);
        Ok(Self { link, channel, can: can.clone(), profile, card_access, block })
    }

    /// Reads the files that the gateway needs to know the card: EF.SOD, DG1, and DG14 and DG15 when the SOD lists them.
    ///
    /// # Errors
    /// The chip refuses or breaks the channel, or a file is malformed or too long.
    pub fn read_transcript(&mut self) -> Result<CardTranscript, CardError> {
        let sod = match self.read_application_file(ElementaryFile::Sod) {
            Err(CardError::ChannelLeft(sw)) if reading::is_about_length(sw) && self.block.is_reducible() => {
                // The chip dropped the channel at a length it does not take. The whole session starts anew, once, with short blocks.
                self.restart()?;
                self.read_application_file(ElementaryFile::Sod)?
            }
            read => read?,
        };
        let listed = SecurityObject::parse(&sod).map_err(|_| CardError::Malformed("EF.SOD"))?;
        let lists = |number| listed.data_groups().any(|group| group == number);
        let (has_dg14, has_dg15) = (lists(DataGroupNumber::DG14), lists(DataGroupNumber::DG15));
        let dg1 = self.read(ElementaryFile::Dg1)?;
        let dg14 = if has_dg14 { Some(self.read(ElementaryFile::Dg14)?) } else { None };
        let dg15 = if has_dg15 { Some(self.read(ElementaryFile::Dg15)?) } else { None };
        Ok(CardTranscript {
            profile: self.profile,
            card_access: Some(self.card_access.clone()),
            sod,
            dg1,
            dg14,
            dg15,
        })
    }

    /// Reads DG2, the face, as it is on the chip.
    ///
    /// # Errors
    /// As for [`Conversation::read_transcript`], which must have run.
    pub fn read_face(&mut self) -> Result<Vec<u8>, CardError> {
        self.read(ElementaryFile::Dg2)
    }

    /// Runs the gateway's commands, in order, up to the first that the chip refuses; its status word is then the last answer.
    ///
    /// A command without secure messaging in its class goes through this station's PACE channel; one that the gateway already
    /// secured (class 0C) passes as it is, and what comes back is for the gateway alone to read.
    ///
    /// # Errors
    /// A command that stations do not run, too many of them, or a broken channel.
    pub fn run(&mut self, commands: &[CommandApdu]) -> Result<Vec<ResponseApdu>, CardError> {
        let allowed = |command: &CommandApdu| {
            matches!(command.cla(), 0x00 | 0x0c) && ALLOWED_INSTRUCTIONS.contains(&command.ins())
        };
        if commands.len() > MOST_CHALLENGE_COMMANDS || !commands.iter().all(allowed) {
            return Err(CardError::CommandNotAllowed);
        }
        self.until_refused(commands, |conversation, command| {
            if command.is_secured() {
                conversation.channel = Channel::Gateway;
                conversation.link.transmit(command)
            } else {
                conversation.secured(command)
            }
        })
    }

    /// Runs one command after the other; the first that the chip refuses is the last.
    fn until_refused(
        &mut self,
        commands: &[CommandApdu],
        mut run: impl FnMut(&mut Self, &CommandApdu) -> Result<ResponseApdu, CardError>,
    ) -> Result<Vec<ResponseApdu>, CardError> {
        let mut responses = Vec::with_capacity(commands.len());
        for command in commands {
            let response = run(self, command)?;
            let refused = !response.sw.is_ok();
            responses.push(response);
            if refused {
                break;
            }
        }
        Ok(responses)
    }

    /// Command APDUs sent to the card so far.
    #[must_use]
    pub const fn exchanges(&self) -> u32 {
        self.link.commands()
    }

    /// One command through the station's own channel.
    fn secured(&mut self, command: &CommandApdu) -> Result<ResponseApdu, CardError> {
        let Channel::Station(channel) = &mut self.channel else {
            return Err(CardError::SecureMessaging("the channel is the gateway's"));
        };
        let response = self.link.transmit(&channel.seal_command(command)?)?;
        channel.open_response(&response)
    }

    /// Selects the travel document application and reads one file of it.
    fn read_application_file(&mut self, file: ElementaryFile) -> Result<Vec<u8>, CardError> {
        let select = CommandApdu::new(0x00, 0xa4, 0x04, 0x0c).with_data(APPLICATION)?;
        let response = self.secured(&select)?;
        if !response.sw.is_ok() {
            return Err(CardError::Refused { step: "SELECT of the application", sw: response.sw });
        }
        self.read(file)
    }

    fn read(&mut self, file: ElementaryFile) -> Result<Vec<u8>, CardError> {
        let mut block = self.block;
        let read = reading::read_file(file, &mut block, |command| self.secured(command));
        self.block = block;
        read
    }

    /// PACE anew with smaller blocks, once. Not a second guess at the CAN: the first PACE has shown that it is right.
    fn restart(&mut self) -> Result<(), CardError> {
        self.block = BlockSize::after_a_dead_channel();
        self.link.set_extended(false);
        self.channel = Channel::Station(pace(&mut self.link, &self.card_access, &self.can)?);
        Ok(())
    }
}

/// PACE with the strongest protocol that both sides speak.
fn pace(link: &mut Link<'_>, card_access: &[u8], can: &Can) -> Result<SecureMessaging, CardError> {
    let infos =
        SecurityInfos::from_card_access(card_access).map_err(|_| CardError::Malformed("EF.CardAccess"))?;
    let info: PaceInfo = infos.best_pace().ok_or(CardError::PaceNotOffered)?;
    let mut step = PaceTerminal::start(info, infos.domain_reference(info), can)?;
    loop {
        match step {
            PaceStep::Send(terminal, command) => step = terminal.feed(&link.transmit(&command)?)?,
            PaceStep::Established(channel) => return Ok(channel),
        }
    }
}

#[cfg(test)]
mod tests;
