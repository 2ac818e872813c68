//! How much is too much of cover and claims?

use std::time::Duration;

// --- Eligibility -------------------------------------------------------------------------------------------------

/// Octets of a question about cover: fifty acts with their codes.
pub const ELIGIBILITY_BODY_BYTES_MAX: u64 = 64 << 10;

/// Acts of one question: a long prescription has a dozen lines.
pub const ELIGIBILITY_ITEMS_MAX: usize = 50;

/// Octets of the back-end's answer: a question's worth of acts, each with its price and rate.
pub const ELIGIBILITY_ANSWER_BYTES_MAX: usize = 256 << 10;

/// Octets of a signed answer.
pub const MAX_ELIGIBILITY_BYTES: usize = 64 << 10;

/// From the question to the back-end's whole answer. The patient stands at the counter; afterwards the registry's
/// word is given, marked as such.
pub const ELIGIBILITY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer is opposable at most, whatever the back-end says: rights change from one day to the next.
pub const OPPOSABLE_MAX: time::Duration = time::Duration::hours(24);

/// How far ahead cover may be asked for: a planned stay in hospital.
pub const ELIGIBILITY_DAYS_AHEAD: i64 = 31;

/// Answers that one node remembers as long as they are opposable, of about 100 octets an act.
pub const ELIGIBILITY_REMEMBERED: usize = 4_096;

/// Acts of a remembered answer; one with more is asked for again.
pub const ELIGIBILITY_ITEMS_REMEMBERED_MAX: usize = 20;

// --- Claims ------------------------------------------------------------------------------------------------------

/// Days after the patient was there within which the act is claimed; `[cover] claim_days`. Care sheets of the AMO were
/// to be handed in within three months.
pub const CLAIM_DAYS: u16 = 90;

/// How long a claim that was sent may be on its way before the same claim may be sent again. Longer than a back-end may
/// take: [`BACK_END_CONNECT_TIMEOUT`](super::BACK_END_CONNECT_TIMEOUT) and
/// [`BACK_END_ANSWER_TIMEOUT`](super::BACK_END_ANSWER_TIMEOUT).
pub const CLAIM_ON_ITS_WAY: time::Duration = time::Duration::seconds(30);

/// Octets of the number of an electronic care sheet (FSE).
pub const FSE_NUMBER_BYTES_MAX: usize = 64;

// --- Receipts ----------------------------------------------------------------------------------------------------

/// Receipts that are verified in one request: a pharmacy's month, or a morning's at CNSS.
pub const RECEIPTS_MAX: usize = 1_000;

/// Octets of such a request: a thousand receipts of less than a kilobyte.
pub const RECEIPTS_BODY_BYTES_MAX: u64 = 1 << 20;

/// How long the log may take to say what it has of them.
pub const RECEIPTS_LOG_TIMEOUT: Duration = Duration::from_secs(10);
