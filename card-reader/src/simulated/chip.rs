//! What does the chip answer? One command in, one answer out, with the access conditions of a real chip.

use std::collections::BTreeMap;

use pki::DigestAlgorithm;

use super::card_file::Behaviour;
use super::files::{Files, limited};
use super::holder::HolderChip;
use super::keys::ChipKeys;
use crate::apdu::{CommandApdu, ResponseApdu, StatusWord};
use crate::can::Can;
use crate::crypto::{self, Cipher, SessionKeys};
use crate::lds::ElementaryFile;
use crate::lds::security_infos::{ChipAuthenticationInfo, PaceInfo, SecurityInfos};
use crate::pace::CAN_REFERENCE;
use crate::pace::chip::{PaceAnswer, PaceChip};
use crate::secure_messaging::chip::ChipMessaging;
use crate::tlv::{self, TlvReader};

/// Wrong CANs before PACE is blocked.
const CAN_TRIES: u8 = 3;

/// The chip itself.
pub(crate) struct Chip {
    can: Can,
    files: Files,
    keys: ChipKeys,
    holder: Option<HolderChip>,
    /// What EF.CardAccess announces.
    pace: Vec<PaceInfo>,
    /// What DG14 announces.
    chip_authentication: Option<ChipAuthenticationInfo>,
    /// With which digest Active Authentication signs: the one that DG14 names, or SHA-256.
    signs_with: DigestAlgorithm,
    tries_left: u8,
    session: Session,
    protocol: Protocol,
    secured_answers: u32,
    behaviour: Behaviour,
}

/// How the chip is spoken to.
enum Session {
    /// Plainly; only EF.CardAccess may be read.
    Open,
    /// Under PACE or, later, Chip Authentication.
    Secured(ChipMessaging),
}

/// What GENERAL AUTHENTICATE would go on with.
enum Protocol {
    None,
    Pace(PaceChip),
    ChipAuthentication,
}

impl Chip {
    pub(super) fn new(
        can: Can,
        files: BTreeMap<ElementaryFile, Vec<u8>>,
        keys: ChipKeys,
        holder: Option<HolderChip>,
        behaviour: Behaviour,
    ) -> Self {
        let infos = |file, read: fn(&[u8]) -> Result<SecurityInfos, tlv::TlvError>| {
            files.get(&file).and_then(|bytes: &Vec<u8>| read(bytes).ok()).unwrap_or_default()
        };
        let signed = infos(ElementaryFile::Dg14, SecurityInfos::from_dg14);
        let named = signed.active_authentication_algorithm();
        let digest = named.and_then(|oid| DigestAlgorithm::from_plain_ecdsa_oid(&oid).ok());
        Self {
            pace: infos(ElementaryFile::CardAccess, SecurityInfos::from_card_access).pace().to_vec(),
            chip_authentication: signed.chip_authentication().ok().flatten(),
            signs_with: digest.unwrap_or(DigestAlgorithm::Sha256),
            can,
            files: Files::new(files),
            keys,
            holder,
            tries_left: CAN_TRIES,
            session: Session::Open,
            protocol: Protocol::None,
            secured_answers: 0,
            behaviour,
        }
    }

    pub(super) fn reset(&mut self) {
        self.end_session();
        self.secured_answers = 0;
    }

    /// A status word outside the channel; the channel is over.
    pub(super) fn refuse_naked(&mut self, sw: StatusWord) -> ResponseApdu {
        self.end_session();
        ResponseApdu::status(sw)
    }

