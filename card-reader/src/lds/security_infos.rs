//! Which protocols does the chip speak, and with which keys? (SecurityInfos, ICAO 9303-11 §9.2)

use crate::crypto::{Cipher, CurvePoint};
use crate::lds::ec_key;
use crate::tlv::{self, Tlv, TlvError, TlvReader};

const SEQUENCE: u32 = 0x30;
const SET: u32 = 0x31;
const INTEGER: u32 = 0x02;
const OBJECT_IDENTIFIER: u32 = 0x06;
/// DG14 around the set.
const DG14: u32 = 0x6e;

/// 0.4.0.127.0.7.2.2.4.2: PACE with ECDH and the generic mapping; the cipher's arc follows.
const PACE_ECDH_GM: &[u8] = &[0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x04, 0x02];
/// 0.4.0.127.0.7.2.2.3.2: Chip Authentication with ECDH; the cipher's arc follows.
const CA_ECDH: &[u8] = &[0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x03, 0x02];
/// 0.4.0.127.0.7.2.2.1.2: a Chip Authentication public key for ECDH.
const CA_ECDH_KEY: &[u8] = &[0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x01, 0x02];
/// 2.23.136.1.1.5: which hash Active Authentication signs with.
const ACTIVE_AUTHENTICATION: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x05];
/// 0.4.0.127.0.7.1.1.4.1: ECDSA written plain as r‖s; the hash's arc follows (TR-03111 §5.2.1).
const PLAIN_ECDSA: &[u8] = &[0x04, 0x00, 0x7f, 0x00, 0x07, 0x01, 0x01, 0x04, 0x01];
/// Standardised domain parameters: P-256 (9303-11 §9.5.1).
pub const P256_DOMAIN: u8 = 12;

/// A PACE that we speak: ECDH, generic mapping, AES, over P-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PaceInfo {
    /// The cipher of the channel.
    pub cipher: Cipher,
}

impl PaceInfo {
    /// The protocol's object identifier, as MSE:Set AT and the token carry it.
    #[must_use]
    pub fn protocol(self) -> Vec<u8> {
        [PACE_ECDH_GM, &[arc(self.cipher)]].concat()
    }
}

/// A Chip Authentication that we speak, with the chip's key: ECDH over P-256 with AES.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChipAuthenticationInfo {
    /// The cipher of the new channel.
    pub cipher: Cipher,
    /// Which key, where the chip has several.
    pub key_id: Option<u8>,
    /// The chip's public key.
    pub key: CurvePoint,
}

impl ChipAuthenticationInfo {
    /// The protocol's object identifier, as MSE:Set AT carries it.
    #[must_use]
    pub fn protocol(&self) -> Vec<u8> {
        [CA_ECDH, &[arc(self.cipher)]].concat()
    }
}

/// What EF.CardAccess or DG14 announces, as far as we speak it; everything unknown is skipped, as real chips announce much that is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecurityInfos {
    pace: Vec<PaceInfo>,
    chip_authentication: Vec<(Cipher, Option<u8>)>,
    chip_keys: Vec<(CurvePoint, Option<u8>)>,
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
        if let Some([arc]) = protocol.strip_prefix(PACE_ECDH_GM) {
            let version = fields.next_object()?;
            let domain = fields.next_object()?;
            let ours = is_number(version, 2) && is_number(domain, P256_DOMAIN);
            self.pace.extend(Cipher::from_arc(*arc).filter(|_| ours).map(|cipher| PaceInfo { cipher }));
        } else if let Some([arc]) = protocol.strip_prefix(CA_ECDH) {
            fields.next_object()?;
            let key_id = key_id(fields.next_object()?);
            self.chip_authentication.extend(Cipher::from_arc(*arc).map(|cipher| (cipher, key_id)));
        } else if protocol == CA_ECDH_KEY {
            // A key of another shape is somebody else's protocol, not a malformed file.
            let spki = fields.next_object()?.filter(|key| key.tag == SEQUENCE);
            let key =
                spki.and_then(|spki| ec_key::p256_key(&tlv::encode(SEQUENCE, spki.value)).ok().flatten());
            let key_id = key_id(fields.next_object()?);
            self.chip_keys.extend(key.map(|key| (key, key_id)));
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

    /// The one of them with the longest key.
    #[must_use]
    pub fn best_pace(&self) -> Option<PaceInfo> {
        self.pace.iter().copied().max()
    }

    /// The Chip Authentication with the longest key whose public key is there.
    #[must_use]
    pub fn chip_authentication(&self) -> Option<ChipAuthenticationInfo> {
        let pairs = self.chip_authentication.iter().filter_map(|&(cipher, key_id)| {
            let same_id = |&&(_, id): &&(CurvePoint, Option<u8>)| id == key_id;
            let (key, _) = self.chip_keys.iter().find(same_id)?;
            Some(ChipAuthenticationInfo { cipher, key_id, key: *key })
        });
        pairs.max_by_key(|info| info.cipher)
    }

    /// The hash that Active Authentication with ECDSA uses, as a dotted plain-signature identifier; `None` where none is named.
    #[must_use]
    pub fn active_authentication_algorithm(&self) -> Option<String> {
        self.active_authentication.map(|arc| format!("0.4.0.127.0.7.1.1.4.1.{arc}"))
    }
}

const fn arc(cipher: Cipher) -> u8 {
    match cipher {
        Cipher::Aes128 => 2,
        Cipher::Aes192 => 3,
        Cipher::Aes256 => 4,
    }
}

fn is_number(object: Option<Tlv<'_>>, number: u8) -> bool {
    object.is_some_and(|object| object.tag == INTEGER && object.value == [number])
}

fn key_id(object: Option<Tlv<'_>>) -> Option<u8> {
    object.filter(|object| object.tag == INTEGER)?.value.last().copied()
}

/// Writes the infos of a chip that is being personalised.
#[cfg(any(test, feature = "simulated"))]
pub(crate) mod write {
    use super::{
        ACTIVE_AUTHENTICATION, CA_ECDH_KEY, ChipAuthenticationInfo, DG14, INTEGER, OBJECT_IDENTIFIER,
        P256_DOMAIN, PLAIN_ECDSA, PaceInfo, SEQUENCE, SET, ec_key, tlv,
    };

    fn number(number: u8) -> Vec<u8> {
        tlv::encode(INTEGER, &[number])
    }

    fn info(protocol: &[u8], fields: &[&[u8]]) -> Vec<u8> {
        tlv::encode_all(SEQUENCE, &[&tlv::encode(OBJECT_IDENTIFIER, protocol), &fields.concat()])
    }

    pub(crate) fn pace(pace: PaceInfo) -> Vec<u8> {
        info(&pace.protocol(), &[&number(2), &number(P256_DOMAIN)])
    }

    /// The protocol and the key: two infos.
    pub(crate) fn chip_authentication(ca: &ChipAuthenticationInfo) -> Vec<u8> {
        let id = ca.key_id.map(number).unwrap_or_default();
        let protocol = info(&ca.protocol(), &[&number(1), &id]);
        [protocol, info(CA_ECDH_KEY, &[&ec_key::encode_p256_key(ca.key), &id])].concat()
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
