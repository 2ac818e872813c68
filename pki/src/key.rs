//! Which public key is this, and is it fit to be computed with?

use crate::asn1::Element;
use crate::curve::{self, Curve};
use crate::signature::PssParameters;
use crate::{PkiError, limits};
use der::Encode;
use der::asn1::ObjectIdentifier;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcKey, EcPoint};
use openssl::pkey::{PKey, Public};
use openssl::rsa::Rsa;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
pub(crate) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// A public key ready for signature arithmetic.
#[derive(Clone)]
pub(crate) enum PublicKey {
    Rsa(RsaKey),
    Ec(EcPublicKey),
}

#[derive(Clone)]
pub(crate) struct RsaKey {
    pub(crate) key: PKey<Public>,
    /// RSAPublicKey (RFC 8017 appendix A.1.1) in DER.
    octets: Vec<u8>,
    pub(crate) bits: u32,
    /// Octets of the public exponent.
    pub(crate) exponent_size: usize,
    /// What a key of OID id-RSASSA-PSS may be used with (RFC 4055 §1.2).
    pub(crate) only: RsaUse,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RsaUse {
    Any,
    Pss,
    PssWith(PssParameters),
}

#[derive(Clone)]
pub(crate) struct EcPublicKey {
    pub(crate) key: EcKey<Public>,
    /// The point as it was sent.
    octets: Vec<u8>,
    pub(crate) curve: &'static Curve,
}

impl RsaKey {
    /// Octets of the modulus, and so of a signature.
    pub(crate) fn size(&self) -> usize {
        self.key.size()
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }
}

impl EcPublicKey {
    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }
}

impl PublicKey {
    pub(crate) fn from_der(spki: &[u8]) -> Result<Self, PkiError> {
        let info = der::Decode::from_der(spki).map_err(|_| PkiError::Malformed("public key"))?;
        Self::from_spki(&info)
    }

    pub(crate) fn from_spki(spki: &SubjectPublicKeyInfoOwned) -> Result<Self, PkiError> {
        let malformed = PkiError::Malformed("public key");
        let parameters = spki.algorithm.parameters.as_ref();
        let octets = spki.subject_public_key.as_bytes().ok_or(malformed)?;
        let oid = spki.algorithm.oid;
        if oid == EC_PUBLIC_KEY {
            let parameters = parameters.ok_or(malformed)?.to_der().map_err(|_| malformed)?;
            ec(curve::from_parameters(&parameters)?, octets).map(PublicKey::Ec)
        } else if oid == RSA_ENCRYPTION {
            rsa(octets, RsaUse::Any)
        } else if oid == RSASSA_PSS {
            let only = match parameters {
                None => RsaUse::Pss,
                Some(any) => {
                    let octets = any.to_der().map_err(|_| malformed)?;
                    RsaUse::PssWith(PssParameters::from_der(&octets)?)
                }
            };
            rsa(octets, only)
        } else {
            Err(PkiError::Unsupported("public key algorithm"))
        }
    }

    /// Long enough for a signature that somebody will rely on for ten years (Doc 9303-12 §4.4).
    pub(crate) fn strong_enough(&self) -> Result<(), PkiError> {
        match self {
            Self::Rsa(key) if key.bits < limits::RSA_BITS_TRUSTED => Err(PkiError::BadKey),
            Self::Rsa(_) | Self::Ec(_) => Ok(()),
        }
    }
}

fn rsa(octets: &[u8], only: RsaUse) -> Result<PublicKey, PkiError> {
    let mut numbers = Element::only(octets, "RSA public key")?.sequence()?;
    let (modulus, exponent) = (numbers.next()?.positive()?, numbers.next()?.positive()?);
    numbers.end()?;
    if exponent.len() > limits::RSA_EXPONENT || modulus.len() > limits::RSA_BITS_MAX as usize / 8 {
        return Err(PkiError::TooLarge);
    }
    let odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
    if !odd(modulus) || !odd(exponent) || exponent == [1] {
        return Err(PkiError::BadKey);
    }
    let build = || {
        let (n, e) = (BigNum::from_slice(modulus)?, BigNum::from_slice(exponent)?);
        PKey::from_rsa(Rsa::from_public_components(n, e)?)
    };
    let key: PKey<Public> = build().map_err(|_| PkiError::BadKey)?;
    let bits = key.bits();
    if bits < limits::RSA_BITS_MIN {
        return Err(PkiError::BadKey);
    }
    let exponent_size = exponent.len();
    Ok(PublicKey::Rsa(RsaKey { key, octets: octets.to_vec(), bits, exponent_size, only }))
}

/// OpenSSL refuses a point off the curve; the curves here have cofactor 1, so any other point but infinity will do.
pub(crate) fn ec(curve: &'static Curve, octets: &[u8]) -> Result<EcPublicKey, PkiError> {
    let expected = match octets.first() {
        Some(0x04) => 1 + 2 * curve.field_size,
        Some(0x02 | 0x03) => 1 + curve.field_size,
        _ => return Err(PkiError::BadKey),
    };
    if octets.len() != expected {
        return Err(PkiError::BadKey);
    }
    let build = || {
        let mut context = BigNumContext::new()?;
        let point = EcPoint::from_bytes(&curve.group, octets, &mut context)?;
        EcKey::from_public_key(&curve.group, &point)
    };
    let key = build().map_err(|_| PkiError::BadKey)?;
    Ok(EcPublicKey { key, octets: octets.to_vec(), curve })
}
