//! A patient's own resources, nobody else's, and only with a token.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::json;
use tower::ServiceExt;

use super::super::people::PEOPLE;
use super::token::tests::Gateway;
use super::*;

struct Call {
    gateway: Gateway,
    router: Router,
}

impl Call {
    fn prescription() -> Self {
        let gateway = Gateway::new();
        let patient = |place: usize| Patient { subject: format!("subject-{place}"), person: &PEOPLE[place] };
        let service = SERVICES[1];
        assert_eq!(service.name, "prescription");
        let base = "https://localhost:8440/prescription".to_owned();
        let router = router(service, base, gateway.validator(), &[patient(0), patient(1)]);
        Self { gateway, router }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body(), MAX_BODY).await.unwrap();
        (status, headers, serde_json::from_slice(&body).unwrap())
    }

    async fn get(&self, subject: &str, path: &str) -> (StatusCode, Value) {
        let token = self.gateway.token_for(subject);
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let (status, _, body) = self.send(request.body(Body::empty()).unwrap()).await;
        (status, body)
    }

    async fn post(&self, subject: &str, path: &str, body: &Value) -> (StatusCode, HeaderMap, Value) {
        let token = self.gateway.token_for(subject);
        let request = Request::post(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }
}

#[tokio::test]
async fn a_search_finds_the_patients_own() {
    let call = Call::prescription();
    let (status, bundle) = call.get("subject-0", "/MedicationRequest?patient=subject-0&status=active").await;
    assert_eq!((status, &bundle["total"]), (StatusCode::OK, &json!(PEOPLE[0].medicines.len())));
    assert_eq!(bundle["entry"][0]["resource"]["subject"]["reference"], "Patient/subject-0");
    // No `entry` at all: an empty array is not valid FHIR.
    let (_, empty) = call.get("subject-0", "/MedicationRequest?status=stopped").await;
    assert_eq!((&empty["total"], empty.get("entry")), (&json!(0), None));
}

#[tokio::test]
async fn another_patient_is_refused_in_the_query_and_unknown_in_the_path() {
    let call = Call::prescription();
    for query in ["patient=subject-1", "patient=Patient/subject-1", "subject=subject-1"] {
        let (status, outcome) = call.get("subject-0", &format!("/MedicationRequest?{query}")).await;
        assert_eq!((status, &outcome["resourceType"]), (StatusCode::FORBIDDEN, &json!("OperationOutcome")));
    }
    let (_, bundle) = call.get("subject-1", "/MedicationRequest").await;
    let id = bundle["entry"][0]["resource"]["id"].as_str().unwrap();
    let path = format!("/MedicationRequest/{id}");
    assert_eq!(call.get("subject-1", &path).await.0, StatusCode::OK);
    assert_eq!(call.get("subject-0", &path).await.0, StatusCode::NOT_FOUND);
    assert_eq!(call.get("subject-0", "/Patient/subject-1").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_was_created_can_be_read() {
    let call = Call::prescription();
    let dispense = |patient: &str| {
        json!({
            "resourceType": "MedicationDispense", "status": "completed",
            "medicationCodeableConcept": {"text": "Oméprazole 20 mg"},
            "subject": {"reference": format!("Patient/{patient}")},
        })
    };
    let (status, headers, stored) =
        call.post("subject-1", "/MedicationDispense", &dispense("subject-1")).await;
    assert_eq!(status, StatusCode::CREATED);
    let location = headers[header::LOCATION].to_str().unwrap();
    assert_eq!(call.get("subject-1", location).await, (StatusCode::OK, stored));
    let (other, _, _) = call.post("subject-1", "/MedicationDispense", &dispense("subject-0")).await;
    assert_eq!(other, StatusCode::FORBIDDEN);
    let (wrong_type, _, _) = call.post("subject-1", "/MedicationRequest", &dispense("subject-1")).await;
    assert_eq!(wrong_type, StatusCode::BAD_REQUEST);
    let (not_created_here, _, _) =
        call.post("subject-1", "/Patient", &json!({"resourceType": "Patient"})).await;
    assert_eq!(not_created_here, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_the_capabilities_are_public() {
    let call = Call::prescription();
    let (status, _, statement) = call.send(Request::get("/metadata").body(Body::empty()).unwrap()).await;
    assert_eq!((status, &statement["fhirVersion"]), (StatusCode::OK, &json!("4.0.1")));
    let (status, headers, _) =
        call.send(Request::get("/MedicationRequest").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(headers[header::WWW_AUTHENTICATE].to_str().unwrap().contains("invalid_token"));
    // A type of another service.
    assert_eq!(call.get("subject-0", "/Claim").await.0, StatusCode::NOT_FOUND);
}
