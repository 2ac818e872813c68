//! How much may a patient say, and how soon must every node know it?

use std::num::NonZeroU32;
use std::time::Duration;

/// How long what a patient said is remembered by a node that cannot tell whether it changed: half of the second within
/// which every node must know.
pub const CONSENT_REMEMBERED: Duration = Duration::from_millis(500);

/// Between two readings of whose consents changed: five fit into the second within which every node must know.
pub const CONSENT_POLL: Duration = Duration::from_millis(200);

/// A node that began its last reading longer ago trusts its memory no more than [`CONSENT_REMEMBERED`].
pub const CONSENT_HEARD: Duration = Duration::from_millis(600);

/// What was read is kept no longer, changed or not: a birth year in the registry may be corrected.
pub const CONSENT_KEPT: Duration = Duration::from_secs(30);

/// Changes of one reading …
pub const CONSENT_CHANGES_AT_ONCE: i64 = 1_000;

/// … and how many are kept in memory, some 100 octets each; when there are more, nothing older is trusted.
pub const CONSENT_CHANGES_KEPT: usize = 50_000;

/// How long changes are kept in the store: far longer than any node is behind.
pub const CONSENT_CHANGES_STORED: time::Duration = time::Duration::hours(1);

/// Between two sweeps of older ones.
pub const CONSENT_SWEEP: Duration = Duration::from_secs(600);

/// Patients whose consents are kept in memory: those who are at a counter now.
pub const CONSENTS_CACHED: usize = 20_000;

/// Establishments for which the rules of one patient are kept compiled.
pub const CONSENT_ASKERS: usize = 8;

/// Consents of one patient that stand at once. Against a counter that writes and writes.
pub const MAX_CONSENTS: usize = 50;

/// Consents of one patient in one answer, newest first.
pub const CONSENTS_SHOWN: usize = 200;

/// Rules of one consent, with all exceptions. The longest example of IHE PCF has three.
pub const MAX_PROVISIONS: usize = 32;

/// Rules below rules: IHE PCF Intermediate has two, an exception of an exception is one more.
pub const MAX_PROVISION_DEPTH: usize = 4;

/// Actors, purposes, resource types or labels of one rule.
pub const MAX_PROVISION_WORDS: usize = 32;

/// Octets of one reference, code or name in a consent (FHIR R4 §2.24.0.1: an id has at most 64).
pub const MAX_CONSENT_WORD: usize = 128;

/// A patient who was at an establishment in person is its patient for so long, unless configured otherwise
/// (`[limits] therapeutic_link_days`): from one yearly check-up to the next.
pub const LINK_DAYS: NonZeroU32 = match NonZeroU32::new(365) {
    Some(days) => days,
    None => NonZeroU32::MIN,
};

/// Links that wait to be written; more are dropped and counted: the next presence writes them.
pub const LINKS_WAITING: usize = 10_000;

/// Between two writings of links.
pub const LINK_FLUSH: Duration = Duration::from_millis(500);

/// Links of one writing.
pub const LINKS_AT_ONCE: usize = 500;
