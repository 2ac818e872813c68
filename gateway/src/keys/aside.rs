//! How does a request wait for a hardware module without holding up the others?

use std::sync::Arc;

use hsm_config::{Announcement, HsmError, KeyRole, PublicKey, PublishedKey, SIGNATURE_LEN, Signer};
use time::OffsetDateTime;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;
use zeroize::Zeroizing;

/// A signer whose answers may take long: while one is awaited, another thread takes over the other requests.
pub(crate) struct WaitingAside(Arc<dyn Signer>);

impl WaitingAside {
    pub(crate) fn new(signer: Arc<dyn Signer>) -> Self {
        Self(signer)
    }

    fn ask<T>(&self, role: KeyRole, question: impl FnOnce(&dyn Signer) -> T) -> T {
        let many =
            Handle::try_current().is_ok_and(|here| here.runtime_flavor() == RuntimeFlavor::MultiThread);
        // Keys in memory answer at once, and giving the thread away would cost more than the answer.
        if many && self.0.waits(role) { block_in_place(|| question(&*self.0)) } else { question(&*self.0) }
    }
}

impl Signer for WaitingAside {
    fn published(&self, role: KeyRole, at: OffsetDateTime) -> Result<Vec<PublishedKey>, HsmError> {
        self.0.published(role, at)
    }

    fn current(&self, role: KeyRole, at: OffsetDateTime) -> Result<PublicKey, HsmError> {
        self.0.current(role, at)
    }

    fn sign(&self, role: KeyRole, kid: &str, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], HsmError> {
        self.ask(role, |signer| signer.sign(role, kid, message))
    }

    fn mac(&self, role: KeyRole, message: &[u8]) -> Result<[u8; 32], HsmError> {
        self.ask(role, |signer| signer.mac(role, message))
    }

    fn seal(&self, role: KeyRole, plaintext: &[u8], associated_data: &[u8]) -> Result<Vec<u8>, HsmError> {
        self.ask(role, |signer| signer.seal(role, plaintext, associated_data))
    }

    fn open(
        &self,
        role: KeyRole,
        sealed: &[u8],
        associated_data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        self.ask(role, |signer| signer.open(role, sealed, associated_data))
    }

    fn waits(&self, role: KeyRole) -> bool {
        self.0.waits(role)
    }

    fn announcements(&self, at: OffsetDateTime) -> Vec<Announcement> {
        self.0.announcements(at)
    }

    fn hear(&self, announced: &[Announcement], at: OffsetDateTime) -> Vec<HsmError> {
        self.0.hear(announced, at)
    }

    fn maintain(&self, at: OffsetDateTime) -> Result<(), HsmError> {
        self.0.maintain(at)
    }
}
