//! Does the chip reach the same keys as we do, and hold the same DG1? (ICAO 9303-11 §6.2)
//!
//! The gateway makes the ephemeral key, so only gateway and chip know the new channel. Its counter starts at zero: the gateway can
//! secure the read of DG1 before the chip has even heard of the new keys, and the station runs all of it in one go.

use zeroize::Zeroizing;

use crate::apdu::{ApduError, CommandApdu, ResponseApdu, SHORT_ANSWER, StatusWord};
use crate::crypto::{Cipher, SessionKeys};
use crate::error::PresenceError;
use crate::lds::ElementaryFile;
use crate::lds::security_infos::ChipAuthenticationInfo;
use crate::pace::dynamic;
use crate::secure_messaging::SecureMessaging;
use crate::tlv;
use crate::transcript::AuthenticCard;

/// The most that one secured short answer carries; a TD1 DG1 has 95 bytes.
const ONE_ANSWER: usize = 223;

/// What our ephemeral key and the chip's key agree on, and our public half that the chip is told.
pub(super) struct Agreed {
    secret: Zeroizing<Vec<u8>>,
    public: Vec<u8>,
}

impl Agreed {
    pub(super) fn fresh(info: &ChipAuthenticationInfo) -> Result<Self, PresenceError> {
        let agreement = info.key.agree()?;
        Ok(Self { secret: Zeroizing::new(agreement.secret().to_vec()), public: agreement.public().to_vec() })
    }

    /// `02`, then secret and public half, each after its length in two octets.
    pub(super) fn put_down(&self) -> Zeroizing<Vec<u8>> {
        let length = |part: &[u8]| u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes();
        let (secret, public) = (length(&self.secret), length(&self.public));
        Zeroizing::new([&[super::AGREED][..], &secret, &self.secret, &public, &self.public].concat())
    }

    pub(super) fn take_up(bytes: &[u8]) -> Option<Self> {
        let (secret, rest) = after_its_length(bytes)?;
        let (public, rest) = after_its_length(rest)?;
        let whole = !secret.is_empty() && !public.is_empty() && rest.is_empty();
        whole.then(|| Self { secret: Zeroizing::new(secret.to_vec()), public: public.to_vec() })
    }
}

fn after_its_length(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// The commands that give the chip our ephemeral key, for the station's channel, then READ BINARY of DG1 for the new one.
pub(super) fn commands(
    info: &ChipAuthenticationInfo,
    agreed: &Agreed,
    dg1_length: usize,
) -> Result<(SecureMessaging, Vec<CommandApdu>), PresenceError> {
    let mut channel = SecureMessaging::new(SessionKeys::derive(info.cipher, &agreed.secret));
    let mut commands = match info.cipher {
        Cipher::TripleDes => set_key(info, &agreed.public),
        Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => set_protocol(info, &agreed.public),
    }
    .map_err(|_| PresenceError::Malformed("command"))?;
    let le = u32::try_from(dg1_length.min(ONE_ANSWER)).unwrap_or(SHORT_ANSWER);
    let read = CommandApdu::new(0x00, 0xb0, 0x80 | ElementaryFile::Dg1.short_id(), 0x00).expecting(le);
    commands.push(channel.seal_command(&read).map_err(|_| PresenceError::Malformed("command"))?);
    Ok((channel, commands))
}

/// MSE:Set AT and GENERAL AUTHENTICATE (9303-11 §6.2.4.2).
fn set_protocol(info: &ChipAuthenticationInfo, public: &[u8]) -> Result<Vec<CommandApdu>, ApduError> {
    let set_at = CommandApdu::new(0x00, 0x22, 0x41, 0xa4)
        .with_data([tlv::encode(0x80, &info.protocol()), key_reference(info)].concat())?;
    let authenticate =
        CommandApdu::new(0x00, 0x86, 0x00, 0x00).with_data(dynamic(0x80, public))?.expecting(SHORT_ANSWER);
    Ok(vec![set_at, authenticate])
}

/// MSE:Set KAT, which every chip with 3DES has, and some of those have nothing else (9303-11 §6.2.4.1).
fn set_key(info: &ChipAuthenticationInfo, public: &[u8]) -> Result<Vec<CommandApdu>, ApduError> {
    let set_kat = CommandApdu::new(0x00, 0x22, 0x41, 0xa6)
        .with_data([tlv::encode(0x91, public), key_reference(info)].concat())?;
    Ok(vec![set_kat])
}

fn key_reference(info: &ChipAuthenticationInfo) -> Vec<u8> {
    info.key_id.as_ref().map(|id| tlv::encode(0x84, id)).unwrap_or_default()
}

/// The last answer must open under the new keys, which only the chip with the key of DG14 can reach, and be the DG1 we were sent.
pub(super) fn judge(
    card: &AuthenticCard,
    mut channel: SecureMessaging,
    answer: &ResponseApdu,
) -> Result<(), PresenceError> {
    let naked = answer.data.is_empty() && !answer.sw.is_ok();
    // A chip with other keys finds our MAC wrong, and says so naked: that is what a copy does.
    let copy_says =
        [StatusWord::SECURE_MESSAGING_OBJECTS_INCORRECT, StatusWord::SECURE_MESSAGING_OBJECTS_MISSING];
    if naked && !copy_says.contains(&answer.sw) {
        return Err(PresenceError::ChipRefused(answer.sw));
    }
    let opened = channel.open_response(answer).map_err(|_| PresenceError::ChipNotGenuine)?;
    match opened.sw {
        StatusWord::OK | StatusWord::END_OF_FILE
            if opened.data == card.dg1().get(..ONE_ANSWER.min(card.dg1().len())).unwrap_or_default() =>
        {
            Ok(())
        }
        StatusWord::OK | StatusWord::END_OF_FILE => Err(PresenceError::DataOfAnotherChip),
        sw => Err(PresenceError::ChipRefused(sw)),
    }
}
