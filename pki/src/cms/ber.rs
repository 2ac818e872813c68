//! What is this indefinite-length encoding in DER? Some states write their CMS envelope in BER (RFC 5652 §1.1).
//!
//! Only two freedoms of BER are undone: indefinite lengths, and OCTET STRINGs in pieces. Lengths that are definite
//! must be minimal already, and none is longer than 16 MiB. The octets inside an OCTET STRING are not touched, so what was hashed stays what it was.

use crate::{PkiError, limits};

const MALFORMED: PkiError = PkiError::Malformed("signed data in BER");
const CONSTRUCTED: u8 = 0x20;
const OCTET_STRING: u8 = 0x04;
const INDEFINITE: u8 = 0x80;

/// The same element with definite lengths. Nothing may follow it.
pub(crate) fn to_der(ber: &[u8]) -> Result<Vec<u8>, PkiError> {
    let mut output = Vec::with_capacity(ber.len());
    match element(ber, &mut output, 0)? {
        [] => Ok(output),
        _ => Err(MALFORMED),
    }
}

/// Rewrites the first element of `input` and returns what follows it.
fn element<'a>(input: &'a [u8], output: &mut Vec<u8>, depth: usize) -> Result<&'a [u8], PkiError> {
    if depth > limits::BER_DEPTH {
        return Err(PkiError::TooLarge);
    }
    let (tag, after_tag) = input.split_first().ok_or(MALFORMED)?;
    if tag & 0x1f == 0x1f || *tag == 0 {
        return Err(MALFORMED);
    }
    let (length, body) = length(after_tag)?;
    if tag & CONSTRUCTED == 0 {
        let (contents, rest) = body.split_at_checked(length.ok_or(MALFORMED)?).ok_or(MALFORMED)?;
        write(*tag, contents, output)?;
        return Ok(rest);
    }
    let mut inner = Vec::new();
    let rest = match length {
        Some(length) => {
            let (mut contents, rest) = body.split_at_checked(length).ok_or(MALFORMED)?;
            while !contents.is_empty() {
                contents = element(contents, &mut inner, depth + 1)?;
            }
            rest
        }
        None => {
            let mut contents = body;
            loop {
                match contents {
                    [0, 0, rest @ ..] => break rest,
                    _ => contents = element(contents, &mut inner, depth + 1)?,
                }
            }
        }
    };
    if *tag == OCTET_STRING | CONSTRUCTED {
        write(OCTET_STRING, &joined(&inner)?, output)?;
    } else {
        write(*tag, &inner, output)?;
    }
    Ok(rest)
}

/// The pieces of a constructed OCTET STRING, each already primitive and definite.
fn joined(mut pieces: &[u8]) -> Result<Vec<u8>, PkiError> {
    let mut whole = Vec::with_capacity(pieces.len());
    while let Some((tag, after_tag)) = pieces.split_first() {
        let (length, body) = length(after_tag)?;
        let (contents, rest) = body.split_at_checked(length.ok_or(MALFORMED)?).ok_or(MALFORMED)?;
        if *tag != OCTET_STRING {
            return Err(MALFORMED);
        }
        whole.extend_from_slice(contents);
        pieces = rest;
    }
    Ok(whole)
}

/// The length, `None` if indefinite, and what follows it.
fn length(input: &[u8]) -> Result<(Option<usize>, &[u8]), PkiError> {
    match input {
        [INDEFINITE, rest @ ..] => Ok((None, rest)),
        [short, rest @ ..] if *short < 0x80 => Ok((Some(usize::from(*short)), rest)),
        [0x81, length, rest @ ..] if *length >= 0x80 => Ok((Some(usize::from(*length)), rest)),
        [0x82, high, low, rest @ ..] if *high != 0 => {
            Ok((Some(usize::from(u16::from_be_bytes([*high, *low]))), rest))
        }
        [0x83, high, middle, low, rest @ ..] if *high != 0 => {
            Ok((usize::try_from(u32::from_be_bytes([0, *high, *middle, *low])).ok(), rest))
        }
        _ => Err(MALFORMED),
    }
}

/// Writes one definite element.
fn write(tag: u8, contents: &[u8], output: &mut Vec<u8>) -> Result<(), PkiError> {
    let length = u32::try_from(contents.len()).map_err(|_| PkiError::TooLarge)?;
    let [highest, high, middle, low] = length.to_be_bytes();
    output.push(tag);
    match (highest, high, middle) {
        (0, 0, 0) if low < 0x80 => output.push(low),
        (0, 0, 0) => output.extend([0x81, low]),
        (0, 0, _) => output.extend([0x82, middle, low]),
        (0, _, _) => output.extend([0x83, high, middle, low]),
        _ => return Err(PkiError::TooLarge),
    }
    output.extend_from_slice(contents);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indefinite_lengths_and_pieces_become_definite_and_whole() {
        // SEQUENCE (indefinite) { [0] (indefinite) { OCTET STRING in two pieces }, INTEGER 5 }
        let ber = b"\x30\x80\xa0\x80\x24\x80\x04\x01a\x04\x02bc\0\0\0\0\x02\x01\x05\0\0";
        assert_eq!(to_der(ber).unwrap(), b"\x30\x0a\xa0\x05\x04\x03abc\x02\x01\x05");
    }

    #[test]
    fn der_stays_as_it_is() {
        let long = [&[0x30, 0x82, 0x01, 0x04, 0x04, 0x82, 0x01, 0x00][..], &[7; 256]].concat();
        let middle = [&[0x30, 0x81, 0x83, 0x04, 0x81, 0x80][..], &[7; 128]].concat();
        for der in [long, middle, vec![0x30, 0x00]] {
            assert_eq!(to_der(&der).unwrap(), der);
        }
    }

    #[test]
    fn other_freedoms_are_refused() {
        let cases: [&[u8]; 8] = [
            b"",
            b"\x04\x80abc\0\0",
            b"\x30\x81\x02\x05\x00",
            b"\x30\x82\x00\x02\x05\x00",
            b"\x30\x80\x02\x01\x05",
            b"\x30\x80\x02\x01\x05\0",
            b"\x24\x80\x02\x01\x05\0\0",
            b"\x3f\x81\x01\x00",
        ];
        for case in cases {
            assert_eq!(to_der(case), Err(MALFORMED), "{case:02x?}");
        }
        assert_eq!(to_der(&[0x30, 0x80].repeat(10_000)), Err(PkiError::TooLarge));
    }
}
