//! What does CNSS say of a patient's cover? The part of the sample billing service that plays the fund.
//!
//! FHIR R4 operation `CoverageEligibilityRequest/$submit`. Prices are invented and kept in centimes: money is no float.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::Arc;
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime};

use super::super::people::{Person, WAITING};
use super::outcome::Outcome;
use super::{BackEnd, fhir_text};
use crate::clock::{Clock as _, SystemClock};
use crate::eligibility::{
    BENEFIT_SYSTEM, OPPOSABLE_UNTIL, REFERENCE_PRICE, REIMBURSEMENT_RATE, SCHEME_SYSTEM, WAITING_UNTIL,
};

const ATC: &str = "http://www.whocc.no/atc";

/// How long the fund stands by what it said.
const OPPOSABLE: Duration = Duration::hours(1);

/// Invented reference prices of a box, in centimes of a dirham.
const PRICES: [(&str, u32); 9] = [
    ("A10BA02", 1_410),
    ("C08CA01", 3_950),
    ("J01CA04", 6_180),
    ("N02BE01", 1_190),
    ("R03AC02", 4_820),
    ("H03AA01", 2_075),
    ("A02BC01", 5_560),
    ("A10AE04", 49_900),
    ("B03AA07", 2_330),
];

/// `POST /CoverageEligibilityRequest/$submit`.
pub(super) async fn submit(
    State(back_end): State<Arc<BackEnd>>,
    Path((kind, operation)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Outcome> {
    let claims = back_end.admit(&headers, &kind, back_end.service.asked).await?;
    if operation != "$submit" {
        return Err(Outcome::not_found());
    }
    let asked: Value = serde_json::from_slice(&body).map_err(|_| Outcome::invalid("the body is not JSON"))?;
    let named = asked.pointer("/patient/reference").and_then(Value::as_str);
    let named = named.and_then(|named| named.strip_prefix("Patient/"));
    if named.ok_or_else(|| Outcome::invalid("the question names no patient"))? != claims.sub {
        return Err(Outcome::other_patient());
    }
    let person = back_end.people.get(&claims.sub).ok_or_else(Outcome::not_found)?;
    let now = SystemClock.now();
    let answer = serde_json::to_string(&response(&claims.sub, person, &asked, now));
    Ok(fhir_text(StatusCode::OK, answer.map_err(|_| Outcome::not_found())?))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseShape<'a> {
    resource_type: &'static str,
    status: &'static str,
    purpose: Option<&'a Value>,
    patient: Value,
    created: String,
    request: Value,
    outcome: &'static str,
    insurer: Value,
    extension: [Value; 1],
    insurance: [InsuranceShape; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InsuranceShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<[Value; 1]>,
    coverage: Value,
    inforce: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    benefit_period: Option<Value>,
    /// As text: a `Value` would hold a price as a float.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    item: Vec<Box<RawValue>>,
}

fn response<'a>(subject: &str, person: &Person, asked: &'a Value, now: OffsetDateTime) -> ResponseShape<'a> {
    let waiting = waiting_until(person, now);
    let instant = |at: OffsetDateTime| at.format(&Rfc3339).unwrap_or_default();
    let items = asked.get("item").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let year = now.date().year();
    let period = json!({"start": format!("{year}-01-01"), "end": format!("{}-12-31", year + 1)});
    ResponseShape {
        resource_type: "CoverageEligibilityResponse",
        status: "active",
        purpose: asked.get("purpose"),
        patient: json!({"reference": format!("Patient/{subject}")}),
        created: instant(now),
        request: json!({"display": "CoverageEligibilityRequest/$submit"}),
        outcome: "complete",
        insurer: json!({"display": "CNSS (inventée)"}),
        extension: [json!({"url": OPPOSABLE_UNTIL, "valueInstant": instant(now + OPPOSABLE)})],
        insurance: [InsuranceShape {
            extension: waiting.map(|day| [json!({"url": WAITING_UNTIL, "valueDate": day.to_string()})]),
            coverage: json!({
                "identifier": {"system": SCHEME_SYSTEM, "value": person.scheme.code()},
                "display": person.scheme.title(),
            }),
            inforce: person.covered && waiting.is_none(),
            benefit_period: person.covered.then_some(period),
            item: items.iter().filter_map(|item| priced(item, person)).collect(),
        }],
    }
}

/// Who joined lately waits until the first of the month after next (*délai de carence*).
fn waiting_until(person: &Person, now: OffsetDateTime) -> Option<Date> {
    let later = (now + Duration::days(62)).date();
    (person.card == WAITING).then(|| later.replace_day(1).ok()).flatten()
}

/// Price and rate of a medicine that the fund knows.
fn priced(item: &Value, person: &Person) -> Option<Box<RawValue>> {
    let of = item.get("productOrService")?;
    let coding = of.pointer("/coding/0").filter(|coding| coding.get("system") == Some(&json!(ATC)))?;
    let (_, centimes) = PRICES.iter().find(|(atc, _)| coding.get("code") == Some(&json!(atc)))?;
    // A long-term illness (ALD) is paid for at a higher rate.
    let rate = if person.condition.is_some() { 90 } else { 70 };
    let kind = |code: &str| json!({"coding": [{"system": BENEFIT_SYSTEM, "code": code}]});
    let price = format!("{}.{:02}", centimes / 100, centimes % 100);
    let text = format!(
        r#"{{"productOrService":{of},"benefit":[{{"type":{},"allowedMoney":{{"value":{price},"currency":"MAD"}}}},{{"type":{},"allowedUnsignedInt":{rate}}}]}}"#,
        kind(REFERENCE_PRICE),
        kind(REIMBURSEMENT_RATE),
    );
    RawValue::from_string(text).ok()
}
