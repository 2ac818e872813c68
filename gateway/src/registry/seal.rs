//! What of a person may be stored, and in which form?
//!
//! The only way into the registry's tables, for one enrolment as for fifty million: numbers become keyed hashes,
//! the identifiant santé becomes a pseudonym and a sealed value that is bound to it.

use std::sync::Arc;

use card_reader::NationalNumber;
use hsm_config::{KeyRole, Signer};
use zeroize::Zeroizing;

use super::{HealthId, RegistryError};
use crate::token::Tokens;

/// The registry's keys, at work (*scellement*).
#[derive(Clone)]
pub struct Sealer {
    signer: Arc<dyn Signer>,
    tokens: Arc<Tokens>,
    audience: String,
}

impl Sealer {
    /// `audience` is the gateway's own, for which subjects are derived.
    #[must_use]
    pub fn new(signer: Arc<dyn Signer>, tokens: Arc<Tokens>, audience: String) -> Self {
        Self { signer, tokens, audience }
    }

    /// The pseudonym of a patient at the gateway itself.
    pub fn subject(&self, health_id: &HealthId) -> Result<String, RegistryError> {
        self.tokens.pairwise_subject(&self.audience, health_id.expose()).map_err(|_| RegistryError::Subject)
    }

    /// The identifiant santé, sealed for the row of its subject.
    pub fn sealed(&self, health_id: &HealthId, subject: &str) -> Result<Vec<u8>, RegistryError> {
        let (plain, row) = (health_id.expose().as_bytes(), subject.as_bytes());
        Ok(self.signer.seal(KeyRole::RegistrySealing, plain, row)?)
    }

    /// The identifiant santé in such a row.
    pub fn opened(&self, sealed: &[u8], subject: &str) -> Result<HealthId, RegistryError> {
        let opened = self.signer.open(KeyRole::RegistrySealing, sealed, subject.as_bytes())?;
        let text = std::str::from_utf8(&opened).ok();
        text.and_then(HealthId::parse).ok_or(RegistryError::Malformed("health_id"))
    }

    /// The keyed hash that stands for the number of a CNIE.
    pub fn national_number(&self, number: &NationalNumber) -> Result<[u8; 32], RegistryError> {
        self.index(b"national-number", number.expose())
    }

    /// The keyed hash that stands for a number. `kind` keeps numbers of two kinds apart.
    pub(super) fn index(&self, kind: &[u8], number: &str) -> Result<[u8; 32], RegistryError> {
        let message = Zeroizing::new([kind, b"\0", number.as_bytes()].concat());
        Ok(self.signer.mac(KeyRole::RegistryIndex, &message)?)
    }

    /// The keys themselves, for what else they name.
    pub(super) fn signer(&self) -> &Arc<dyn Signer> {
        &self.signer
    }
}
