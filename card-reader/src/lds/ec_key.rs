//! Is this SubjectPublicKeyInfo a point on our curve, named or written out? (RFC 5480 §2, 9303-12 §4.1.6.3)

use crate::crypto::CurvePoint;
use crate::tlv::{self, TlvError, TlvReader};

const SEQUENCE: u32 = 0x30;
const INTEGER: u32 = 0x02;
const BIT_STRING: u32 = 0x03;
const OCTET_STRING: u32 = 0x04;
const OBJECT_IDENTIFIER: u32 = 0x06;

/// 1.2.840.10045.2.1
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.2.840.10045.1.1
const PRIME_FIELD: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01, 0x01];

/// p, a, b, G and n of P-256 (SEC 2 §2.4.2), as hexadecimal digits.
const FIELD: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
const A: &str = "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc";
const B: &str = "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b";
const GENERATOR: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                         4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// Reads a key on P-256. `Ok(None)` is a well-formed key of another kind.
///
/// Parameters written out must be those of P-256 to the last byte: a curve that a card brings along is never computed with (CVE-2020-0601).
///
/// # Errors
/// No SubjectPublicKeyInfo.
pub fn p256_key(spki: &[u8]) -> Result<Option<CurvePoint>, TlvError> {
    let mut reader = TlvReader::new(spki);
    let mut key = reader.expect(SEQUENCE)?.children();
    reader.finish()?;
    let mut algorithm = key.expect(SEQUENCE)?.children();
    let bits = key.expect(BIT_STRING)?;
    if algorithm.expect(OBJECT_IDENTIFIER)?.value != EC_PUBLIC_KEY {
        return Ok(None);
    }
    let ours = match algorithm.next_object()? {
        Some(name) if name.tag == OBJECT_IDENTIFIER => name.value == P256,
        Some(parameters) if parameters.tag == SEQUENCE => written_out(parameters.children()).unwrap_or(false),
        _ => false,
    };
    let point = bits.value.strip_prefix(&[0]).and_then(CurvePoint::parse);
    Ok(point.filter(|_| ours))
}

/// ECParameters of X9.62: { version, { prime-field, p }, { a, b, seed? }, G, n, h? }.
fn written_out(mut parameters: TlvReader<'_>) -> Result<bool, TlvError> {
    parameters.expect(INTEGER)?;
    let mut field = parameters.expect(SEQUENCE)?.children();
    let prime_field = field.expect(OBJECT_IDENTIFIER)?.value == PRIME_FIELD;
    let p = field.expect(INTEGER)?.value;
    let mut curve = parameters.expect(SEQUENCE)?.children();
    let a = curve.expect(OCTET_STRING)?.value;
    let b = curve.expect(OCTET_STRING)?.value;
    let generator = parameters.expect(OCTET_STRING)?.value;
    let order = parameters.expect(INTEGER)?.value;
    let cofactor = parameters.next_object()?.is_none_or(|cofactor| cofactor.value == [1]);
    let same = [(p, FIELD), (a, A), (b, B), (generator, GENERATOR), (order, ORDER)];
    Ok(prime_field && cofactor && same.into_iter().all(|(bytes, digits)| is(bytes, digits)))
}

/// Are these the bytes that the digits spell, but for the zero byte that keeps an INTEGER positive?
fn is(bytes: &[u8], digits: &str) -> bool {
    let bytes = bytes.strip_prefix(&[0]).unwrap_or(bytes);
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    nibbles.eq(digits.bytes().filter_map(|digit| u8::try_from(char::from(digit).to_digit(16)?).ok()))
}

/// A key on P-256 as SubjectPublicKeyInfo, the curve named.
#[must_use]
pub fn encode_p256_key(point: CurvePoint) -> Vec<u8> {
    let algorithm = tlv::encode_all(
        SEQUENCE,
        &[&tlv::encode(OBJECT_IDENTIFIER, EC_PUBLIC_KEY), &tlv::encode(OBJECT_IDENTIFIER, P256)],
    );
    tlv::encode_all(SEQUENCE, &[&algorithm, &tlv::encode_all(BIT_STRING, &[&[0], &point.to_bytes()])])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written_out_key(order: &str) -> Vec<u8> {
        let integer = |digits: &str| tlv::encode_all(INTEGER, &[&[0], &hex::decode(digits).unwrap()]);
        let octets = |digits: &str| tlv::encode(OCTET_STRING, &hex::decode(digits).unwrap());
        let field =
            tlv::encode_all(SEQUENCE, &[&tlv::encode(OBJECT_IDENTIFIER, PRIME_FIELD), &integer(FIELD)]);
        let curve = tlv::encode_all(SEQUENCE, &[&octets(A), &octets(B)]);
        let one = tlv::encode(INTEGER, &[1]);
        let parameters =
            tlv::encode_all(SEQUENCE, &[&one, &field, &curve, &octets(GENERATOR), &integer(order), &one]);
        let algorithm =
            tlv::encode_all(SEQUENCE, &[&tlv::encode(OBJECT_IDENTIFIER, EC_PUBLIC_KEY), &parameters]);
        let point = CurvePoint::generator().unwrap().to_bytes();
        tlv::encode_all(SEQUENCE, &[&algorithm, &tlv::encode_all(BIT_STRING, &[&[0], &point])])
    }

    #[test]
    fn named_and_written_out_are_the_same_curve() {
        let generator = CurvePoint::generator().unwrap();
        assert_eq!(p256_key(&encode_p256_key(generator)), Ok(Some(generator)));
        assert_eq!(p256_key(&written_out_key(ORDER)), Ok(Some(generator)));
    }

    #[test]
    fn one_other_parameter_is_another_curve() {
        let other = ORDER.replace("632551", "632553");
        assert_eq!(p256_key(&written_out_key(&other)), Ok(None));
    }

    #[test]
    fn no_key_is_an_error() {
        assert!(p256_key(&[]).is_err());
        assert!(p256_key(&[0x30, 0x00]).is_err());
    }
}
