//! How is sealed what nodes hand each other for minutes, and the key that may live in a hardware module asked once an hour only?
//!
//! A node seals with a key of its own making, which lies beside what it sealed, itself sealed by the key of the role
//! `state-sealing`. So the module is not on the counter's path, and a module that is away for a moment is not noticed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use hsm_config::{HsmError, KeyJob, KeyRole, Signer};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

const ROLE: KeyRole = KeyRole::StateSealing;

/// Associated data of a sealed key: it is never taken for anything else that the role sealed.
const KEY: &[u8] = b"presence key";

/// Life of a node's key: what is stolen from a node's memory opens the presences of an hour, all of which are past.
const LIFE: Duration = Duration::hours(1);

/// Keys of other nodes that are remembered: two of each of a hundred nodes.
const OTHERS_MAX: usize = 200;

/// Octets of an AES-256 key, sealed as `nonce ‖ key ‖ tag`; and of a nonce (NIST SP 800-38D §8.2.2).
const SEALED_KEY: usize = 12 + 32 + 16;
const NONCE: usize = 12;

/// Seals and opens what nodes leave for each other (*enveloppe*).
pub(crate) struct Envelope {
    signer: Arc<dyn Signer>,
    own: Mutex<Option<(Arc<NodeKey>, OffsetDateTime)>>,
    others: Mutex<VecDeque<Arc<NodeKey>>>,
}

/// A key that one node made, and how the others are told of it.
struct NodeKey {
    key: RandomizedNonceKey,
    sealed: [u8; SEALED_KEY],
}

impl Envelope {
    /// Makes the first key.
    pub(crate) fn new(signer: Arc<dyn Signer>, at: OffsetDateTime) -> Result<Self, HsmError> {
        let envelope = Self::unused(signer);
        envelope.own_key(at)?;
        Ok(envelope)
    }

    /// Makes its first key when something is sealed.
    pub(crate) fn unused(signer: Arc<dyn Signer>) -> Self {
        Self { signer, own: Mutex::default(), others: Mutex::default() }
    }

    /// `sealed key ‖ nonce ‖ ciphertext ‖ tag`.
    pub(crate) fn seal(
        &self,
        plaintext: &[u8],
        bound: &[u8],
        at: OffsetDateTime,
    ) -> Result<Vec<u8>, HsmError> {
        let own = self.own_key(at)?;
        let mut body = Vec::with_capacity(plaintext.len() + 16);
        body.extend_from_slice(plaintext);
        let nonce = own.key.seal_in_place_append_tag(Aad::from(bound), &mut body);
        let nonce = nonce.map_err(|_| HsmError::OperationFailed { role: ROLE, job: KeyJob::Seal })?;
        Ok([own.sealed.as_slice(), nonce.as_ref(), &body].concat())
    }

