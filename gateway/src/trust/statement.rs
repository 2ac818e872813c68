//! Who signed this, under a certificate of our client authority? (RFC 7515, with the chain in `x5c`)

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Trust, Unvouched, VouchedCertificate};

/// What a person or an establishment signed with their own key (*déclaration signée*).
///
/// Only [`Trust::statement`] makes one:
///
/// ```compile_fail
/// fn forge(payload: Vec<u8>, signer: gateway::trust::VouchedCertificate) -> gateway::trust::SignedStatement {
///     gateway::trust::SignedStatement { payload, signer }
/// }
/// ```
#[derive(Debug)]
pub struct SignedStatement {
    payload: Vec<u8>,
    signer: VouchedCertificate,
}

/// Why nobody of ours signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not a compact JWS with exactly `alg`, `typ` and `x5c`.
    #[error("{0}")]
    Malformed(&'static str),
    /// The certificate's key is not on P-256.
    #[error("the certificate's key is not on P-256")]
    Key,
    /// The signature is not by the certificate's key over these bytes.
    #[error("the signature does not verify")]
    Signature,
    /// The certificate is not under our authority, or has expired.
    #[error(transparent)]
    Unvouched(#[from] Unvouched),
}

/// The only header: three members, no other is understood.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatementHeader {
    pub(crate) alg: String,
    pub(crate) typ: String,
    pub(crate) x5c: Vec<String>,
}

impl SignedStatement {
    /// What was signed: JSON, not yet understood.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// By whom; whether that certificate is revoked now is asked of [`Trust::client_standing`].
    #[must_use]
    pub fn signer(&self) -> &VouchedCertificate {
        &self.signer
    }
}

impl Trust {
    /// Reads a statement of at most `limit` octets and of this `typ`, and proves whose key signed it.
    ///
    /// # Errors
    /// The first thing that is wrong, from the outside in: form, header, key, signature, chain.
    pub fn statement(
        &self,
        text: &str,
        typ: &str,
        limit: usize,
        at: OffsetDateTime,
    ) -> Result<SignedStatement, StatementError> {
        if text.len() > limit {
            return Err(StatementError::Malformed("too long"));
        }
        let three = StatementError::Malformed("not three parts");
        let (signed, signature) = text.rsplit_once('.').ok_or(three)?;
        let (header, payload) = signed.split_once('.').ok_or(three)?;
        let header: StatementHeader = serde_json::from_slice(&decoded(header)?)
            .map_err(|_| StatementError::Malformed("header: not exactly alg, typ and x5c"))?;
        if header.alg != "ES256" || header.typ != typ {
            return Err(StatementError::Malformed("of another kind"));
        }
        let chain = header.x5c.iter().map(|der| STANDARD.decode(der).map(CertificateDer::from));
        let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(|_| StatementError::Malformed("x5c"))?;
        let leaf = chain.first().ok_or(StatementError::Malformed("x5c"))?;
        let parsed = ParsedCertificate::try_from(leaf).map_err(|_| StatementError::Malformed("x5c"))?;
        let key = parsed.subject_public_key_info();
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.as_ref());
        let key = key.map_err(|_| StatementError::Key)?;
        let signature = decoded(signature).map_err(|_| StatementError::Signature)?;
        key.verify_sig(signed.as_bytes(), &signature).map_err(|_| StatementError::Signature)?;
        let signer = self.vouched(&chain, at)?;
        // A fourth part would leave a dot in the payload, which base64url does not have.
        Ok(SignedStatement { payload: decoded(payload)?, signer })
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, StatementError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| StatementError::Malformed("not base64url"))
}