    pub(super) fn execute(&mut self, command: &CommandApdu) -> ResponseApdu {
        let Session::Secured(channel) = &mut self.session else {
            return match command.cla() {
                0x00 | 0x10 => {
                    let (answer, next) = self.obey(command, false);
                    self.rekey(next);
                    answer
                }
                0x0c | 0x1c => ResponseApdu::status(StatusWord::SECURE_MESSAGING_OBJECTS_INCORRECT),
                _ => ResponseApdu::status(StatusWord::CLASS_NOT_SUPPORTED),
            };
        };
        let plain = match channel.open_command(command) {
            Ok(plain) => plain,
            Err(sw) => return self.refuse_naked(sw),
        };
        let (answer, next) = self.obey(&limited(plain.clone(), command), true);
        let about_length = plain.ins() == 0xb0 && answer.sw == StatusWord::WRONG_LENGTH;
        if about_length && self.behaviour.naked_length_errors {
            return self.refuse_naked(answer.sw);
        }
        let Session::Secured(channel) = &mut self.session else {
            return ResponseApdu::status(StatusWord::NO_PRECISE_DIAGNOSIS);
        };
        let mut sealed = channel.seal_response(plain.ins(), &answer);
        self.secured_answers += 1;
        if self.behaviour.wrong_mac_after.is_some_and(|limit| self.secured_answers > limit)
            && let Some(last) = sealed.data.last_mut()
        {
            *last ^= 1;
        }
        // The answer to GENERAL AUTHENTICATE still goes under the old keys (9303-11 §6.2.4.2).
        self.rekey(next);
        sealed
    }

    fn rekey(&mut self, keys: Option<SessionKeys>) {
        if let Some(keys) = keys {
            self.session = Session::Secured(ChipMessaging::new(keys));
        }
    }

    /// The command inside; with the keys of the next channel, if it begins one.
    fn obey(&mut self, command: &CommandApdu, authenticated: bool) -> (ResponseApdu, Option<SessionKeys>) {
        if let Some(answer) = self.holder.as_mut().and_then(|holder| holder.obey(command, authenticated)) {
            return (answer, None);
        }
        let answer = match command.ins() {
            0xa4 => self.files.select(command, authenticated),
            0xb0 => self.files.read(command, authenticated, self.behaviour.most_read),
            0x84 => crypto::random::<8>()
                .map_or(ResponseApdu::status(StatusWord::NO_PRECISE_DIAGNOSIS), |random| {
                    ResponseApdu::ok(random.to_vec())
                }),
            0x22 if (command.p1(), command.p2()) == (0x41, 0xa6) => {
                return self.set_key(command, authenticated);
            }
            0x22 => ResponseApdu::status(self.set_at(command, authenticated)),
            0x86 => return self.general_authenticate(command),
            0x88 => self.internal_authenticate(command, authenticated),
            _ => ResponseApdu::status(StatusWord::INSTRUCTION_NOT_SUPPORTED),
        };
        (answer, None)
    }

    /// MANAGE SECURITY ENVIRONMENT: which protocol comes next?
    fn set_at(&mut self, command: &CommandApdu, authenticated: bool) -> StatusWord {
        // 83 names the password; 84 the domain parameters of PACE, or the key of Chip Authentication (9303-11 §4.4.4.1, §6.2.4.2).
        let (mut protocol, mut password, mut reference) = (&[][..], None, None::<&[u8]>);
        let mut objects = TlvReader::new(command.data());
        while let Ok(Some(object)) = objects.next_object() {
            match object.tag {
                0x80 => protocol = object.value,
                0x83 => password = object.value.first().copied(),
                0x84 => reference = Some(object.value),
                _ => {}
            }
        }
        match (command.p1(), command.p2()) {
            (0xc1, 0xa4) => {
                let of_protocol: Vec<_> =
                    self.pace.iter().filter(|info| info.protocol() == protocol).collect();
                let meant = match (of_protocol.as_slice(), reference) {
                    ([], _) => return StatusWord::WRONG_DATA,
                    ([only], None) => Some(**only),
                    // Which of several is meant must be said.
                    (_, None) => None,
                    (several, Some(number)) => {
                        several.iter().find(|info| number == [info.domain.number()]).map(|info| **info)
                    }
                };
                let Some(info) = meant.filter(|_| password == Some(CAN_REFERENCE)) else {
                    return StatusWord::REFERENCED_DATA_NOT_FOUND;
                };
                if self.tries_left == 0 {
                    return StatusWord::AUTHENTICATION_METHOD_BLOCKED;
                }
                self.protocol = Protocol::Pace(PaceChip::start(info, &self.can));
                StatusWord::OK
            }
            (0x41, 0xa4) if !authenticated => StatusWord::SECURITY_STATUS_NOT_SATISFIED,
            (0x41, 0xa4) => match &self.chip_authentication {
                Some(info) if info.protocol() == protocol && info.key_id.as_deref() == reference => {
                    self.protocol = Protocol::ChipAuthentication;
                    StatusWord::OK
                }
                _ => StatusWord::WRONG_DATA,
            },
            _ => StatusWord::WRONG_PARAMETERS,
        }
    }