    /// Opens what any node sealed.
    pub(crate) fn open(&self, sealed: &[u8], bound: &[u8]) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        let not_here = || HsmError::NotSealedHere { role: ROLE };
        let (sealed_key, rest) = sealed.split_first_chunk::<SEALED_KEY>().ok_or_else(not_here)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or_else(not_here)?;
        let node_key = self.key_of(sealed_key)?;
        let mut body = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened =
            node_key.key.open_in_place(nonce, Aad::from(bound), &mut body).map_err(|_| not_here())?;
        let length = opened.len();
        body.truncate(length);
        Ok(body)
    }

    /// The key of this hour.
    fn own_key(&self, at: OffsetDateTime) -> Result<Arc<NodeKey>, HsmError> {
        let mut own = lock(&self.own);
        // Not beyond its life either: a clock that was set back does not prolong it.
        let living = own.as_ref().filter(|(_, until)| at < *until && *until <= at.saturating_add(LIFE));
        if let Some((key, _)) = living {
            return Ok(key.clone());
        }
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *secret).map_err(|_| HsmError::NoRandomness)?;
        let sealed = self.signer.seal(ROLE, &*secret, KEY)?;
        let failed = HsmError::OperationFailed { role: ROLE, job: KeyJob::Seal };
        let sealed = sealed.try_into().map_err(|_| failed)?;
        let key = Arc::new(NodeKey::new(&*secret, sealed)?);
        *own = Some((key.clone(), at.saturating_add(LIFE)));
        Ok(key)
    }

    /// The key that is sealed so; the module is asked once for each.
    fn key_of(&self, sealed: &[u8; SEALED_KEY]) -> Result<Arc<NodeKey>, HsmError> {
        if let Some((own, _)) = lock(&self.own).as_ref().filter(|(own, _)| own.sealed == *sealed) {
            return Ok(own.clone());
        }
        if let Some(known) = lock(&self.others).iter().find(|known| known.sealed == *sealed) {
            return Ok(known.clone());
        }
        let key = Arc::new(NodeKey::new(&self.signer.open(ROLE, sealed, KEY)?, *sealed)?);
        let mut others = lock(&self.others);
        if others.len() >= OTHERS_MAX {
            others.pop_front();
        }
        others.push_back(key.clone());
        Ok(key)
    }
}

impl NodeKey {
    fn new(secret: &[u8], sealed: [u8; SEALED_KEY]) -> Result<Self, HsmError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, secret).map_err(|_| HsmError::KeyRejected(ROLE))?;
        Ok(Self { key, sealed })
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_config::SoftwareKeys;

    const AT: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn nodes() -> [Envelope; 2] {
        let signer: Arc<dyn Signer> = Arc::new(SoftwareKeys::generate(AT).unwrap());
        [Envelope::new(signer.clone(), AT).unwrap(), Envelope::new(signer, AT).unwrap()]
    }

    #[test]
    fn any_node_opens_what_another_sealed_and_nobody_what_was_changed() {
        let [here, there] = nodes();
        let sealed = here.seal(b"text", b"id", AT).unwrap();
        assert!(!sealed.windows(4).any(|part| part == b"text"));
        for node in [&here, &there, &there] {
            assert_eq!(node.open(&sealed, b"id").unwrap().as_slice(), b"text");
        }
        assert_eq!(lock(&there.others).len(), 1);
        let refused = |sealed: &[u8], bound: &[u8]| there.open(sealed, bound).unwrap_err().code();
        assert_eq!(refused(&sealed, b"another id"), "key-not-sealed-here");
        for place in [0, SEALED_KEY - 1, SEALED_KEY, SEALED_KEY + NONCE, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(refused(&changed, b"id"), "key-not-sealed-here", "{place}");
        }
        for cut in 0..sealed.len() {
            assert_eq!(refused(&sealed[..cut], b"id"), "key-not-sealed-here", "{cut}");
        }
        let [stranger, _] = nodes();
        assert_eq!(stranger.open(&sealed, b"id").unwrap_err().code(), "key-not-sealed-here");
    }

    #[test]
    fn a_node_takes_another_key_each_hour_and_the_old_one_still_opens() {
        let [here, there] = nodes();
        let first = here.seal(b"text", b"id", AT).unwrap();
        let same = here.seal(b"text", b"id", AT + LIFE - Duration::SECOND).unwrap();
        assert_eq!(first[..SEALED_KEY], same[..SEALED_KEY]);
        let next = here.seal(b"text", b"id", AT + LIFE).unwrap();
        assert_ne!(first[..SEALED_KEY], next[..SEALED_KEY]);
        for node in [&here, &there] {
            for sealed in [&first, &next] {
                assert_eq!(node.open(sealed, b"id").unwrap().as_slice(), b"text");
            }
        }
        // A clock that was set back does not prolong its life.
        let back = here.seal(b"text", b"id", AT - LIFE * 2).unwrap();
        assert_ne!(back[..SEALED_KEY], next[..SEALED_KEY]);
    }
}
