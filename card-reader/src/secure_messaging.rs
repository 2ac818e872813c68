//! Is this message from the other side, in its place, unread? (ICAO 9303-11 §9.8)
//!
//! One channel has one send sequence counter, stepped before each command and each answer. The terminal's side is here, the chip's
//! in [`chip`]; both are pure: bytes in, bytes out.

#[cfg(any(test, feature = "simulated"))]
pub mod chip;

use std::fmt;

use crate::apdu::{CommandApdu, EXTENDED_ANSWER, ResponseApdu, SHORT_ANSWER, SHORT_DATA, StatusWord};
use crate::crypto::{SessionKeys, pad, unpad};
use crate::error::CardError;
use crate::tlv::{self, TlvReader};

/// Padded cryptogram, its first byte 01 (ISO/IEC 7816-4 §10.2).
const CRYPTOGRAM: u32 = 0x87;
/// Cryptogram of an odd instruction, without that byte.
const CRYPTOGRAM_ODD: u32 = 0x85;
/// Le of the command inside.
const EXPECTED_LENGTH: u32 = 0x97;
/// Status word of the answer inside.
const STATUS: u32 = 0x99;
/// The MAC.
const CHECKSUM: u32 = 0x8e;
/// Class bits of "secure messaging, header authenticated".
const SECURED_CLASS: u8 = 0x0c;

/// The terminal's end of a channel (messagerie sécurisée).
///
/// Whatever goes wrong ends it: the keys are dropped and every further message is refused.
pub struct SecureMessaging {
    keys: Option<SessionKeys>,
    counter: u128,
}

impl SecureMessaging {
    /// A new channel; its counter starts at zero (9303-11 §9.8.6.3).
    #[must_use]
    pub const fn new(keys: SessionKeys) -> Self {
        Self { keys: Some(keys), counter: 0 }
    }

    /// Secures a plain command. The answer to it must be opened before the next one is secured.
    ///
    /// # Errors
    /// The channel has ended, or the command is too long.
    pub fn seal_command(&mut self, command: &CommandApdu) -> Result<CommandApdu, CardError> {
        let keys = self.keys.as_ref().ok_or(CardError::SecureMessaging("the channel has ended"))?;
        self.counter = self.counter.wrapping_add(1);
        let secured = command.clone().with_class(command.cla() | SECURED_CLASS);
        let mut body = Vec::new();
        if !command.data().is_empty() {
            body.extend(cryptogram(keys, self.counter, command.ins(), command.data()));
        }
        if let Some(le) = command.le() {
            body.extend(expected_length(le, command.is_extended()));
        }
        let checked = checked_command(keys, self.counter, secured.header(), &body);
        body.extend(tlv::encode(CHECKSUM, &keys.mac(&checked)));
        // An answer always comes back: at least 99 and 8E. Extended only where the plain command was, or must be.
        let extended = command.is_extended() || body.len() > SHORT_DATA;
        let [cla, ins, p1, p2] = secured.header();
        let outer = CommandApdu::new(cla, ins, p1, p2).with_data(body)?;
        Ok(outer.expecting(if extended { EXTENDED_ANSWER } else { SHORT_ANSWER }))
    }

    /// Opens the answer to the last command.
    ///
    /// # Errors
    /// A naked status word, a missing object or a wrong MAC: the channel has ended (9303-11 §9.8.3).
    pub fn open_response(&mut self, response: &ResponseApdu) -> Result<ResponseApdu, CardError> {
        let keys = self.keys.take().ok_or(CardError::SecureMessaging("the channel has ended"))?;
        self.counter = self.counter.wrapping_add(1);
        let opened = open(&keys, self.counter, response)?;
        self.keys = Some(keys);
        Ok(opened)
    }
}

fn open(keys: &SessionKeys, counter: u128, response: &ResponseApdu) -> Result<ResponseApdu, CardError> {
    if response.data.is_empty() {
        return Err(CardError::ChannelLeft(response.sw));
    }
    let objects = Objects::parse(&response.data).ok_or(CardError::SecureMessaging("malformed objects"))?;
    let status = objects.status.ok_or(CardError::SecureMessaging("no status object"))?;
    if !keys.verifies(&checked_response(keys, counter, objects.authenticated), objects.checksum) {
        return Err(CardError::SecureMessaging("wrong MAC"));
    }
    if status != response.sw {
        return Err(CardError::SecureMessaging("status words differ"));
    }
    let data = match objects.cryptogram {
        None => Vec::new(),
        Some(cryptogram) => {
            plaintext(keys, counter, cryptogram).ok_or(CardError::SecureMessaging("wrong padding"))?
        }
    };
    Ok(ResponseApdu { data, sw: status })
}

/// The objects of a secured message; each at most once, the checksum last.
struct Objects<'a> {
    cryptogram: Option<&'a [u8]>,
    expected_length: Option<&'a [u8]>,
    status: Option<StatusWord>,
    checksum: &'a [u8],
    /// Everything before the checksum, as it came.
    authenticated: &'a [u8],
}

