//! Can the keys be used at this moment?

use std::sync::{Mutex, PoisonError};

use hsm_config::{HsmError, KeyRole, Signer};
use time::OffsetDateTime;

/// What the last trial of the keys found (*état des clés*): nothing, or the code of what is wrong.
#[derive(Debug, Default)]
pub struct KeysStanding(Mutex<Option<&'static str>>);

impl KeysStanding {
    /// What is wrong, if anything is.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn found(&self, fault: Option<&'static str>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

/// Does what every session needs: signs, and looks a card up. A module that is away does not matter as long as
/// delegates sign for it; nobody outside can cause a trial.
pub(super) fn probe(signer: &dyn Signer, at: OffsetDateTime) -> Result<(), HsmError> {
    // Three parts and two dots make a token: this is none.
    const TRIAL: &[u8] = b"can these keys be used";
    let key = signer.current(KeyRole::TokenSigning, at)?;
    let _signature = signer.sign(KeyRole::TokenSigning, key.kid(), TRIAL)?;
    let _index = signer.mac(KeyRole::RegistryIndex, TRIAL)?;
    Ok(())
}
