//! Why is an emergency access not shown or not reviewed?

use std::borrow::Cow;

use hsm_config::HsmError;

use crate::audit::{AuditError, AuditStoreError};
use crate::registry::RegistryError;
use crate::relink::RelinkError;
use crate::trust::StatementError;

/// What is wrong with a step of the review. Never carries words or a name.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// It was reviewed before: once is all.
    #[error("this access was reviewed already")]
    AlreadyReviewed,
    /// The step is not on record, so nothing is shown and nothing counts.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] AuditStoreError),
    /// The reviewer's key cannot be used.
    #[error(transparent)]
    Key(#[from] RelinkError),
    /// Whoever signed is no reviewer at this moment, by this code.
    #[error("who signed may not review ({0})")]
    NotAReviewer(Cow<'static, str>),
    /// The database.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The sealing key.
    #[error(transparent)]
    Signer(#[from] HsmError),
    /// What is sealed is not what was sealed for this access.
    #[error("what is stored of this access was altered")]
    Altered,
    /// No such access.
    #[error("there is no such emergency access")]
    Unknown,
    /// The reviewer's words: none, or too many.
    #[error("say in words why: 10 to 2,000 characters")]
    Words,
}

impl ReviewError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Cow<'static, str> {
        match self {
            Self::AlreadyReviewed => "emergency-already-reviewed".into(),
            Self::Audit(error) => error.code().into(),
            Self::Log(_) => "audit-unreadable".into(),
            Self::Key(_) => "emergency-reviewer-key".into(),
            Self::NotAReviewer(code) => code.clone(),
            Self::Registry(error) => error.code().into(),
            Self::Signer(error) => error.code().into(),
            Self::Altered => "emergency-altered".into(),
            Self::Unknown => "emergency-unknown".into(),
            Self::Words => "emergency-review-words".into(),
        }
    }
}

impl From<StatementError> for ReviewError {
    fn from(error: StatementError) -> Self {
        Self::NotAReviewer(match error {
            StatementError::Malformed(_) | StatementError::Key | StatementError::Signature => {
                "emergency-reviewer-signature".into()
            }
            StatementError::Unvouched(error) => error.code().into(),
        })
    }
}
