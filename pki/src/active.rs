//! Does the chip hold its private key? The signature of Active Authentication.

use crate::{DigestAlgorithm, PkiError};

/// How a chip wrote its ECDSA signature down (forme de la signature).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureForm {
    /// `r‖s`, each as long as the order: what Doc 9303-11 §6.1.2.3 asks for.
    Plain,
    /// `SEQUENCE { r, s }`: an accepted deviation, seen on Portuguese cards.
    Der,
}

/// The public key of DG15 (clé publique d'authentification active).
#[derive(Debug, Clone)]
pub struct ActiveAuthenticationKey {
    _spki: Vec<u8>,
}

impl ActiveAuthenticationKey {
    /// Reads the SubjectPublicKeyInfo inside DG15 (without the outer `6F L`).
    pub fn from_spki(spki: &[u8]) -> Result<Self, PkiError> {
        Ok(Self { _spki: spki.to_vec() })
    }

    /// Checks the chip's answer to INTERNAL AUTHENTICATE over `nonce`.
    pub fn verify(
        &self,
        hash: DigestAlgorithm,
        nonce: &[u8; 8],
        signature: &[u8],
    ) -> Result<SignatureForm, PkiError> {
        let _ = (hash, nonce, signature);
        Err(PkiError::BadSignature)
    }
}
