//! How much is too much of lists of what was revoked?

use std::time::Duration;

/// Between two looks at a file or folder from which lists are fetched.
pub const FETCH_LOOK: Duration = Duration::from_secs(1);

/// After the first failed fetch; doubled by each that follows, up to the configured period.
pub const FETCH_BACKOFF: Duration = Duration::from_secs(5);

/// Files of one folder from which lists are fetched. The ICAO PKD has one list for each of some 100 states.
pub const FETCH_FILES: usize = 512;

/// Files of the hot list looked at: a base and a month of hourly deltas, twice.
pub const HOT_LIST_FILES: usize = 2_048;
