//! What does a pharmacy's software send to be paid? Claims, and questions about cover.

use gateway::billing::{FSE_SYSTEM, RECEIPT_EXTENSION};
use serde_json::{Value, json};

use crate::counter::{Counter, Reply, text};
use crate::harness::Opened;

/// A counter that claims.
pub const CLAIMS: &str = "/billing/Claim";

/// A claim about this patient of the billing service, without a receipt or a care sheet.
pub fn bare_claim(patient: &str) -> Value {
    json!({
        "resourceType": "Claim", "status": "active", "use": "claim", "created": "2026-11-22",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "pharmacy"}]},
        "patient": {"reference": format!("Patient/{patient}")}, "insurer": {"display": "CNSS"},
        "provider": {"display": "Pharmacie"}, "priority": {"coding": [{"code": "normal"}]},
        "total": {"value": 86, "currency": "MAD"},
    })
}

/// The same with both.
pub fn claim(patient: &str, receipt: &str, fse: &str) -> Value {
    let mut claim = bare_claim(patient);
    claim["extension"] = json!([{"url": RECEIPT_EXTENSION, "valueString": receipt}]);
    claim["identifier"] = json!([{"system": FSE_SYSTEM, "value": fse}]);
    claim
}

impl Opened {
    /// The receipt of the presence that opened it.
    pub fn receipt(&self) -> String {
        text(&self.json["receipt"])
    }

    /// A claim in this session on this receipt.
    pub fn claim_on(&self, receipt: &str, fse: &str) -> Value {
        claim(&self.patient_at("billing"), receipt, fse)
    }

    /// A sound claim in this session.
    pub fn claim(&self, fse: &str) -> Value {
        self.claim_on(&self.receipt(), fse)
    }

    /// A question about the cover of this session's patient, for these medicines (ATC).
    pub fn question(&self, medicines: &[&str]) -> Value {
        question(&text(&self.json["session"]["subject"]), medicines)
    }
}

/// A question about the cover of a patient.
pub fn question(patient: &str, medicines: &[&str]) -> Value {
    let item = |code: &&str| json!({"productOrService": {"coding": [{"system": "http://www.whocc.no/atc", "code": code}]}});
    json!({
        "resourceType": "CoverageEligibilityRequest", "status": "active", "purpose": ["benefits", "validation"],
        "patient": {"reference": format!("Patient/{patient}")}, "created": "2026-11-22",
        "insurer": {"display": "CNSS"}, "item": medicines.iter().map(item).collect::<Vec<_>>(),
    })
}

impl Counter {
    /// Sends a claim in a session.
    pub async fn send_claim(&self, opened: &Opened, claim: &Value) -> Reply {
        self.post(CLAIMS, &opened.token, claim).await
    }

    /// The same, and nothing where the connection broke before the answer.
    pub async fn try_claim(&self, token: &str, claim: &Value) -> Option<Reply> {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/fhir+json")];
        self.try_send(reqwest::Method::POST, CLAIMS, &headers, Some(claim.to_string())).await
    }
}

impl Reply {
    /// Fails unless policy said no for this reason.
    #[track_caller]
    pub fn is_denied(&self, reason: &str) -> &Self {
        self.is_problem(403, "denied");
        let reasons = self.json["reasons"].as_array().expect("reasons");
        assert!(reasons.iter().any(|one| one["code"] == reason), "{reason}: {}", self.json);
        self
    }
}
