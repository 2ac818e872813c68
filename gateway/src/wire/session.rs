//! A session, as the counter sees it.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use super::NoticeAnswer;
use crate::problem::ProblemReason;

/// `201` of `POST /v1/presences/{id}/proof`.
#[derive(Serialize)]
pub struct OpenedSessionAnswer {
    /// The session.
    pub session: SessionAnswer,
    /// The session token, good only over this client's TLS connections.
    pub token: String,
    /// `Bearer`, in the sense of RFC 8705 section 3: with the certificate.
    pub token_type: &'static str,
    /// Seconds until the token expires.
    pub expires_in: u64,
    /// The signed receipt (*reçu*).
    pub receipt: String,
    /// What the patient is to be told now (*avis au patient*).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<NoticeAnswer>,
    /// What policy would rather see, and permits: of the care pathway.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<ProblemReason>,
}

/// `200` of `GET /v1/sessions/{id}`.
#[derive(Serialize)]
pub struct SessionAnswer {
    /// The session: `jti` of its token.
    pub id: Uuid,
    /// The patient's pseudonym here.
    pub subject: String,
    /// How presence was proven.
    pub acr: &'static str,
    /// What for.
    pub purpose: &'static str,
    /// When it ends by itself.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// The AMO cover; nothing of it where the glass was broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<CoverageAnswer>,
    /// Whom the person at the counter may represent.
    pub dependants: Vec<DependantAnswer>,
    /// The patient's pseudonym at each back-end.
    pub patient_at: BTreeMap<String, String>,
}

/// The AMO cover.
#[derive(Serialize)]
pub struct CoverageAnswer {
    /// The scheme.
    pub scheme: &'static str,
    /// Whether rights are open now.
    pub open: bool,
}

/// A dependant (*ayant droit*).
#[derive(Serialize)]
pub struct DependantAnswer {
    /// To be sent as `dependant` with the next proof.
    pub subject: String,
    /// `child` or `ward`.
    pub relationship: &'static str,
}
