//! The chip's side of PACE: what the simulated card runs.

use subtle::ConstantTimeEq;

use super::{DYNAMIC_DATA, dynamic, token};
use crate::apdu::StatusWord;
use crate::can::Can;
use crate::crypto::{self, BLOCK, CurvePoint, CurveSecret, Domain, PasswordKey, SessionKeys};
use crate::lds::security_infos::PaceInfo;
use crate::tlv::TlvReader;

/// PACE under way on the chip, waiting for the terminal's next message.
pub struct PaceChip {
    info: PaceInfo,
    state: State,
}

enum State {
    Start { password: PasswordKey },
    Mapping { nonce: [u8; BLOCK] },
    Agreement { generator: CurvePoint },
    Token { keys: SessionKeys, expected: [u8; 8], token: [u8; 8] },
}

/// What the chip answers.
pub enum PaceAnswer {
    /// This, and it waits for more.
    Continue(PaceChip, Vec<u8>),
    /// This, and from now on it speaks under these keys.
    Established(SessionKeys, Vec<u8>),
    /// The terminal does not know the CAN.
    WrongPassword,
}

impl PaceChip {
    /// After MSE:Set AT.
    #[must_use]
    pub fn start(info: PaceInfo, can: &Can) -> Self {
        Self { info, state: State::Start { password: PasswordKey::derive(info.cipher, can.as_bytes()) } }
    }

    /// Takes the data of one GENERAL AUTHENTICATE.
    ///
    /// # Errors
    /// A status word for a message that is not the one due, or a point that is not on the curve.
    pub fn feed(self, data: &[u8]) -> Result<PaceAnswer, StatusWord> {
        let Self { info, state } = self;
        let (state, answer) = match state {
            State::Start { password } => {
                let nonce = crypto::random().map_err(|_| StatusWord::NO_PRECISE_DIAGNOSIS)?;
                (State::Mapping { nonce }, dynamic(0x80, &password.encrypt_nonce(nonce)))
            }
            State::Mapping { nonce } => {
                let theirs = point(info.domain, data, 0x81)?;
                let (secret, public) = key_pair(info.domain, &info.domain.generator().map_err(|_| WRONG)?)?;
                let shared = secret.times(&theirs).map_err(|_| WRONG)?;
                let generator = shared.map_generator(&nonce).map_err(|_| WRONG)?;
                (State::Agreement { generator }, dynamic(0x82, public.octets()))
            }
            State::Agreement { generator } => {
                let theirs = point(info.domain, data, 0x83)?;
                let (secret, public) = key_pair(info.domain, &generator)?;
                let shared = secret.times(&theirs).map_err(|_| WRONG)?;
                let keys = SessionKeys::derive(info.cipher, shared.x());
                let expected = token(&keys, &info.protocol(), &public);
                let token = token(&keys, &info.protocol(), &theirs);
                (State::Token { keys, expected, token }, dynamic(0x84, public.octets()))
            }
            State::Token { keys, expected, token } => {
                let theirs = object(data, 0x85)?;
                let knows = bool::from(theirs.ct_eq(&expected));
                return Ok(if knows {
                    PaceAnswer::Established(keys, dynamic(0x86, &token))
                } else {
                    PaceAnswer::WrongPassword
                });
            }
        };
        Ok(PaceAnswer::Continue(Self { info, state }, answer))
    }
}

const WRONG: StatusWord = StatusWord::WRONG_DATA;

fn key_pair(domain: Domain, generator: &CurvePoint) -> Result<(CurveSecret, CurvePoint), StatusWord> {
    let secret = domain.secret().map_err(|_| StatusWord::NO_PRECISE_DIAGNOSIS)?;
    let public = secret.times(generator).map_err(|_| WRONG)?;
    Ok((secret, public))
}

fn object(data: &[u8], tag: u32) -> Result<&[u8], StatusWord> {
    let mut objects = TlvReader::new(data).expect(DYNAMIC_DATA).map_err(|_| WRONG)?.children();
    objects.expect(tag).map(|object| object.value).map_err(|_| WRONG)
}

