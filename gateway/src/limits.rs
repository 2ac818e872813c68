//! How much is too much? Every bound, with its unit and its source.
//!
//! These are the defaults; the `[limits]` table of the configuration may lower or raise the ones that depend on the
//! size of an establishment network. A bound without a clause number is ours, and its line says what it is against.

mod consent;
mod cover;
mod emergency;
pub mod import;
mod keyed;
mod lists;
mod oauth;
mod policies;
mod shared;
mod withdrawals;

use std::time::Duration;

pub use consent::*;
pub use cover::*;
pub use emergency::*;
pub use keyed::*;
pub use lists::*;
pub use oauth::*;
pub use policies::*;
pub use shared::*;
pub use withdrawals::*;

// --- Connections -------------------------------------------------------------------------------------------------

/// Connections at one listener. Against exhaustion of file descriptors and memory.
/// When it is reached, the connection that has been idle longest gives its place to the newcomer.
pub const MAX_CONNECTIONS: usize = 16_384;

/// Connections of one client certificate. A station needs one to six (browsers: six per host); a hospital's
/// integration engine a few dozen.
pub const MAX_CONNECTIONS_PER_CERTIFICATE: usize = 256;

/// Connections from one IP address, proven or not. A hospital's stations may all stand behind one address.
pub const MAX_CONNECTIONS_PER_ADDRESS: usize = 12_288;

/// File descriptors kept for back-ends, the database and files when connections are bounded by `ulimit -n`.
pub const RESERVED_FILE_DESCRIPTORS: usize = 256;

/// From TCP accept to the end of the TLS handshake. A mobile unit by satellite needs 2 s for its two round trips.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// From the end of the handshake to the first request head; hyper has no bound for a silent connection.
pub const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// HTTP/1: silence between two requests plus the time for a request head. Against slow-loris (RFC 9112 §9.5).
pub const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection without a request in flight. Longer than a back-office pause, shorter than a NAT entry (RFC 5382: 2 h).
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(120);

/// A connection whose requests are in flight but none of whose answers moves: a client that stopped reading. Longer
/// than the slowest honest upload ([`BODY_TOTAL_TIMEOUT`]) and its answer ([`BACK_END_ANSWER_TIMEOUT`]) together.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(330);

/// HTTP/2: after this silence a PING is sent (RFC 9113 §6.7) …
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// … and a peer that does not answer it in this time is gone.
pub const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// HTTP/2: requests at once on one connection (RFC 9113 §6.5.2 advises at least 100).
pub const MAX_CONCURRENT_STREAMS: u32 = 128;

/// Running requests finish in this time after SIGTERM; then connections are cut.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Between "no more connections" and "no more requests", for what is on its way (hyper#3792).
pub const DRAIN_GRACE: Duration = Duration::from_millis(100);

/// After a failed accept (no file descriptor left), before the next try.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connection refusals reported per second at one listener; the rest is counted. Against a log or audit flood.
pub const MAX_REFUSALS_REPORTED_PER_SECOND: u32 = 20;

/// After the last answer on a connection that we close early, how long unread bytes are thrown away so that the
/// answer is not lost to a TCP reset (RFC 9112 §9.6).
pub const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// … and how many of them.
pub const LINGER_BYTES: usize = 1 << 20;

// --- Request heads -----------------------------------------------------------------------------------------------

/// Octets of a request head, HTTP/1 buffer and HTTP/2 header list alike. A token has about 1 KiB.
pub const MAX_HEAD_BYTES: usize = 32 << 10;

/// Header fields of a request. hyper's own default, made explicit.
pub const MAX_HEADERS: usize = 100;

/// Octets of path and query (RFC 9110 §4.1 asks for at least 8000).
pub const MAX_TARGET_BYTES: usize = 8 << 10;

/// Octets of a request id that a caller may bring.
pub const MAX_REQUEST_ID_BYTES: usize = 64;

// --- Bodies ------------------------------------------------------------------------------------------------------

/// Octets of a request body on the gateway's own routes. An EF.SOD with RSA-4096 has 10 KiB; base64 and DG15 on top.
pub const MAX_BODY_BYTES: u64 = 256 << 10;

/// Octets of a proxied request body: a FHIR Bundle with an attached PDF.
pub const MAX_PROXIED_BODY_BYTES: u64 = 16 << 20;

/// Octets of a back-end's answer: a year of a hospital's documents. Beyond it the client's connection is aborted.
pub const MAX_ANSWER_BYTES: u64 = 256 << 20;

/// Between two frames of a body, in either direction. hyper has no bound for a stalled body.
pub const BODY_FRAME_TIMEOUT: Duration = Duration::from_secs(15);

/// A whole body, in either direction: 16 MiB over a 512 kbit/s line take 260 s.
pub const BODY_TOTAL_TIMEOUT: Duration = Duration::from_secs(300);

// --- Back-ends ---------------------------------------------------------------------------------------------------

/// TCP connection to a back-end on the same network.
pub const BACK_END_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// From the end of the request head to the answer's head. A pharmacist waits no longer.
pub const BACK_END_ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// Idle connections kept to one back-end.
pub const BACK_END_POOL_IDLE: usize = 256;

/// A pooled connection is dropped before the back-end drops it: below nginx's 75 s and Node's 5 s keep-alive
/// (the race of hyper#2136).
pub const BACK_END_POOL_IDLE_TIMEOUT: Duration = Duration::from_millis(4_000);

