//! What can be asked of a key, wherever it lives?

use std::fmt;

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::{HsmError, KeyRole};

/// Bytes of an ES256 signature: `r` and `s`, 32 bytes each (RFC 7518 §3.4).
pub const SIGNATURE_LEN: usize = 64;

/// Uses keys by role without ever showing them (*signataire*): a key file here, a PKCS#11 module elsewhere.
///
/// A role asked to do another role's job is [`HsmError::WrongRole`]; an implementation that cannot answer
/// says so and never answers with something else. [`crate::conformance::check`] is what every
/// implementation must pass.
pub trait Signer: Send + Sync {
    /// Signs a message with ES256: SHA-256, then ECDSA over P-256, as `r‖s`.
    ///
    /// # Errors
    /// [`HsmError::WrongRole`] for a key that does not sign, [`HsmError::OperationFailed`] when the module fails.
    fn sign(&self, role: KeyRole, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], HsmError>;

    /// The public half of a signing key, as it is published in the JWKS.
    ///
    /// # Errors
    /// [`HsmError::WrongRole`] for a key that does not sign.
    fn public_key(&self, role: KeyRole) -> Result<PublicKey, HsmError>;

    /// HMAC-SHA256 of a message.
    ///
    /// # Errors
    /// [`HsmError::WrongRole`] for a key that does not authenticate, [`HsmError::OperationFailed`] when the module fails.
    fn mac(&self, role: KeyRole, message: &[u8]) -> Result<[u8; 32], HsmError>;

    /// Seals bytes with AES-256-GCM under a fresh random nonce: `nonce (12) ‖ ciphertext ‖ tag (16)`.
    ///
    /// The associated data is not stored; it ties the sealed bytes to the row they belong to.
    ///
    /// # Errors
    /// [`HsmError::WrongRole`] for a key that does not seal, [`HsmError::OperationFailed`] when the module fails.
    fn seal(&self, role: KeyRole, plaintext: &[u8], associated_data: &[u8]) -> Result<Vec<u8>, HsmError>;

    /// Opens what [`Signer::seal`] made, for the same associated data.
    ///
    /// # Errors
    /// [`HsmError::WrongRole`] for a key that does not seal, [`HsmError::NotSealedHere`] for anything else.
    fn open(
        &self,
        role: KeyRole,
        sealed: &[u8],
        associated_data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, HsmError>;
}

/// The public half of an ES256 key (*clé publique*).
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    kid: String,
    sec1_uncompressed: [u8; 65],
}

impl PublicKey {
    /// Names a P-256 point, given as SEC1 `04‖x‖y`.
    #[must_use]
    pub fn new(sec1_uncompressed: [u8; 65]) -> Self {
        let mut key = Self { kid: String::new(), sec1_uncompressed };
        // RFC 7638 §3.2: the required members of an EC key, in lexicographic order, without white space.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, key.x(), key.y());
        key.kid = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()));
        key
    }

    /// The key's name in tokens: its RFC 7638 SHA-256 thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The point as SEC1 `04‖x‖y`.
    #[must_use]
    pub const fn sec1_uncompressed(&self) -> &[u8; 65] {
        &self.sec1_uncompressed
    }

    /// The `x` of the JWK: base64url of 32 bytes (RFC 7518 §6.2.1.2).
    #[must_use]
    pub fn x(&self) -> String {
        let (_, rest) = self.sec1_uncompressed.split_at(1);
        URL_SAFE_NO_PAD.encode(rest.split_at(32).0)
    }

    /// The `y` of the JWK: base64url of 32 bytes (RFC 7518 §6.2.1.3).
    #[must_use]
    pub fn y(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.sec1_uncompressed.split_at(33).1)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.kid).finish()
    }
}
