//! What are the three parts of a compact JWS that somebody else signed? (RFC 7515 §7.1)
//!
//! Only taken apart here: nothing of it is believed before its signature is, by a key that we know.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hsm_config::SIGNATURE_LEN;
use serde::de::DeserializeOwned;

use super::ClientKey;
use crate::token::json;

/// A compact JWS, taken apart.
pub(crate) struct Compact<'a> {
    signed: &'a str,
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// It is not in the one form that we read.
#[derive(Debug)]
pub(crate) struct NotCompact;

/// The signature is not by that key over these bytes.
#[derive(Debug)]
pub(crate) struct NotSigned;

/// The payload of a JWS whose signature verified. What it says is not yet believed.
pub(crate) struct Signed(Vec<u8>);

impl<'a> Compact<'a> {
    /// Three parts of canonical base64url without padding, the last of 64 octets.
    pub(crate) fn parse(text: &'a str) -> Result<Self, NotCompact> {
        let (signed, signature) = text.rsplit_once('.').ok_or(NotCompact)?;
        // A fourth part would leave a dot in the payload, which base64url does not have.
        let (header, payload) = signed.split_once('.').ok_or(NotCompact)?;
        let decode = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| NotCompact);
        Ok(Self { signed, header: decode(header)?, payload: decode(payload)?, signature: decode(signature)? })
    }

    /// The header, in which no name comes twice.
    pub(crate) fn header<T: DeserializeOwned>(&self) -> Option<T> {
        json::read_once(&self.header).ok()
    }

    /// What the payload says, before any signature is verified: good for nothing but finding the key.
    pub(crate) fn unbelieved<T: DeserializeOwned>(&self) -> Option<T> {
        json::read_once(&self.payload).ok()
    }

    /// The payload, if this key signed it.
    pub(crate) fn signed_by(self, key: &ClientKey) -> Result<Signed, NotSigned> {
        if self.signature.len() != SIGNATURE_LEN {
            return Err(NotSigned);
        }
        key.verify(self.signed.as_bytes(), &self.signature).map_err(|_| NotSigned)?;
        Ok(Signed(self.payload))
    }
}

impl Signed {
    /// The claims, of which no name comes twice.
    pub(crate) fn claims<T: DeserializeOwned>(&self) -> Option<T> {
        json::read_once(&self.0).ok()
    }
}
