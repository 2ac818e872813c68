//! Which points and secrets does PACE compute with? The curves that Doc 9303-11 §9.5.1 numbers, by OpenSSL.

use crate::PkiError;
use crate::curve::{self, Curve};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcPoint, PointConversionForm};
use openssl::error::ErrorStack;
use std::fmt;

/// A curve by its number (paramètres de domaine).
#[derive(Clone, Copy)]
pub struct Domain {
    number: u8,
    curve: &'static Curve,
}

impl Domain {
    /// The curve of this number, 10 to 18; those of 192 bits (8, 9) and the groups modulo a prime (0 to 2) are not spoken.
    #[must_use]
    pub fn standardised(number: u8) -> Option<Self> {
        curve::standardised(number).map(|curve| Self { number, curve })
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.number
    }

    /// The base point G.
    pub fn generator(self) -> Result<CurvePoint, PkiError> {
        self.point(self.curve.generator())
    }

    /// Reads `04 ‖ x ‖ y`. Points off the curve, the identity and compressed points are [`PkiError::BadKey`].
    pub fn point(self, octets: &[u8]) -> Result<CurvePoint, PkiError> {
        if octets.len() != 1 + 2 * self.curve.field_size || octets.first() != Some(&0x04) {
            return Err(PkiError::BadKey);
        }
        let read = || {
            let mut context = BigNumContext::new()?;
            EcPoint::from_bytes(&self.curve.group, octets, &mut context).map(drop)
        };
        read().map_err(|_: ErrorStack| PkiError::BadKey)?;
        Ok(CurvePoint { domain: self, octets: octets.to_vec() })
    }

    /// A fresh secret.
    pub fn secret(self) -> Result<CurveSecret, PkiError> {
        let draw = || {
            let (mut order, mut context) = (BigNum::new()?, BigNumContext::new()?);
            self.curve.group.order(&mut order, &mut context)?;
            order.sub_word(1)?;
            let mut number = BigNum::new_secure()?;
            order.rand_range(&mut number)?;
            number.add_word(1)?;
            Ok::<_, ErrorStack>(number)
        };
        draw().map(|number| CurveSecret { domain: self, number }).map_err(|_| PkiError::Internal)
    }

    /// A given secret: what a worked example needs.
    #[cfg(test)]
    pub(crate) fn known_secret(self, number: &[u8]) -> CurveSecret {
        CurveSecret { domain: self, number: BigNum::from_slice(number).unwrap() }
    }
}

impl PartialEq for Domain {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Domain {}

impl fmt::Debug for Domain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Domain({})", self.number)
    }
}

/// A point of a curve that is not the identity. Whoever holds one need not check again.
#[derive(Clone, PartialEq, Eq)]
pub struct CurvePoint {
    domain: Domain,
    octets: Vec<u8>,
}

impl CurvePoint {
    /// `04 ‖ x ‖ y`, fixed width: a short coordinate is padded on the left.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The x coordinate, fixed width: the shared secret of a key agreement.
    #[must_use]
    pub fn x(&self) -> &[u8] {
        self.octets.get(1..=self.domain.curve.field_size).unwrap_or_default()
    }

    /// The generic mapping: G' = s·G + H for the nonce s, where this point is H (Doc 9303-11 §4.4.3.3.1). The identity, which
    /// nobody hits, is [`PkiError::BadKey`].
    pub fn map_generator(&self, nonce: &[u8; 16]) -> Result<Self, PkiError> {
        let group = &self.domain.curve.group;
        let map = || {
            let mut context = BigNumContext::new()?;
            let agreed = EcPoint::from_bytes(group, &self.octets, &mut context)?;
            let mut nonce = BigNum::from_slice(nonce)?;
            nonce.set_const_time();
            let (mut of_nonce, mut mapped) = (EcPoint::new(group)?, EcPoint::new(group)?);
            of_nonce.mul_generator2(group, &nonce, &mut context)?;
            mapped.add(group, &of_nonce, &agreed, &mut context)?;
            nonce.clear();
            mapped.to_bytes(group, PointConversionForm::UNCOMPRESSED, &mut context)
        };
        let octets = map().map_err(|_: ErrorStack| PkiError::Internal)?;
        self.domain.point(&octets)
    }
}

/// It may be a secret.
impl fmt::Debug for CurvePoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CurvePoint({}, redacted)", self.domain.number)
    }
}

/// A private number of a key agreement. Cleared when it is dropped; never shown.
pub struct CurveSecret {
    domain: Domain,
    number: BigNum,
}

