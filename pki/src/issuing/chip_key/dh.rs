//! How does a simulated chip agree modulo a prime?

use super::super::encode::{bit_string, integer, octet_string, oid, sequence, small};
use super::ParametersForm;
use crate::PkiError;
use crate::asn1::Element;
use crate::chip::{DH_PKCS3, DH_X942, DhGroup, STANDARDISED, standardised_group};
use openssl::bn::{BigNum, BigNumRef};
use openssl::error::ErrorStack;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A private exponent in a standardised group.
pub(super) struct DhKey {
    number: u8,
    group: Arc<DhGroup>,
    exponent: BigNum,
}

impl DhKey {
    pub(super) fn generate(number: u8) -> Result<Self, PkiError> {
        let group = standardised_group(number)?;
        let exponent = group.exponent().map_err(|_| PkiError::Internal)?;
        Ok(Self { number, group, exponent })
    }

    pub(super) fn another(&self) -> Result<Self, PkiError> {
        Self::generate(self.number)
    }

    /// `None` if it is a key of another kind.
    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Option<Self>, PkiError> {
        let mut fields = Element::only(der, "private key")?.sequence()?;
        fields.next()?;
        let mut algorithm = fields.next()?.sequence()?;
        if algorithm.next()?.oid()? != STANDARDISED {
            return Ok(None);
        }
        let number = algorithm.next()?.small()?;
        let octets = fields.next()?.octet_string()?;
        let exponent = BigNum::from_slice(octets).map_err(|_| PkiError::Internal)?;
        Ok(Some(Self { number, group: standardised_group(number)?, exponent }))
    }

    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, PkiError> {
        let algorithm = sequence(&[&oid(&STANDARDISED.to_string())?, &small(self.number)?])?;
        let exponent = octet_string(&Zeroizing::new(self.exponent.to_vec()))?;
        sequence(&[&small(0)?, &algorithm, &exponent]).map(Zeroizing::new)
    }

    pub(super) fn public_key_info(&self, form: ParametersForm) -> Result<Vec<u8>, PkiError> {
        let DhGroup { p, q, g, .. } = self.group.as_ref();
        let (algorithm, parameters) = match form {
            ParametersForm::Standardised => (STANDARDISED, small(self.number)?),
            ParametersForm::Named => (DH_PKCS3, sequence(&[&positive(p)?, &positive(g)?])?),
            ParametersForm::Explicit => (DH_X942, sequence(&[&positive(p)?, &positive(g)?, &positive(q)?])?),
        };
        let algorithm = sequence(&[&oid(&algorithm.to_string())?, &parameters])?;
        let public = self.power(g).map_err(|_| PkiError::Internal)?;
        sequence(&[&algorithm, &bit_string(&positive(&public)?)?])
    }

    pub(super) fn agree_with(&self, public: &[u8]) -> Result<Zeroizing<Vec<u8>>, PkiError> {
        let agree = || {
            let theirs = BigNum::from_slice(public)?;
            let sound = self.group.holds(&theirs)?;
            let shared = self.power(&theirs)?.to_vec_padded(self.group.size())?;
            Ok::<_, ErrorStack>(sound.then(|| Zeroizing::new(shared)))
        };
        agree().map_err(|_| PkiError::Internal)?.ok_or(PkiError::BadKey)
    }

    fn power(&self, base: &BigNumRef) -> Result<BigNum, ErrorStack> {
        let mut exponent = self.exponent.to_owned()?;
        self.group.power(base, &mut exponent)
    }
}

fn positive(number: &BigNumRef) -> Result<Vec<u8>, PkiError> {
    let octets = number.to_vec();
    match octets.first() {
        Some(first) if first & 0x80 == 0 => integer(&octets),
        _ => integer(&[&[0], octets.as_slice()].concat()),
    }
}
