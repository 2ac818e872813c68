//! The chip's end of a channel: what the simulated card speaks.

use super::{Objects, STATUS, checked_command, checked_response, cryptogram, plaintext};
use crate::apdu::{CommandApdu, EXTENDED_ANSWER, ResponseApdu, SHORT_ANSWER, StatusWord};
use crate::crypto::SessionKeys;
use crate::tlv;

/// Class bits of secure messaging.
const SECURED: u8 = 0x0c;

/// The chip's end of a channel. The chip that holds it drops it after a refusal.
pub struct ChipMessaging {
    keys: SessionKeys,
    counter: u128,
}

impl ChipMessaging {
    /// A new channel; its counter starts at zero.
    #[must_use]
    pub const fn new(keys: SessionKeys) -> Self {
        Self { keys, counter: 0 }
    }

    /// Opens a secured command.
    ///
    /// # Errors
    /// 6987 for a missing object, 6988 for a wrong one: to be sent naked, and the channel is over.
    pub fn open_command(&mut self, command: &CommandApdu) -> Result<CommandApdu, StatusWord> {
        self.counter = self.counter.wrapping_add(1);
        if command.cla() & SECURED != SECURED {
            return Err(StatusWord::SECURE_MESSAGING_OBJECTS_MISSING);
        }
        let objects = Objects::parse(command.data()).ok_or(StatusWord::SECURE_MESSAGING_OBJECTS_MISSING)?;
        let checked = checked_command(&self.keys, self.counter, command.header(), objects.authenticated);
        if !self.keys.verifies(&checked, objects.checksum) {
            return Err(StatusWord::SECURE_MESSAGING_OBJECTS_INCORRECT);
        }
        let incorrect = StatusWord::SECURE_MESSAGING_OBJECTS_INCORRECT;
        let [cla, ins, p1, p2] = command.header();
        let mut plain = CommandApdu::new(cla & !SECURED, ins, p1, p2);
        if let Some(cryptogram) = objects.cryptogram {
            let data = plaintext(&self.keys, self.counter, cryptogram).ok_or(incorrect)?;
            plain = plain.with_data(data).map_err(|_| incorrect)?;
        }
        match objects.expected_length {
            None => Ok(plain),
            Some([0]) => Ok(plain.expecting(SHORT_ANSWER)),
            Some([le]) => Ok(plain.expecting(u32::from(*le))),
            Some([0, 0]) => Ok(plain.expecting(EXTENDED_ANSWER)),
            Some([high, low]) => Ok(plain.expecting(u32::from(u16::from_be_bytes([*high, *low])))),
            Some(_) => Err(incorrect),
        }
    }

    /// Secures the answer to the last command.
    #[must_use]
    pub fn seal_response(&mut self, ins: u8, response: &ResponseApdu) -> ResponseApdu {
        self.counter = self.counter.wrapping_add(1);
        let mut data = Vec::new();
        if !response.data.is_empty() {
            data.extend(cryptogram(&self.keys, self.counter, ins, &response.data));
        }
        data.extend(tlv::encode(STATUS, &response.sw.0.to_be_bytes()));
        let mac = self.keys.mac(&checked_response(&self.keys, self.counter, &data));
        data.extend(tlv::encode(super::CHECKSUM, &mac));
        ResponseApdu { data, sw: response.sw }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Cipher;
    use crate::error::CardError;
    use crate::secure_messaging::SecureMessaging;

    fn channel(cipher: Cipher) -> (SecureMessaging, ChipMessaging) {
        let keys = SessionKeys::derive(cipher, b"shared secret");
        (SecureMessaging::new(keys.clone()), ChipMessaging::new(keys))
    }

    #[test]
    fn commands_and_answers_of_every_shape_go_through() {
        for cipher in [Cipher::TripleDes, Cipher::Aes128, Cipher::Aes192, Cipher::Aes256] {
            let (mut terminal, mut chip) = channel(cipher);
            for (length, le) in [
                (0, None),
                (0, Some(1)),
                (0, Some(256)),
                (8, Some(256)),
                (15, None),
                (16, None),
                (300, Some(5000)),
            ] {
                let mut plain = CommandApdu::new(0x00, 0xb0, 1, 2).with_data(vec![3; length]).unwrap();
                if let Some(le) = le {
                    plain = plain.expecting(le);
                }
                let sealed = terminal.seal_command(&plain).unwrap();
                assert_eq!(sealed.cla(), 0x0c);
                assert_eq!(chip.open_command(&sealed), Ok(plain));
                let answer = ResponseApdu { data: vec![5; length], sw: StatusWord::END_OF_FILE };
                assert_eq!(terminal.open_response(&chip.seal_response(0xb0, &answer)), Ok(answer));
            }
        }
    }

    #[test]
    fn one_changed_bit_anywhere_ends_the_channel() {
        let (mut first, mut chip) = channel(Cipher::Aes128);
        let sealed = first.seal_command(&CommandApdu::new(0, 0xb0, 0, 0).expecting(4)).unwrap();
        chip.open_command(&sealed).unwrap();
        let good = chip.seal_response(0xb0, &ResponseApdu::ok(vec![1, 2, 3, 4]));
        for bit in 0..good.data.len() * 8 {
            let (mut terminal, _) = channel(Cipher::Aes128);
            terminal.seal_command(&CommandApdu::new(0, 0xb0, 0, 0).expecting(4)).unwrap();
            let mut bad = good.clone();
            bad.data[bit / 8] ^= 1 << (bit % 8);
            assert!(terminal.open_response(&bad).is_err(), "bit {bit}");
            assert!(terminal.open_response(&good).is_err(), "the channel lived on after bit {bit}");
        }
        assert_eq!(first.open_response(&good).unwrap().data, [1, 2, 3, 4]);
    }

    #[test]
    fn a_naked_status_word_ends_the_channel() {
        let command = CommandApdu::new(0, 0xb0, 0, 0).expecting(4);
        for naked in
            [StatusWord::OK, StatusWord::WRONG_LENGTH, StatusWord::SECURE_MESSAGING_OBJECTS_INCORRECT]
        {
            let (mut terminal, _) = channel(Cipher::Aes128);
            terminal.seal_command(&command).unwrap();
            let left = terminal.open_response(&ResponseApdu::status(naked));
            assert_eq!(left, Err(CardError::ChannelLeft(naked)));
            assert!(terminal.seal_command(&command).is_err());
        }
    }

    #[test]
    fn a_replayed_or_skipped_message_is_refused() {
        let (mut terminal, mut chip) = channel(Cipher::Aes128);
        let command = CommandApdu::new(0, 0xb0, 0, 0).expecting(4);
        let sealed = terminal.seal_command(&command).unwrap();
        chip.open_command(&sealed).unwrap();
        let _ = chip.seal_response(0xb0, &ResponseApdu::ok(vec![]));
        assert_eq!(chip.open_command(&sealed), Err(StatusWord::SECURE_MESSAGING_OBJECTS_INCORRECT));
    }

    #[test]
    fn the_outer_status_word_must_be_the_inner_one() {
        let (mut terminal, mut chip) = channel(Cipher::Aes128);
        let sealed = terminal.seal_command(&CommandApdu::new(0, 0x88, 0, 0)).unwrap();
        chip.open_command(&sealed).unwrap();
        let mut answer = chip.seal_response(0x88, &ResponseApdu::status(StatusWord::WRONG_DATA));
        answer.sw = StatusWord::OK;
        assert!(terminal.open_response(&answer).is_err());
    }
}
