//! Which nonces are ours, and how old are they? (RFC 9449 §8)
//!
//! Nothing is stored: a nonce is the time and the epoch of the shared memory, sealed by a key that all nodes have. So a
//! proof with a nonce from before that memory was lost says so by itself, and nothing spent then becomes spendable.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hsm_config::{HsmError, KeyRole, Signer};
use quick_cache::sync::Cache;
use time::OffsetDateTime;

use super::ProofError;
use crate::limits::{KEY_CLOCK_SKEW, MAX_OPENED_NONCES, NONCE_FRESH, NONCE_LIFE};
use crate::state::{Epoch, EpochId};

/// What is sealed here is nothing else that this key seals.
const PURPOSE: &[u8] = b"dpop-nonce";

/// Octets of a sealed nonce: AES-GCM nonce, time, epoch, tag.
const SEALED: usize = 12 + 8 + 16 + 16;

/// The nonces of this gateway (*nonces*).
pub(crate) struct Nonces {
    signer: Arc<dyn Signer>,
    current: ArcSwapOption<(Sealed, Arc<str>)>,
    /// A seal is opened once: with a key in a module that takes a while.
    opened: Cache<String, Sealed>,
}

/// What a nonce says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sealed {
    made_at: i64,
    epoch: EpochId,
}

/// A nonce of ours that is not too old (*nonce reconnu*). Whether its epoch lasts, the shared memory says.
#[derive(Clone, Copy, Debug)]
pub(super) struct OurNonce(Sealed);

impl Nonces {
    pub(crate) fn new(signer: Arc<dyn Signer>) -> Self {
        Self { signer, current: ArcSwapOption::empty(), opened: Cache::new(MAX_OPENED_NONCES) }
    }

    /// The nonce to give out now: one for everybody for a while. It is the `jti` that makes a proof unique.
    pub(super) fn current(&self, epoch: EpochId, at: OffsetDateTime) -> Result<Arc<str>, HsmError> {
        let now = at.unix_timestamp();
        let current = self.current.load_full();
        if let Some((sealed, text)) = current.as_deref()
            && sealed.epoch == epoch
            && (0..NONCE_FRESH).contains(&now.saturating_sub(sealed.made_at))
        {
            return Ok(text.clone());
        }
        let sealed = Sealed { made_at: now, epoch };
        let bytes = self.signer.seal(KeyRole::StateSealing, &sealed.to_bytes(), PURPOSE)?;
        let text: Arc<str> = URL_SAFE_NO_PAD.encode(bytes).into();
        self.current.store(Some(Arc::new((sealed, text.clone()))));
        Ok(text)
    }

    /// Whether this nonce is ours and young enough.
    pub(super) fn recognise(&self, nonce: &str, at: OffsetDateTime) -> Result<OurNonce, ProofError> {
        let sealed = match self.opened.get(nonce) {
            Some(known) => known,
            None => self.open(nonce)?,
        };
        let age = at.unix_timestamp().saturating_sub(sealed.made_at);
        // The node that made it may be ahead of us.
        if (-KEY_CLOCK_SKEW..=NONCE_LIFE).contains(&age) {
            Ok(OurNonce(sealed))
        } else {
            Err(ProofError::NonceExpired)
        }
    }

    fn open(&self, nonce: &str) -> Result<Sealed, ProofError> {
        let bytes = URL_SAFE_NO_PAD.decode(nonce).map_err(|_| ProofError::NonceForeign)?;
        if bytes.len() != SEALED {
            return Err(ProofError::NonceForeign);
        }
        let opened = match self.signer.open(KeyRole::StateSealing, &bytes, PURPOSE) {
            Ok(opened) => opened,
            Err(HsmError::NotSealedHere { .. }) => return Err(ProofError::NonceForeign),
            Err(error) => return Err(error.into()),
        };
        let sealed = Sealed::from_bytes(&opened).ok_or(ProofError::NonceForeign)?;
        self.opened.insert(nonce.to_owned(), sealed);
        Ok(sealed)
    }
}

impl OurNonce {
    /// Whether the caller should have the next one.
    pub(super) fn is_old(self, at: OffsetDateTime) -> bool {
        at.unix_timestamp().saturating_sub(self.0.made_at) >= NONCE_FRESH
    }

    /// The memory in which its proof is to be spent, or in none.
    pub(super) fn epoch(self) -> Epoch {
        let since = OffsetDateTime::from_unix_timestamp(self.0.made_at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Epoch { id: self.0.epoch, since }
    }
}

impl Sealed {
    fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        let (time, epoch) = bytes.split_at_mut(8);
        time.copy_from_slice(&self.made_at.to_be_bytes());
        epoch.copy_from_slice(&self.epoch.0);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (time, epoch) = bytes.split_at_checked(8)?;
        Some(Self {
            made_at: i64::from_be_bytes(time.try_into().ok()?),
            epoch: EpochId(epoch.try_into().ok()?),
        })
    }
}

impl std::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nonces")
    }
}
