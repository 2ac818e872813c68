//! What kind of file is this? DER, PEM or LDIF, told by its first octets; its objects, one after the other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki::csca::Refusal;

/// Octets that are looked at to tell.
pub(super) const LOOKED_AT: usize = 64 * 1024;

/// The form of a file (forme du fichier).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Der,
    Pem,
    Ldif,
    Unknown,
}

/// What a DER object is, by its first inner tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Object {
    /// SEQUENCE { OBJECT IDENTIFIER …: a ContentInfo.
    SignedData(Vec<u8>),
    /// Anything else that is to be read as certificate or revocation list.
    Paper(Vec<u8>),
    /// Not even that.
    Damaged(Refusal),
}

pub(super) fn form(beginning: &[u8]) -> Form {
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning).trim_ascii_start();
    if beginning.first() == Some(&0x30) {
        return Form::Der;
    }
    if beginning.windows(11).any(|window| window == b"-----BEGIN ") {
        return Form::Pem;
    }
    let begins = |word: &[u8]| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    let named = begins(b"version:") || begins(b"dn:") || begins(b"#");
    if named { Form::Ldif } else { Form::Unknown }
}

/// The DER objects that follow each other in a file.
pub(super) fn der_objects(mut bytes: &[u8]) -> Vec<Object> {
    let mut objects = Vec::new();
    while !bytes.is_empty() {
        match length(bytes).and_then(|length| bytes.split_at_checked(length)) {
            Some((object, rest)) => {
                objects.push(sorted(object.to_vec()));
                bytes = rest;
            }
            // A master list may be BER, whose end only its reader finds; what else does not end is damaged.
            None if objects.is_empty() => {
                objects.push(sorted(bytes.to_vec()));
                break;
            }
            None => {
                objects.push(Object::Damaged(Refusal::MalformedCertificate));
                break;
            }
        }
    }
    objects
}

/// The objects of a PEM file; text between them is passed over (RFC 7468 §2).
pub(super) fn pem_objects(text: &[u8]) -> Vec<Object> {
    let mut objects = Vec::new();
    let mut open: Option<Vec<u8>> = None;
    for line in text.split(|octet| *octet == b'\n') {
        let line = line.trim_ascii();
        if line.starts_with(b"-----BEGIN ") {
            if open.is_some() {
                objects.push(Object::Damaged(Refusal::MalformedCertificate));
            }
            open = Some(Vec::new());
        } else if line.starts_with(b"-----END ") {
            if let Some(base64) = open.take() {
                objects.push(match STANDARD.decode(&base64) {
                    Ok(der) if !der.is_empty() => sorted(der),
                    _ => Object::Damaged(Refusal::MalformedCertificate),
                });
            }
        } else if let Some(base64) = &mut open {
            base64.extend_from_slice(line);
        }
    }
    if open.is_some() {
        objects.push(Object::Damaged(Refusal::MalformedCertificate));
    }
    objects
}

fn sorted(object: Vec<u8>) -> Object {
    let inner = match object.get(1) {
        Some(0..=0x80) => 2,
        Some(long) => 2 + usize::from(long & 0x7f),
        None => 2,
    };
    match object.get(inner) {
        Some(0x06) => Object::SignedData(object),
        _ => Object::Paper(object),
    }
}

/// Octets of the first DER element, if its length is definite.
fn length(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        short @ 0..=0x7f => Some(2 + usize::from(*short)),
        0x80 => None,
        long => {
            let octets = usize::from(long & 0x7f);
            let digits = bytes.get(2..2 + octets).filter(|_| octets <= 4)?;
            let contents = digits.iter().fold(0usize, |length, octet| length << 8 | usize::from(*octet));
            contents.checked_add(2 + octets)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_its_beginning() {
        for (beginning, form_of_it) in [
            (&b"\x30\x82\x01\x00"[..], Form::Der),
            (b"Certificate:\n  Data\n-----BEGIN CERTIFICATE-----", Form::Pem),
            (b"version: 1\ndn: c=MA", Form::Ldif),
            (b"\xef\xbb\xbf\n# comment", Form::Ldif),
            (b"DN: c=MA", Form::Ldif),
            (b"", Form::Unknown),
            (b"\0\0\0\0", Form::Unknown),
            (b"<html>", Form::Unknown),
        ] {
            assert_eq!(form(beginning), form_of_it, "{beginning:?}");
        }
    }

    #[test]
    fn several_objects_in_one_file_are_taken_apart_and_damage_is_said() {
        let der = b"\x30\x02\x05\x00\x30\x03\x06\x01\x01\x30\x09\x05";
        let expected = [
            Object::Paper(b"\x30\x02\x05\x00".to_vec()),
            Object::SignedData(b"\x30\x03\x06\x01\x01".to_vec()),
            Object::Damaged(Refusal::MalformedCertificate),
        ];
        assert_eq!(der_objects(der), expected);
        let pem = b"text\n-----BEGIN CERTIFICATE-----\nMAIFAA==\n-----END CERTIFICATE-----\r\n-----BEGIN X-----\n!!\n-----END X-----\n-----BEGIN Y-----\n";
        let damaged = || Object::Damaged(Refusal::MalformedCertificate);
        assert_eq!(pem_objects(pem), [Object::Paper(b"\x30\x02\x05\x00".to_vec()), damaged(), damaged()]);
    }
}
