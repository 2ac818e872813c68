//! Who wrote what about a case, legible to nobody who reads the database?

use hsm_config::{KeyRole, Signer};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{FraudError, store};
use crate::store::Store;

/// A note on a case (*note d'enquête*). Its words may name people.
#[derive(Clone, Serialize, Deserialize)]
pub struct Note {
    /// Who wrote it, by the name that an operator gave.
    pub by: String,
    /// The words.
    pub words: String,
}

/// When a note was written, and what it says.
pub type Dated = (OffsetDateTime, Note);

/// Seals a note for this case and keeps it.
pub async fn write(
    store: &Store,
    signer: &dyn Signer,
    case: Uuid,
    note: &Note,
    at: OffsetDateTime,
) -> Result<(), FraudError> {
    let id = Uuid::new_v4();
    let plain = Zeroizing::new(serde_json::to_vec(note).map_err(|_| FraudError::Malformed("note"))?);
    let sealed = signer.seal(KeyRole::RegistrySealing, &plain, &context(case, id))?;
    store::note(store, (case, id), &sealed, at).await
}

/// The notes of a case, oldest first.
pub async fn read(store: &Store, signer: &dyn Signer, case: Uuid) -> Result<Vec<Dated>, FraudError> {
    let sealed = store::notes(store, case).await?;
    let opened = sealed.into_iter().map(|(id, at, sealed)| {
        let plain = signer.open(KeyRole::RegistrySealing, &sealed, &context(case, id))?;
        Ok((at, serde_json::from_slice(&plain).map_err(|_| FraudError::Malformed("note"))?))
    });
    opened.collect()
}

/// What ties a note to its place: one that is carried to another case does not open.
fn context(case: Uuid, note: Uuid) -> Vec<u8> {
    [b"fraud note ".as_slice(), case.as_bytes(), note.as_bytes()].concat()
}

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Note(redacted)")
    }
}
