//! What does a key do, and what is it made of?

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    hmac,
    rand::{self, SystemRandom},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use zeroize::Zeroizing;

use crate::{HsmError, KeyJob, KeyRole, PublicKey, SIGNATURE_LEN};

/// Bytes of the keys that authenticate and seal.
const SECRET_LEN: usize = 32;
/// Bytes of an AES-GCM nonce (NIST SP 800-38D §8.2.2, random construction).
const NONCE_LEN: usize = 12;

/// A key of one of the three kinds, ready for its job (*matériel de clé*).
pub(crate) enum Material {
    Signing {
        pair: EcdsaKeyPair,
        public: PublicKey,
    },
    Mac {
        secret: Secret,
        key: Box<hmac::Key>,
    },
    Sealing {
        secret: Secret,
        key: RandomizedNonceKey,
    },
    /// What is left of a signing key that only verifies.
    Retired {
        public: PublicKey,
    },
}

type Secret = Zeroizing<[u8; SECRET_LEN]>;

impl Material {
    pub(crate) fn generate(role: KeyRole) -> Result<Self, HsmError> {
        if role.job() == KeyJob::Sign {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
            return Self::signing(role, pair.map_err(|_| HsmError::NoRandomness)?);
        }
        let mut secret = Zeroizing::new([0; SECRET_LEN]);
        rand::fill(&mut *secret).map_err(|_| HsmError::NoRandomness)?;
        Self::restore(role, &*secret)
    }

    /// The key of that role from what [`Material::expose`] gave: PKCS#8 DER, or 32 bytes.
    pub(crate) fn restore(role: KeyRole, bytes: &[u8]) -> Result<Self, HsmError> {
        let rejected = || HsmError::KeyRejected(role);
        let secret = || bytes.try_into().map(Secret::new).map_err(|_| rejected());
        match role.job() {
            KeyJob::Sign => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes);
                Self::signing(role, pair.map_err(|_| rejected())?)
            }
            KeyJob::Mac => {
                let secret = secret()?;
                Ok(Self::Mac { key: Box::new(hmac::Key::new(hmac::HMAC_SHA256, &*secret)), secret })
            }
            KeyJob::Seal => {
                let secret = secret()?;
                let key = RandomizedNonceKey::new(&AES_256_GCM, &*secret).map_err(|_| rejected())?;
                Ok(Self::Sealing { key, secret })
            }
        }
    }

    fn signing(role: KeyRole, pair: EcdsaKeyPair) -> Result<Self, HsmError> {
        let point = pair.public_key().as_ref().try_into().map_err(|_| HsmError::KeyRejected(role))?;
        Ok(Self::Signing { pair, public: PublicKey::new(point) })
    }

    /// The secret itself, for whoever seals it into a file; a retired key has none.
    pub(crate) fn expose(&self, role: KeyRole) -> Result<Option<Zeroizing<Vec<u8>>>, HsmError> {
        match self {
            Self::Signing { pair, .. } => {
                let document = pair.to_pkcs8v1().map_err(|_| HsmError::KeyRejected(role))?;
                Ok(Some(Zeroizing::new(document.as_ref().to_vec())))
            }
            Self::Mac { secret, .. } | Self::Sealing { secret, .. } => {
                Ok(Some(Zeroizing::new(secret.to_vec())))
            }
            Self::Retired { .. } => Ok(None),
        }
    }

    /// Drops the private half of a signing key.
    pub(crate) fn retire(&mut self) {
        if let Self::Signing { public, .. } = self {
            *self = Self::Retired { public: public.clone() };
        }
    }

    pub(crate) const fn is_retired(&self) -> bool {
        matches!(self, Self::Retired { .. })
    }

    pub(crate) const fn public(&self) -> Option<&PublicKey> {
        match self {
            Self::Signing { public, .. } | Self::Retired { public } => Some(public),
            Self::Mac { .. } | Self::Sealing { .. } => None,
        }
    }

    pub(crate) fn sign(&self, role: KeyRole, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], HsmError> {
        let Self::Signing { pair, .. } = self else {
            return Err(HsmError::UnknownKey { role });
        };
        let failed = || HsmError::OperationFailed { role, job: KeyJob::Sign };
        let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| failed())?;
        signature.as_ref().try_into().map_err(|_| failed())
    }

    pub(super) fn mac(&self, role: KeyRole, message: &[u8]) -> Result<[u8; 32], HsmError> {
        let Self::Mac { key, .. } = self else {
            return Err(HsmError::WrongRole { role, job: KeyJob::Mac });
        };
        let failed = HsmError::OperationFailed { role, job: KeyJob::Mac };
        hmac::sign(key, message).as_ref().try_into().map_err(|_| failed)
    }

    pub(super) fn seal(&self, role: KeyRole, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>, HsmError> {
        let Self::Sealing { key, .. } = self else {
            return Err(HsmError::WrongRole { role, job: KeyJob::Seal });
        };
        let failed = |_| HsmError::OperationFailed { role, job: KeyJob::Seal };
        // Encrypted in place: the copy of the plaintext does not outlive the call.
        let mut body = plaintext.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(aad), &mut body).map_err(failed)?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + body.len());
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    pub(super) fn open(
        &self,
        role: KeyRole,
        sealed: &[u8],
        aad: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        let Self::Sealing { key, .. } = self else {
            return Err(HsmError::WrongRole { role, job: KeyJob::Seal });
        };
        let not_here = || HsmError::NotSealedHere { role };
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(not_here)?;
        let mut body = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = key.open_in_place(nonce, Aad::from(aad), &mut body).map_err(|_| not_here())?.len();
        body.truncate(length);
        Ok(body)
    }
}
