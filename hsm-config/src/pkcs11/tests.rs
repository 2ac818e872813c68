//! Does a real module (SoftHSM2) hold what is promised, also when it fails?

mod keys;
mod recovery;
mod server;
pub(crate) mod station;

use time::OffsetDateTime;
use time::macros::datetime;

/// A time after the keys of the tests were made.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-22 12:00:00 UTC);
/// When the keys of the tests were made.
pub(crate) const MADE: OffsetDateTime = datetime!(2026-11-22 11:00:00 UTC);

/// Every role in the token, each key signing itself.
pub(crate) const STAGING: &str = include_str!("../../profiles/staging.toml");
