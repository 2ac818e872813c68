//! In which ways is this certificate unlike the profile? Looks at the form only; nothing here refuses.

use super::Deviation::{self, *};
use super::EntryKind;
use super::key::curve_name;
use crate::asn1::Element;
use crate::key::PublicKey;
use crate::signature::SignatureAlgorithm;
use crate::{DigestAlgorithm, UntrustedCertificate, limits};
use der::{Tag, Tagged};
use std::collections::BTreeSet;
use time::OffsetDateTime;
use x509_cert::name::Name;
use x509_cert::time::Time;

const COUNTRY: &str = "2.5.4.6";
const SERIAL_NUMBER: &str = "2.5.4.5";
const EMAIL: &str = "1.2.840.113549.1.9.1";
const DOMAIN_COMPONENT: &str = "0.9.2342.19200300.100.1.25";
const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const KEY_USAGE: &str = "2.5.29.15";

/// The usual exponent, 65,537.
const F4: [u8; 3] = [1, 0, 1];

pub(super) fn deviations(
    certificate: &UntrustedCertificate,
    kind: EntryKind,
    at: OffsetDateTime,
) -> BTreeSet<Deviation> {
    let mut found = BTreeSet::new();
    let mut note = |odd: bool, deviation| {
        if odd {
            found.insert(deviation);
        }
    };
    note(certificate.not_after() < at, ExpiredButNeeded);
    note(certificate.not_before() > at, NotYetValid);
    serial(certificate.serial(), &mut note);
    name_of(certificate.subject(), &mut note);
    name_of(certificate.issuer(), &mut note);
    let validity = certificate.fields().validity();
    let early = |time: &Time| matches!(time, Time::GeneralTime(time) if time.to_date_time().year() < 2050);
    note(early(&validity.not_before) || early(&validity.not_after), WrongTimeType);
    algorithms(certificate, &mut note);
    identifiers(certificate, kind, &mut note);
    if kind.is_csca() {
        authority(certificate, &mut note);
    }
    found
}

/// RFC 5280 §4.1.2.2: positive, at most 20 octets.
fn serial(octets: &[u8], note: &mut impl FnMut(bool, Deviation)) {
    let significant = octets.iter().skip_while(|octet| **octet == 0).count();
    note(octets.first().is_some_and(|first| first & 0x80 != 0), NegativeSerial);
    note(significant > limits::SERIAL, OverLongSerial);
    note(significant == 0, ZeroSerial);
}

/// Doc 9303-12 §7.1 table 6: country and serialNumber as PrintableString, the others as that or UTF8String.
fn name_of(name: &Name, note: &mut impl FnMut(bool, Deviation)) {
    for attribute in name.iter() {
        let (tag, value) = (attribute.value.tag(), attribute.value.value());
        let printable = tag == Tag::PrintableString && value.iter().all(|octet| is_printable(*octet));
        let utf8 = tag == Tag::Utf8String && std::str::from_utf8(value).is_ok();
        let fits = match attribute.oid.to_string().as_str() {
            COUNTRY | SERIAL_NUMBER => printable,
            EMAIL | DOMAIN_COMPONENT => tag == Tag::Ia5String && value.is_ascii(),
            _ => printable || utf8,
        };
        note(!fits, WrongStringType);
        if attribute.oid.to_string() == COUNTRY {
            note(value.iter().any(u8::is_ascii_lowercase), LowerCaseCountry);
            note(value.len() != 2, CountryNotTwoLetters);
        }
    }
}

/// X.680 §41.4.
fn is_printable(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&octet)
}

fn algorithms(certificate: &UntrustedCertificate, note: &mut impl FnMut(bool, Deviation)) {
    match certificate.public_key() {
        Ok(PublicKey::Rsa(key)) => {
            note(key.bits >= 4_096, Rsa4096);
            note(key.key.rsa().is_ok_and(|rsa| rsa.e().to_vec() != F4), UnusualRsaExponent);
        }
        Ok(PublicKey::Ec(key)) => {
            note(curve_name(key.curve.oid()).starts_with("brainpool"), BrainpoolCurve);
            let parameters = certificate.public_key_info().algorithm.parameters.as_ref();
            note(parameters.is_some_and(|any| any.tag() == Tag::Sequence), ExplicitEcParameters);
        }
        Err(_) => {}
    }
    let algorithm = certificate.signature_algorithm();
    note(matches!(algorithm, Ok(SignatureAlgorithm::RsaPss(_))), RsaPss);
    note(algorithm.is_ok_and(|algorithm| algorithm.digest() == DigestAlgorithm::Sha1), Sha1Signature);
}

fn identifiers(certificate: &UntrustedCertificate, kind: EntryKind, note: &mut impl FnMut(bool, Deviation)) {
    let (subject, authority) = (certificate.subject_key_identifier(), certificate.authority_key_identifier());
    note(subject.is_none() && kind.is_csca(), NoSubjectKeyIdentifier);
    note(authority.is_none() && kind != EntryKind::SelfSigned, NoAuthorityKeyIdentifier);
    let another =
        kind == EntryKind::SelfSigned && authority.is_some() && subject.is_some() && authority != subject;
    note(another, AuthorityKeyNamesAnother);
}

/// Doc 9303-12 §7.1 table 5: basic constraints critical with path length 0, key usage critical with keyCertSign and
/// cRLSign alone, no extended key usage.
fn authority(certificate: &UntrustedCertificate, note: &mut impl FnMut(bool, Deviation)) {
    let extensions = certificate.fields().extensions().map_or(&[][..], Vec::as_slice);
    let find = |oid: &str| extensions.iter().find(|extension| extension.extn_id.to_string() == oid);
    match find(BASIC_CONSTRAINTS) {
        None => note(true, BasicConstraintsAbsent),
        Some(extension) => {
            note(!extension.critical, BasicConstraintsNotCritical);
            let (flag, length) = constraints(extension.extn_value.as_bytes()).unwrap_or_default();
            note(flag != [0xff], NotDer);
            note(length.is_none(), PathLengthAbsent);
            note(length.is_some_and(|length| length != [0]), PathLengthAboveZero);
        }
    }
    match find(KEY_USAGE) {
        None => note(true, KeyUsageAbsent),
        Some(extension) => {
            note(!extension.critical, KeyUsageNotCritical);
            // BIT STRING: tag, length, unused bits, bits. DER leaves trailing zero bits out (X.690 §11.2.2).
            if let [_, _, unused, bits @ ..] = extension.extn_value.as_bytes() {
                let last = bits.last().copied().unwrap_or_default();
                note(last.trailing_zeros() != u32::from(*unused), NotDer);
                let first = bits.first().copied().unwrap_or_default();
                note(first & 0x02 == 0, KeyUsageNoCrlSign);
                note(first & !0x06 != 0 || bits.get(1).is_some_and(|octet| *octet != 0), KeyUsageExtraBits);
            }
        }
    }
    note(certificate.extensions().extended_key_usage, ExtendedKeyUsage);
}

/// The contents octets of `cA` and of pathLenConstraint.
fn constraints(value: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let mut fields = Element::only(value, "basic constraints").ok()?.sequence().ok()?;
    let flag = fields.optional(Tag::Boolean).ok()??;
    let length = fields.optional(Tag::Integer).ok()?;
    Some((flag.contents(), length.map(|length| length.contents())))
}
