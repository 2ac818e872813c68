//! How much is too much when the glass is broken, and of what a patient is told?

use std::time::Duration;

/// Life of an emergency session: long enough to read the essentials, too short to be left open.
pub const EMERGENCY_SESSION_MAX: Duration = Duration::from_secs(5 * 60);

/// Characters of the reason in words, at least: "urgent" says nothing to whoever reviews it.
pub const EMERGENCY_WORDS_MIN: usize = 10;

/// … and at most: a reason, not a record.
pub const EMERGENCY_WORDS_MAX: usize = 1_000;

/// Octets of a practitioner's statement: a chain of two certificates is in it.
pub const MAX_EMERGENCY_STATEMENT_BYTES: usize = 8 << 10;

/// Seconds that a practitioner's statement lives at most: signed at the bedside, not kept in a drawer.
pub const EMERGENCY_STATEMENT_LIFETIME: i64 = 5 * 60;

/// Quotas are counted over so long, ending now.
pub const EMERGENCY_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// Emergency accesses of one practitioner in that window: a hard night in an emergency ward.
pub const EMERGENCY_PER_PRACTITIONER: u32 = 10;

/// … and of one establishment: the emergency ward of a university hospital sees some 300 patients a day, of whom few come
/// without their card and without their voice.
pub const EMERGENCY_PER_ESTABLISHMENT: u32 = 60;

/// Within which an access is to be reviewed.
pub const EMERGENCY_REVIEW: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// Accesses of one page of the review queue.
pub const EMERGENCY_QUEUE_PAGE: u32 = 200;

/// Between two looks at the ages in the review queue.
pub const EMERGENCY_LOOK: Duration = Duration::from_secs(10);

/// Characters of what a reviewer writes.
pub const EMERGENCY_REVIEW_WORDS_MAX: usize = 2_000;

/// Notices that one answer carries; the rest comes with the next, and `GET /v1/notices` has them all.
pub const NOTICES_TOLD_AT_ONCE: u32 = 10;

/// Notices that `GET /v1/notices` gives, newest first.
pub const NOTICES_LISTED: u32 = 200;

/// Days that a notice is told: as long as the record of the access is worth asking about.
pub const NOTICE_DAYS: i64 = 5 * 365;

/// Days for which a referral is good where it does not say, and at most: a chronic illness is looked at anew after a year.
pub const REFERRAL_DAYS: i64 = 90;

/// … and at most.
pub const REFERRAL_DAYS_MAX: i64 = 365;

/// Referrals of one patient that are looked at.
pub const REFERRALS_LISTED: u32 = 50;

/// How long a node remembers that a patient was referred, or was not.
pub const REFERRAL_REMEMBERED: Duration = Duration::from_secs(2);

/// Patients whose referrals a node remembers, about 150 octets each.
pub const REFERRALS_REMEMBERED_MAX: usize = 20_000;
