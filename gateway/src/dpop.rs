//! Does the caller hold the key that it speaks of, at this very request? (RFC 9449)
//!
//! A client without a certificate is a registered P-256 key (*clé de client*). With every request it signs the method, the
//! URL, the access token, a nonce of ours and a `jti` that is accepted once among all nodes: who reads such a request on
//! its way, token and all, can do nothing with it.
//!
//! | module | the question it answers |
//! |---|---|
//! | `jwk` | is this JSON one public P-256 key, and nothing private? |
//! | `jws` | what are the three parts of a JWS that somebody else signed? |
//! | `proof` | did the holder of a registered key sign this very request? |
//! | `url` | is this the URL of this request? |
//! | `assertion` | did the holder of a registered key sign who it is? (RFC 7523) |
//! | `nonce` | which nonces are ours, and how old are they? |
//! | `error` | what is wrong with a proof? |

mod assertion;
mod error;
mod jwk;
pub(crate) mod jws;
mod nonce;
mod proof;
#[cfg(test)]
mod tests;
mod url;

use std::sync::Arc;

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hsm_config::Signer;
use http::HeaderMap;
use time::OffsetDateTime;

use self::nonce::Nonces;
use crate::limits::{ASSERTION_SPENT_LIFE, PROOF_SPENT_LIFE};
use crate::registry::Client;
use crate::state::{SharedState, Space, Spent, StateError};

pub use assertion::AssertionError;
pub use error::{ProofError, ProofRefusal};
pub use jwk::{ClientKey, JwkError, NamedKey};
pub use proof::{DPOP, ProvenRequest};
pub use url::RequestUrls;

/// Judges proofs (*vérification des preuves*): what is remembered of them is remembered by all nodes.
#[derive(Debug)]
pub struct Proofs {
    nonces: Nonces,
    state: Arc<dyn SharedState>,
}

/// A registered client that proved its key with a fresh signature over one request, or over its own name (*clé prouvée*).
///
/// Only [`Proofs::prove`] and [`Proofs::accept`] make one, and a signature makes it once:
///
/// ```compile_fail
/// fn forge(client: std::sync::Arc<gateway::registry::Client>) -> gateway::dpop::ProvenKey {
///     gateway::dpop::ProvenKey { client, thumbprint: String::new(), nonce_is_old: false }
/// }
/// ```
#[derive(Debug)]
pub struct ProvenKey {
    client: Arc<Client>,
    thumbprint: String,
    nonce_is_old: bool,
}

