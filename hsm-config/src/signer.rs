//! What can be asked of a key, wherever it lives?

use std::fmt;

use aws_lc_rs::digest;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{Announcement, HsmError, KeyRole};

/// Bytes of an ES256 signature: `r` and `s`, 32 bytes each (RFC 7518 §3.4).
pub const SIGNATURE_LEN: usize = 64;

/// Uses keys by role without ever showing them (*signataire*): a key file here, a PKCS#11 module elsewhere.
///
/// A signing role may have several keys: the next one, which verifiers already know, the one that signs, and
/// those before it, whose last tokens still live. Which is which follows from the time alone, never from a flag, so
/// that all nodes agree without talking to each other.
///
/// A role asked to do another role's job is [`HsmError::WrongRole`]; an implementation that cannot answer
/// says so and never answers with something else. [`crate::conformance::check`] is what every
/// implementation must pass.
pub trait Signer: Send + Sync {
    /// The keys of a signing role that verifiers may meet at that time: next, current and previous ones.
    ///
    /// # Errors
    /// [`HsmError::WrongRole`] for a role that does not sign.
    fn published(&self, role: KeyRole, at: OffsetDateTime) -> Result<Vec<PublishedKey>, HsmError>;

    /// The key that signs at that time: of the published ones, the newest whose `signs_from` has come.
    ///
    /// # Errors
    /// [`HsmError::WrongRole`] for a role that does not sign, [`HsmError::NoCurrentKey`] when none signs yet.
    fn current(&self, role: KeyRole, at: OffsetDateTime) -> Result<PublicKey, HsmError> {
        let mut keys = self.published(role, at)?;
        keys.retain(|key| key.signs_from <= at);
        let newest = keys.into_iter().max_by_key(|key| key.signs_from);
        newest.map(|newest| newest.key).ok_or(HsmError::NoCurrentKey { role })
    }

    /// Signs a message with ES256, SHA-256, then ECDSA over P-256, as `r‖s`, by exactly the key of that name: it
    /// stands in the header that is being signed.
    ///
    /// # Errors
    /// [`HsmError::WrongRole`] for a role that does not sign, [`HsmError::UnknownKey`] for a key that is not of
    /// this role, or not any more, [`HsmError::OperationFailed`] when the module fails.
    fn sign(&self, role: KeyRole, kid: &str, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], HsmError>;

    /// HMAC-SHA256 of a message. These keys are never rotated: what they name would be named anew.
    ///
    /// # Errors
    /// [`HsmError::WrongRole`] for a key that does not authenticate, [`HsmError::OperationFailed`] when the module fails.
    fn mac(&self, role: KeyRole, message: &[u8]) -> Result<[u8; 32], HsmError>;

    /// Seals bytes with AES-256-GCM under a fresh random nonce, by the newest key of the role:
    /// `nonce (12) ‖ ciphertext ‖ tag (16)`.
    ///
    /// The associated data is not stored; it ties the sealed bytes to the row they belong to.
    ///
    /// # Errors
    /// [`HsmError::WrongRole`] for a key that does not seal, [`HsmError::OperationFailed`] when the module fails.
    fn seal(&self, role: KeyRole, plaintext: &[u8], associated_data: &[u8]) -> Result<Vec<u8>, HsmError>;

    /// Opens what [`Signer::seal`] made, for the same associated data, by whichever key of the role sealed it.
    ///
    /// # Errors
    /// [`HsmError::WrongRole`] for a key that does not seal, [`HsmError::NotSealedHere`] for anything else.
    fn open(
        &self,
        role: KeyRole,
        sealed: &[u8],
        associated_data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, HsmError>;

    /// Whether that role's key is in another device: an answer may then take as long as the device takes.
    fn waits(&self, _role: KeyRole) -> bool {
        false
    }

    /// What other nodes must know of keys that only this process has; they publish and verify what these sign.
    fn announcements(&self, _at: OffsetDateTime) -> Vec<Announcement> {
        Vec::new()
    }

    /// Takes over what other nodes announced, in the place of what they announced before; the answer is what was not believed.
    fn hear(&self, _announced: &[Announcement], _at: OffsetDateTime) -> Vec<HsmError> {
        Vec::new()
    }

    /// Does what must be done from time to time: makes the next delegates, sees what others changed. May take as long as
    /// a module takes to answer; never on the way of a request.
    ///
    /// # Errors
    /// What could not be done; it is tried again the next time.
    fn maintain(&self, _at: OffsetDateTime) -> Result<(), HsmError> {
        Ok(())
    }
}

/// The public half of an ES256 key (*clé publique*).
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    kid: String,
    sec1_uncompressed: [u8; 65],
}

/// A key that will be, is or was in use for a role, as anybody may know it (*clé publiée*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKey {
    /// Its public half and its name.
    pub key: PublicKey,
    /// When it begins to sign; until then it is only announced.
    pub signs_from: OffsetDateTime,
    /// When verifiers stop meeting it, because the last token that it signed has expired. None: not foreseen yet.
    pub published_until: Option<OffsetDateTime>,
    /// Its certificate chain as DER, leaf first (RFC 7517 §4.7 `x5c`); empty for a bare key.
    pub certificates: Vec<Vec<u8>>,
}

impl PublishedKey {
    /// Whether a verifier may meet it at that time.
    #[must_use]
    pub fn is_published(&self, at: OffsetDateTime) -> bool {
        self.published_until.is_none_or(|until| at < until)
    }
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

    /// The key as SubjectPublicKeyInfo (RFC 5480 §2), in PEM (RFC 7468 §13).
    #[must_use]
    pub fn to_pem(&self) -> String {
        // SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of 66 bytes, none unused }.
        const HEAD: [u8; 26] = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
            0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ];
        let text = STANDARD.encode([HEAD.as_slice(), &self.sec1_uncompressed].concat());
        // 91 bytes are 124 characters: one full line of 64, and the rest.
        let (first, second) = text.split_at(64);
        format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
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
