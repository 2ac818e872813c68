//! Why is the holder's agreement not believed? For the gateway's log; the counter is told one text for all.

use pki::{PathError, PathReason, PkiError};
use thiserror::Error;

use crate::apdu::StatusWord;

/// Why answers to a [`HolderChallenge`](super::HolderChallenge) prove nothing. Carries no data of the card.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HolderError {
    /// Fewer answers than it takes to judge, or more than commands.
    #[error("the answers do not match the commands")]
    AnswersMissing,
    /// The card has no application of its holder.
    #[error("the card has no application of its holder")]
    NoApplication,
    /// The card did not take the PIN. The number is what the station says that the card said.
    #[error("wrong PIN")]
    PinWrong {
        /// Tries left.
        tries_left: Option<u8>,
    },
    /// The card takes no PIN any more.
    #[error("the PIN is blocked")]
    PinBlocked,
    /// The card refused another step.
    #[error("the card refused the challenge: {0}")]
    ChipRefused(StatusWord),
    /// What was read is no certificate.
    #[error("the holder's certificate cannot be read: {0}")]
    Certificate(PkiError),
    /// No path leads from it to an authority that certifies holders.
    #[error("the holder's certificate is not believed: {0}")]
    Untrusted(PathReason),
    /// The certificate is of somebody who is no holder of a national card, such as a professional.
    #[error("the certificate names no holder of a national card")]
    NotAHolder,
    /// The signature is not by the certificate's key over our challenge.
    #[error("the signature is not by the holder's card over this challenge")]
    SignatureWrong,
}

impl HolderError {
    /// Stable name, the same in logs, metrics and audit events.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AnswersMissing => "holder-answers-missing",
            Self::NoApplication => "holder-application-missing",
            Self::PinWrong { .. } => "pin-wrong",
            Self::PinBlocked => "pin-blocked",
            Self::ChipRefused(_) => "holder-chip-refused",
            Self::Certificate(error) => error.code(),
            Self::Untrusted(reason) => reason.code(),
            Self::NotAHolder => "certificate-of-no-holder",
            Self::SignatureWrong => "holder-signature-wrong",
        }
    }

    /// Nobody at the counter did anything wrong: our own revocation list is missing or too old.
    #[must_use]
    pub const fn is_gateways_fault(&self) -> bool {
        matches!(self, Self::Untrusted(PathReason::RevocationUnknown))
    }
}

impl From<PathError> for HolderError {
    fn from(error: PathError) -> Self {
        Self::Untrusted(error.reason)
    }
}
