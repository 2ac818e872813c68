//! Since when is it not believed any more?
//!
//! | question | module |
//! |---|---|
//! | what does this list say, and is it one that speaks for all? | [`list`](UntrustedCrl) |
//! | why is this certificate on it, since when? | [`entry`](RevokedEntry) |
//! | does it speak for every certificate of its issuer? | `scope` |
//! | what follows for one certificate, from all lists of its authority? | [`RevocationStatus`] |

mod entry;
mod list;
mod scope;

pub use entry::{RevocationReason, RevokedEntry};
pub use list::UntrustedCrl;

use crate::PkiError;
use time::{Duration, OffsetDateTime};

/// What a missing or stale revocation list means (politique de révocation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RevocationPolicy {
    /// Whoever cannot be known not to be revoked is refused.
    #[default]
    RequireFresh,
    /// What is known travels with the proof, and whoever takes the proof decides: see [`RevocationStatus`].
    Report,
}

/// What was known of the revocation of a certificate when it was verified (état de révocation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationStatus {
    /// Not on the newest list, which is of this date.
    NotRevoked {
        /// When the list was made.
        this_update: OffsetDateTime,
        /// When the next one was promised.
        next_update: OffsetDateTime,
    },
    /// No list that could be used, of whatever age.
    Unknown,
}

impl RevocationStatus {
    /// How far past its next update the list is at `at`: nothing while it is fresh. `None`: there is no list.
    #[must_use]
    pub fn overdue(&self, at: OffsetDateTime) -> Option<Duration> {
        match self {
            Self::NotRevoked { next_update, .. } => Some((at - *next_update).max(Duration::ZERO)),
            Self::Unknown => None,
        }
    }

    /// How old the list is at `at`. `None`: there is no list.
    #[must_use]
    pub fn age(&self, at: OffsetDateTime) -> Option<Duration> {
        match self {
            Self::NotRevoked { this_update, .. } => Some((at - *this_update).max(Duration::ZERO)),
            Self::Unknown => None,
        }
    }
}

/// Judges one serial number by all lists of its authority.
///
/// Revoked by any list, however old, is revoked. Held (certificateHold) is refused too, until a newer list does not
/// name it any more (RFC 5280 §5.3.1). Else the newest list answers. One that is dated after `at` is not asked.
pub(crate) fn status<'a>(
    lists: impl Iterator<Item = &'a UntrustedCrl>,
    serial: &[u8],
    policy: RevocationPolicy,
    at: OffsetDateTime,
) -> Result<RevocationStatus, PkiError> {
    let mut newest: Option<&UntrustedCrl> = None;
    let mut held = false;
    for list in lists.filter(|list| list.this_update() <= at) {
        let entry = list.entry(serial);
        if entry.as_ref().is_some_and(|entry| entry.reason != RevocationReason::CertificateHold) {
            return Err(PkiError::Revoked);
        }
        match newest.map_or(std::cmp::Ordering::Greater, |known| list.this_update().cmp(&known.this_update()))
        {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => held |= entry.is_some(),
            std::cmp::Ordering::Greater => {
                newest = Some(list);
                held = entry.is_some();
            }
        }
    }
    if held {
        return Err(PkiError::OnHold);
    }
    let status = newest.map_or(RevocationStatus::Unknown, |list| RevocationStatus::NotRevoked {
        this_update: list.this_update(),
        next_update: list.next_update(),
    });
    match policy {
        RevocationPolicy::RequireFresh if status.overdue(at) != Some(Duration::ZERO) => {
            Err(PkiError::RevocationUnknown)
        }
        RevocationPolicy::RequireFresh | RevocationPolicy::Report => Ok(status),
    }
}