/// Why no key was proven.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// The proof is wrong, or its nonce.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The assertion is wrong.
    #[error(transparent)]
    Assertion(#[from] AssertionError),
    /// Nobody can say whether it was spent: it does not count.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Proofs {
    /// Proofs whose nonces are sealed by this signer and spent in that memory.
    #[must_use]
    pub fn new(signer: Arc<dyn Signer>, state: Arc<dyn SharedState>) -> Self {
        Self { nonces: Nonces::new(signer), state }
    }

    /// Spends the proof of a request. `registered` finds the client of a key, by its thumbprint.
    ///
    /// The order is the argument. What costs us nothing is looked at first; a key that nobody registered gets no signature
    /// checked, and only a sound proof with a nonce of ours reaches the shared memory. There the `jti` is spent in the epoch
    /// of the nonce or not at all: in a memory that forgot what was spent before, no nonce of that time is worth anything.
    ///
    /// # Errors
    /// The first thing that is wrong; [`Unproven::State`] when the shared memory does not answer.
    pub async fn prove(
        &self,
        headers: &HeaderMap,
        request: &ProvenRequest<'_>,
        at: OffsetDateTime,
        registered: impl FnOnce(&str) -> Option<Arc<Client>>,
    ) -> Result<ProvenKey, Unproven> {
        let unspent = proof::check(proof::of_headers(headers)?, request, at, |thumbprint| {
            let client = registered(thumbprint)?;
            let key = client.key.clone()?;
            Some((client, key))
        })?;
        let nonce = unspent.nonce.as_deref().ok_or(ProofError::NonceMissing)?;
        let nonce = self.nonces.recognise(nonce, at)?;
        let key = spent_name(&unspent.thumbprint, &unspent.jti);
        match self.state.spend(Space::DpopProof, &key, PROOF_SPENT_LIFE, &nonce.epoch()).await {
            Ok(Spent::First) => {}
            Ok(Spent::Again) => return Err(ProofError::Replayed.into()),
            Err(StateError::MemoryLost) => return Err(ProofError::NonceEpoch.into()),
            Err(error) => return Err(error.into()),
        }
        Ok(ProvenKey {
            client: unspent.holder,
            thumbprint: unspent.thumbprint,
            nonce_is_old: nonce.is_old(at),
        })
    }

    /// Spends a client assertion (RFC 7523 §3). `proven` is the key whose DPoP proof came with it, where one did: then
    /// that proof is of this epoch, and whoever could replay the assertion could as well sign another.
    ///
    /// # Errors
    /// The first thing that is wrong; [`Unproven::State`] when the shared memory does not answer.
    pub async fn accept(
        &self,
        assertion: &str,
        audiences: &[&str],
        proven: Option<ProvenKey>,
        at: OffsetDateTime,
        registered: impl FnOnce(&str) -> Option<Arc<Client>>,
    ) -> Result<ProvenKey, Unproven> {
        let claimed = assertion::claimed_client(assertion).ok_or(AssertionError::Malformed)?;
        let client = registered(&claimed).ok_or(AssertionError::UnknownKey)?;
        let key = client.key.clone().ok_or(AssertionError::UnknownKey)?;
        if proven.as_ref().is_some_and(|proven| proven.thumbprint != key.thumbprint()) {
            return Err(AssertionError::OtherClient.into());
        }
        let unspent = assertion::check(assertion, (&client.id, &key), audiences, at)?;
        let epoch = self.state.epoch().await?;
        let unspent = if proven.is_none() { unspent.within(&epoch, at)? } else { unspent };
        let name = spent_name(key.thumbprint(), &unspent.jti);
        match self.state.spend(Space::Assertion, &name, ASSERTION_SPENT_LIFE, &epoch).await? {
            Spent::First => {}
            Spent::Again => return Err(AssertionError::Replayed.into()),
        }
        let nonce_is_old = proven.is_some_and(|proven| proven.nonce_is_old);
        Ok(ProvenKey { thumbprint: key.thumbprint().to_owned(), client, nonce_is_old })
    }

    /// The nonce that a caller should use next, good at every node.
    ///
    /// # Errors
    /// When the shared memory or the key does not answer.
    pub async fn nonce(&self, at: OffsetDateTime) -> Result<Arc<str>, Unproven> {
        let epoch = self.state.epoch().await?;
        Ok(self.nonces.current(epoch.id, at).map_err(ProofError::from)?)
    }
}

impl ProvenKey {
    /// The client.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The client, its RFC 7638 thumbprint, and nothing left to prove with.
    pub(crate) fn into_parts(self) -> (Arc<Client>, String) {
        (self.client, self.thumbprint)
    }

    /// Whether the answer should bring another nonce (RFC 9449 §8.2).
    pub(crate) const fn nonce_is_old(&self) -> bool {
        self.nonce_is_old
    }
}

/// The name under which a `jti` of a key is spent: whatever the caller wrote, 43 octets (RFC 9449 §11.1).
pub(crate) fn spent_name(thumbprint: &str, jti: &str) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    for part in [thumbprint, ".", jti] {
        hash.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(hash.finish())
}

impl Unproven {
    /// Whether the answer should bring a nonce.
    pub(crate) fn wants_nonce(&self) -> bool {
        matches!(self, Self::Proof(error) if error.refusal() == ProofRefusal::NonceWanted)
    }

    /// Whether it only begins the protocol.
    pub(crate) fn begins(&self) -> bool {
        matches!(self, Self::Proof(error) if error.begins())
    }

    /// The stable name in logs and audit events.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Proof(error) => error.code(),
            Self::Assertion(error) => error.code(),
            Self::State(error) => error.code(),
        }
    }
}
