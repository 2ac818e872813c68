//! How does a person become a card? Data groups, MRZ, keys and the issuer's signature.

use pki::issuing::{ChipCurve, ChipKey, ChipKeyKind, DocumentSigner, ParametersForm};
use pki::{DataGroupNumber, DigestAlgorithm, KeyAgreement};
use time::Date;

use super::card_file::{Behaviour, Bytes, CardFile, CardFileError, CardFiles, CardKeys, pkcs8};
use crate::can::Can;
use crate::crypto::{Cipher, Domain};
use crate::lds::mrz::{Mrz, check_digit};
use crate::lds::security_infos::{PaceInfo, write};
use crate::profile::{CardProfile, NationalNumber};
use crate::tlv;

/// Sex as the MRZ writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// `F`
    Female,
    /// `M`
    Male,
}

/// Whose card it is (titulaire).
#[derive(Clone)]
pub struct Person {
    /// Family name in Latin letters.
    pub surname: String,
    /// Given names in Latin letters.
    pub given_names: String,
    /// Day of birth.
    pub birth_date: Date,
    /// Sex.
    pub sex: Sex,
    /// Number of the person.
    pub national_number: NationalNumber,
    /// Number of the document; more than nine characters only where line 1 still holds the national number behind it.
    pub document_number: String,
    /// Last day on which the document is good.
    pub expires_on: Date,
}

/// How the chip can prove itself (méthodes de la puce).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChipMethods {
    /// Not at all: its data can be copied.
    None,
    /// Active Authentication, DG15.
    Active,
    /// Chip Authentication, DG14.
    Chip,
    /// Both.
    Both,
}

impl ChipMethods {
    const fn active(self) -> bool {
        matches!(self, Self::Active | Self::Both)
    }

    const fn chip(self) -> bool {
        matches!(self, Self::Chip | Self::Both)
    }
}

/// With which keys and ciphers the chip proves itself (clés de la puce).
#[derive(Debug, Clone, Copy)]
pub struct ChipProfile {
    /// The curves of PACE, by their numbers in 9303-11 §9.5.1.
    pub pace: &'static [u8],
    /// The key of DG15.
    pub active: ChipKeyKind,
    /// The key of Chip Authentication in DG14.
    pub chip: ChipKeyKind,
    /// How the parameters of both public keys are written.
    pub form: ParametersForm,
    /// The cipher after Chip Authentication.
    pub cipher: Cipher,
    /// DG14 has the key without saying for which protocol, as chips older than that had.
    pub unannounced: bool,
}

/// What the demonstration's cards have: P-256, named, and AES-128.
impl Default for ChipProfile {
    fn default() -> Self {
        let key = ChipKeyKind::Ec(ChipCurve::P256);
        Self {
            pace: &[12],
            active: key,
            chip: key,
            form: ParametersForm::Named,
            cipher: Cipher::Aes128,
            unannounced: false,
        }
    }
}

impl CardFile {
    /// Personalises an honest `cnie-2020` card for `person`; `signer` signs its EF.SOD with SHA-256 hashes.
    ///
    /// # Errors
    /// The person's data does not fit the MRZ, the CAN is not six digits, or the signer fails.
    pub fn personalise(
        person: &Person,
        can: &str,
        methods: ChipMethods,
        signer: &DocumentSigner,
    ) -> Result<Self, CardFileError> {
        Self::personalise_with(person, can, methods, &ChipProfile::default(), signer)
    }

