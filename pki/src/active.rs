//! Does the chip hold its private key? The signature of Active Authentication (Doc 9303-11 §6.1).

mod iso9796;

use crate::key::{EcPublicKey, PublicKey};
use crate::signature::{self, Numbers};
use crate::{DigestAlgorithm, PkiError, limits};
use iso9796::RecoveryKey;
use std::fmt;

/// How a chip wrote its signature down (forme de la signature).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureForm {
    /// ECDSA as `r‖s`, each as long as the order: what Doc 9303-11 §6.1.2.3 asks for.
    Plain,
    /// ECDSA as `SEQUENCE { r, s }`: an accepted deviation, seen on Portuguese cards.
    Der,
    /// RSA with message recovery (ISO/IEC 9796-2 scheme 1), with the digest that its trailer names.
    Recovery(DigestAlgorithm),
    /// RSA with the padding of PKCS#1 v1.5, as certificates' keys sign.
    Pkcs1,
}

/// The public key of DG15 (clé publique d'authentification active).
#[derive(Clone)]
pub enum ActiveAuthenticationKey {
    /// Over any curve of Doc 9303-12 §4.4.2.
    Ec(ActiveEcKey),
    /// RSA of 1,024 bits or more.
    Rsa(ActiveRsaKey),
}

/// A key that signs with ECDSA (clé ECDSA).
#[derive(Clone)]
pub struct ActiveEcKey(EcPublicKey);

/// A key that signs with message recovery (clé RSA).
#[derive(Clone)]
pub struct ActiveRsaKey(RecoveryKey);

impl ActiveAuthenticationKey {
    /// Reads the SubjectPublicKeyInfo inside DG15 (without the outer `6F L`).
    ///
    /// RSA keys of 1,024 bits are accepted: they are in cards that are valid today, and what they sign is worth something
    /// for the minute that a nonce lives, not for ten years. Shorter ones are [`PkiError::BadKey`].
    pub fn from_spki(spki: &[u8]) -> Result<Self, PkiError> {
        match PublicKey::from_der(spki)? {
            PublicKey::Ec(key) => Ok(Self::Ec(ActiveEcKey(key))),
            PublicKey::Rsa(key) => RecoveryKey::new(key).map(ActiveRsaKey).map(Self::Rsa),
        }
    }

    /// Octets of the signature to expect: what the chip is asked for.
    #[must_use]
    pub fn signature_size(&self) -> usize {
        match self {
            Self::Ec(key) => 2 * key.0.curve.order_size,
            Self::Rsa(key) => key.0.size(),
        }
    }

    /// Checks the chip's answer to INTERNAL AUTHENTICATE over `nonce`.
    ///
    /// `named` is the digest that the ActiveAuthenticationInfo of DG14 names, which Doc 9303-11 §6.1.2.3 requires for
    /// ECDSA; an RSA signature says itself which digest it uses. SHA-1 is no matter of policy here: a copier would have
    /// to find a preimage of a nonce's digest within a minute, and collisions do not help with that.
    pub fn verify(
        &self,
        named: Option<DigestAlgorithm>,
        nonce: &[u8; 8],
        signature: &[u8],
    ) -> Result<SignatureForm, PkiError> {
        if signature.len() > limits::ACTIVE_SIGNATURE {
            return Err(PkiError::TooLarge);
        }
        match self {
            Self::Ec(key) => {
                let unnamed = PkiError::Unsupported("active authentication without a named digest");
                key.verify(named.ok_or(unnamed)?, nonce, signature)
            }
            Self::Rsa(key) => key.0.verify(nonce, signature).map(SignatureForm::Recovery),
        }
    }
}

impl ActiveEcKey {
    pub(crate) fn new(key: EcPublicKey) -> Self {
        Self(key)
    }

    pub(crate) fn verify(
        &self,
        digest: DigestAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<SignatureForm, PkiError> {
        let (form, numbers) = self.read(signature)?;
        signature::verify_numbers(digest, &self.0, &numbers, message).map(|()| form)
    }

    fn read<'a>(&self, signature: &'a [u8]) -> Result<(SignatureForm, Numbers<'a>), PkiError> {
        let size = self.0.curve.order_size;
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
        formatter.write_str(match self {
            Self::Ec(_) => "ActiveAuthenticationKey::Ec",
            Self::Rsa(_) => "ActiveAuthenticationKey::Rsa",
        })
    }
}
