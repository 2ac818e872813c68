//! Which curve is this? Curves are known, named or recognised; parameters from outside are never computed with.
//!
//! Doc 9303-12 §4.1.6.3 wants explicit parameters in certificates. Computing with them is CVE-2020-0601: whoever
//! chooses the generator chooses a private key for any public key. So they are compared with the known curves,
//! number by number, and then forgotten.

use crate::PkiError;
use crate::asn1::Element;
use der::asn1::ObjectIdentifier;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use std::sync::LazyLock;

const PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");

/// A curve of Doc 9303-12 §4.4.2 with its domain parameters as big-endian numbers without leading zeros.
pub(crate) struct Curve {
    oid: ObjectIdentifier,
    pub(crate) group: EcGroup,
    /// Which curve it is to AWS-LC, if it knows it.
    pub(crate) nist: Option<NistCurve>,
    /// Octets of a coordinate.
    pub(crate) field_size: usize,
    /// Octets of the order, and so of `r` and of `s`.
    pub(crate) order_size: usize,
    prime: Vec<u8>,
    a: Vec<u8>,
    b: Vec<u8>,
    generator: Vec<u8>,
    order: Vec<u8>,
    cofactor: Vec<u8>,
}

/// The curves that AWS-LC computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NistCurve {
    P256,
    P384,
    P521,
}

/// At least 224 bits (Doc 9303-12 §4.4.2), and known to OpenSSL.
static CURVES: LazyLock<Vec<Curve>> = LazyLock::new(|| {
    [
        (Nid::SECP224R1, "1.3.132.0.33"),
        (Nid::X9_62_PRIME256V1, "1.2.840.10045.3.1.7"),
        (Nid::SECP384R1, "1.3.132.0.34"),
        (Nid::SECP521R1, "1.3.132.0.35"),
        (Nid::BRAINPOOL_P224R1, "1.3.36.3.3.2.8.1.1.5"),
        (Nid::BRAINPOOL_P224T1, "1.3.36.3.3.2.8.1.1.6"),
        (Nid::BRAINPOOL_P256R1, "1.3.36.3.3.2.8.1.1.7"),
        (Nid::BRAINPOOL_P256T1, "1.3.36.3.3.2.8.1.1.8"),
        (Nid::BRAINPOOL_P320R1, "1.3.36.3.3.2.8.1.1.9"),
        (Nid::BRAINPOOL_P320T1, "1.3.36.3.3.2.8.1.1.10"),
        (Nid::BRAINPOOL_P384R1, "1.3.36.3.3.2.8.1.1.11"),
        (Nid::BRAINPOOL_P384T1, "1.3.36.3.3.2.8.1.1.12"),
        (Nid::BRAINPOOL_P512R1, "1.3.36.3.3.2.8.1.1.13"),
        (Nid::BRAINPOOL_P512T1, "1.3.36.3.3.2.8.1.1.14"),
    ]
    .into_iter()
    .filter_map(|(nid, oid)| known(nid, oid).ok())
    .collect()
});

impl Curve {
    pub(crate) fn oid(&self) -> ObjectIdentifier {
        self.oid
    }
}

impl Curve {
    /// The base point, uncompressed.
    pub(crate) fn generator(&self) -> &[u8] {
        &self.generator
    }
}

fn known(nid: Nid, oid: &str) -> Result<Curve, ErrorStack> {
    let group = EcGroup::from_curve_name(nid)?;
    let mut context = BigNumContext::new()?;
    let (mut prime, mut a, mut b) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
    group.components_gfp(&mut prime, &mut a, &mut b, &mut context)?;
    let (mut order, mut cofactor) = (BigNum::new()?, BigNum::new()?);
    group.order(&mut order, &mut context)?;
    group.cofactor(&mut cofactor, &mut context)?;
    let generator = group.generator_opt().ok_or_else(ErrorStack::get)?;
    let generator = generator.to_bytes(&group, PointConversionForm::UNCOMPRESSED, &mut context)?;
    let nist = match nid {
        Nid::X9_62_PRIME256V1 => Some(NistCurve::P256),
        Nid::SECP384R1 => Some(NistCurve::P384),
        Nid::SECP521R1 => Some(NistCurve::P521),
        _ => None,
    };
    Ok(Curve {
        nist,
        oid: ObjectIdentifier::new(oid).map_err(|_| ErrorStack::get())?,
        field_size: prime.to_vec().len(),
        order_size: order.to_vec().len(),
        prime: prime.to_vec(),
        a: a.to_vec(),
        b: b.to_vec(),
        order: order.to_vec(),
        cofactor: cofactor.to_vec(),
        generator,
        group,
    })
}