fn point(domain: Domain, data: &[u8], tag: u32) -> Result<CurvePoint, StatusWord> {
    domain.point(object(data, tag)?).map_err(|_| WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apdu::{CommandApdu, ResponseApdu};
    use crate::crypto::Cipher;
    use crate::error::CardError;
    use crate::pace::{PaceStep, PaceTerminal};
    use crate::secure_messaging::SecureMessaging;
    use crate::secure_messaging::chip::ChipMessaging;

    fn can(digits: &str) -> Can {
        Can::parse(digits).unwrap()
    }

    fn p256(cipher: Cipher) -> PaceInfo {
        PaceInfo { cipher, domain: Domain::standardised(12).unwrap() }
    }

    /// Runs both sides; `tamper` may change what the chip sends in its n-th message.
    fn run(
        info: PaceInfo,
        typed: &str,
        tamper: impl Fn(usize, &CommandApdu, &mut ResponseApdu),
    ) -> Result<(SecureMessaging, Option<ChipMessaging>), CardError> {
        let mut chip = Some(PaceChip::start(info, &can("123456")));
        let mut keys = None;
        let mut step = PaceTerminal::start(info, None, &can(typed))?;
        for message in 0.. {
            let (terminal, command) = match step {
                PaceStep::Send(terminal, command) => (terminal, command),
                PaceStep::Established(channel) => return Ok((channel, keys.map(ChipMessaging::new))),
            };
            let mut response = if command.ins() == 0x22 {
                ResponseApdu::status(StatusWord::OK)
            } else {
                match chip.take().unwrap().feed(command.data()) {
                    Ok(PaceAnswer::Continue(next, data)) => {
                        chip = Some(next);
                        ResponseApdu::ok(data)
                    }
                    Ok(PaceAnswer::Established(established, data)) => {
                        keys = Some(established);
                        ResponseApdu::ok(data)
                    }
                    Ok(PaceAnswer::WrongPassword) => ResponseApdu::status(StatusWord::tries_left_is(2)),
                    Err(sw) => ResponseApdu::status(sw),
                }
            };
            tamper(message, &command, &mut response);
            step = terminal.feed(&response)?;
        }
        unreachable!()
    }

    /// 0.7 % of runs have a coordinate that begins with a zero byte: a cut coordinate shows in 2,000 of them.
    #[test]
    fn two_thousand_random_rounds_agree() {
        for round in 0..2000 {
            let (mut terminal, chip) = run(p256(Cipher::Aes128), "123456", |_, _, _| {}).unwrap();
            if round % 100 == 0 {
                let mut chip = chip.unwrap();
                let command = CommandApdu::new(0, 0x84, 0, 0).expecting(8);
                assert_eq!(chip.open_command(&terminal.seal_command(&command).unwrap()), Ok(command));
            }
        }
    }

    #[test]
    fn every_curve_agrees() {
        for number in 10..=18 {
            let info = PaceInfo { cipher: Cipher::Aes128, domain: Domain::standardised(number).unwrap() };
            for _ in 0..20 {
                run(info, "123456", |_, _, _| {}).unwrap();
            }
            let wrong = run(info, "123457", |_, _, _| {}).err();
            assert_eq!(wrong, Some(CardError::WrongCan { tries_left: Some(2) }), "{number}");
        }
    }

    #[test]
    fn longer_keys_work_too() {
        for cipher in [Cipher::Aes192, Cipher::Aes256] {
            run(p256(cipher), "123456", |_, _, _| {}).unwrap();
        }
    }

    #[test]
    fn a_wrong_can_is_told_with_the_tries_left() {
        let error = run(p256(Cipher::Aes128), "123457", |_, _, _| {}).err();
        assert_eq!(error, Some(CardError::WrongCan { tries_left: Some(2) }));
    }

    #[test]
    fn our_own_key_sent_back_is_refused() {
        for message in [2, 3] {
            let error = run(p256(Cipher::Aes128), "123456", |n, command, response| {
                if n == message {
                    // 81 and 83 become 82 and 84 around the same point.
                    response.data = command.data().to_vec();
                    response.data[2] += 1;
                }
            });
            assert_eq!(error.err(), Some(CardError::PaceFailed("the chip sent our own key back")));
        }
    }

    #[test]
    fn points_off_the_curve_and_the_identity_are_refused() {
        for message in [2, 3] {
            for bad in [vec![4; 65], vec![0], vec![0; 65]] {
                let error = run(p256(Cipher::Aes128), "123456", |n, _, response| {
                    if n == message {
                        response.data = dynamic(if n == 2 { 0x82 } else { 0x84 }, &bad);
                    }
                });
                assert!(matches!(error.err(), Some(CardError::PaceFailed(_))));
            }
        }
    }

    #[test]
    fn a_chip_that_does_not_know_the_can_is_refused() {
        let error = run(p256(Cipher::Aes128), "123456", |n, _, response| {
            if n == 4 {
                let last = response.data.len() - 1;
                response.data[last] ^= 1;
            }
        });
        assert_eq!(error.err(), Some(CardError::PaceFailed("the chip's token is wrong")));
    }

    #[test]
    fn garbage_ends_it_at_every_message() {
        for message in 1..5 {
            for garbage in [vec![], vec![0x7c], vec![0x7c, 0], vec![0x30, 0x03, 1, 2, 3], vec![0xff; 300]] {
                let result = run(p256(Cipher::Aes128), "123456", |n, _, response| {
                    if n == message {
                        response.data.clone_from(&garbage);
                    }
                });
                assert!(result.is_err());
            }
        }
    }
}
