//! Is this a compact JWS by our key, and nothing else? (RFC 7515 §7.1, RFC 8725)
//!
//! One algorithm, one header shape, one key a kind of token: there is nothing to negotiate, so nothing to
//! confuse.

use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hsm_config::{KeyRole, PublicKey, SIGNATURE_LEN, Signer};
use serde::{Deserialize, Serialize};

use super::TokenError;
use crate::limits::MAX_TOKEN_BYTES;

/// The only header: three members, no other is understood (so `crit`, `b64`, `jku`, `jwk`, `x5c` are refused).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// Signs one kind of token with one key.
pub(super) struct JwsSigner {
    signer: Arc<dyn Signer>,
    role: KeyRole,
    header: String,
}

/// Verifies one kind of token by one key.
pub(super) struct JwsVerifier {
    typ: &'static str,
    kid: String,
    key: ParsedPublicKey,
}

impl JwsSigner {
    pub(super) fn new(signer: Arc<dyn Signer>, role: KeyRole, typ: &'static str) -> Result<Self, TokenError> {
        let kid = signer.public_key(role)?.kid().to_owned();
        let header = encode(&Header { alg: "ES256".to_owned(), typ: typ.to_owned(), kid })?;
        Ok(Self { signer, role, header })
    }

    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String, TokenError> {
        let mut token = format!("{}.{}", self.header, encode(claims)?);
        let signature = self.signer.sign(self.role, token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        // What we would refuse to read we do not write.
        if token.len() > MAX_TOKEN_BYTES { Err(TokenError::Claims("too long")) } else { Ok(token) }
    }
}

impl JwsVerifier {
    pub(super) fn new(key: &PublicKey, typ: &'static str) -> Result<Self, TokenError> {
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.sec1_uncompressed())
            .map_err(|_| TokenError::UnknownKey)?;
        Ok(Self { typ, kid: key.kid().to_owned(), key: parsed })
    }

    /// The payload of a token whose header and signature are as they must be. Its claims are not yet believed.
    pub(super) fn verify(&self, token: &str) -> Result<Vec<u8>, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Malformed("too long"));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed("not three parts"))?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed("not three parts"))?;
        // A fourth part would leave a dot in the payload, which base64url does not have.
        self.check_header(&decode(header)?)?;
        let payload = decode(payload)?;
        let signature = decode(signature)?;
        if signature.len() != SIGNATURE_LEN {
            return Err(TokenError::Signature);
        }
        self.key.verify_sig(signed.as_bytes(), &signature).map_err(|_| TokenError::Signature)?;
        Ok(payload)
    }

    fn check_header(&self, header: &[u8]) -> Result<(), TokenError> {
        let header: Header = serde_json::from_slice(header)
            .map_err(|_| TokenError::Header("not exactly alg, typ and kid, once each"))?;
        if header.alg != "ES256" {
            return Err(TokenError::Algorithm);
        }
        if header.typ != self.typ {
            return Err(TokenError::Type);
        }
        if header.kid != self.kid {
            return Err(TokenError::UnknownKey);
        }
        Ok(())
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
