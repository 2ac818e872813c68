//! Does the chip hold its private key? The signature of Active Authentication (Doc 9303-11 §6.1).

use crate::key::{EcPublicKey, PublicKey};
use crate::{DigestAlgorithm, PkiError, limits};
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
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
        let (form, signature) = self.read(signature)?;
        let digest = hash.digest(message)?;
        // OpenSSL refuses r and s outside 1..n-1, and cuts a digest longer than the order (BSI TR-03111 §4.2.1).
        if signature.verify(&digest, &self.key.key).unwrap_or(false) {
            Ok(form)
        } else {
            Err(PkiError::BadSignature)
        }
    }

    fn read(&self, signature: &[u8]) -> Result<(SignatureForm, EcdsaSig), PkiError> {
        let size = self.key.curve.order_size;
        if signature.len() == 2 * size {
            let (r, s) = signature.split_at(size);
            let build = || EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?);
            return build().map(|plain| (SignatureForm::Plain, plain)).map_err(|_| PkiError::BadSignature);
        }
        let parsed = EcdsaSig::from_der(signature).map_err(|_| PkiError::BadSignature)?;
        match parsed.to_der() {
            Ok(canonical) if canonical == signature => Ok((SignatureForm::Der, parsed)),
            _ => Err(PkiError::BadSignature),
        }
    }
}

impl fmt::Debug for ActiveAuthenticationKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ActiveAuthenticationKey").finish_non_exhaustive()
    }
}
