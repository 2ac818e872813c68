//! Which secret do an ephemeral key and a point share? ECDH of BSI TR-03111 §4.3.1: the x coordinate, fixed width.
//!
//! P-256, P-384 and P-521 by AWS-LC, the others by OpenSSL.

use super::Agreement;
use crate::PkiError;
use crate::curve::{Curve, NistCurve};
use crate::key::EcPublicKey;
use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey, UnparsedPublicKey};
use openssl::bn::BigNumContext;
use openssl::derive::Deriver;
use openssl::ec::{EcKey, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use zeroize::Zeroizing;

/// With a fresh key.
pub(super) fn agree(theirs: &EcPublicKey) -> Result<Agreement, PkiError> {
    match aws_lc(theirs.curve) {
        Some(algorithm) => {
            let ours = PrivateKey::generate(algorithm).map_err(|_| PkiError::Internal)?;
            with_aws_lc(&ours, algorithm, theirs)
        }
        None => {
            let ours = EcKey::generate(&theirs.curve.group).map_err(|_| PkiError::Internal)?;
            with_openssl(ours, theirs).map_err(|_| PkiError::BadKey)
        }
    }
}

/// With a given private key, by either library: what the vectors need.
#[cfg(test)]
pub(crate) fn agree_with(private: &[u8], theirs: &EcPublicKey) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    use openssl::bn::BigNum;
    use openssl::ec::EcPoint;
    let curve = theirs.curve;
    let openssl = || {
        let number = BigNum::from_slice(private)?;
        let (mut public, mut context) = (EcPoint::new(&curve.group)?, BigNumContext::new()?);
        public.mul_generator2(&curve.group, &number, &mut context)?;
        with_openssl(EcKey::from_private_components(&curve.group, &number, &public)?, theirs)
    };
    let aws_lc = aws_lc(curve).and_then(|algorithm| {
        let ours = PrivateKey::from_private_key(algorithm, private).ok()?;
        with_aws_lc(&ours, algorithm, theirs).ok()
    });
    let secret = |agreement: Agreement| agreement.secret.to_vec();
    (aws_lc.map(secret), openssl().ok().map(secret))
}

fn aws_lc(curve: &Curve) -> Option<&'static agreement::Algorithm> {
    Some(match curve.nist? {
        NistCurve::P256 => &ECDH_P256,
        NistCurve::P384 => &ECDH_P384,
        NistCurve::P521 => &ECDH_P521,
    })
}

/// AWS-LC checks once more that the point is on the curve.
fn with_aws_lc(
    ours: &PrivateKey,
    algorithm: &'static agreement::Algorithm,
    theirs: &EcPublicKey,
) -> Result<Agreement, PkiError> {
    let public = ours.compute_public_key().map_err(|_| PkiError::Internal)?;
    let peer = UnparsedPublicKey::new(algorithm, theirs.octets());
    let secret = agreement::agree(ours, peer, PkiError::BadKey, |x| Ok(Zeroizing::new(x.to_vec())))?;
    Ok(Agreement { public: public.as_ref().to_vec(), secret })
}

fn with_openssl(ours: EcKey<Private>, theirs: &EcPublicKey) -> Result<Agreement, ErrorStack> {
    let mut context = BigNumContext::new()?;
    let uncompressed = PointConversionForm::UNCOMPRESSED;
    let public = ours.public_key().to_bytes(&theirs.curve.group, uncompressed, &mut context)?;
    let (ours, theirs) = (PKey::from_ec_key(ours)?, PKey::from_ec_key(theirs.key.clone())?);
    let mut deriver = Deriver::new(&ours)?;
    deriver.set_peer(&theirs)?;
    Ok(Agreement { public, secret: Zeroizing::new(deriver.derive_to_vec()?) })
}
