//! How soon must every node know what was withdrawn, and how much of it is kept and published?

use std::time::Duration;

/// Between two readings of what was withdrawn: five readings fit into the second within which every node must know
/// (design.md §6), so that four of them may fail.
pub const WITHDRAWAL_POLL: Duration = Duration::from_millis(200);

/// Of one reading: far longer than it takes, shorter than [`WITHDRAWAL_STALE`].
pub const WITHDRAWAL_POLL_TIMEOUT: Duration = Duration::from_secs(1);

/// A node that has not heard for so long what was withdrawn opens nothing: longer than the patience for the audit log
/// (3 s), so that a short failover of the database is waited out by those who wait for the log anyway.
pub const WITHDRAWAL_STALE: Duration = Duration::from_secs(4);

/// … and after so long it cuts what still runs.
pub const WITHDRAWAL_CUT: Duration = Duration::from_secs(8);

/// Between two sweeps of what expired.
pub const WITHDRAWAL_SWEEP: Duration = Duration::from_secs(30);

/// How long an expired withdrawal is kept in the store: longer than clocks are apart.
pub const WITHDRAWAL_KEPT: time::Duration = time::Duration::minutes(5);

/// A token dated so much after the withdrawal is still meant: it is dated in whole seconds by another clock.
pub const WITHDRAWAL_LEEWAY: time::Duration = time::Duration::seconds(1);

/// Withdrawals alive at once, some 200 octets each: twice the sessions that the country opens in 15 minutes at its peak
/// (530 a second, design.md §6), every one of them ended by the counter.
pub const MAX_WITHDRAWALS: usize = 1_000_000;

/// Places of one status list, 16 KiB of bits: whoever fetches a list says only that the token is one of so many (Token
/// Status List §12.5, herd privacy). A power of two, and a multiple of [`STATUS_BLOCK`].
pub const STATUS_LIST_PLACES: u32 = 1 << 17;

/// Places that a node takes at once, and gives out in an order that nobody can foresee.
pub const STATUS_BLOCK: u32 = 512;

/// What is left of them after this time is never used: a list has an end.
pub const STATUS_BLOCK_LIFE: Duration = Duration::from_secs(15 * 60);

/// Seconds that a back-end may keep a status list before it asks again (`ttl`, and `max-age`).
pub const STATUS_LIST_TTL: i64 = 10;

/// Seconds after which a status list is worth nothing: a gateway may be away so long before back-ends that stay offline
/// have to refuse. Not more than a token-signing key stays published after its last signature.
pub const STATUS_LIST_LIFETIME: i64 = 5 * 60;

/// Seconds for which every node dates an unchanged list alike, so that it is one and the same to caches.
pub const STATUS_LIST_WINDOW: i64 = 60;

/// Octets of a signed status list: 16 KiB of bits that do not compress, twice in base64url.
pub const MAX_STATUS_LIST_BYTES: usize = 48 << 10;

/// Between two looks at which lists were begun.
pub const STATUS_LOOK: Duration = Duration::from_secs(2);

/// The sessions of a card, client or patient are looked for in the log at once, and again after this time: longer than
/// an event may take to be durable ([`APPEND_TIMEOUT`](crate::audit::APPEND_TIMEOUT)).
pub const STATUS_LOOK_AGAIN: Duration = Duration::from_secs(5);
