//! The terminal's side of PACE, one state for each message it waits for.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{CAN_REFERENCE, DYNAMIC_DATA, dynamic, token};
use crate::apdu::{CommandApdu, ResponseApdu, SHORT_ANSWER, StatusWord};
use crate::can::Can;
use crate::crypto::{BLOCK, CurvePoint, CurveSecret, Domain, PasswordKey, SessionKeys};
use crate::error::CardError;
use crate::lds::security_infos::PaceInfo;
use crate::secure_messaging::SecureMessaging;
use crate::tlv::{self, TlvReader};

/// PACE under way, waiting for the chip's next message.
pub struct PaceTerminal {
    info: PaceInfo,
    password: PasswordKey,
    state: State,
}

enum State {
    /// The chip says whether it has that protocol and password.
    SetAt,
    /// The chip's nonce, encrypted.
    Nonce,
    /// The chip's key of the mapping.
    Mapping { nonce: Zeroizing<[u8; BLOCK]>, secret: CurveSecret, public: CurvePoint },
    /// The chip's ephemeral key over the mapped generator.
    Agreement { secret: CurveSecret, public: CurvePoint },
    /// The chip's token.
    Token { keys: SessionKeys, expected: [u8; 8] },
}

/// What comes next.
pub enum PaceStep {
    /// Send this command, feed its answer.
    Send(PaceTerminal, CommandApdu),
    /// Both sides know the CAN: the channel between them.
    Established(SecureMessaging),
}

impl PaceTerminal {
    /// Begins: MSE:Set AT with the protocol, the CAN as password, and the number of the curve if it must be named.
    ///
    /// # Errors
    /// The command cannot be built.
    pub fn start(info: PaceInfo, curve: Option<u8>, can: &Can) -> Result<PaceStep, CardError> {
        let password = PasswordKey::derive(info.cipher, can.as_bytes());
        // 80: the protocol, 83: the password, 84: the curve, where the chip has several (9303-11 §4.4.4.1).
        let curve = curve.map(|number| tlv::encode(0x84, &[number])).unwrap_or_default();
        let data = [tlv::encode(0x80, &info.protocol()), tlv::encode(0x83, &[CAN_REFERENCE]), curve].concat();
        let command = CommandApdu::new(0x00, 0x22, 0xc1, 0xa4).with_data(data)?;
        Ok(PaceStep::Send(Self { info, password, state: State::SetAt }, command))
    }

    /// Takes the answer to the last command.
    ///
    /// # Errors
    /// [`CardError::WrongCan`] with the tries left, or what else the chip did.
    pub fn feed(self, response: &ResponseApdu) -> Result<PaceStep, CardError> {
        let Self { info, password, state } = self;
        let next = match state {
            State::SetAt => {
                accepted_set_at(response.sw)?;
                (State::Nonce, general_authenticate(false, &tlv::encode(DYNAMIC_DATA, &[]))?)
            }
            State::Nonce => {
                let encrypted = <[u8; BLOCK]>::try_from(object(response, "PACE nonce", 0x80)?)
                    .map_err(|_| CardError::PaceFailed("a nonce of the wrong length"))?;
                let generator = info.domain.generator().map_err(|_| IDENTITY)?;
                let (secret, public) = key_pair(info.domain, &generator)?;
                let command = general_authenticate(false, &dynamic(0x81, public.octets()))?;
                (
                    State::Mapping {
                        nonce: Zeroizing::new(password.decrypt_nonce(encrypted)),
                        secret,
                        public,
                    },
                    command,
                )
            }
            State::Mapping { nonce, secret, public } => {
                let theirs = other_key(object(response, "PACE mapping", 0x82)?, info.domain, &public)?;
                let shared = secret.times(&theirs).map_err(|_| IDENTITY)?;
                let mapped = shared.map_generator(&nonce).map_err(|_| IDENTITY)?;
                let (secret, public) = key_pair(info.domain, &mapped)?;
                let command = general_authenticate(false, &dynamic(0x83, public.octets()))?;
                (State::Agreement { secret, public }, command)
            }
            State::Agreement { secret, public } => {
                let theirs = other_key(object(response, "PACE key agreement", 0x84)?, info.domain, &public)?;
                let shared = secret.times(&theirs).map_err(|_| IDENTITY)?;
                let keys = SessionKeys::derive(info.cipher, shared.x());
                let ours = token(&keys, &info.protocol(), &theirs);
                let expected = token(&keys, &info.protocol(), &public);
                (State::Token { keys, expected }, general_authenticate(true, &dynamic(0x85, &ours))?)
            }
            State::Token { keys, expected } => {
                knows_the_can(response.sw)?;
                let theirs = object(response, "PACE token", 0x86)?;
                if !bool::from(theirs.ct_eq(&expected)) {
                    return Err(CardError::PaceFailed("the chip's token is wrong"));
                }
                return Ok(PaceStep::Established(SecureMessaging::new(keys)));
            }
        };
        let (state, command) = next;
        Ok(PaceStep::Send(Self { info, password, state }, command))
    }
}

