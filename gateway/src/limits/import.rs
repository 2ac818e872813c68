//! How much is too much for an import of the registry?

/// Octets of one line of an import: a Patient with a photograph.
pub const IMPORT_LINE_BYTES: usize = 1 << 20;

/// Lines read, judged and kept together: one transaction of the staging area.
pub const IMPORT_BLOCK_LINES: usize = 8_192;

/// … and their octets; a few blocks are in memory at once.
pub const IMPORT_BLOCK_BYTES: usize = 8 << 20;

/// Bad lines of one reason that are named in the report; the rest is counted.
pub const IMPORT_REPORTED: u32 = 1_000;

/// Rows written to the registry at once while it is in use: SQLite has one writer, and counters wait for their events.
pub const IMPORT_LOADED_AT_ONCE: i64 = 4_000;

/// Rows that `--merge` brings into SQLite in one transaction, some 0.3 s long: no event is written meanwhile. More are
/// merged beside the registry in force, which takes as long as a whole import.
pub const IMPORT_MERGED_AT_ONCE: u64 = 20_000;
