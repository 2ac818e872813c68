//! Which protocols does the chip speak, and with which keys? (SecurityInfos, ICAO 9303-11 §9.2)

mod chip;

use std::collections::BTreeSet;

pub use chip::ChipAuthenticationInfo;
use chip::ChipKey;
use pki::{KeyAgreement, PkiError};

use crate::crypto::{Cipher, Domain};
use crate::tlv::{self, Tlv, TlvError, TlvReader};

const SEQUENCE: u32 = 0x30;
const SET: u32 = 0x31;
const INTEGER: u32 = 0x02;
const OBJECT_IDENTIFIER: u32 = 0x06;
/// DG14 around the set.
const DG14: u32 = 0x6e;

/// 0.4.0.127.0.7.2.2.4: PACE; the arcs of the mapping and of the cipher follow.
const PACE: &[u8] = &[0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x04];
/// ECDH with the generic mapping.
const ECDH_GENERIC_MAPPING: u8 = 2;
/// 0.4.0.127.0.7.2.2.3: Chip Authentication; the arcs of the agreement and of the cipher follow.
const CHIP_AUTHENTICATION: &[u8] = &[0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x03];
/// 0.4.0.127.0.7.2.2.1: a Chip Authentication public key; the arc of the agreement follows.
const CHIP_KEY: &[u8] = &[0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x01];
/// 2.23.136.1.1.5: which hash Active Authentication signs with.
const ACTIVE_AUTHENTICATION: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x05];
/// 0.4.0.127.0.7.1.1.4.1: ECDSA written plain as r‖s; the hash's arc follows (TR-03111 §5.2.1).
const PLAIN_ECDSA: &[u8] = &[0x04, 0x00, 0x7f, 0x00, 0x07, 0x01, 0x01, 0x04, 0x01];
/// A PACE that we speak: ECDH, generic mapping, AES, over a curve of 224 bits or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceInfo {
    /// The cipher of the channel.
    pub cipher: Cipher,
    /// The curve.
    pub domain: Domain,
}

impl PaceInfo {
    /// The protocol's object identifier, as MSE:Set AT and the token carry it.
    #[must_use]
    pub fn protocol(self) -> Vec<u8> {
        [PACE, &[ECDH_GENERIC_MAPPING, arc(self.cipher)]].concat()
    }
}

/// A Chip Authentication that the chip announces: which agreement, which cipher, with which of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ChipProtocol {
    agreement: KeyAgreement,
    cipher: Cipher,
    key_id: Option<Vec<u8>>,
}

/// What EF.CardAccess or DG14 announces, as far as we speak it; everything unknown is skipped, as real chips announce much that is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecurityInfos {
    pace: Vec<PaceInfo>,
    /// The numbers of all domain parameters that PACE is offered over, spoken by us or not.
    pace_domains: BTreeSet<u8>,
    chip_authentication: Vec<ChipProtocol>,
    chip_keys: Vec<ChipKey>,
    active_authentication: Option<u8>,
}

impl SecurityInfos {
    /// Reads EF.CardAccess: a bare SET.
    ///
    /// # Errors
    /// No SET of SEQUENCEs that begin with an object identifier.
    pub fn from_card_access(bytes: &[u8]) -> Result<Self, TlvError> {
        Self::parse(TlvReader::new(bytes).expect(SET)?)
    }

    /// Reads the content of EF.CardSecurity, once its signature is believed: a bare SET.
    ///
    /// # Errors
    /// As for [`SecurityInfos::from_card_access`].
    pub fn from_card_security(vouched: &pki::AuthenticCardSecurity) -> Result<Self, TlvError> {
        Self::from_card_access(vouched.security_infos())
    }

    /// Reads DG14: a SET in `6E L`.
    ///
    /// # Errors
    /// As for [`SecurityInfos::from_card_access`].
    pub fn from_dg14(bytes: &[u8]) -> Result<Self, TlvError> {
        Self::parse(TlvReader::new(bytes).expect(DG14)?.children().expect(SET)?)
    }

