//! Is this a compact JWS by our key, and nothing else? (RFC 7515 §7.1, RFC 8725)
//!
//! One algorithm, one header shape, one role a kind of token: there is nothing to negotiate, so nothing to
//! confuse. The `kid` only tells a role's key from the one before it.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hsm_config::{HsmError, SIGNATURE_LEN};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{TokenError, key_ring::KeyRing};
use crate::limits::MAX_TOKEN_BYTES;

/// The only header: three members, no other is understood (so `crit`, `b64`, `jku`, `jwk`, `x5c` are refused).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// Signs and verifies one kind of token with the keys of one role.
pub(super) struct Jws {
    keys: KeyRing,
    typ: &'static str,
    /// Octets of the longest.
    room: usize,
}

/// A token that was signed, and by which key.
pub(super) struct Signed {
    pub(super) token: String,
    pub(super) kid: Arc<str>,
}

/// The payload of a token whose header and signature are as they must be, and whose key that was. Its claims
/// are not yet believed.
pub(super) struct Authentic {
    pub(super) payload: Vec<u8>,
    pub(super) kid: Arc<str>,
}

impl Jws {
    pub(super) const fn new(keys: KeyRing, typ: &'static str) -> Self {
        Self { keys, typ, room: MAX_TOKEN_BYTES }
    }

    /// For a kind that may be longer than a token.
    pub(super) fn with_room(self, room: usize) -> Self {
        Self { room, ..self }
    }

    pub(super) const fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Signs with the key that signs at that time, and says so in the header.
    pub(super) fn sign(&self, claims: &impl Serialize, at: OffsetDateTime) -> Result<Signed, TokenError> {
        let claims = encode(claims)?;
        let written = match self.write(&claims, at) {
            // The keys were swapped between the look and the signature: the next look sees the new ones.
            Err(TokenError::Signer(HsmError::UnknownKey { .. })) => {
                self.keys.forget();
                self.write(&claims, at)?
            }
            written => written?,
        };
        // What we would refuse to read we do not write.
        if written.token.len() > self.room { Err(TokenError::Claims("too long")) } else { Ok(written) }
    }

    fn write(&self, claims: &str, at: OffsetDateTime) -> Result<Signed, TokenError> {
        let kid = self.keys.current(at)?;
        let header = Header { alg: "ES256".to_owned(), typ: self.typ.to_owned(), kid: kid.to_string() };
        let mut token = format!("{}.{claims}", encode(&header)?);
        let signature = self.keys.sign(&kid, token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(Signed { token, kid })
    }

    pub(super) fn verify(&self, token: &str, at: OffsetDateTime) -> Result<Authentic, TokenError> {
        if token.len() > self.room {
            return Err(TokenError::Malformed("too long"));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed("not three parts"))?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed("not three parts"))?;
        // A fourth part would leave a dot in the payload, which base64url does not have.
        let kid = self.kid(&decode(header)?)?;
        let key = self.keys.published(&kid, at)?.ok_or(TokenError::UnknownKey)?;
        let payload = decode(payload)?;
        let signature = decode(signature)?;
        if signature.len() != SIGNATURE_LEN {
            return Err(TokenError::Signature);
        }
        key.verify(signed.as_bytes(), &signature)?;
        Ok(Authentic { payload, kid: kid.into() })
    }

    fn kid(&self, header: &[u8]) -> Result<String, TokenError> {
        let header: Header = serde_json::from_slice(header)
            .map_err(|_| TokenError::Header("not exactly alg, typ and kid, once each"))?;
        if header.alg != "ES256" {
            return Err(TokenError::Algorithm);
        }
        if header.typ != self.typ {
            return Err(TokenError::Type);
        }
        Ok(header.kid)
    }
}

fn encode(value: &impl Serialize) -> Result<String, TokenError> {
    let json = serde_json::to_vec(value).map_err(|_| TokenError::Claims("not JSON"))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// Base64url without padding, in its one canonical form: stray bits at the end are refused.
fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed("not base64url"))
}