impl CurveSecret {
    /// This secret times `base`: a public key where `base` is a generator, the shared point where it is a public key.
    pub fn times(&self, base: &CurvePoint) -> Result<CurvePoint, PkiError> {
        if self.domain != base.domain {
            return Err(PkiError::BadKey);
        }
        let group = &self.domain.curve.group;
        let multiply = || {
            let mut context = BigNumContext::new()?;
            let base = EcPoint::from_bytes(group, &base.octets, &mut context)?;
            let mut product = EcPoint::new(group)?;
            product.mul2(group, &base, &self.number, &mut context)?;
            product.to_bytes(group, PointConversionForm::UNCOMPRESSED, &mut context)
        };
        let octets = multiply().map_err(|_: ErrorStack| PkiError::Internal)?;
        self.domain.point(&octets)
    }
}

impl Drop for CurveSecret {
    fn drop(&mut self) {
        self.number.clear();
    }
}

impl fmt::Debug for CurveSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CurveSecret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(hex: &str) -> Vec<u8> {
        hex::decode(hex).unwrap()
    }

    /// ICAO Doc 9303-11 appendix G.1, on brainpoolP256r1, step by step.
    #[test]
    fn the_worked_example() {
        let domain = Domain::standardised(13).unwrap();
        let secret = |number: &str| domain.known_secret(&octets(number));
        let (terminal, chip) = (
            secret("7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99"),
            secret("498FF49756F2DC1587840041839A85982BE7761D14715FB091EFA7BCE9058560"),
        );
        let generator = domain.generator().unwrap();
        let public = terminal.times(&generator).unwrap();
        assert_eq!(
            hex::encode_upper(public.octets()),
            "047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E\
             544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D"
        );
        let shared = chip.times(&public).unwrap();
        assert_eq!(shared, terminal.times(&chip.times(&generator).unwrap()).unwrap());
        let nonce = octets("3F00C4D39D153F2B2A214A078D899B22").try_into().unwrap();
        let mapped = shared.map_generator(&nonce).unwrap();
        assert_eq!(
            hex::encode_upper(mapped.octets()),
            "048CED63C91426D4F0EB1435E7CB1D74A46723A0AF21C89634F65A9AE87A9265E2\
             8C879506743F8611AC33645C5B985C80B5F09A0B83407C1B6A4D857AE76FE522"
        );
        let (terminal, chip) = (
            secret("A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595"),
            secret("107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A"),
        );
        let agreed = chip.times(&terminal.times(&mapped).unwrap()).unwrap();
        let expected = "28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925";
        assert_eq!(hex::encode_upper(agreed.x()), expected);
    }

    #[test]
    fn both_sides_agree_over_every_curve_and_bad_points_are_refused() {
        for number in 0..=255 {
            let Some(domain) = Domain::standardised(number) else {
                assert!(!(10..=18).contains(&number), "{number}");
                continue;
            };
            let generator = domain.generator().unwrap();
            let (a, b) = (domain.secret().unwrap(), domain.secret().unwrap());
            let (public_a, public_b) = (a.times(&generator).unwrap(), b.times(&generator).unwrap());
            let shared = a.times(&public_b).unwrap();
            assert_eq!(shared, b.times(&public_a).unwrap());
            assert_eq!(domain.point(public_a.octets()).unwrap(), public_a);
            let width = domain.curve.field_size;
            assert_eq!((shared.x().len(), shared.octets().len()), (width, 1 + 2 * width));
            assert_eq!(shared.map_generator(&[0; 16]).unwrap(), shared);
            let mut off_curve = public_a.octets().to_vec();
            off_curve[2 * width] ^= 1;
            let mut compressed = public_a.octets()[..=width].to_vec();
            compressed[0] = 3;
            for bad in
                [vec![], vec![0], vec![4; 1 + 2 * width], vec![0; 1 + 2 * width], off_curve, compressed]
            {
                assert_eq!(domain.point(&bad).unwrap_err(), PkiError::BadKey, "{number}");
            }
        }
    }

    #[test]
    fn points_of_two_curves_do_not_meet() {
        let (p256, brainpool) = (Domain::standardised(12).unwrap(), Domain::standardised(13).unwrap());
        let foreign = brainpool.generator().unwrap();
        assert_eq!(p256.secret().unwrap().times(&foreign).unwrap_err(), PkiError::BadKey);
        assert_eq!(p256.point(foreign.octets()).unwrap_err(), PkiError::BadKey);
    }
}