    fn general_authenticate(&mut self, command: &CommandApdu) -> (ResponseApdu, Option<SessionKeys>) {
        let refused = |sw| (ResponseApdu::status(sw), None);
        match std::mem::replace(&mut self.protocol, Protocol::None) {
            Protocol::None => refused(StatusWord::CONDITIONS_NOT_SATISFIED),
            Protocol::Pace(pace) => match pace.feed(command.data()) {
                Err(sw) => refused(sw),
                Ok(PaceAnswer::Continue(pace, data)) => {
                    self.protocol = Protocol::Pace(pace);
                    (ResponseApdu::ok(data), None)
                }
                Ok(PaceAnswer::WrongPassword) => {
                    self.tries_left = self.tries_left.saturating_sub(1);
                    refused(StatusWord::tries_left_is(self.tries_left))
                }
                Ok(PaceAnswer::Established(keys, data)) => {
                    self.tries_left = CAN_TRIES;
                    (ResponseApdu::ok(data), Some(keys))
                }
            },
            Protocol::ChipAuthentication => {
                let theirs = TlvReader::new(command.data()).expect(0x7c).map(|data| data.children());
                let theirs = theirs.and_then(|mut objects| objects.expect(0x80));
                match theirs.ok().and_then(|object| self.agree(object.value)) {
                    Some(keys) => (ResponseApdu::ok(tlv::encode(0x7c, &[])), Some(keys)),
                    None => refused(StatusWord::WRONG_DATA),
                }
            }
        }
    }

    /// MSE:Set KAT, Chip Authentication in one command: for 3DES only (9303-11 §6.2.4.1).
    fn set_key(&mut self, command: &CommandApdu, authenticated: bool) -> (ResponseApdu, Option<SessionKeys>) {
        let refused = |sw| (ResponseApdu::status(sw), None);
        if !authenticated {
            return refused(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        let (mut public, mut reference) = (None, None);
        let mut objects = TlvReader::new(command.data());
        while let Ok(Some(object)) = objects.next_object() {
            match object.tag {
                0x91 => public = Some(object.value),
                0x84 => reference = Some(object.value),
                _ => {}
            }
        }
        let meant = self
            .chip_authentication
            .as_ref()
            .is_some_and(|info| info.cipher == Cipher::TripleDes && info.key_id.as_deref() == reference);
        match public.filter(|_| meant).and_then(|public| self.agree(public)) {
            Some(keys) => (ResponseApdu::status(StatusWord::OK), Some(keys)),
            None => refused(StatusWord::WRONG_DATA),
        }
    }

    /// Chip Authentication: the keys of the new channel.
    fn agree(&self, public: &[u8]) -> Option<SessionKeys> {
        let cipher = self.chip_authentication.as_ref()?.cipher;
        let secret = self.keys.chip_authentication.as_ref()?.agree_with(public).ok()?;
        Some(SessionKeys::derive(cipher, &secret))
    }

    /// Active Authentication over the terminal's eight bytes: r‖s, or RSA with message recovery.
    fn internal_authenticate(&self, command: &CommandApdu, authenticated: bool) -> ResponseApdu {
        let sw = match &self.keys.active_authentication {
            _ if !authenticated => StatusWord::SECURITY_STATUS_NOT_SATISFIED,
            None => StatusWord::INSTRUCTION_NOT_SUPPORTED,
            Some(_) if command.data().len() != 8 => StatusWord::WRONG_LENGTH,
            Some(key) => match key.sign(self.signs_with, command.data()) {
                Ok(signature) => return ResponseApdu::ok(signature),
                Err(_) => StatusWord::NO_PRECISE_DIAGNOSIS,
            },
        };
        ResponseApdu::status(sw)
    }

    fn end_session(&mut self) {
        self.session = Session::Open;
        self.protocol = Protocol::None;
        self.files.reset();
        self.holder.iter_mut().for_each(HolderChip::forget);
    }
}
