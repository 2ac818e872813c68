//! Can the chip agree on keys with the private key that the state vouches for? Chip Authentication (Doc 9303-11 §6.2).
//!
//! The gateway makes an ephemeral key over the chip's own curve or group. Whoever reaches the same secret holds the chip's
//! private key. What a forged key could gain here is a secret that others reach too, so keys off the curve, of small
//! order or over parameters that nobody knows are refused before anything is computed with them.

mod dh;
mod ec;

use crate::asn1::Element;
use crate::key::{EC_PUBLIC_KEY, EcPublicKey};
use crate::{PkiError, curve, key};
use der::Tag;
use der::asn1::ObjectIdentifier;
use dh::DhPublicKey;
use std::fmt;
use zeroize::Zeroizing;

#[cfg(feature = "issuing")]
pub(crate) use dh::{DhGroup, standardised as standardised_group};
#[cfg(test)]
pub(crate) use ec::agree_with as agree_over_curve;

/// standardizedDomainParameters of BSI TR-03110-3 §A.2.1.1: the parameters are a number of Doc 9303-11 §9.5.1.
pub(crate) const STANDARDISED: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.1.2");
/// dhpublicnumber, X9.42 parameters (RFC 3279 §2.3.3).
pub(crate) const DH_X942: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10046.2.1");
/// dhKeyAgreement, PKCS#3 parameters.
pub(crate) const DH_PKCS3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.3.1");
const WHAT: &str = "chip authentication key";

/// What the chip's key is for (famille d'accord de clés).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAgreement {
    /// Diffie-Hellman modulo a prime.
    Dh,
    /// Diffie-Hellman over a curve.
    Ecdh,
}

/// The public key of a ChipAuthenticationPublicKeyInfo, fit to agree with (clé publique d'authentification de puce).
///
/// Over a curve of Doc 9303-12 §4.4.2 (named, by number, or explicit parameters equal to a known curve), or over a group of
/// RFC 5114 or RFC 3526 (by number or explicit), or over another group whose primes and generator were checked.
#[derive(Clone)]
pub struct ChipAuthenticationKey(Kind);

#[derive(Clone)]
enum Kind {
    Ec(EcPublicKey),
    Dh(DhPublicKey),
}

/// One ephemeral key of ours, and what chip and gateway share by it (accord de clés). The private key is gone already.
pub struct Agreement {
    public: Vec<u8>,
    secret: Zeroizing<Vec<u8>>,
}

impl ChipAuthenticationKey {
    /// Reads the SubjectPublicKeyInfo inside a ChipAuthenticationPublicKeyInfo.
    ///
    /// A point off its curve, the identity, a number outside 2..p-2 or outside the subgroup is [`PkiError::BadKey`].
    pub fn from_spki(spki: &[u8]) -> Result<Self, PkiError> {
        let mut fields = Element::only(spki, WHAT)?.sequence()?;
        let mut algorithm = fields.next()?.sequence()?;
        let [0, octets @ ..] = fields.next()?.contents_of(Tag::BitString)? else {
            return Err(PkiError::Malformed(WHAT));
        };
        fields.end()?;
        let oid = algorithm.next()?.oid()?;
        let parameters = algorithm.next()?;
        algorithm.end()?;
        let kind = if oid == EC_PUBLIC_KEY {
            Kind::Ec(key::ec(curve::from_parameters(parameters.whole)?, octets)?)
        } else if oid == STANDARDISED {
            let number = parameters.small()?;
            match curve::standardised(number) {
                Some(curve) => Kind::Ec(key::ec(curve, octets)?),
                None => Kind::Dh(DhPublicKey::new(dh::standardised(number)?, octets)?),
            }
        } else if oid == DH_X942 {
            Kind::Dh(DhPublicKey::new(dh::x942(parameters)?, octets)?)
        } else if oid == DH_PKCS3 {
            Kind::Dh(DhPublicKey::new(dh::pkcs3(parameters)?, octets)?)
        } else {
            return Err(PkiError::Unsupported("chip authentication key algorithm"));
        };
        Ok(Self(kind))
    }

    /// Which protocols it goes with.
    #[must_use]
    pub fn agreement(&self) -> KeyAgreement {
        match self.0 {
            Kind::Ec(_) => KeyAgreement::Ecdh,
            Kind::Dh(_) => KeyAgreement::Dh,
        }
    }

    /// Makes an ephemeral key and agrees with the chip's, which the chip is to repeat.
    pub fn agree(&self) -> Result<Agreement, PkiError> {
        match &self.0 {
            Kind::Ec(key) => ec::agree(key),
            Kind::Dh(key) => key.agree(),
        }
    }
}

impl Agreement {
    /// Our public key as the chip expects it: an uncompressed point, or a number as long as the prime.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// What both sides share, of fixed width: the x coordinate, or a number as long as the prime (RFC 2631 §2.1.2).
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }
}

impl fmt::Debug for ChipAuthenticationKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("ChipAuthenticationKey").field(&self.agreement()).finish()
    }
}

impl fmt::Debug for Agreement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Agreement(redacted)")
    }
}