/// The curve that the parameters of an `id-ecPublicKey` mean: an OID, or explicit ECParameters (RFC 3279 §2.3.5).
pub(crate) fn from_parameters(parameters: &[u8]) -> Result<&'static Curve, PkiError> {
    let element = Element::only(parameters, "EC parameters")?;
    if let Ok(oid) = element.oid() {
        return CURVES.iter().find(|curve| curve.oid == oid).ok_or(PkiError::Unsupported("curve"));
    }
    let mut fields = element.sequence()?;
    if !(1..=3).contains(&fields.next()?.small()?) {
        return Err(PkiError::Malformed("EC parameters"));
    }
    let mut field = fields.next()?.sequence()?;
    if field.next()?.oid()? != PRIME_FIELD {
        return Err(PkiError::Unsupported("curve over a binary field"));
    }
    let prime = field.next()?.positive()?;
    field.end()?;
    let mut equation = fields.next()?.sequence()?;
    let (a, b) = (equation.next()?.octet_string()?, equation.next()?.octet_string()?);
    let generator = fields.next()?.octet_string()?;
    let order = fields.next()?.positive()?;
    // A seed after `b` and a hash after the cofactor say where the numbers came from, and change nothing.
    let cofactor = fields.optional(der::Tag::Integer)?.map(|cofactor| cofactor.positive()).transpose()?;
    CURVES
        .iter()
        .find(|curve| {
            curve.prime == prime
                && curve.a == without_zeros(a)
                && curve.b == without_zeros(b)
                && curve.generator == generator
                && curve.order == order
                && cofactor.is_none_or(|cofactor| curve.cofactor == cofactor)
        })
        .ok_or(PkiError::Unsupported("curve"))
}

/// The curve of this number in Doc 9303-11 §9.5.1. 8 and 9 are the curves of 192 bits, which are not spoken.
pub(crate) fn standardised(number: u8) -> Option<&'static Curve> {
    let oid = match number {
        10 => "1.3.132.0.33",
        11 => "1.3.36.3.3.2.8.1.1.5",
        12 => "1.2.840.10045.3.1.7",
        13 => "1.3.36.3.3.2.8.1.1.7",
        14 => "1.3.36.3.3.2.8.1.1.9",
        15 => "1.3.132.0.34",
        16 => "1.3.36.3.3.2.8.1.1.11",
        17 => "1.3.36.3.3.2.8.1.1.13",
        18 => "1.3.132.0.35",
        _ => return None,
    };
    CURVES.iter().find(|curve| Ok(curve.oid) == ObjectIdentifier::new(oid))
}

fn without_zeros(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::PublicKey;
    use openssl::ec::{Asn1Flag, EcKey};
    use openssl::pkey::PKey;

    /// A key over `curve` whose SubjectPublicKeyInfo spells the parameters out, as OpenSSL writes them.
    fn explicit(curve: &Curve) -> Vec<u8> {
        let mut group = EcGroup::from_curve_name(curve.group.curve_name().unwrap()).unwrap();
        group.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
        PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap().public_key_to_der().unwrap()
    }

    #[test]
    fn openssl_knows_all_fourteen() {
        assert_eq!(CURVES.len(), 14);
    }

    #[test]
    fn explicit_parameters_are_recognised_and_never_almost() {
        for curve in CURVES.iter() {
            let spki = explicit(curve);
            match PublicKey::from_der(&spki).unwrap() {
                PublicKey::Ec(key) => assert_eq!(key.curve.oid, curve.oid),
                PublicKey::Rsa(_) => panic!("an EC key was read as RSA"),
            }
            let parameters = parameters_of(&spki);
            assert_eq!(from_parameters(parameters).unwrap().oid, curve.oid);
            for generator_octet in find(parameters, &curve.generator) {
                let mut forged = parameters.to_vec();
                forged[generator_octet] ^= 1;
                assert!(from_parameters(&forged).is_err(), "{}: a generator of somebody's choice", curve.oid);
            }
        }
    }

    #[test]
    fn curves_without_the_strength_are_unknown() {
        for weak in [Nid::X9_62_PRIME192V1, Nid::BRAINPOOL_P192R1, Nid::SECP160R1] {
            let mut group = EcGroup::from_curve_name(weak).unwrap();
            for flag in [Asn1Flag::NAMED_CURVE, Asn1Flag::EXPLICIT_CURVE] {
                group.set_asn1_flag(flag);
                let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
                let read = PublicKey::from_der(&key.public_key_to_der().unwrap());
                assert_eq!(read.err(), Some(PkiError::Unsupported("curve")));
            }
        }
    }

    fn parameters_of(spki: &[u8]) -> &[u8] {
        let mut fields = Element::only(spki, "test").unwrap().sequence().unwrap();
        let mut algorithm = fields.next().unwrap().sequence().unwrap();
        algorithm.next().unwrap();
        algorithm.next().unwrap().whole
    }

    fn find(within: &[u8], wanted: &[u8]) -> std::ops::Range<usize> {
        let start = within.windows(wanted.len()).position(|window| window == wanted).unwrap();
        start..start + wanted.len()
    }
}
