//! How much is too much of what all nodes remember together?

use std::time::Duration;

// --- Presences ---------------------------------------------------------------------------------------------------

/// Challenges of all clients that wait at all nodes (about 10 KiB each): the national peak opens 530 sessions/s and a chip
/// answers within two seconds.
pub const PRESENCES_WAITING_MAX: usize = 20_000;

/// Challenges of one client that wait: one hospital's counters at once.
pub const PRESENCES_WAITING_PER_CLIENT_MAX: usize = 512;

/// That a presence was there is remembered for so long after its life, so that it is told apart from one that never was.
pub const PRESENCE_REMEMBERED: Duration = Duration::from_secs(60);

// --- Shared state ------------------------------------------------------------------------------------------------

/// One call to the shared state, with all its repetitions. Shorter than a pharmacist's patience, longer than a failover
/// of a cluster whose node timeout is a second.
pub const STATE_DEADLINE: Duration = Duration::from_millis(2_500);

/// Attempts of one call, with growing pauses from [`STATE_PAUSE`] on: a Redis that restarts is back within a second.
pub const STATE_ATTEMPTS: u32 = 6;

/// After the first attempt that failed; doubled by each that follows.
pub const STATE_PAUSE: Duration = Duration::from_millis(25);

/// One attempt, and one connection. A Redis on the same network answers within a millisecond.
pub const STATE_ANSWER_TIMEOUT: Duration = Duration::from_millis(500);

/// A peer that acknowledges nothing for so long is gone (`TCP_USER_TIMEOUT`, RFC 5482).
pub const STATE_SILENCE_MAX: Duration = Duration::from_secs(2);

/// Between two looks at the epoch.
pub const STATE_LOOK: Duration = Duration::from_millis(500);

/// How long an epoch's name outlives the last node that looked at it. Longer than the life of anything spent in it.
pub const STATE_EPOCH_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Octets of one key, and of the name of its holder.
pub const STATE_KEY_OCTETS_MAX: usize = 256;

/// Octets of one kept value: a card's files (EF.SOD with RSA-4096 has 10 KiB) and what is secret about its challenge.
pub const STATE_VALUE_OCTETS_MAX: usize = 64 << 10;

/// Values that one process keeps of one space, with those that are taken (about 200 octets each): three minutes of the
/// national peak of 530 sessions/s.
pub const STATE_KEPT_MAX: usize = 200_000;

/// Octets of the values that one process keeps of one space.
pub const STATE_KEPT_OCTETS_MAX: usize = 256 << 20;

/// Names that one process remembers as spent in one space, about 150 octets each.
pub const STATE_SPENT_MAX: usize = 1_000_000;

/// Numbers, and rooms, that one process remembers of one space.
pub const STATE_NAMES_MAX: usize = 100_000;

/// Octets of one entry of a window: a place, a moment and what was seen there.
pub const STATE_WINDOW_ENTRY_OCTETS_MAX: usize = 64;

/// Entries of one window. Up to 128 of at most 64 octets Redis keeps in one run of octets (`zset-max-listpack-entries`).
pub const STATE_WINDOW_ENTRIES_MAX: usize = 128;

/// Windows that one process remembers of one space, about 250 octets each with what is in them.
pub const STATE_WINDOWS_MAX: usize = 1_000_000;

/// Octets of what is in them.
pub const STATE_WINDOWS_OCTETS_MAX: usize = 256 << 20;

// --- Fraud -------------------------------------------------------------------------------------------------------

/// All windows of one observation. A Redis on the same network answers within a millisecond; nobody waits at a counter
/// for what is not needed to know who is there.
pub const FRAUD_PATIENCE: Duration = Duration::from_millis(300);

/// How often what operators ruled is asked for.
pub const FRAUD_REFRESH: Duration = Duration::from_millis(500);

/// How often it is asked whether this night's comparison of establishments was made.
pub const FRAUD_NIGHTS: Duration = Duration::from_secs(600);

/// Reading the prescription that a dispensing rests on; the pharmacist waits for it.
pub const FRAUD_PRESCRIPTION_PATIENCE: Duration = Duration::from_secs(1);

/// Octets of one prescription.
pub const FRAUD_PRESCRIPTION_BYTES_MAX: usize = 256 << 10;

/// Cases that wait to be written.
pub const FRAUD_CASES_WAITING_MAX: usize = 4_096;

/// What was told a moment ago, about 150 octets each.
pub const FRAUD_NEWS_REMEMBERED: usize = 50_000;

/// Hits of one signal that one case keeps: enough to judge it by.
pub const FRAUD_HITS_PER_SIGNAL_MAX: i64 = 200;

/// Cards in quarantine, and signals found to be mistaken, that a node keeps in memory, about 100 octets each.
pub const FRAUD_RULINGS_MAX: i64 = 100_000;