impl<'a> Objects<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = TlvReader::new(bytes);
        let mut objects =
            Self { cryptogram: None, expected_length: None, status: None, checksum: &[], authenticated: &[] };
        let mut consumed = 0;
        while let Some(object) = reader.next_object().ok()? {
            let repeated = match object.tag {
                CRYPTOGRAM => match object.value.split_first() {
                    Some((1, cryptogram)) => objects.cryptogram.replace(cryptogram).is_some(),
                    _ => return None,
                },
                CRYPTOGRAM_ODD => objects.cryptogram.replace(object.value).is_some(),
                EXPECTED_LENGTH => objects.expected_length.replace(object.value).is_some(),
                STATUS => {
                    let status = <[u8; 2]>::try_from(object.value).ok()?;
                    objects.status.replace(StatusWord(u16::from_be_bytes(status))).is_some()
                }
                CHECKSUM => {
                    reader.finish().ok()?;
                    objects.checksum = object.value;
                    objects.authenticated = bytes.get(..consumed)?;
                    return Some(objects);
                }
                _ => return None,
            };
            if repeated {
                return None;
            }
            consumed = bytes.len() - reader.remaining();
        }
        None
    }
}

/// What the MAC of a command covers: counter, padded header, objects, padding.
fn checked_command(keys: &SessionKeys, counter: u128, header: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut message = keys.counter(counter);
    message.extend(header);
    pad(&mut message, keys.block());
    if !body.is_empty() {
        message.extend(body);
        pad(&mut message, keys.block());
    }
    message
}

/// What the MAC of an answer covers: counter, objects, padding.
fn checked_response(keys: &SessionKeys, counter: u128, body: &[u8]) -> Vec<u8> {
    let mut message = keys.counter(counter);
    message.extend(body);
    pad(&mut message, keys.block());
    message
}

fn cryptogram(keys: &SessionKeys, counter: u128, ins: u8, plain: &[u8]) -> Vec<u8> {
    let mut blocks = plain.to_vec();
    pad(&mut blocks, keys.block());
    keys.encrypt(counter, &mut blocks);
    if ins & 1 == 1 {
        tlv::encode(CRYPTOGRAM_ODD, &blocks)
    } else {
        tlv::encode_all(CRYPTOGRAM, &[&[1], &blocks])
    }
}

fn plaintext(keys: &SessionKeys, counter: u128, cryptogram: &[u8]) -> Option<Vec<u8>> {
    if cryptogram.is_empty() || !cryptogram.len().is_multiple_of(keys.block()) {
        return None;
    }
    let mut blocks = cryptogram.to_vec();
    keys.decrypt(counter, &mut blocks);
    unpad(&blocks).map(<[u8]>::to_vec)
}

fn expected_length(le: u32, extended: bool) -> Vec<u8> {
    let [.., high, low] = le.to_be_bytes();
    if extended { tlv::encode(EXPECTED_LENGTH, &[high, low]) } else { tlv::encode(EXPECTED_LENGTH, &[low]) }
}

impl fmt::Debug for SecureMessaging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.keys.is_some() { "SecureMessaging(open)" } else { "SecureMessaging(ended)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Cipher;

    /// x coordinate agreed in the worked example of ICAO 9303-11 appendix G.1.
    const SECRET: &str = "28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925";

    // SELECT of the eMRTD application as the first message under those keys, as jcexpress (sm/aes-session vectors) has it.
    #[test]
    fn the_first_select_under_the_keys_of_the_worked_example() {
        let keys = SessionKeys::derive(Cipher::Aes128, &hex::decode(SECRET).unwrap());
        let mut channel = SecureMessaging::new(keys);
        let select = CommandApdu::new(0x00, 0xa4, 0x04, 0x0c)
            .with_data(hex::decode("A0000002471001").unwrap())
            .unwrap();
        assert_eq!(
            hex::encode_upper(channel.seal_command(&select).unwrap().encode()),
            "0CA4040C1D871101752F676B09FAC86A87D632749A49C7CC8E08C18BA1FCE707BD9F00"
        );
        let answer = ResponseApdu::parse(&hex::decode("990290008E08BEA7B381C494A0799000").unwrap()).unwrap();
        assert_eq!(channel.open_response(&answer), Ok(ResponseApdu::status(StatusWord::OK)));
    }

    // ICAO 9303-11 appendix D.4: SELECT of EF.COM under 3DES, the counter where BAC left it.
    #[test]
    fn the_3des_message_of_the_worked_example() {
        let seed = hex::decode("0036D272F5C350ACAC50C3F572D23600").unwrap();
        let keys = Some(SessionKeys::derive(Cipher::TripleDes, &seed));
        let mut channel = SecureMessaging { keys, counter: 0x8870_2212_0c06_c226 };
        let select = CommandApdu::new(0x00, 0xa4, 0x02, 0x0c).with_data([0x01, 0x1e]).unwrap();
        assert_eq!(
            hex::encode_upper(channel.seal_command(&select).unwrap().encode()),
            "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800"
        );
        let answer = ResponseApdu::parse(&hex::decode("990290008E08FA855A5D4C50A8ED9000").unwrap()).unwrap();
        assert_eq!(channel.open_response(&answer), Ok(ResponseApdu::status(StatusWord::OK)));
    }

    #[test]
    fn garbage_is_refused_without_panic() {
        for garbage in [
            "00",
            "8700",
            "870101",
            "99029000",
            "8e0800",
            "99019000",
            "990290008e00",
            "990290009902900 08e00",
        ] {
            let keys = SessionKeys::derive(Cipher::Aes256, b"x");
            let data = hex::decode(garbage.replace(' ', "")).unwrap();
            let mut channel = SecureMessaging::new(keys);
            assert!(channel.open_response(&ResponseApdu::ok(data)).is_err());
        }
    }
}
