//! What is a card, written down? `cards/<name>.json`

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki::issuing::ChipKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use zeroize::Zeroizing;

use super::SimulatedCard;
use super::chip::Chip;
use super::holder::{CardHolder, HolderChip};
use super::keys::ChipKeys;
use crate::can::Can;
use crate::lds::ElementaryFile;
use crate::profile::CardProfile;

/// Why a card file is not a card.
#[derive(Debug, Error)]
pub enum CardFileError {
    /// The file cannot be read or written.
    #[error("card file: {0}")]
    Io(#[from] std::io::Error),
    /// It is not the JSON of a card.
    #[error("card file: {0}")]
    Json(#[from] serde_json::Error),
    /// A value in it is not usable.
    #[error("card file: {0}")]
    Invalid(&'static str),
    /// The issuer's signature could not be made.
    #[error("card file: {0}")]
    Issuing(#[from] pki::PkiError),
}

/// One card with everything that its chip holds (fichier de carte). It contains private keys: a test card, never a real one's copy.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardFile {
    /// Card profile, `cnie-2020`.
    pub profile: String,
    /// Card access number, six digits.
    pub can: String,
    /// Contents of the elementary files.
    pub files: CardFiles,
    /// Private keys of the chip.
    pub keys: CardKeys,
    /// The application of its holder, if the card has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<CardHolder>,
    /// How the chip misbehaves, if it does.
    #[serde(default)]
    pub behaviour: Behaviour,
}

/// Contents of the elementary files, each whole with tag and length (base64 in JSON).
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardFiles {
    /// EF.CardAccess.
    pub card_access: Bytes,
    /// EF.SOD.
    pub sod: Bytes,
    /// DG1.
    pub dg1: Bytes,
    /// DG2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dg2: Option<Bytes>,
    /// DG14.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dg14: Option<Bytes>,
    /// DG15.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dg15: Option<Bytes>,
}

/// Private keys as PKCS#8 (base64 in JSON).
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardKeys {
    /// Signs in Active Authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_authentication: Option<Bytes>,
    /// Agrees in Chip Authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chip_authentication: Option<Bytes>,
}

/// How a chip misbehaves (comportement). All off is an honest chip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// A copy of the card: its data, but keys of its own.
    pub clone: bool,
    /// DG1 shows another given name than the state signed.
    pub tampered_dg1: bool,
    /// Milliseconds before each answer.
    pub slow_ms: u64,
    /// Answers this many commands, then never again.
    pub silent_after: Option<u32>,
    /// Answers this many commands, then is gone.
    pub pulled_out_after: Option<u32>,
    /// Spoils the MAC of every secured answer after this many.
    pub wrong_mac_after: Option<u32>,
    /// Takes extended-length commands; otherwise they get 6700.
    pub extended_length: bool,
    /// The most bytes that one secured READ BINARY may ask for; more gets 6700.
    pub most_read: Option<u16>,
    /// Says 6700 about a read naked, which ends the channel, as some chips do.
    pub naked_length_errors: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            clone: false,
            tampered_dg1: false,
            slow_ms: 0,
            silent_after: None,
            pulled_out_after: None,
            wrong_mac_after: None,
            extended_length: true,
            most_read: None,
            naked_length_errors: false,
        }
    }
}

impl CardFile {
    /// Reads `cards/<name>.json`.
    ///
    /// # Errors
    /// The file cannot be read or is not the JSON of a card.
    pub fn load(path: &Path) -> Result<Self, CardFileError> {
        Self::from_json(&std::fs::read_to_string(path)?)
    }

    /// Reads the text of a card file. Unknown fields are refused.
    ///
    /// # Errors
    /// It is not the JSON of a card.
    pub fn from_json(text: &str) -> Result<Self, CardFileError> {
        Ok(serde_json::from_str(text)?)
    }

    /// The text of the card file.
    ///
    /// # Errors
    /// Never in practice: everything in it is JSON.
    pub fn to_json(&self) -> Result<String, CardFileError> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    /// Writes `cards/<name>.json`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), CardFileError> {
        Ok(std::fs::write(path, self.to_json()?)?)
    }

    /// The profile by which stations read it.
    ///
    /// # Errors
    /// No profile of that name.
    pub fn card_profile(&self) -> Result<CardProfile, CardFileError> {
        self.profile.parse().map_err(|_| CardFileError::Invalid("unknown profile"))
    }

    /// Makes the chip that this file describes.
    ///
    /// # Errors
    /// The CAN, the profile or a key is not usable.
    pub fn insert(self) -> Result<SimulatedCard, CardFileError> {
        let profile = self.card_profile()?;
        let copied = self.behaviour.clone;
        let holder = self.holder.as_ref().map(|file| HolderChip::new(file, profile, copied)).transpose()?;
        let can = Can::parse(&self.can).ok_or(CardFileError::Invalid("the CAN is not six digits"))?;
        let mut keys = ChipKeys {
            active_authentication: self.keys.active_authentication.as_ref().map(private_key).transpose()?,
            chip_authentication: self.keys.chip_authentication.as_ref().map(private_key).transpose()?,
        };
        let CardFiles { card_access, sod, dg1, dg2, dg14, dg15 } = self.files;
        let mut files = BTreeMap::from([
            (ElementaryFile::CardAccess, card_access.0),
            (ElementaryFile::Sod, sod.0),
            (ElementaryFile::Dg1, dg1.0),
        ]);
        files.extend(dg2.map(|dg2| (ElementaryFile::Dg2, dg2.0)));
        files.extend(dg14.map(|dg14| (ElementaryFile::Dg14, dg14.0)));
        files.extend(dg15.map(|dg15| (ElementaryFile::Dg15, dg15.0)));
        if copied {
            keys = keys.exchanged()?;
        }
        if self.behaviour.tampered_dg1 {
            // The last characters are fillers behind the given names, under no check digit.
            if let Some(last) = files.get_mut(&ElementaryFile::Dg1).and_then(|dg1| dg1.last_mut()) {
                *last = if *last == b'X' { b'Y' } else { b'X' };
            }
        }
        Ok(SimulatedCard::new(Chip::new(can, files, keys, holder, self.behaviour.clone()), self.behaviour))
    }
}

impl fmt::Debug for CardFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardFile({}, redacted)", self.profile)
    }
}

/// Bytes that JSON holds in base64, standard alphabet, padded.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        STANDARD.decode(text.as_bytes()).map(Self).map_err(|_| serde::de::Error::custom("not base64"))
    }
}

pub(super) fn private_key(pkcs8: &Bytes) -> Result<ChipKey, CardFileError> {
    ChipKey::from_pkcs8(&pkcs8.0)
        .map_err(|_| CardFileError::Invalid("a key is not PKCS#8 of a kind that chips have"))
}

/// A private key, written down.
pub(super) fn pkcs8(key: &ChipKey) -> Result<Bytes, CardFileError> {
    Ok(Bytes(key.to_pkcs8()?.to_vec()))
}
