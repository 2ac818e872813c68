//! The one curve spoken today, P-256; another is another arm here, and nowhere else.

use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{FieldBytes, NonZeroScalar, ProjectivePoint, PublicKey, Scalar};
use zeroize::Zeroizing;

/// Bytes of a coordinate, always: a short one padded on the left. Cutting leading zeroes loses one key agreement in 140.
pub(crate) const COORDINATE: usize = 32;
/// Bytes of an uncompressed point, `04 ‖ x ‖ y`.
pub(crate) const POINT: usize = 1 + 2 * COORDINATE;

/// A point on the curve that is not the identity. Whoever holds one need not check again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurvePoint(PublicKey);

impl CurvePoint {
    /// Reads `04 ‖ x ‖ y`. Points off the curve, the identity and compressed points are refused.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let uncompressed = bytes.len() == POINT && bytes.first() == Some(&4);
        uncompressed.then(|| PublicKey::from_sec1_bytes(bytes).ok()).flatten().map(Self)
    }

    /// The base point G of the curve.
    #[must_use]
    pub fn generator() -> Option<Self> {
        Self::from_projective(ProjectivePoint::GENERATOR)
    }

    /// `04 ‖ x ‖ y`, fixed width.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        self.0.to_sec1_point(false).as_bytes().to_vec()
    }

    /// The x coordinate, fixed width: the shared secret of a key agreement.
    #[must_use]
    pub fn x(self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.to_bytes().into_iter().skip(1).take(COORDINATE).collect())
    }

    /// The generic mapping of PACE: G' = s·G + H, for the nonce s and the agreed point H (9303-11 §4.4.3.3.1).
    #[must_use]
    pub fn map_generator(self, nonce: [u8; 16]) -> Option<Self> {
        let mut wide = FieldBytes::default();
        for (to, from) in wide.iter_mut().skip(COORDINATE - nonce.len()).zip(nonce) {
            *to = from;
        }
        let nonce = Scalar::from_repr(wide).into_option()?;
        Self::from_projective(ProjectivePoint::GENERATOR * nonce + self.0.to_projective())
    }

    fn from_projective(point: ProjectivePoint) -> Option<Self> {
        PublicKey::from_affine(point.to_affine()).ok().map(Self)
    }
}

/// A private number of a key agreement. Zeroized by its library; never shown.
pub struct CurveSecret(Zeroizing<NonZeroScalar>);

impl CurveSecret {
    /// A fresh one.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub fn random() -> Result<Self, getrandom::Error> {
        loop {
            // Zero or above the order has a chance of 2^-32 at most; trying again keeps the distribution even.
            if let Some(secret) = Self::from_bytes(&super::random()?) {
                return Ok(secret);
            }
        }
    }

    /// From 32 bytes, big-endian; `None` for zero and for the order or more.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; COORDINATE]) -> Option<Self> {
        NonZeroScalar::from_repr((*bytes).into()).into_option().map(|scalar| Self(Zeroizing::new(scalar)))
    }

    /// This secret times `base`: a public key when `base` is the generator, the agreed point when it is the other's key.
    #[must_use]
    pub fn times(&self, base: CurvePoint) -> Option<CurvePoint> {
        CurvePoint::from_projective(base.0.to_projective() * **self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_agree() {
        let generator = CurvePoint::generator().unwrap();
        let (a, b) = (CurveSecret::random().unwrap(), CurveSecret::random().unwrap());
        let (public_a, public_b) = (a.times(generator).unwrap(), b.times(generator).unwrap());
        assert_eq!(a.times(public_b), b.times(public_a));
        assert_eq!(CurvePoint::parse(&public_a.to_bytes()), Some(public_a));
        assert_eq!(public_a.x().len(), COORDINATE);
    }

    #[test]
    fn bad_points_are_refused() {
        let good = CurvePoint::generator().unwrap().to_bytes();
        let mut off_curve = good.clone();
        off_curve[64] ^= 1;
        let mut compressed = good[..33].to_vec();
        compressed[0] = 3;
        for bad in [vec![], vec![0], vec![4; 65], vec![0; 65], off_curve, compressed, good[..64].to_vec()] {
            assert_eq!(CurvePoint::parse(&bad), None);
        }
    }

    #[test]
    fn zero_and_the_order_are_no_secrets() {
        assert!(CurveSecret::from_bytes(&[0; 32]).is_none());
        assert!(CurveSecret::from_bytes(&[0xff; 32]).is_none());
    }

    #[test]
    fn mapping_adds_the_nonce() {
        let generator = CurvePoint::generator().unwrap();
        let mut one = [0; 16];
        one[15] = 1;
        let two = CurveSecret::from_bytes(&std::array::from_fn(|i| if i == 31 { 2 } else { 0 })).unwrap();
        assert_eq!(generator.map_generator(one), two.times(generator));
        assert_eq!(generator.map_generator([0; 16]), Some(generator));
    }
}