    fn parse(set: Tlv<'_>) -> Result<Self, TlvError> {
        let mut infos = Self::default();
        let mut reader = set.children();
        while let Some(info) = reader.next_object()? {
            if info.tag == SEQUENCE {
                infos.add(info)?;
            }
        }
        Ok(infos)
    }

    fn add(&mut self, info: Tlv<'_>) -> Result<(), TlvError> {
        let mut fields = info.children();
        let protocol = fields.expect(OBJECT_IDENTIFIER)?.value;
        if let Some([mapping, cipher]) = protocol.strip_prefix(PACE) {
            let version = fields.next_object()?;
            let domain = fields.next_object()?.filter(|domain| domain.tag == INTEGER);
            let number =
                domain.and_then(|domain| <[u8; 1]>::try_from(domain.value).ok()).map(|[number]| number);
            self.pace_domains.extend(number);
            let ours = is_number(version, 2) && *mapping == ECDH_GENERIC_MAPPING;
            let cipher = Cipher::from_arc(*cipher).filter(|cipher| ours && *cipher != Cipher::TripleDes);
            let both = cipher.zip(number.and_then(Domain::standardised));
            self.pace.extend(both.map(|(cipher, domain)| PaceInfo { cipher, domain }));
        } else if let Some([agreement, cipher]) = protocol.strip_prefix(CHIP_AUTHENTICATION) {
            fields.next_object()?;
            let key_id = key_id(fields.next_object()?);
            let both = agreement_of(*agreement).zip(Cipher::from_arc(*cipher));
            let protocol = both.map(|(agreement, cipher)| ChipProtocol { agreement, cipher, key_id });
            self.chip_authentication.extend(protocol);
        } else if let Some([agreement]) = protocol.strip_prefix(CHIP_KEY) {
            let spki = fields.next_object()?.filter(|key| key.tag == SEQUENCE);
            let key_id = key_id(fields.next_object()?);
            let both = agreement_of(*agreement).zip(spki);
            let key = both.map(|(agreement, spki)| ChipKey {
                agreement,
                spki: tlv::encode(SEQUENCE, spki.value),
                key_id,
            });
            self.chip_keys.extend(key);
        } else if protocol == ACTIVE_AUTHENTICATION {
            fields.next_object()?;
            let algorithm = fields.next_object()?.filter(|algorithm| algorithm.tag == OBJECT_IDENTIFIER);
            let hash = algorithm.and_then(|algorithm| algorithm.value.strip_prefix(PLAIN_ECDSA));
            if let Some([arc]) = hash {
                self.active_authentication = Some(*arc);
            }
        }
        Ok(())
    }

    /// The PACEs we speak.
    #[must_use]
    pub fn pace(&self) -> &[PaceInfo] {
        &self.pace
    }

    /// The one of them with the longest key, and of those the one over the largest curve.
    #[must_use]
    pub fn best_pace(&self) -> Option<PaceInfo> {
        self.pace.iter().copied().max_by_key(|info| (info.cipher, info.domain.number()))
    }

    /// How MSE:Set AT must name the curve: not at all where the chip offers PACE over one only (9303-11 §4.4.4.1).
    #[must_use]
    pub fn domain_reference(&self, info: PaceInfo) -> Option<u8> {
        (self.pace_domains.len() > 1).then_some(info.domain.number())
    }

    /// The Chip Authentication with the strongest cipher whose public key is there and is one that we can agree with.
    ///
    /// A key without any protocol is for 3DES: that is what chips have that are older than ChipAuthenticationInfo
    /// (BSI TR-03110-3 §A.1.1.2).
    ///
    /// # Errors
    /// The state vouches for a key that is not on its curve or not in its group, and for no other.
    pub fn chip_authentication(&self) -> Result<Option<ChipAuthenticationInfo>, PkiError> {
        chip::best(&self.chip_authentication, &self.chip_keys)
    }

