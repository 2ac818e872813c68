//! `POST /v1/receipts/verify`.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ParseError, is_label};
use crate::limits::RECEIPTS_MAX;
use crate::token::ReceiptClaims;

/// Which receipts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyReceiptsBody {
    /// At most 1,000.
    pub receipts: Vec<AskedReceiptBody>,
}

/// One receipt, alone or with what it should be about.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum AskedReceiptBody {
    /// The receipt.
    Receipt(String),
    /// With what is claimed on it.
    Claimed(ClaimedReceiptBody),
}

/// A receipt and what is claimed on it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimedReceiptBody {
    /// The receipt.
    pub receipt: String,
    /// Where it should have been given.
    pub establishment: Option<String>,
    /// Whom it should be about, by the name that the back-end for cover knows.
    pub patient: Option<String>,
}

/// A receipt that is asked about, understood.
pub(crate) struct AskedReceipt {
    pub(crate) receipt: String,
    pub(crate) establishment: Option<String>,
    pub(crate) patient: Option<String>,
}

/// What they are worth, in the order in which they came.
#[derive(Serialize)]
pub struct ReceiptsAnswer {
    /// One for each.
    pub receipts: Vec<ReceiptAnswer>,
}

/// What one receipt is worth.
#[derive(Serialize)]
pub struct ReceiptAnswer {
    /// `sound`, `billed`, `elsewhere`, `another-patient` or `unsigned`.
    pub standing: &'static str,
    /// The presence that it attests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<Uuid>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub establishment: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub time: Option<OffsetDateTime>,
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The place of its event in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_index: Option<u64>,
    /// When a claim on it was accepted.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub billed_at: Option<OffsetDateTime>,
}

impl VerifyReceiptsBody {
    pub(crate) fn understood(self) -> Result<Vec<AskedReceipt>, ParseError> {
        if self.receipts.is_empty() || self.receipts.len() > RECEIPTS_MAX {
            return Err(ParseError("1 to 1000 receipts"));
        }
        self.receipts.into_iter().map(AskedReceiptBody::understood).collect()
    }
}

impl AskedReceiptBody {
    fn understood(self) -> Result<AskedReceipt, ParseError> {
        let asked = match self {
            Self::Receipt(receipt) => AskedReceipt { receipt, establishment: None, patient: None },
            Self::Claimed(ClaimedReceiptBody { receipt, establishment, patient }) => {
                AskedReceipt { receipt, establishment, patient }
            }
        };
        let patient = asked.patient.as_deref().map(|named| named.strip_prefix("Patient/").unwrap_or(named));
        if !patient.is_none_or(is_label) {
            return Err(ParseError("patient is the name of a patient at the back-end for cover"));
        }
        Ok(AskedReceipt { patient: patient.map(str::to_owned), ..asked })
    }
}

impl ReceiptAnswer {
    /// Of a receipt about which nothing can be said.
    pub(crate) const fn nothing(standing: &'static str) -> Self {
        Self {
            standing,
            presence: None,
            establishment: None,
            time: None,
            operation: None,
            log_index: None,
            billed_at: None,
        }
    }

    /// Of one that the log has.
    pub(crate) fn of(
        standing: &'static str,
        says: &ReceiptClaims,
        billed_at: Option<OffsetDateTime>,
    ) -> Self {
        Self {
            standing,
            presence: Some(says.presence),
            establishment: Some(says.establishment.clone()),
            time: Some(says.time),
            operation: Some(says.operation.clone()),
            log_index: Some(says.log_index),
            billed_at,
        }
    }
}