/// Requests in flight at one back-end.
pub const BACK_END_MAX_IN_FLIGHT: usize = 512;

/// Octets of a back-end's answer head, and of one read.
pub const BACK_END_BUFFER_BYTES: usize = 64 << 10;

/// The breaker opens when at least this many requests …
pub const BREAKER_MIN_REQUESTS: u32 = 20;

/// … of one window …
pub const BREAKER_WINDOW: Duration = Duration::from_secs(10);

/// … failed in at least this share (percent), …
pub const BREAKER_FAILURE_PERCENT: u32 = 50;

/// … and lets one request try again after this rest.
pub const BREAKER_REST: Duration = Duration::from_secs(5);

// --- Rates -------------------------------------------------------------------------------------------------------

/// Requests per second of one client, sustained. A counter makes about ten per patient.
pub const RATE_PER_SECOND: u32 = 50;

/// … and at once.
pub const RATE_BURST: u32 = 200;

/// Clients the limiter remembers (about 75 octets each). Morocco has some 12,000 pharmacies and 15,000 practices.
pub const RATE_MAX_CLIENTS: usize = 100_000;

// --- Tokens ------------------------------------------------------------------------------------------------------

/// Seconds that a session token lives at most (design §5: a card left on the counter opens nothing after lunch).
pub const MAX_SESSION_LIFETIME: i64 = 15 * 60;

/// Seconds that a back-end token lives at most: it cannot be withdrawn, so it dies soon.
pub const MAX_BACK_END_LIFETIME: i64 = 5 * 60;

/// Seconds that a back-end token used again must still live: longer than a back-end takes to begin its answer.
pub const MIN_BACK_END_LIFETIME: i64 = 60;

/// Seconds that another node's clock may be ahead when it dates a token (RFC 7519 §4.1.5 "small leeway").
pub const CLOCK_LEEWAY: i64 = 5;

/// A reading of the shared clock that took longer says too little: the poll of withdrawals takes milliseconds.
pub const CLOCK_SAMPLE_MAX: Duration = Duration::from_secs(1);

/// Seconds that verifiers may keep the published keys (Cache-Control of the JWK Set). Stock libraries without a will
/// of their own keep them as long (`PyJWKClient`, nimbus: 300 s).
pub const JWKS_MAX_AGE: i64 = 5 * 60;

/// Seconds that the clocks of two nodes, or of a node and a verifier, may be apart where keys follow each other:
/// what JWT libraries tolerate by themselves (jsonwebtoken: 60 s).
pub const KEY_CLOCK_SKEW: i64 = 60;

/// Seconds that the next key is published before it signs. At least [`JWKS_MAX_AGE`] + [`KEY_CLOCK_SKEW`]; more, for
/// libraries that keep keys longer than they are told (npm `jose`: 600 s).
pub const KEY_LEAD: i64 = 15 * 60;

/// Seconds that the public half of a receipt or checkpoint key stays published after its last signature: ten years,
/// as supporting documents of accounts are kept in Morocco (law 9-88, article 22).
pub const RECEIPT_KEY_LIFETIME: i64 = 3_653 * 24 * 60 * 60;

/// Days that a key signs before `bawaba keys status` says that it is due (NIST SP 800-57 part 1 §5.3.6: 1 to 3 years).
pub const KEY_CRYPTO_PERIOD_DAYS: i64 = 365;

/// Octets of the longest token that is looked at; ours take about 1 KiB.
pub const MAX_TOKEN_BYTES: usize = 4 << 10;

/// Verified session tokens that are remembered, about 1 KiB each: more than are alive at one busy node.
pub const MAX_VERIFIED_TOKENS: usize = 16_384;

/// Back-end tokens that are remembered, about 1.5 KiB each.
pub const MAX_BACK_END_TOKENS: usize = 16_384;

// --- Databases ---------------------------------------------------------------------------------------------------

/// Connections of one node to PostgreSQL: five nodes stay below its default of 100 in all.
pub const DATABASE_CONNECTIONS: u32 = 16;

/// One question of a counter to PostgreSQL, a failover to another host included: no longer than it waits for the log.
pub const DATABASE_PATIENCE: Duration = Duration::from_secs(3);

/// … and one of an operator, who may read the whole log.
pub const DATABASE_PATIENCE_SLOW: Duration = Duration::from_secs(60);

/// One try of such a question. Half of the patience, so that a host that froze leaves time for another.
pub const DATABASE_TRY: Duration = Duration::from_millis(1_400);

/// From TCP connect to the first answer of a PostgreSQL host on the same network.
pub const DATABASE_CONNECT: Duration = Duration::from_millis(1_000);

/// Between two rounds of tries while no host takes writes.
pub const DATABASE_PAUSE: Duration = Duration::from_millis(50);

// --- Answers that are looked through -----------------------------------------------------------------------------

/// Octets of an answer that is looked through: a page of a record. What is not looked through streams, up to
/// [`MAX_ANSWER_BYTES`].
pub const LOOKED_AT_BYTES_MAX: usize = 16 << 20;

/// Kibibytes of all answers that are looked through at one moment; its tree takes as much again while one is read.
pub const LOOKED_AT_KIB_TOGETHER: usize = 128 << 10;
