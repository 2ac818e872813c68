//! Since when has this memory been whole?

use std::fmt;

use time::OffsetDateTime;

/// The name of one unbroken memory (*époque*): drawn at random, so that no two memories share it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EpochId(pub [u8; 16]);

/// A memory that has lost nothing since it began (*mémoire entière*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch {
    /// Its name.
    pub id: EpochId,
    /// When it began, by the memory's own clock: compare it with other clocks only with a leeway.
    pub since: OffsetDateTime,
}

impl EpochId {
    /// A fresh one; none where the machine has no random numbers.
    #[must_use]
    pub fn random() -> Option<Self> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).ok().map(|()| Self(id))
    }
}

impl fmt::Debug for EpochId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}
