//! How much is too much of callers without a certificate?

use std::time::Duration;

/// Octets of a DPoP proof or of a client assertion; real ones have 500 to 900.
pub const MAX_PROOF_BYTES: usize = 4 << 10;

/// Octets of a `jti` that others choose. A UUID has 36.
pub const MAX_JTI_BYTES: usize = 128;

/// Octets of a public key as a JWK; a P-256 key with every optional member has about 300.
pub const MAX_JWK_BYTES: usize = 1 << 10;

/// Seconds that the `iat` of a DPoP proof may lie on either side of our clock (RFC 9449 §11.1 "on the order of seconds or
/// minutes"). How fresh a proof is follows from the nonce; this bounds how long its `jti` is remembered.
pub const PROOF_WINDOW: i64 = 60;

/// How long a spent proof is remembered: both sides of [`PROOF_WINDOW`], at nodes each [`KEY_CLOCK_SKEW`](super::KEY_CLOCK_SKEW) off.
pub const PROOF_SPENT_LIFE: Duration = Duration::from_secs(240);

/// Seconds that a DPoP nonce is good (RFC 9449 §8.2: the server decides).
pub const NONCE_LIFE: i64 = 5 * 60;

/// Seconds after which an answer brings the next nonce (RFC 9449 §8.2).
pub const NONCE_FRESH: i64 = 60;

/// Nonces whose seal was opened lately, about 150 octets each: one a minute and node.
pub const MAX_OPENED_NONCES: usize = 256;

/// Seconds that a client assertion lives at most (RFC 7523 §3 "unreasonably far in the future").
pub const MAX_ASSERTION_LIFETIME: i64 = 5 * 60;

/// How long a spent assertion is remembered: its life, by a client whose clock is [`PROOF_WINDOW`] ahead, at nodes each
/// [`KEY_CLOCK_SKEW`](super::KEY_CLOCK_SKEW) off.
pub const ASSERTION_SPENT_LIFE: Duration = Duration::from_secs(8 * 60);

/// Seconds that a client token lives at most: it opens presences, its key proves it each time.
pub const MAX_CLIENT_TOKEN_LIFETIME: i64 = 5 * 60;

/// Refusals of unproven callers of one address (IPv6: one /64) in one second after which the rest of the second is refused
/// unread. Behind a carrier's or a hospital's one address stand many honest ones, who are not counted.
pub const UNPROVEN_PER_SECOND: u32 = 500;

/// Addresses counted in one second (about 60 octets each).
pub const UNPROVEN_ADDRESSES: usize = 16_384;

/// Addresses of one second whose refusals get an event of their own; the others share one. Against an audit flood.
pub const UNPROVEN_EVENTS_PER_SECOND: usize = 20;
