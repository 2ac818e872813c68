//! Whose card signed for its holder?

use std::sync::Arc;

use card_reader::HolderProof;

use super::{Patient, Registry, RegistryError, store};

impl Registry {
    /// The patient whose national number the holder's certificate names, if enrolled.
    ///
    /// As with a presence, the number alone is no key: whoever asks shows that its holder just typed the PIN.
    pub async fn holder(&self, proof: &HolderProof) -> Result<Option<Arc<Patient>>, RegistryError> {
        let number = self.index(b"national-number", proof.national_number().expose())?;
        // A certificate names a person, not a document: no card report is asked for.
        let no_document = self.index(b"no-document", "")?;
        let lately = self.lately();
        let rows = store::presented(&self.store, &number, &no_document).await?;
        rows.holder.map(|row| self.opened(row, &lately)).transpose()
    }
}
