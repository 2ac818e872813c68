//! How is DER written? Just enough for what this kingdom issues.

use crate::PkiError;
use der::asn1::{Any, ObjectIdentifier};
use der::{Encode, Tag, TagNumber};
use time::OffsetDateTime;

/// One element of this tag.
pub(crate) fn element(tag: Tag, contents: &[u8]) -> Result<Vec<u8>, PkiError> {
    Any::new(tag, contents).and_then(|any| any.to_der()).map_err(|_| PkiError::TooLarge)
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Result<Vec<u8>, PkiError> {
    element(Tag::Sequence, &parts.concat())
}

/// SET OF, its elements in DER order.
pub(crate) fn set_of(mut parts: Vec<Vec<u8>>) -> Result<Vec<u8>, PkiError> {
    parts.sort();
    element(Tag::Set, &parts.concat())
}

/// `[number]` around whole elements (EXPLICIT), or in place of a SEQUENCE's or SET's tag (IMPLICIT).
pub(crate) fn tagged(number: u32, contents: &[u8]) -> Result<Vec<u8>, PkiError> {
    element(TagNumber(number).context_specific(true), contents)
}

/// `[number]` in place of a primitive tag (IMPLICIT).
pub(crate) fn tagged_primitive(number: u32, contents: &[u8]) -> Result<Vec<u8>, PkiError> {
    element(TagNumber(number).context_specific(false), contents)
}

/// `77 L` of EF.SOD.
pub(crate) fn ef_sod(contents: &[u8]) -> Result<Vec<u8>, PkiError> {
    element(TagNumber(23).application(true), contents)
}

pub(crate) fn oid(dotted: &str) -> Result<Vec<u8>, PkiError> {
    let oid = ObjectIdentifier::new(dotted).map_err(|_| PkiError::Malformed("OID"))?;
    oid.to_der().map_err(|_| PkiError::Internal)
}

/// A small non-negative INTEGER.
pub(crate) fn small(number: u8) -> Result<Vec<u8>, PkiError> {
    number.to_der().map_err(|_| PkiError::Internal)
}

/// An INTEGER from its contents octets.
pub(crate) fn integer(contents: &[u8]) -> Result<Vec<u8>, PkiError> {
    element(Tag::Integer, contents)
}

pub(crate) fn octet_string(contents: &[u8]) -> Result<Vec<u8>, PkiError> {
    element(Tag::OctetString, contents)
}

/// A BIT STRING of whole octets.
pub(crate) fn bit_string(octets: &[u8]) -> Result<Vec<u8>, PkiError> {
    element(Tag::BitString, &[&[0], octets].concat())
}

/// UTCTime until 2049, GeneralizedTime after (RFC 5280 §4.1.2.5).
pub(crate) fn time(at: OffsetDateTime) -> Result<Vec<u8>, PkiError> {
    let full = generalized(at);
    match (at.to_offset(time::UtcOffset::UTC).year(), full.get(2..)) {
        (1950..2050, Some(short)) => element(Tag::UtcTime, short.as_bytes()),
        _ => element(Tag::GeneralizedTime, full.as_bytes()),
    }
}

/// `YYYYMMDDHHMMSSZ`.
pub(crate) fn generalized(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}{:02}{day:02}{hour:02}{minute:02}{second:02}Z", u8::from(month))
}

/// An extension, its value given as DER.
pub(crate) fn extension(dotted: &str, critical: bool, value: &[u8]) -> Result<Vec<u8>, PkiError> {
    let critical = if critical { element(Tag::Boolean, &[0xff])? } else { Vec::new() };
    sequence(&[&oid(dotted)?, &critical, &octet_string(value)?])
}
