//! Which keys sign and verify one kind of token at this moment?

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use hsm_config::{HsmError, KeyRole, ModuleError, PublishedKey, SIGNATURE_LEN, Signer};
use time::OffsetDateTime;

use super::{TokenError, WithdrawnKeys};

/// The keys of one role (*trousseau*), asked of the signer anew each second: the times of keys are whole seconds,
/// so what was true at the beginning of one is true until its end.
pub(super) struct KeyRing {
    signer: Arc<dyn Signer>,
    role: KeyRole,
    /// Keys in other hands, whatever the signer says of them.
    withdrawn: WithdrawnKeys,
    held: ArcSwapOption<Held>,
}

struct Held {
    second: i64,
    current: Option<Arc<str>>,
    published: Vec<KnownKey>,
}

/// A key that verifies.
#[derive(Clone)]
pub(super) struct KnownKey {
    kid: Arc<str>,
    key: Arc<ParsedPublicKey>,
}

impl KeyRing {
    pub(super) fn new(signer: Arc<dyn Signer>, role: KeyRole, withdrawn: WithdrawnKeys) -> Self {
        Self { signer, role, withdrawn, held: ArcSwapOption::empty() }
    }

    /// The name of the key that signs.
    pub(super) fn current(&self, at: OffsetDateTime) -> Result<Arc<str>, TokenError> {
        let current = self.held(at)?.current.clone();
        current.ok_or(TokenError::Signer(HsmError::NoCurrentKey { role: self.role }))
    }

    /// The key of that name, if verifiers may meet it.
    pub(super) fn published(&self, kid: &str, at: OffsetDateTime) -> Result<Option<KnownKey>, TokenError> {
        Ok(self.held(at)?.published.iter().find(|key| *key.kid == *kid).cloned())
    }

    pub(super) fn sign(&self, kid: &str, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], TokenError> {
        Ok(self.signer.sign(self.role, kid, message)?)
    }

    /// The signer has other keys now: they are asked for at the next question, not at the next second.
    pub(super) fn forget(&self) {
        self.held.store(None);
    }

    fn held(&self, at: OffsetDateTime) -> Result<Arc<Held>, TokenError> {
        let second = at.unix_timestamp();
        if let Some(held) = self.held.load_full().filter(|held| held.second == second) {
            return Ok(held);
        }
        let held = Arc::new(self.ask(second)?);
        self.held.store(Some(Arc::clone(&held)));
        Ok(held)
    }

    fn ask(&self, second: i64) -> Result<Held, TokenError> {
        let at = OffsetDateTime::from_unix_timestamp(second).map_err(|_| TokenError::Claims("time"))?;
        let current = match self.signer.current(self.role, at) {
            Ok(key) => Some(Arc::from(key.kid())),
            // It can still verify what another node signs.
            Err(HsmError::NoCurrentKey { .. } | HsmError::Module(ModuleError::DelegateEnded(_))) => None,
            Err(error) => return Err(error.into()),
        };
        let mut published = self.signer.published(self.role, at)?;
        let withdrawn = self.withdrawn.load();
        let current = current.filter(|kid: &Arc<str>| !withdrawn.contains(&**kid));
        published.retain(|key| !withdrawn.contains(key.key.kid()));
        Ok(Held { second, current, published: published.iter().map(known).collect::<Result<_, _>>()? })
    }
}

fn known(published: &PublishedKey) -> Result<KnownKey, TokenError> {
    let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, published.key.sec1_uncompressed())
        .map_err(|_| TokenError::UnknownKey)?;
    Ok(KnownKey { kid: published.key.kid().into(), key: Arc::new(key) })
}

impl KnownKey {
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), TokenError> {
        self.key.verify_sig(message, signature).map_err(|_| TokenError::Signature)
    }
}