    /// The same with other keys.
    ///
    /// # Errors
    /// As for [`CardFile::personalise`], and a key that cannot do what it is for.
    pub fn personalise_with(
        person: &Person,
        can: &str,
        methods: ChipMethods,
        profile: &ChipProfile,
        signer: &DocumentSigner,
    ) -> Result<Self, CardFileError> {
        Can::parse(can).ok_or(CardFileError::Invalid("the CAN is not six digits"))?;
        let dg1 = tlv::encode(0x61, &tlv::encode(0x5f1f, person.mrz()?.as_bytes()));
        Mrz::from_dg1(&dg1).map_err(|_| CardFileError::Invalid("the person does not fit an MRZ"))?;

        let domain =
            |number: &u8| Domain::standardised(*number).ok_or(CardFileError::Invalid("no such curve"));
        let domains = profile.pace.iter().map(domain).collect::<Result<Vec<_>, _>>()?;
        let pace: Vec<_> = domains
            .into_iter()
            .map(|domain| write::pace(PaceInfo { cipher: Cipher::Aes128, domain }))
            .collect();
        let mut infos = pace.clone();
        let mut keys = CardKeys::default();
        let mut dg15 = None;
        if methods.chip() {
            let key = ChipKey::generate(profile.chip)?;
            let agreement = match profile.chip {
                ChipKeyKind::Dh(_) => KeyAgreement::Dh,
                ChipKeyKind::Ec(_) | ChipKeyKind::Rsa(_) => KeyAgreement::Ecdh,
            };
            if !profile.unannounced {
                infos.push(write::chip_protocol(agreement, profile.cipher, Some(KEY_ID)));
            }
            infos.push(write::chip_key(agreement, &key.public_key_info(profile.form)?, Some(KEY_ID)));
            keys.chip_authentication = Some(pkcs8(&key)?);
        }
        if methods.active() {
            let key = ChipKey::generate(profile.active)?;
            infos.push(write::active_authentication(SHA256_ARC));
            dg15 = Some(tlv::encode(0x6f, &key.public_key_info(profile.form)?));
            keys.active_authentication = Some(pkcs8(&key)?);
        }
        let (dg2, dg14) = (placeholder_face(), write::dg14(&infos));

        let mut groups = vec![
            (DataGroupNumber::DG1, dg1.as_slice()),
            (DataGroupNumber::DG2, dg2.as_slice()),
            (DataGroupNumber::DG14, dg14.as_slice()),
        ];
        groups.extend(dg15.as_deref().map(|dg15| (DataGroupNumber::DG15, dg15)));
        let sod = signer.sign_security_object(DigestAlgorithm::Sha256, &groups)?;
        let files = CardFiles {
            card_access: Bytes(write::card_access(&pace)),
            sod: Bytes(sod),
            dg1: Bytes(dg1.clone()),
            dg2: Some(Bytes(dg2.clone())),
            dg14: Some(Bytes(dg14.clone())),
            dg15: dg15.map(Bytes),
        };
        let profile = CardProfile::Cnie2020.as_str().to_owned();
        Ok(Self { profile, can: can.to_owned(), files, keys, holder: None, behaviour: Behaviour::default() })
    }
}

/// The number of the Chip Authentication key.
const KEY_ID: u8 = 1;
/// ECDSA with SHA-256 among the plain signatures of TR-03111.
const SHA256_ARC: u8 = 3;

impl Person {
    /// The TD1 zone of the card, three lines in one piece (9303-5 §4.2); the national number in the optional data of line 1.
    fn mrz(&self) -> Result<String, CardFileError> {
        let number = latin(&self.document_number);
        let national = self.national_number.expose();
        let (first, optional) = match number.split_at_checked(9) {
            Some((nine, rest)) if !rest.is_empty() => {
                (format!("{nine}<"), format!("{rest}{}<{national}", char::from(check_digit(&number))))
            }
            _ => {
                let nine = filled(&number, 9);
                (format!("{nine}{}", char::from(check_digit(&nine))), national.to_owned())
            }
        };
        let line1 = format!("I<MAR{first}{}", filled(&optional, 15));
        let sex = match self.sex {
            Sex::Female => 'F',
            Sex::Male => 'M',
        };
        let (birth, expiry) = (checked_date(self.birth_date), checked_date(self.expires_on));
        let optional2 = filled("", 11);
        let composite = [line1.get(5..).unwrap_or_default(), &birth, &expiry, &optional2].concat();
        let line2 = format!("{birth}{sex}{expiry}MAR{optional2}{}", char::from(check_digit(&composite)));
        let names = format!("{}<<{}", latin(&self.surname), latin(&self.given_names));
        // Names that are too long are cut (9303-3 §4.6); numbers never are.
        let line3: String = filled(&names, 30).chars().take(30).collect();
        if line1.len() == 30 && line2.len() == 30 {
            Ok([line1, line2, line3].concat())
        } else {
            Err(CardFileError::Invalid("the numbers do not fit the MRZ"))
        }
    }
}

