//! Why is a pseudonym not led back?

use std::borrow::Cow;

use hsm_config::HsmError;

use crate::audit::AuditError;
use crate::registry::RegistryError;
use crate::store::DatabaseError;
use crate::token::TokenError;

/// What is wrong with a step. Never carries a pseudonym or a name.
#[derive(Debug, thiserror::Error)]
pub enum RelinkError {
    /// The request was approved before.
    #[error("this request is approved already")]
    AlreadyApproved,
    /// The request was opened before: once is all.
    #[error("this request was opened already; ask anew, with both operators")]
    AlreadyOpened,
    /// No back-end that knows patients by pseudonyms has that audience.
    #[error("no back-end with pseudonyms of its own has that audience")]
    Audience,
    /// The event is not on record, so nothing is told.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The database refused or is away.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Its day is over.
    #[error("this request is older than a day; ask anew")]
    Expired,
    /// The operator's key file is not a P-256 key, or not that of the certificate.
    #[error("the operator's key cannot be used: {0}")]
    Key(&'static str),
    /// No patient has that pseudonym at that audience.
    #[error("no patient has that pseudonym at that audience")]
    NobodyFound,
    /// Nobody approved it yet.
    #[error("nobody has approved this request yet")]
    NotApproved,
    /// Somebody who neither asked nor approved.
    #[error("only who asked or approved may open")]
    NotInvolved,
    /// The certificate is not that of a registered auditor in good standing.
    #[error("not an operator in good standing: {0}")]
    Operator(Cow<'static, str>),
    /// Not what a pseudonym looks like.
    #[error("a pseudonym is 32 hexadecimal digits in lower case")]
    Pseudonym,
    /// The reference is not a label.
    #[error("a reference is 1 to 64 of A-Z a-z 0-9 . _ -")]
    Reference,
    /// The registry did not answer.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Patients changed while they were read, and nobody was found: perhaps not everybody was seen.
    #[error("the registry changed during the search; open again")]
    RegistryChanged,
    /// The same operator twice, under whichever certificate.
    #[error("the operator who asked cannot approve; another one must")]
    SameOperator,
    /// The signature is not by the key of that certificate over these words.
    #[error("a statement's signature does not verify")]
    Signature,
    /// A key of the gateway did not answer.
    #[error(transparent)]
    Signer(#[from] HsmError),
    /// A stored statement is not what this program writes, or of something else.
    #[error("a statement cannot be read: {0}")]
    Statement(&'static str),
    /// A pseudonym could not be derived.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// There is no such request.
    #[error("there is no such request")]
    UnknownRequest,
}

impl RelinkError {
    /// The stable code in events and messages.
    #[must_use]
    pub fn code(&self) -> Cow<'static, str> {
        match self {
            Self::AlreadyApproved => "relink-already-approved".into(),
            Self::AlreadyOpened => "relink-already-opened".into(),
            Self::Audience => "relink-audience-unknown".into(),
            Self::Audit(error) => error.code().into(),
            Self::Database(_) => "relink-database-failed".into(),
            Self::Expired => "relink-expired".into(),
            Self::Key(_) => "relink-operator-key".into(),
            Self::NobodyFound => "relink-pseudonym-unknown".into(),
            Self::NotApproved => "relink-not-approved".into(),
            Self::NotInvolved => "relink-not-involved".into(),
            Self::Operator(exact) => exact.clone(),
            Self::Pseudonym => "relink-pseudonym-malformed".into(),
            Self::Reference => "relink-reference-malformed".into(),
            Self::Registry(error) => error.code().into(),
            Self::RegistryChanged => "relink-registry-changed".into(),
            Self::SameOperator => "relink-same-operator".into(),
            Self::Signature => "relink-signature".into(),
            Self::Signer(error) => error.code().into(),
            Self::Statement(_) => "relink-statement-malformed".into(),
            Self::Token(error) => error.code().into(),
            Self::UnknownRequest => "relink-request-unknown".into(),
        }
    }
}
