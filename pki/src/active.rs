//! Does the chip hold its private key? The signature of Active Authentication (Doc 9303-11 §6.1).

use crate::key::{EcPublicKey, PublicKey};
use crate::signature::{self, Numbers};
use crate::{DigestAlgorithm, PkiError, limits};
use std::fmt;

/// How a chip wrote its ECDSA signature down (forme de la signature).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureForm {
    /// `r‖s`, each as long as the order: what Doc 9303-11 §6.1.2.3 asks for.
    Plain,
    /// `SEQUENCE { r, s }`: an accepted deviation, seen on Portuguese cards.
    Der,
}

/// The public key of DG15 (clé publique d'authentification active), over any curve of Doc 9303-12 §4.4.2.
#[derive(Clone)]
pub struct ActiveAuthenticationKey {
    key: EcPublicKey,
}

impl ActiveAuthenticationKey {
    /// Reads the SubjectPublicKeyInfo inside DG15 (without the outer `6F L`). RSA keys (ISO/IEC 9796-2) are not
    /// supported yet, and say so.
    pub fn from_spki(spki: &[u8]) -> Result<Self, PkiError> {
        match PublicKey::from_der(spki)? {
            PublicKey::Ec(key) => Ok(Self { key }),
            PublicKey::Rsa(_) => Err(PkiError::Unsupported("active authentication with RSA")),
        }
    }

    /// Checks the chip's answer to INTERNAL AUTHENTICATE over `nonce`, hashed with the algorithm that the
    /// ActiveAuthenticationInfo of DG14 names.
    pub fn verify(
        &self,
        hash: DigestAlgorithm,
        nonce: &[u8; 8],
        signature: &[u8],
    ) -> Result<SignatureForm, PkiError> {
        self.verify_message(hash, nonce, signature)
    }

    pub(crate) fn verify_message(
        &self,
        hash: DigestAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<SignatureForm, PkiError> {
        if signature.len() > limits::ACTIVE_SIGNATURE {
            return Err(PkiError::TooLarge);
        }
        let (form, numbers) = self.read(signature)?;
        signature::verify_numbers(hash, &self.key, &numbers, message).map(|()| form)
    }

    fn read<'a>(&self, signature: &'a [u8]) -> Result<(SignatureForm, Numbers<'a>), PkiError> {
        let size = self.key.curve.order_size;
        if signature.len() == 2 * size {
            let (r, s) = signature.split_at(size);
            return Ok((SignatureForm::Plain, Numbers { r, s }));
        }
        let numbers = Numbers::from_der(signature).map_err(|_| PkiError::BadSignature)?;
        Ok((SignatureForm::Der, numbers))
    }
}

impl fmt::Debug for ActiveAuthenticationKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ActiveAuthenticationKey").finish_non_exhaustive()
    }
}
