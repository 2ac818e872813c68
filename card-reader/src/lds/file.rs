//! Which files are on the chip, and how long may each be? (ICAO 9303-10 §3.11, §4)

/// The application of the travel document, LDS1 (9303-10 §4.1).
pub const APPLICATION: [u8; 7] = [0xa0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

/// A file that we read (fichier élémentaire). EF.COM is not among them: it is unsigned, the EF.SOD says what exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ElementaryFile {
    /// What PACE the chip speaks; in the master file, readable by anybody.
    CardAccess,
    /// The state's signature over the data groups.
    Sod,
    /// The MRZ.
    Dg1,
    /// The face. Not read at the counter.
    Dg2,
    /// The SecurityInfos of Chip and Active Authentication.
    Dg14,
    /// The Active Authentication key.
    Dg15,
}

impl ElementaryFile {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::CardAccess, Self::Sod, Self::Dg1, Self::Dg2, Self::Dg14, Self::Dg15];

    /// Two-byte file identifier.
    #[must_use]
    pub const fn id(self) -> u16 {
        match self {
            Self::CardAccess => 0x011c,
            Self::Sod => 0x011d,
            Self::Dg1 => 0x0101,
            Self::Dg2 => 0x0102,
            Self::Dg14 => 0x010e,
            Self::Dg15 => 0x010f,
        }
    }

    /// Short file identifier, the five low bits.
    #[must_use]
    pub const fn short_id(self) -> u8 {
        let [_, low] = self.id().to_be_bytes();
        low
    }

    /// Outermost tag: 31 is the bare SET of EF.CardAccess.
    #[must_use]
    pub const fn tag(self) -> u32 {
        match self {
            Self::CardAccess => 0x31,
            Self::Sod => 0x77,
            Self::Dg1 => 0x61,
            Self::Dg2 => 0x75,
            Self::Dg14 => 0x6e,
            Self::Dg15 => 0x6f,
        }
    }

    /// Name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CardAccess => "EF.CardAccess",
            Self::Sod => "EF.SOD",
            Self::Dg1 => "DG1",
            Self::Dg2 => "DG2",
            Self::Dg14 => "DG14",
            Self::Dg15 => "DG15",
        }
    }

    /// Most bytes read: what a plain READ BINARY offset addresses at most. Real ones: EF.CardAccess to 0.5 KB, EF.SOD to 6 KB, DG1 95
    /// bytes, DG2 12 to 30 KB, DG14 to 2 KB, DG15 to 0.6 KB.
    #[must_use]
    pub const fn longest(self) -> usize {
        match self {
            Self::CardAccess | Self::Dg14 => 8 * 1024,
            Self::Sod => 24 * 1024,
            Self::Dg1 => 512,
            Self::Dg2 => 32 * 1024,
            Self::Dg15 => 4 * 1024,
        }
    }
}