fn checked_date(date: Date) -> String {
    let digits = format!("{:02}{:02}{:02}", date.year().rem_euclid(100), u8::from(date.month()), date.day());
    let digit = char::from(check_digit(&digits));
    format!("{digits}{digit}")
}

fn filled(text: &str, width: usize) -> String {
    format!("{text:<<width$}")
}

/// Capital letters and digits; spaces, hyphens and apostrophes become fillers (9303-3 §4.6).
fn latin(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '<' }).collect()
}

/// DG2 with one facial record (9303-10 §4.7.2, ISO/IEC 19794-5 §5) around an empty JPEG.
fn placeholder_face() -> Vec<u8> {
    const JPEG: [u8; 4] = [0xff, 0xd8, 0xff, 0xd9];
    /// Facial information and image information, in front of the image.
    const BLOCK_HEADER: u8 = 20 + 12;
    let block = BLOCK_HEADER + JPEG.len() as u8;
    let mut record = b"FAC\x00010\x00".to_vec();
    record.extend([0, 0, 0, 14 + block, 0, 1]);
    // Facial information: its length, then nothing stated about the face.
    record.extend([0, 0, 0, block]);
    record.extend([0; 16]);
    // A basic face image in JPEG, one by one pixel, 24-bit RGB.
    record.extend([0x00, 0x00, 0, 1, 0, 1, 0x01, 0, 0, 0, 0, 0]);
    record.extend(JPEG);
    let header = [
        tlv::encode(0x80, &[0x01, 0x01]),
        tlv::encode(0x81, &[0x02]),
        tlv::encode(0x82, &[0x00]),
        tlv::encode(0x87, &[0x01, 0x01]),
        tlv::encode(0x88, &[0x00, 0x08]),
    ];
    let instance =
        tlv::encode_all(0x7f60, &[&tlv::encode(0xa1, &header.concat()), &tlv::encode(0x5f2e, &record)]);
    tlv::encode(0x75, &tlv::encode_all(0x7f61, &[&tlv::encode(0x02, &[1]), &instance]))
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn person(document_number: &str) -> Person {
        Person {
            surname: "El Idrissi".into(),
            given_names: "Amina-Zahra".into(),
            birth_date: date!(1984 - 03 - 09),
            sex: Sex::Female,
            national_number: NationalNumber::parse("AB123456").unwrap(),
            document_number: document_number.into(),
            expires_on: date!(2031 - 12 - 31),
        }
    }

    #[test]
    fn the_zone_of_a_person_is_valid_and_holds_both_numbers() {
        for number in ["X1234567", "D23145890", "D231458907"] {
            let zone = person(number).mrz().unwrap();
            let mrz = Mrz::parse(zone.as_bytes()).unwrap();
            assert_eq!(mrz.document_number(), number);
            assert_eq!(CardProfile::Cnie2020.national_number(&mrz), NationalNumber::parse("AB123456"));
            assert_eq!((mrz.surname().as_str(), mrz.given_names().as_str()), ("EL IDRISSI", "AMINA ZAHRA"));
            assert_eq!(mrz.expires_on(), date!(2031 - 12 - 31));
            assert_eq!(mrz.born_on(date!(2026 - 01 - 01)), Some(date!(1984 - 03 - 09)));
        }
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused_not_cut() {
        assert!(person("D2314589012345678").mrz().is_err());
    }
}
