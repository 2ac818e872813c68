//! What does an invented patient's record look like in FHIR R4?

use serde_json::{Value, json};

use super::super::people::{Finding, Medicine, Person};
use super::records::Patient;

const SNOMED: &str = "http://snomed.info/sct";
const ATC: &str = "http://www.whocc.no/atc";
const ALLERGY_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const CONDITION_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const CLAIM_TYPE: &str = "http://terminology.hl7.org/CodeSystem/claim-type";
const PRIORITY: &str = "http://terminology.hl7.org/CodeSystem/processpriority";

/// Every resource about this patient; a service keeps the types it serves.
pub(super) fn of(patient: &Patient) -> Vec<Value> {
    let (subject, person) = (patient.subject.as_str(), patient.person);
    let mut all = vec![self::patient(subject, person), coverage(subject, person), claim(subject, person)];
    all.extend(person.allergy.map(|finding| allergy(subject, person, finding)));
    all.extend(person.condition.map(|finding| condition(subject, person, finding)));
    all.push(blood_pressure(subject, person));
    let numbered = (1_u8..).zip(person.medicines);
    all.extend(numbered.map(|(number, medicine)| medication_request(subject, person, number, medicine)));
    all
}

/// Resource ids are opaque: no name, no number of the person in them.
fn id(prefix: &str, person: &Person, number: u8) -> String {
    let tail = person.health_id.get(8..).unwrap_or_default();
    format!("{prefix}-{tail}-{number}")
}

fn reference(subject: &str) -> Value {
    json!({"reference": format!("Patient/{subject}")})
}

fn coding(system: &str, code: &str, text: &str) -> Value {
    json!({"coding": [{"system": system, "code": code, "display": text}], "text": text})
}

fn patient(subject: &str, person: &Person) -> Value {
    let birth_date = person.born.to_string();
    json!({
        "resourceType": "Patient",
        "id": subject,
        "active": true,
        "name": [
            {"use": "official", "family": person.family, "given": [person.given]},
            {"use": "official", "family": person.family_ar, "given": [person.given_ar],
             "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/language", "valueCode": "ar"}]},
        ],
        "gender": if person.sex == 'F' { "female" } else { "male" },
        "birthDate": birth_date,
        "address": [{"city": person.city, "country": "MA"}],
    })
}

fn allergy(subject: &str, person: &Person, finding: Finding) -> Value {
    json!({
        "resourceType": "AllergyIntolerance",
        "id": id("al", person, 1),
        "clinicalStatus": {"coding": [{"system": ALLERGY_CLINICAL, "code": "active"}]},
        "type": "allergy",
        "category": ["medication"],
        "criticality": "high",
        "code": coding(SNOMED, finding.code, finding.text),
        "patient": reference(subject),
    })
}

fn condition(subject: &str, person: &Person, finding: Finding) -> Value {
    json!({
        "resourceType": "Condition",
        "id": id("co", person, 1),
        "clinicalStatus": {"coding": [{"system": CONDITION_CLINICAL, "code": "active"}]},
        "code": coding(SNOMED, finding.code, finding.text),
        "subject": reference(subject),
    })
}

fn blood_pressure(subject: &str, person: &Person) -> Value {
    let component = |code: &str, text: &str, value: u16| {
        json!({
            "code": coding("http://loinc.org", code, text),
            "valueQuantity": {"value": value, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
        })
    };
    let (systolic, diastolic) = if person.condition.is_some() { (142, 88) } else { (121, 76) };
    json!({
        "resourceType": "Observation",
        "id": id("ob", person, 1),
        "status": "final",
        "category": [{"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}],
        "code": coding("http://loinc.org", "85354-9", "Pression artérielle"),
        "subject": reference(subject),
        "effectiveDateTime": "2026-10-05T09:30:00+01:00",
        "component": [
            component("8480-6", "Pression systolique", systolic),
            component("8462-4", "Pression diastolique", diastolic),
        ],
    })
}

fn medication_request(subject: &str, person: &Person, number: u8, medicine: &Medicine) -> Value {
    json!({
        "resourceType": "MedicationRequest",
        "id": id("mr", person, number),
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": coding(ATC, medicine.atc, medicine.text),
        "subject": reference(subject),
        "authoredOn": "2026-11-16",
        "requester": {"display": "Dr L. Mansouri (inventé)"},
        "dosageInstruction": [{"sequence": 1, "text": medicine.dosage}],
        "dispenseRequest": {"numberOfRepeatsAllowed": 2, "quantity": {"value": 30, "unit": "comprimé"}},
        "substitution": {"allowedBoolean": true},
    })
}

fn coverage(subject: &str, person: &Person) -> Value {
    json!({
        "resourceType": "Coverage",
        "id": id("cv", person, 1),
        "status": if person.covered { "active" } else { "cancelled" },
        "type": {"text": person.scheme.title()},
        "beneficiary": reference(subject),
        "relationship": {"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/subscriber-relationship", "code": "self"}]},
        "payor": [{"display": "CNSS"}],
        "class": [{
            "type": {"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/coverage-class", "code": "plan"}]},
            "value": person.scheme.code(),
            "name": person.scheme.title(),
        }],
    })
}

fn claim(subject: &str, person: &Person) -> Value {
    json!({
        "resourceType": "Claim",
        "id": id("cl", person, 1),
        "status": "active",
        "type": {"coding": [{"system": CLAIM_TYPE, "code": "pharmacy"}]},
        "use": "claim",
        "patient": reference(subject),
        "created": "2026-10-05",
        "insurer": {"display": "CNSS"},
        "provider": {"display": "Pharmacie Al Amal"},
        "priority": {"coding": [{"system": PRIORITY, "code": "normal"}]},
        "insurance": [{
            "sequence": 1, "focal": true,
            "coverage": {"reference": format!("Coverage/{}", id("cv", person, 1))},
        }],
        "total": {"value": 86.50, "currency": "MAD"},
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::people;
    use super::*;

    #[test]
    fn resources_carry_no_identifier_of_the_person() {
        for person in people::patients() {
            let all = of(&Patient { subject: "subject-1".into(), person });
            let text = Value::Array(all).to_string();
            assert!(!text.contains(person.health_id));
            assert!(person.national_number.is_empty() || !text.contains(person.national_number));
        }
    }
}
