//! Since when is it not believed any more?

use crate::PkiError;
use time::{Duration, OffsetDateTime};

/// A certificate revocation list whose signature nobody has checked yet (LCR non vérifiée).
#[derive(Debug, Clone)]
pub struct UntrustedCrl {
    _der: Vec<u8>,
}

impl UntrustedCrl {
    /// Reads one DER CRL.
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        Ok(Self { _der: der.to_vec() })
    }
}

/// What a missing or stale revocation list means (politique de révocation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RevocationPolicy {
    /// Unknown is refused.
    #[default]
    RequireFresh,
    /// A list up to this much past its next update still counts.
    AcceptStale(Duration),
    /// Unknown is accepted and reported as [`RevocationStatus::Unknown`].
    AcceptUnknown,
}

/// What was known of the revocation of a certificate when it was verified (état de révocation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationStatus {
    /// Not on a list of this date.
    NotRevoked {
        /// When the list was made.
        this_update: OffsetDateTime,
        /// When the next one was promised.
        next_update: OffsetDateTime,
    },
    /// No usable list; the policy accepted that.
    Unknown,
}
