//! What stands in an issued certificate and CRL? (profiles of Doc 9303-12 §7)

use super::SigningKey;
use super::encode::{
    bit_string, element, extension, generalized, integer, oid, sequence, set_of, small, tagged,
    tagged_primitive, time,
};
use crate::PkiError;
use ::time::OffsetDateTime;
use der::Tag;
use openssl::rand::rand_bytes;

/// The parts of a certificate to sign.
pub(super) struct Parts<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) public_key_info: &'a [u8],
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    pub(super) extensions: Vec<Vec<u8>>,
}

impl Parts<'_> {
    pub(super) fn sign(&self, key: &SigningKey) -> Result<Vec<u8>, PkiError> {
        let algorithm = key.scheme.identifier()?;
        let validity = sequence(&[&time(self.not_before)?, &time(self.not_after)?])?;
        let extensions = tagged(3, &element(Tag::Sequence, &self.extensions.concat())?)?;
        let tbs = sequence(&[
            &tagged(0, &small(2)?)?,
            &integer(&fresh_serial()?)?,
            &algorithm,
            self.issuer,
            &validity,
            self.subject,
            self.public_key_info,
            &extensions,
        ])?;
        sequence(&[&tbs, &algorithm, &bit_string(&key.sign(&tbs)?)?])
    }
}

/// `C=country, CN=common_name`.
pub(super) fn name(country: &str, common_name: &str) -> Result<Vec<u8>, PkiError> {
    let country = sequence(&[&oid("2.5.4.6")?, &element(Tag::PrintableString, country.as_bytes())?])?;
    let common_name = sequence(&[&oid("2.5.4.3")?, &element(Tag::Utf8String, common_name.as_bytes())?])?;
    sequence(&[&set_of(vec![country])?, &set_of(vec![common_name])?])
}

/// keyCertSign and cRLSign for a CSCA, digitalSignature for a document signer; critical.
pub(super) fn key_usage(authority: bool) -> Result<Vec<u8>, PkiError> {
    let bits: &[u8] = if authority { &[1, 0b0000_0110] } else { &[7, 0b1000_0000] };
    extension("2.5.29.15", true, &element(Tag::BitString, bits)?)
}

/// An authority of path length 0; critical.
pub(super) fn authority_constraints() -> Result<Vec<u8>, PkiError> {
    let constraints = sequence(&[&element(Tag::Boolean, &[0xff])?, &small(0)?])?;
    extension("2.5.29.19", true, &constraints)
}

pub(super) fn subject_key(identifier: &[u8]) -> Result<Vec<u8>, PkiError> {
    extension("2.5.29.14", false, &element(Tag::OctetString, identifier)?)
}

pub(super) fn authority_key(identifier: &[u8]) -> Result<Vec<u8>, PkiError> {
    extension("2.5.29.35", false, &sequence(&[&tagged_primitive(0, identifier)?])?)
}

/// When the private key may sign.
pub(super) fn private_key_period(from: OffsetDateTime, until: OffsetDateTime) -> Result<Vec<u8>, PkiError> {
    let from = tagged_primitive(0, generalized(from).as_bytes())?;
    let until = tagged_primitive(1, generalized(until).as_bytes())?;
    extension("2.5.29.16", false, &sequence(&[&from, &until])?)
}

/// For which document codes a document signer signs.
pub(super) fn document_types(codes: &[String]) -> Result<Vec<u8>, PkiError> {
    let codes = codes.iter().map(|code| element(Tag::PrintableString, code.as_bytes()));
    let list = sequence(&[&small(0)?, &set_of(codes.collect::<Result<_, _>>()?)?])?;
    extension("2.23.136.1.1.6.2", false, &list)
}

/// The extended key usage of a master list signer.
pub(super) fn master_list_signer() -> Result<Vec<u8>, PkiError> {
    extension("2.5.29.37", true, &sequence(&[&oid("2.23.136.1.1.3")?])?)
}

/// 126 random bits, positive, without a leading zero octet.
fn fresh_serial() -> Result<[u8; 16], PkiError> {
    let mut serial = [0; 16];
    rand_bytes(&mut serial).map_err(|_| PkiError::Internal)?;
    let [first, ..] = &mut serial;
    *first = *first & 0x7f | 0x40;
    Ok(serial)
}