const IDENTITY: CardError = CardError::PaceFailed("the identity came out");

fn key_pair(domain: Domain, generator: &CurvePoint) -> Result<(CurveSecret, CurvePoint), CardError> {
    let secret = domain.secret().map_err(|_| CardError::NoRandom)?;
    let public = secret.times(generator).map_err(|_| IDENTITY)?;
    Ok((secret, public))
}

/// GENERAL AUTHENTICATE; all but the last of the four belong to a chain (9303-11 §4.4.4.2).
fn general_authenticate(last: bool, data: &[u8]) -> Result<CommandApdu, CardError> {
    let cla = if last { 0x00 } else { 0x10 };
    Ok(CommandApdu::new(cla, 0x86, 0x00, 0x00).with_data(data)?.expecting(SHORT_ANSWER))
}

/// The chip's point: on the curve, and not our own sent back (9303-11 §4.4.3.3).
fn other_key(bytes: &[u8], domain: Domain, ours: &CurvePoint) -> Result<CurvePoint, CardError> {
    let off_curve = CardError::PaceFailed("the chip sent a point that is not on the curve");
    let point = domain.point(bytes).map_err(|_| off_curve)?;
    if point == *ours { Err(CardError::PaceFailed("the chip sent our own key back")) } else { Ok(point) }
}

/// The one object that a successful answer holds inside `7C L`; others may follow.
fn object<'a>(response: &'a ResponseApdu, step: &'static str, tag: u32) -> Result<&'a [u8], CardError> {
    if !response.sw.is_ok() {
        return Err(CardError::Refused { step, sw: response.sw });
    }
    let read = || {
        let mut objects = TlvReader::new(&response.data).expect(DYNAMIC_DATA)?.children();
        objects.expect(tag).map(|object| object.value)
    };
    read().map_err(|_| CardError::PaceFailed("a message that is not of PACE"))
}

/// 63Cx at MSE:Set AT only tells how many tries are left.
fn accepted_set_at(sw: StatusWord) -> Result<(), CardError> {
    match sw.tries_left() {
        Some(0) => Err(CardError::WrongCan { tries_left: Some(0) }),
        Some(_) => Ok(()),
        None if sw.is_ok() => Ok(()),
        None => Err(CardError::Refused { step: "PACE", sw }),
    }
}

/// A wrong token of ours means a wrong CAN: 6300 or 63Cx.
const fn knows_the_can(sw: StatusWord) -> Result<(), CardError> {
    let tries_left = sw.tries_left();
    if tries_left.is_some() || sw.0 == StatusWord::AUTHENTICATION_FAILED.0 {
        Err(CardError::WrongCan { tries_left })
    } else {
        Ok(())
    }
}

impl fmt::Debug for PaceTerminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaceTerminal(redacted)")
    }
}
