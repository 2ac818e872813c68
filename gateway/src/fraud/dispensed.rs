//! Medicine is handed out: how much does its prescription allow?
//!
//! A dispensing says what it rests on and not how much that was, so the prescription is read where it lies, as the session
//! could read it itself. Once a dispensing, in bounded time; what cannot be read is held against nobody.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use bytes::Bytes;
use http::header::ACCEPT;
use policies::fraud::Seen;
use policies::{Interaction, Permit};
use serde::Deserialize;
use tokio::time::timeout;

use super::watch::{Sighting, observe};
use crate::app::App;
use crate::audit::AuditEvent;
use crate::caller::Caller;
use crate::fhir::{FhirRequest, Step, is_id};
use crate::limits::{FRAUD_PRESCRIPTION_BYTES_MAX, FRAUD_PRESCRIPTION_PATIENCE};
use crate::refusal::Refusal;
use crate::session::Session;
use crate::token::{BackEndGrant, scope};

/// FHIR R4 MedicationDispense, as far as it is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DispenseShape {
    #[serde(default)]
    authorizing_prescription: Vec<ReferenceShape>,
    quantity: Option<QuantityShape>,
}

#[derive(Deserialize)]
struct ReferenceShape {
    reference: Option<String>,
}

#[derive(Deserialize, PartialEq)]
struct QuantityShape {
    value: Option<f64>,
    unit: Option<String>,
    code: Option<String>,
}

/// FHIR R4 MedicationRequest, as far as it is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestShape {
    dispense_request: Option<AllowedShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AllowedShape {
    quantity: Option<QuantityShape>,
    #[serde(default)]
    number_of_repeats_allowed: u32,
}

/// Looks at a dispensing that policy permits, before it is stored.
pub(crate) async fn dispensed(
    app: &App,
    caller: &Caller,
    (session, permit): (&Session, &Permit),
    (service, grant): (&str, &BackEndGrant<'_>),
    asked: &FhirRequest,
    event: &mut AuditEvent,
) -> Result<(), Refusal> {
    let Some((id, quantity)) = line(&asked.steps, asked.body.as_ref()) else { return Ok(()) };
    let read = async {
        let words = scope::needed(&session.claims().scope, service, true, false).ok()?;
        let reading = BackEndGrant { scope: &words, ..*grant };
        let token = app.tokens.issue_back_end(session, permit, &reading, event.at).ok()?;
        let request =
            Request::get(format!("/MedicationRequest/{id}")).header(ACCEPT, "application/fhir+json");
        let answer = app.proxy.forward(service, request.body(Body::empty()).ok()?, &token).await.ok()?;
        let found = answer.status().is_success();
        let body = to_bytes(answer.into_body(), FRAUD_PRESCRIPTION_BYTES_MAX).await.ok()?;
        found.then_some(body)
    };
    let Ok(Some(prescription)) = timeout(FRAUD_PRESCRIPTION_PATIENCE, read).await else { return Ok(()) };
    let Some((prescribed, dispensed)) = compared(&prescription, &quantity) else { return Ok(()) };
    let presence = &session.claims().presence;
    event.card = presence.card.clone();
    event.station = Some(presence.station.clone());
    let prescription = app.fraud.names().prescription(&format!("{service}/{id}"));
    let what = Seen::Dispense { prescription, prescribed, dispensed, pack: 1 };
    let (card, station) = (presence.card.as_deref(), Some(presence.station.as_str()));
    observe(app, caller.client(), Sighting { what, card, chip: None, station }, event).await.map(drop)
}

/// The one line of a prescription that a dispensing rests on, by its id, and how much is handed out.
fn line(steps: &[Step], body: Option<&Bytes>) -> Option<(String, QuantityShape)> {
    let [step] = steps else { return None };
    let dispenses = step.resource_type == "MedicationDispense" && step.interaction == Interaction::Create;
    let shape: DispenseShape = serde_json::from_slice(body.filter(|_| dispenses)?).ok()?;
    let [ReferenceShape { reference: Some(reference) }] = shape.authorizing_prescription.as_slice() else {
        return None;
    };
    let id = reference.strip_prefix("MedicationRequest/")?;
    // Nothing else of the caller's gets into a path.
    is_id(id).then(|| Some((id.to_owned(), shape.quantity?)))?
}

/// How much is allowed in all, and how much is handed out, in one unit.
fn compared(prescription: &Bytes, dispensed: &QuantityShape) -> Option<(u32, u32)> {
    let request: RequestShape = serde_json::from_slice(prescription).ok()?;
    let allowed = request.dispense_request?;
    let once = allowed.quantity?;
    if (&once.unit, &once.code) != (&dispensed.unit, &dispensed.code) {
        return None;
    }
    let times = allowed.number_of_repeats_allowed.checked_add(1)?;
    Some((whole(once.value?)?.checked_mul(times)?, whole(dispensed.value?)?))
}

/// Whole units; a half-used bottle is a bottle.
fn whole(value: f64) -> Option<u32> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to a million")]
    (0.0..=1e6).contains(&value).then(|| value.ceil() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(reference: &str) -> Option<(String, QuantityShape)> {
        let body = format!(
            r#"{{"authorizingPrescription":[{{"reference":"{reference}"}}],"quantity":{{"value":12.5,"unit":"cp"}}}}"#
        );
        let step = Step { resource_type: "MedicationDispense", interaction: Interaction::Create };
        line(&[step], Some(&Bytes::from(body)))
    }

    #[test]
    fn a_dispensing_leads_to_one_prescription_and_to_no_other_path() {
        assert_eq!(asked("MedicationRequest/mr-1.a").unwrap().0, "mr-1.a");
        for wrong in [
            "MedicationRequest/../Patient",
            "MedicationRequest/..",
            "Patient/1",
            "MedicationRequest/",
            "MedicationRequest/a?b",
        ] {
            assert!(asked(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_compared_in_one_unit_with_all_repeats() {
        let dispensed = asked("MedicationRequest/a").unwrap().1;
        let compare = |text: &str| compared(&Bytes::from(text.to_owned()), &dispensed);
        let thirty =
            r#"{"dispenseRequest":{"quantity":{"value":30,"unit":"cp"},"numberOfRepeatsAllowed":2}}"#;
        assert_eq!(compare(thirty), Some((90, 13)));
        assert_eq!(compare(&thirty.replace("cp", "ml")), None);
        assert_eq!(compare(&thirty.replace("30", "-1")), None);
        assert_eq!(
            compare(&thirty.replace("\"numberOfRepeatsAllowed\":2", "\"numberOfRepeatsAllowed\":4294967295")),
            None
        );
        assert_eq!(compare(r#"{"dispenseRequest":{"numberOfRepeatsAllowed":2}}"#), None);
    }
}
