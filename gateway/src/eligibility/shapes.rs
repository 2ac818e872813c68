//! What do the parts of FHIR R4 look like that a question about cover and its answer share?

use serde::{Deserialize, Serialize};
use time::Date;
use time::macros::format_description;

use super::question::Coded;

/// The extension of an answer that says until when it binds CNSS (*opposable jusqu'à*), a `valueInstant`.
pub const OPPOSABLE_UNTIL: &str = "https://bawaba.example/fhir/StructureDefinition/opposable-until";
/// The extension of an insurance that says when a waiting period ends (*délai de carence*), a `valueDate`: the first
/// day on which rights are open.
pub const WAITING_UNTIL: &str = "https://bawaba.example/fhir/StructureDefinition/waiting-until";
/// The extension of an answer that says whose word it is, a `valueCode`: `cnss`, or `degraded` for the registry's.
pub const ANSWER_MODE: &str = "https://bawaba.example/fhir/StructureDefinition/answer-mode";
/// The extension of an answer that carries it signed, a `valueSignature`.
pub const SIGNED_ANSWER: &str = "https://bawaba.example/fhir/StructureDefinition/signed-answer";
/// The system of the identifier that is a scheme of the AMO (*régime*).
pub const SCHEME_SYSTEM: &str = "https://bawaba.example/fhir/sid/amo-scheme";
/// The system of the code that is a benefit: `reference-price`, `reimbursement-rate`.
pub const BENEFIT_SYSTEM: &str = "https://bawaba.example/fhir/CodeSystem/amo-benefit";
/// The benefit that is the price on which CNSS reckons (*tarif de référence*), `allowedMoney`.
pub const REFERENCE_PRICE: &str = "reference-price";
/// The benefit that is the share which CNSS pays of it (*taux de remboursement*), `allowedUnsignedInt` in percent.
pub const REIMBURSEMENT_RATE: &str = "reimbursement-rate";

/// Octets of a code or of the URI of its system.
const CODE_BYTES_MAX: usize = 200;

/// FHIR R4 CodeableConcept, as far as it is read.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct CodeableConcept {
    #[serde(default)]
    pub(super) coding: Vec<Coding>,
}

/// FHIR R4 Coding.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Coding {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) system: Option<String>,
    pub(super) code: Option<String>,
}

impl CodeableConcept {
    /// One code of one system.
    pub(super) fn new(system: &str, code: &str) -> Self {
        let coding = Coding { system: Some(system.to_owned()), code: Some(code.to_owned()) };
        Self { coding: vec![coding] }
    }

    /// Its one coding, if it has one with a system and a code.
    pub(super) fn coded(&self) -> Option<Coded> {
        let [Coding { system: Some(system), code: Some(code) }] = self.coding.as_slice() else { return None };
        let sound = |text: &String| {
            (1..=CODE_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        (sound(system) && sound(code)).then(|| Coded { system: system.clone(), code: code.clone() })
    }

    /// Whether one of its codings is that code.
    pub(super) fn is(&self, system: &str, code: &str) -> bool {
        let same = |coding: &Coding| {
            coding.system.as_deref() == Some(system) && coding.code.as_deref() == Some(code)
        };
        self.coding.iter().any(same)
    }
}

/// A whole FHIR date.
pub(super) fn date(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}

/// A date as FHIR writes it.
pub(super) fn written(date: Date) -> String {
    date.to_string()
}
