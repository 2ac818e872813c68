//! What does an operator sign? (RFC 7515, with the chain of the signing certificate in `x5c`)

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Wanted;

/// Which of the three statements: its `typ`, so that none passes for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Approval,
    Opening,
}

impl Kind {
    pub(super) const fn typ(self) -> &'static str {
        match self {
            Self::Request => "relink-request+jwt",
            Self::Approval => "relink-approval+jwt",
            Self::Opening => "relink-opening+jwt",
        }
    }
}

/// On which legal ground a pseudonym is led back (*fondement*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// The order of a court (*réquisition judiciaire*).
    CourtOrder,
    /// An inquiry into fraud against the compulsory insurance (*enquête de fraude*).
    FraudInquiry,
    /// The patient must be found for their own safety (*sécurité du patient*).
    PatientSafety,
}

impl Ground {
    /// The word in statements and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CourtOrder => "court-order",
            Self::FraudInquiry => "fraud-inquiry",
            Self::PatientSafety => "patient-safety",
        }
    }
}

/// What every statement says first: for which gateway, about which request, when.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StatementId {
    pub(super) aud: String,
    pub(super) jti: Uuid,
    pub(super) iat: i64,
}

impl StatementId {
    pub(super) fn new(issuer: &str, request: Uuid, at: OffsetDateTime) -> Self {
        Self { aud: issuer.to_owned(), jti: request, iat: at.unix_timestamp() }
    }
}

/// "Tell us who this is."
#[derive(Serialize, Deserialize)]
pub(super) struct Request {
    #[serde(flatten)]
    pub(super) of: StatementId,
    pub(super) exp: i64,
    pub(super) audience: String,
    pub(super) pseudonym: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<String>,
    pub(super) ground: Ground,
    pub(super) reference: String,
}

/// "I have read that request, and agree."
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Approval {
    #[serde(flatten)]
    pub(super) of: StatementId,
    /// SHA-256 of the request as it was signed.
    pub(super) request: String,
}

/// "Answer it now, to me."
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Opening {
    #[serde(flatten)]
    pub(super) of: StatementId,
    /// SHA-256 of the request as it was signed.
    pub(super) request: String,
    /// SHA-256 of the approval as it was signed.
    pub(super) approval: String,
}

/// What a statement is addressed to.
pub(super) trait Addressed {
    fn id(&self) -> &StatementId;
}

impl Addressed for Request {
    fn id(&self) -> &StatementId {
        &self.of
    }
}

impl Addressed for Approval {
    fn id(&self) -> &StatementId {
        &self.of
    }
}

impl Addressed for Opening {
    fn id(&self) -> &StatementId {
        &self.of
    }
}

impl Request {
    pub(super) fn wanted(&self) -> Wanted {
        Wanted {
            audience: self.audience.clone(),
            to: self.to.clone(),
            ground: self.ground,
            reference: self.reference.clone(),
        }
    }
}
