//! Whose card signed for its holder, and whom do two practitioners answer for?

use std::sync::Arc;

use card_reader::{HolderProof, NationalNumber};

use super::{Patient, Registry, RegistryError, store};
use crate::emergency::TwoPractitioners;

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

    /// The patient of that number, if enrolled, where two practitioners answer for asking: a number alone is no key.
    pub(crate) async fn in_emergency(
        &self,
        number: &NationalNumber,
        _two: &TwoPractitioners,
    ) -> Result<Option<Arc<Patient>>, RegistryError> {
        let number = self.index(b"national-number", number.expose())?;
        let no_document = self.index(b"no-document", "")?;
        let lately = self.lately();
        let rows = store::presented(&self.store, &number, &no_document).await?;
        rows.holder.map(|row| self.opened(row, &lately)).transpose()
    }
}
