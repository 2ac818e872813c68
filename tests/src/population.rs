//! An invented population of any size, the same every time: what does the file of a whole country look like?
//!
//! Nobody here exists: CNIE numbers have a prefix that is not in circulation (`ZY`), health identifiers start with 98.
//! Of ten people three are children without a card, each with a guardian among the other seven.

use std::fmt::Write as _;

use gateway::registry::import::{
    GUARDIAN_EXTENSION, HEALTH_ID_SYSTEM, NATIONAL_NUMBER_SYSTEM, SCHEME_SYSTEM,
};
use serde_json::json;

/// The header of [`Invented::csv`].
pub const HEADER: &str = "health_id,national_number,birth_date,scheme,open_until,guardian,relationship";

const SCHEMES: [&str; 4] = ["cnss-salarie", "tns", "amo-tadamon", "amo-achamil"];

/// One invented person (*assuré inventé*).
#[derive(Clone, Copy, Debug)]
pub struct Invented(pub u64);

impl Invented {
    /// Identifiant santé.
    pub fn health_id(self) -> String {
        format!("98{:010}", self.0)
    }

    /// The number on the card of who has one.
    pub fn national_number(self) -> Option<String> {
        (self.0 % 10 < 7).then(|| format!("ZY{:08}", self.0))
    }

    /// Who may speak for a child.
    pub fn guardian(self) -> Option<Self> {
        (self.0 % 10 >= 7).then(|| Self(self.0 - self.0 % 10 + self.0 / 10 % 7))
    }

    /// Year of birth.
    pub fn birth_year(self) -> i32 {
        let age = if self.guardian().is_some() { self.0 % 17 } else { 20 + self.0 % 70 };
        2026 - i32::try_from(age).unwrap_or_default()
    }

    /// Scheme, as the registry writes it.
    pub fn scheme(self) -> &'static str {
        SCHEMES[usize::try_from(self.0 / 3 % 4).unwrap_or_default()]
    }

    /// Last day of the cover.
    pub fn open_until(self) -> String {
        format!("20{:02}-{:02}-{:02}", 26 + self.0 % 3, 1 + self.0 % 12, 1 + self.0 % 28)
    }

    /// A row of CSV, with its line break.
    pub fn csv(self, to: &mut String) {
        let number = self.national_number().unwrap_or_default();
        let _ = write!(to, "{},{number},{}-01-01,", self.health_id(), self.birth_year());
        let _ = write!(to, "{},{},", self.scheme(), self.open_until());
        match self.guardian() {
            Some(guardian) => {
                let _ = writeln!(to, "{},child", guardian.health_id());
            }
            None => to.push_str(",\n"),
        }
    }

    /// A FHIR R4 Patient, with its line break.
    pub fn fhir_patient(self, to: &mut String) {
        let mut identifier = vec![json!({"system": HEALTH_ID_SYSTEM, "value": self.health_id()})];
        identifier.extend(
            self.national_number().map(|number| json!({"system": NATIONAL_NUMBER_SYSTEM, "value": number})),
        );
        let guardian = self.guardian().map(|guardian| {
            json!([{"url": GUARDIAN_EXTENSION, "extension": [
                {"url": "relationship", "valueCode": "child"},
                {"url": "guardian", "valueReference": {"reference": format!("Patient/p{}", guardian.0)}}]}])
        });
        let mut patient = json!({
            "resourceType": "Patient", "id": format!("p{}", self.0), "active": true, "identifier": identifier,
            "name": [{"family": "Inventé", "given": ["Numéro", self.0.to_string()]}],
            "birthDate": format!("{}-01-01", self.birth_year()),
        });
        if let Some(guardian) = guardian {
            patient["extension"] = guardian;
        }
        let _ = writeln!(to, "{patient}");
    }

    /// The FHIR R4 Coverage of that patient, with its line break. Every third names it by identifier.
    pub fn fhir_coverage(self, to: &mut String) {
        let beneficiary = match self.0 % 3 {
            0 => json!({"identifier": {"system": HEALTH_ID_SYSTEM, "value": self.health_id()}}),
            _ => json!({"reference": format!("Patient/p{}", self.0)}),
        };
        let coverage = json!({
            "resourceType": "Coverage", "status": "active", "beneficiary": beneficiary,
            "type": {"coding": [{"system": SCHEME_SYSTEM, "code": self.scheme()}]},
            "period": {"end": self.open_until()}, "payor": [{"display": "CNSS"}],
        });
        let _ = writeln!(to, "{coverage}");
    }
}

/// All of them as CSV.
pub fn csv(people: std::ops::Range<u64>) -> String {
    let mut text = format!("{HEADER}\n");
    people.for_each(|number| Invented(number).csv(&mut text));
    text
}

/// All of them as NDJSON: every cover before its patient.
pub fn fhir(people: std::ops::Range<u64>) -> (String, String) {
    let (mut patients, mut coverages) = (String::new(), String::new());
    for number in people {
        Invented(number).fhir_patient(&mut patients);
        Invented(number).fhir_coverage(&mut coverages);
    }
    (patients, coverages)
}
