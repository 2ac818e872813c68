//! Is this JSON one public P-256 key, and nothing private? (RFC 7517, RFC 7518 §6.2)

use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hsm_config::PublicKey;
use serde_json::{Map, Value};

use crate::limits::MAX_JWK_BYTES;
use crate::token::json;

/// Members of a key that nobody but its holder may have: of EC and OKP, of RSA, of a shared secret (RFC 7518 §6.2.2, §6.3.2, §6.4).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What may stand beside the four members of a point: it changes nothing.
const BESIDE: [&str; 5] = ["kid", "use", "alg", "key_ops", "ext"];

/// Why JSON is not a key that we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// It has a private or a secret member.
    #[error("it is a private key: only its public half is taken")]
    Private,
    /// Not EC, not P-256, not JSON, a member twice or unknown, or coordinates that are no point.
    #[error("it is not a public P-256 key as a JWK (kty EC, crv P-256, x, y)")]
    Malformed,
}

/// A point that somebody names as a key (*clé annoncée*): its thumbprint is known, whether it lies on the curve is not.
#[derive(Clone, Debug)]
pub struct NamedKey(PublicKey);

/// A public P-256 key that verifies signatures of others (*clé publique d'un client*).
///
/// Only [`ClientKey::parse`] makes one:
///
/// ```compile_fail
/// fn forge(named: gateway::dpop::NamedKey, parsed: aws_lc_rs::signature::ParsedPublicKey) -> gateway::dpop::ClientKey {
///     gateway::dpop::ClientKey { named, parsed }
/// }
/// ```
#[derive(Clone)]
pub struct ClientKey {
    named: NamedKey,
    parsed: Arc<ParsedPublicKey>,
}

impl NamedKey {
    /// From the members of a JWK in which no name comes twice.
    pub(super) fn of(jwk: &Map<String, Value>) -> Result<Self, JwkError> {
        if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
            return Err(JwkError::Private);
        }
        let known = |name: &str| matches!(name, "kty" | "crv" | "x" | "y") || BESIDE.contains(&name);
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        // Where the key says what it is for, it must be for this.
        let usable =
            text("alg").is_none_or(|alg| alg == "ES256") && text("use").is_none_or(|for_| for_ == "sig");
        if !jwk.keys().all(|name| known(name)) || !usable {
            return Err(JwkError::Malformed);
        }
        if (text("kty"), text("crv")) != (Some("EC"), Some("P-256")) {
            return Err(JwkError::Malformed);
        }
        let mut point = [4_u8; 65];
        let (_, coordinates) = point.split_at_mut(1);
        for (place, name) in coordinates.chunks_exact_mut(32).zip(["x", "y"]) {
            let bytes = text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
            // RFC 7518 §6.2.1.2: always 32 octets, also where the first are zero.
            let bytes = bytes.filter(|bytes| bytes.len() == place.len()).ok_or(JwkError::Malformed)?;
            place.copy_from_slice(&bytes);
        }
        Ok(Self(PublicKey::new(point)))
    }

    /// The RFC 7638 SHA-256 thumbprint: `jkt` (RFC 9449 §6.1).
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        self.0.kid()
    }
}

impl ClientKey {
    /// Reads a JWK that an operator or the registry gives.
    ///
    /// # Errors
    /// [`JwkError::Private`] for more than a public key, [`JwkError::Malformed`] for anything else that is not one.
    pub fn parse(text: &[u8]) -> Result<Self, JwkError> {
        if text.len() > MAX_JWK_BYTES {
            return Err(JwkError::Malformed);
        }
        let members: Map<String, Value> = json::read_once(text).map_err(|_| JwkError::Malformed)?;
        let named = NamedKey::of(&members)?;
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, named.0.sec1_uncompressed())
            .map_err(|_| JwkError::Malformed)?;
        Ok(Self { named, parsed: Arc::new(parsed) })
    }

    /// The RFC 7638 SHA-256 thumbprint.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        self.named.thumbprint()
    }

    /// The four required members, as the registry keeps them.
    #[must_use]
    pub fn to_jwk(&self) -> String {
        let NamedKey(key) = &self.named;
        format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, key.x(), key.y())
    }

    /// Whether the signature (`r‖s`, 64 octets) is by this key over the message: the error is that it is not.
    pub(crate) fn verify(
        &self,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), aws_lc_rs::error::Unspecified> {
        self.parsed.verify_sig(message, signature)
    }
}

impl PartialEq for ClientKey {
    fn eq(&self, other: &Self) -> bool {
        self.thumbprint() == other.thumbprint()
    }
}

impl Eq for ClientKey {}

impl std::fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ClientKey").field(&self.thumbprint()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9449 §4.1, the key of its examples; its thumbprint is in §6.1.
    const RFC_9449: &str = r#"{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}"#;

    #[test]
    fn the_thumbprint_is_that_of_rfc_9449() {
        let key = ClientKey::parse(RFC_9449.as_bytes()).unwrap();
        assert_eq!(key.thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        assert_eq!(ClientKey::parse(key.to_jwk().as_bytes()).unwrap(), key);
    }

    #[test]
    fn only_one_public_p256_key_is_taken() {
        let with = |more: &str| RFC_9449.replacen('{', &format!("{{{more},"), 1);
        for sound in [r#""kid":"k""#, r#""use":"sig","alg":"ES256""#, r#""key_ops":["verify"],"ext":true"#] {
            assert!(ClientKey::parse(with(sound).as_bytes()).is_ok(), "{sound}");
        }
        for (more, error) in [
            (r#""d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI""#, JwkError::Private),
            (r#""k":"AAAA""#, JwkError::Private),
            (r#""p":1"#, JwkError::Private),
            (r#""kty":"EC""#, JwkError::Malformed),
            (r#""alg":"RS256""#, JwkError::Malformed),
            (r#""use":"enc""#, JwkError::Malformed),
            (r#""x5c":[]"#, JwkError::Malformed),
        ] {
            assert_eq!(ClientKey::parse(with(more).as_bytes()).unwrap_err(), error, "{more}");
        }
        for (from, to) in [
            ("P-256", "P-384"),
            ("EC", "OKP"),
            ("l8tF", "l8tG"),
            ("l8tF", ""),
            ("WBFs", "WBFt"),
            ("WBFs", "WBFs="),
        ] {
            assert!(ClientKey::parse(RFC_9449.replacen(from, to, 1).as_bytes()).is_err(), "{from} {to}");
        }
        for text in ["", "[]", "null", "{}", "{\"kty\":", &format!("{{\"kid\":\"{}\"}}", "a".repeat(2_000))] {
            assert!(ClientKey::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
