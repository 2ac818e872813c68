//! What changed since the file before?

use super::base::each;
use super::{CardDigest, HotListError, HotListHeader, HotListKind, Listing};
use std::io::Read;

/// Cards that came onto the list, and cards that left it (mise à jour de la liste d'opposition).
#[derive(Debug)]
pub struct HotListDelta {
    header: HotListHeader,
    changes: Vec<(CardDigest, Option<Listing>)>,
}

impl HotListDelta {
    /// Reads the entries that follow the header, to the end of the file.
    pub fn read(header: HotListHeader, entries: impl Read) -> Result<Self, HotListError> {
        if header.kind != HotListKind::Delta {
            return Err(HotListError::WrongKind);
        }
        let mut changes = Vec::new();
        each(&header, entries, |entry| {
            changes.push((entry.card, entry.listing));
            Ok(())
        })?;
        Ok(Self { header, changes })
    }

    /// The head of its file.
    #[must_use]
    pub fn header(&self) -> &HotListHeader {
        &self.header
    }

    pub(super) fn changes(&self) -> &[(CardDigest, Option<Listing>)] {
        &self.changes
    }
}