    /// The hash that Active Authentication with ECDSA uses, as a dotted plain-signature identifier; `None` where none is named.
    #[must_use]
    pub fn active_authentication_algorithm(&self) -> Option<String> {
        self.active_authentication.map(|arc| format!("0.4.0.127.0.7.1.1.4.1.{arc}"))
    }
}

const fn arc(cipher: Cipher) -> u8 {
    match cipher {
        Cipher::TripleDes => 1,
        Cipher::Aes128 => 2,
        Cipher::Aes192 => 3,
        Cipher::Aes256 => 4,
    }
}

const fn agreement_of(arc: u8) -> Option<KeyAgreement> {
    match arc {
        1 => Some(KeyAgreement::Dh),
        2 => Some(KeyAgreement::Ecdh),
        _ => None,
    }
}

const fn agreement_arc(agreement: KeyAgreement) -> u8 {
    match agreement {
        KeyAgreement::Dh => 1,
        KeyAgreement::Ecdh => 2,
    }
}

fn is_number(object: Option<Tlv<'_>>, number: u8) -> bool {
    object.is_some_and(|object| object.tag == INTEGER && object.value == [number])
}

/// The number of a key, big-endian without leading zeroes.
fn key_id(object: Option<Tlv<'_>>) -> Option<Vec<u8>> {
    let number = object.filter(|object| object.tag == INTEGER)?.value;
    let zeroes = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeroes.min(number.len().saturating_sub(1))..).map(<[u8]>::to_vec)
}

/// Writes the infos of a chip that is being personalised.
#[cfg(any(test, feature = "simulated"))]
pub(crate) mod write {
    use pki::KeyAgreement;

    use super::{
        ACTIVE_AUTHENTICATION, CHIP_AUTHENTICATION, CHIP_KEY, Cipher, DG14, INTEGER, OBJECT_IDENTIFIER,
        PLAIN_ECDSA, PaceInfo, SEQUENCE, SET, agreement_arc, arc, tlv,
    };

    fn number(number: u8) -> Vec<u8> {
        tlv::encode(INTEGER, &[number])
    }

    fn info(protocol: &[u8], fields: &[&[u8]]) -> Vec<u8> {
        tlv::encode_all(SEQUENCE, &[&tlv::encode(OBJECT_IDENTIFIER, protocol), &fields.concat()])
    }

    pub(crate) fn pace(pace: PaceInfo) -> Vec<u8> {
        info(&pace.protocol(), &[&number(2), &number(pace.domain.number())])
    }

    /// A Chip Authentication.
    pub(crate) fn chip_protocol(agreement: KeyAgreement, cipher: Cipher, key_id: Option<u8>) -> Vec<u8> {
        let protocol = [CHIP_AUTHENTICATION, &[agreement_arc(agreement), arc(cipher)]].concat();
        info(&protocol, &[&number(1), &key_id.map(number).unwrap_or_default()])
    }

    /// The SubjectPublicKeyInfo of one.
    pub(crate) fn chip_key(agreement: KeyAgreement, spki: &[u8], key_id: Option<u8>) -> Vec<u8> {
        let protocol = [CHIP_KEY, &[agreement_arc(agreement)]].concat();
        info(&protocol, &[spki, &key_id.map(number).unwrap_or_default()])
    }

    /// ECDSA with the hash of this arc: 3 is SHA-256.
    pub(crate) fn active_authentication(hash_arc: u8) -> Vec<u8> {
        let algorithm = tlv::encode_all(OBJECT_IDENTIFIER, &[PLAIN_ECDSA, &[hash_arc]]);
        info(ACTIVE_AUTHENTICATION, &[&number(1), &algorithm])
    }

    pub(crate) fn card_access(infos: &[Vec<u8>]) -> Vec<u8> {
        tlv::encode(SET, &infos.concat())
    }

    pub(crate) fn dg14(infos: &[Vec<u8>]) -> Vec<u8> {
        tlv::encode(DG14, &card_access(infos))
    }
}

#[cfg(test)]
mod tests;
