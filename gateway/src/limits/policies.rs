//! How large may a bundle of policies be, and how soon does a new one count?

use std::time::Duration;

/// Octets of a signed bundle: the mebibyte that a set may have, escaped as JSON and in base64url.
pub const POLICY_BUNDLE_BYTES: usize = 3 << 20;

/// Signers of bundles that an operator may name: one per security officer.
pub const POLICY_SIGNERS: usize = 16;

/// How often a folder or a bundle of policies is looked at.
pub const POLICY_LOOK: Duration = Duration::from_secs(1);

/// How often the store is asked for a bundle that another node took.
pub const POLICY_ASK: Duration = Duration::from_secs(5);
