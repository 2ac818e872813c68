//! What CNSS may say, and what it may not.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::{date, datetime};

use super::cover::{BadAnswer, Cover};
use super::question::{Asked, Coded};

const AT: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);
const METFORMIN: (&str, &str) = ("http://www.whocc.no/atc", "A10BA02");

fn asked() -> Asked {
    let coded = Coded { system: METFORMIN.0.to_owned(), code: METFORMIN.1.to_owned() };
    Asked { purposes: vec!["benefits"], serviced: date!(2026 - 11 - 22), items: vec![coded] }
}

fn concept(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": system, "code": code, "display": "never passed on"}]})
}

fn answer() -> Value {
    json!({
        "resourceType": "CoverageEligibilityResponse", "id": "1", "status": "active", "purpose": ["benefits"],
        "patient": {"reference": "Patient/there"}, "created": "2026-11-22", "outcome": "complete",
        "request": {"reference": "CoverageEligibilityRequest/1"}, "insurer": {"display": "CNSS"},
        "extension": [{"url": super::OPPOSABLE_UNTIL, "valueInstant": "2026-11-22T12:00:00+01:00"}],
        "insurance": [{
            "coverage": {"identifier": {"system": super::SCHEME_SYSTEM, "value": "amo-tadamon"}},
            "inforce": true,
            "benefitPeriod": {"start": "2024-01-01", "end": "2026-12-31"},
            "item": [{
                "productOrService": concept(METFORMIN.0, METFORMIN.1),
                "benefit": [
                    {"type": concept(super::BENEFIT_SYSTEM, super::REFERENCE_PRICE),
                     "allowedMoney": {"value": 14.10, "currency": "MAD"}},
                    {"type": concept(super::BENEFIT_SYSTEM, super::REIMBURSEMENT_RATE), "allowedUnsignedInt": 70},
                ],
            }],
        }],
    })
}

fn read(answer: &Value) -> Result<Cover, BadAnswer> {
    Cover::read(answer.to_string().as_bytes(), &asked(), "there", AT)
}

#[test]
fn a_sound_answer_is_understood() {
    let cover = read(&answer()).unwrap();
    assert!(cover.in_force);
    assert_eq!(cover.scheme.as_str(), "amo-tadamon");
    assert_eq!(cover.opposable_until, Some(datetime!(2026-11-22 11:00 UTC)));
    assert_eq!((cover.items.len(), cover.items[0].rate), (1, Some(70)));
    let price = serde_json::to_string(&cover.items[0].reference_price).unwrap();
    assert_eq!(price, r#"{"value":14.10,"currency":"MAD"}"#, "to the digit");
}

#[test]
fn what_was_not_asked_is_passed_over_and_a_long_promise_is_cut_to_a_day() {
    let mut said = answer();
    said["insurance"][0]["item"][0]["productOrService"] = concept(METFORMIN.0, "B01AC06");
    said["extension"][0]["valueInstant"] = json!("2030-01-01T00:00:00Z");
    let cover = read(&said).unwrap();
    assert!(cover.items.is_empty());
    assert_eq!(cover.opposable_until, Some(AT + time::Duration::DAY));
    said["extension"][0]["valueInstant"] = json!("2026-11-22T09:59:59Z");
    assert_eq!(read(&said).unwrap().opposable_until, None, "a promise that is past");
    said["extension"] = json!([]);
    assert_eq!(read(&said).unwrap().opposable_until, None);
}

#[test]
fn each_spoilt_answer_is_refused_by_name() {
    let item = answer()["insurance"][0]["item"][0].clone();
    for (pointer, value, expected) in [
        ("/patient/reference", json!("Patient/else"), BadAnswer::AnotherPatient),
        ("/patient/reference", json!("there"), BadAnswer::Malformed),
        ("/patient", json!({}), BadAnswer::Malformed),
        ("/resourceType", json!("Bundle"), BadAnswer::Malformed),
        ("/outcome", json!("error"), BadAnswer::NotComplete),
        ("/outcome", json!("queued"), BadAnswer::NotComplete),
        ("/insurance", json!([]), BadAnswer::Malformed),
        ("/insurance/0/coverage/identifier/value", json!("gold-plan"), BadAnswer::Malformed),
        ("/insurance/0/coverage/identifier/system", json!("https://else"), BadAnswer::Malformed),
        ("/insurance/0/inforce", json!("true"), BadAnswer::Malformed),
        ("/insurance/0/benefitPeriod/end", json!("2026-11-21"), BadAnswer::Contradictory),
        ("/insurance/0/benefitPeriod/start", json!("2027-01-01"), BadAnswer::Contradictory),
        ("/insurance/0/benefitPeriod/end", json!("soon"), BadAnswer::Malformed),
        ("/insurance/0/item/0/benefit/0/allowedMoney/value", json!(-1), BadAnswer::Malformed),
        ("/insurance/0/item/0/benefit/0/allowedMoney/currency", json!("EUR"), BadAnswer::Malformed),
        ("/insurance/0/item/0/benefit/1/allowedUnsignedInt", json!(101), BadAnswer::Malformed),
        ("/insurance/0/item/0/benefit/1/allowedUnsignedInt", json!(70.5), BadAnswer::Malformed),
        ("/insurance/0/item", json!([item, item]), BadAnswer::Contradictory),
        ("/extension/0/valueInstant", json!("tomorrow"), BadAnswer::Malformed),
    ] {
        let mut spoilt = answer();
        *spoilt.pointer_mut(pointer).unwrap() = value.clone();
        assert_eq!(read(&spoilt).err(), Some(expected), "{pointer}: {value}");
    }
    let twice = answer().to_string().replacen('{', r#"{"patient":{"reference":"Patient/there"},"#, 1);
    assert_eq!(Cover::read(twice.as_bytes(), &asked(), "there", AT).err(), Some(BadAnswer::Malformed));
    assert_eq!(Cover::read(b"", &asked(), "there", AT).err(), Some(BadAnswer::Malformed));
}

#[test]
fn open_rights_in_a_waiting_period_contradict_each_other() {
    let mut said = answer();
    said["insurance"][0]["extension"] = json!([{"url": super::WAITING_UNTIL, "valueDate": "2026-12-01"}]);
    assert_eq!(read(&said).err(), Some(BadAnswer::Contradictory));
    said["insurance"][0]["inforce"] = json!(false);
    assert_eq!(read(&said).unwrap().waiting_until, Some(date!(2026 - 12 - 01)));
    said["insurance"][0]["extension"][0] = json!({"url": super::WAITING_UNTIL});
    assert_eq!(read(&said).err(), Some(BadAnswer::Malformed));
}
