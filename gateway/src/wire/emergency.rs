//! `POST /v1/emergency-accesses`, `GET /v1/notices`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// Why the glass is to be broken, and who answers for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyBody {
    /// A code of the list.
    pub reason: String,
    /// The same in words.
    pub words: String,
    /// What one or two practitioners signed: compact JWS.
    pub statements: Vec<String>,
    /// The station's name.
    pub station: String,
    /// The establishment's encounter.
    pub encounter: Option<String>,
    /// The number of the patient's CNIE, where no session of theirs is shown.
    pub identifier: Option<String>,
}

/// `201` of `POST /v1/emergency-accesses`.
#[derive(Serialize)]
pub struct EmergencyAnswer {
    /// The access, as it stands in the queue for review.
    pub emergency: EmergencyEntry,
    /// The session.
    pub session: EmergencySession,
    /// Its token, good only over this client's connections.
    pub token: String,
    /// How it is shown.
    pub token_type: &'static str,
    /// Seconds until it expires.
    pub expires_in: u64,
}

/// What is written of it.
#[derive(Serialize)]
pub struct EmergencyEntry {
    /// Its id in the queue.
    pub id: Uuid,
    /// The code of the reason.
    pub reason: &'static str,
    /// Until when it is reviewed.
    #[serde(with = "time::serde::rfc3339")]
    pub review_due: OffsetDateTime,
    /// How many more the practitioners may open in this window.
    pub left_of_practitioner: u32,
    /// How many more the establishment may open in this window.
    pub left_of_establishment: u32,
}

/// A session that shows the essentials and no more: neither cover nor dependants.
#[derive(Serialize)]
pub struct EmergencySession {
    /// `sid` of its token.
    pub id: Uuid,
    /// The patient's pseudonym here.
    pub subject: String,
    /// `break-glass`.
    pub acr: &'static str,
    /// `BTG`.
    pub purpose: &'static str,
    /// When it ends by itself.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// What it may reach, read only.
    pub scope: String,
    /// The patient's pseudonym at each back-end.
    pub patient_at: BTreeMap<String, String>,
}

/// `200` of `GET /v1/notices`.
#[derive(Serialize)]
pub struct NoticesAnswer {
    /// Newest first.
    pub notices: Vec<NoticeAnswer>,
}

/// Something that the patient is to be told (*avis au patient*).
#[derive(Clone, Debug, Serialize)]
pub struct NoticeAnswer {
    /// Its id.
    pub id: Uuid,
    /// `emergency-access`.
    pub kind: &'static str,
    /// When it happened.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Where it happened.
    pub establishment: NamedEstablishment,
    /// Who answers for it, by their professional registration.
    pub practitioners: Vec<String>,
    /// Why.
    pub reason: NoticeText,
    /// What the review found, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<NoticeText>,
    /// When the patient was told, where they were.
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub read_at: Option<OffsetDateTime>,
}

/// An establishment as its door says.
#[derive(Clone, Debug, Serialize)]
pub struct NamedEstablishment {
    /// Its registered id.
    pub id: String,
    /// Its name; nothing where it is registered no more.
    pub name: String,
    /// Where it is.
    pub city: String,
}

/// A code, and what it means to a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NoticeText {
    /// The code.
    pub code: &'static str,
    /// In French.
    pub fr: &'static str,
    /// In Arabic.
    pub ar: &'static str,
    /// In English.
    pub en: &'static str,
}
