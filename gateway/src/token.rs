//! What do our tokens say, and is this one ours?
//!
//! Six kinds, each with its own key and its own `typ` or audience, so that none passes for another:
//!
//! | token | held by | key role | lives |
//! |---|---|---|---|
//! | session (`at+jwt`, RFC 9068) | the counter, bound to its certificate (RFC 8705) | `token-signing` | ≤ 15 min |
//! | client (`at+jwt`) | a counter without a certificate, bound to its key (RFC 9449), to open presences | `token-signing` | ≤ 5 min |
//! | back-end (`at+jwt`) | the gateway, for one request to one back-end | `backend-token-signing` | ≤ 5 min |
//! | status list (`statuslist+jwt`) | anybody | `token-signing` | 5 min |
//! | receipt (`receipt+jwt`) | the counter, then CNSS | `receipt-signing` | for ever |
//! | answer about cover (`eligibility+jwt`) | the counter, then CNSS | `receipt-signing` | for ever |

mod back_end;
mod claims;
mod client;
mod confirmation;
mod error;
mod introspection;
pub(crate) mod json;
mod jws;
mod key_ring;
mod published;
mod receipt;
mod received;
mod risk;
pub(crate) mod scope;
mod session;
mod status_list;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hsm_config::{KeyRole, Signer};
use quick_cache::sync::Cache;
use time::OffsetDateTime;

pub use back_end::{BackEndGrant, Holder, IssuedToken};
pub use claims::{BackEndClaims, PresenceClaims, ReceiptClaims, SessionClaims, StatusReference};
pub use client::{ClientClaims, PRESENCE_SCOPE, VerifiedClientToken};
pub use confirmation::{Confirmation, Scheme};
pub use error::{TokenError, TokenRefusal};
pub(crate) use json::read_once;
pub use published::jwk_set;
pub use receipt::VerifiedReceipt;
pub use received::{PatientReference, TokenSays, VerifiedBackEndToken};
pub use session::VerifiedSessionToken;
pub use status_list::{PublishedStatusList, StatusBits};

use self::{
    back_end::{BackEndKey, CachedToken},
    jws::Jws,
    key_ring::KeyRing,
    received::RememberedBackEnd,
};
use crate::limits::{MAX_BACK_END_TOKENS, MAX_ELIGIBILITY_BYTES, MAX_STATUS_LIST_BYTES, MAX_VERIFIED_TOKENS};
use crate::state::Envelope;

/// The names of keys that are in other hands.
type WithdrawnKeys = Arc<ArcSwap<HashSet<String>>>;

/// Issues and verifies every token of this gateway (*jetons*).
pub struct Tokens {
    signer: Arc<dyn Signer>,
    issuer: String,
    audience: String,
    withdrawn: WithdrawnKeys,
    sessions: Jws,
    back_ends: Jws,
    receipts: Jws,
    eligibilities: Jws,
    status_lists: Jws,
    envelope: Envelope,
    introspections: Jws,
    verified: Cache<[u8; 32], VerifiedSessionToken>,
    back_end: Cache<BackEndKey, CachedToken>,
    received: Cache<[u8; 32], RememberedBackEnd>,
}

impl Tokens {
    /// Every kind of token, with the keys that the signer has at each moment.
    ///
    /// `issuer` is the public URL of the gateway, without a trailing slash; `audience` is what session tokens
    /// are meant for: the gateway itself.
    #[must_use]
    pub fn new(signer: Arc<dyn Signer>, issuer: String, audience: String) -> Self {
        let withdrawn = WithdrawnKeys::default();
        let jws = |role, typ| Jws::new(KeyRing::new(Arc::clone(&signer), role, Arc::clone(&withdrawn)), typ);
        Self {
            sessions: jws(KeyRole::TokenSigning, "at+jwt"),
            back_ends: jws(KeyRole::BackendTokenSigning, "at+jwt"),
            receipts: jws(KeyRole::ReceiptSigning, "receipt+jwt"),
            eligibilities: jws(KeyRole::ReceiptSigning, "eligibility+jwt").with_room(MAX_ELIGIBILITY_BYTES),
            status_lists: jws(KeyRole::TokenSigning, "statuslist+jwt").with_room(MAX_STATUS_LIST_BYTES),
            introspections: jws(KeyRole::TokenSigning, "token-introspection+jwt"),
            verified: Cache::new(MAX_VERIFIED_TOKENS),
            back_end: Cache::new(MAX_BACK_END_TOKENS),
            received: Cache::new(MAX_BACK_END_TOKENS),
            withdrawn,
            envelope: Envelope::unused(signer.clone()),
            signer,
            issuer,
            audience,
        }
    }

    /// Every public key that verifiers may meet at that time, as a JWK Set (RFC 7517): also those that will sign
    /// and those that have signed.
    ///
    /// # Errors
    /// [`TokenError::Signer`] when the keys do not answer.
    pub fn jwks(&self, at: OffsetDateTime) -> Result<serde_json::Value, TokenError> {
        Ok(published::jwks(self.signer.as_ref(), &self.withdrawn.load(), at)?)
    }

    /// The signer has other keys from this moment on: what was known of the old ones is forgotten.
    pub fn keys_changed(&self) {
        let evidence = [&self.receipts, &self.eligibilities];
        let others = [&self.sessions, &self.back_ends, &self.introspections, &self.status_lists];
        for jws in evidence.into_iter().chain(others) {
            jws.keys().forget();
        }
    }

    /// These keys are in other hands: nothing that they signed is believed, they sign nothing more, and nobody is told
    /// of them.
    pub fn keys_withdrawn(&self, kids: HashSet<String>) {
        self.withdrawn.store(Arc::new(kids));
        self.keys_changed();
    }

    /// The name of a patient at one audience (*pseudonyme*): the same patient has another name at every other.
    ///
    /// 128 bits of HMAC-SHA256 in lower-case hex, so that it is a FHIR R4 `id` (`[A-Za-z0-9\-.]{1,64}`: the
    /// `_` of base64url is not) and survives a back-end that compares identifiers without regard to case.
    ///
    /// # Errors
    /// [`TokenError::Signer`] when the key does not answer.
    pub fn pairwise_subject(&self, audience: &str, health_id: &str) -> Result<String, TokenError> {
        // The audience goes in after its length: no two pairs run together into the same message.
        let mut message = Vec::with_capacity(8 + audience.len() + health_id.len());
        message.extend_from_slice(&u64::try_from(audience.len()).unwrap_or(u64::MAX).to_be_bytes());
        message.extend_from_slice(audience.as_bytes());
        message.extend_from_slice(health_id.as_bytes());
        let mac = self.signer.mac(KeyRole::PairwiseSubject, &message)?;
        Ok(hex::encode(mac.split_at(16).0))
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
