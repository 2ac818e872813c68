//! Which private keys does the chip hold, and which has a copy of it?

use pki::issuing::ChipKey;

use super::card_file::CardFileError;

/// Private keys of the chip.
pub(super) struct ChipKeys {
    pub(super) active_authentication: Option<ChipKey>,
    pub(super) chip_authentication: Option<ChipKey>,
}

impl ChipKeys {
    /// What a copied card has: keys, but not those that the state vouches for.
    pub(super) fn exchanged(self) -> Result<Self, CardFileError> {
        Ok(Self {
            active_authentication: self.active_authentication.map(|key| key.another()).transpose()?,
            chip_authentication: self.chip_authentication.map(|key| key.another()).transpose()?,
        })
    }
}
