//! What stands behind the gateway in the demonstration? Three small FHIR R4 servers.
//!
//! They trust nobody: each validates the gateway's token itself, with a stock JWT library against the published
//! keys, and answers only for the patient the token is about.

mod bundle;
mod capability;
mod cover;
mod outcome;
mod records;
mod resources;
mod token;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;

use super::people::Person;
use outcome::Outcome;
pub use records::Patient;
use records::Records;
pub use token::{BackEndClaims, TokenRefusal, TokenValidator};

/// What a sample back-end keeps of a patient is small.
const MAX_BODY: usize = 256 * 1024;
const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json; charset=utf-8");

/// Which resource types a service serves, and which of them can be created (service dorsal).
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Name, as in the gateway's routes and as token audience.
    pub name: &'static str,
    /// Types that can be read and searched.
    pub served: &'static [&'static str],
    /// Types that can be created.
    pub created: &'static [&'static str],
    /// Types that are submitted and answered at once.
    pub asked: &'static [&'static str],
}

/// The three services of the demonstration.
pub const SERVICES: [Service; 3] = [
    Service {
        name: "dossier",
        served: &["Patient", "AllergyIntolerance", "Condition", "Observation"],
        created: &["Observation"],
        asked: &[],
    },
    Service {
        name: "prescription",
        served: &["Patient", "MedicationRequest", "MedicationDispense"],
        created: &["MedicationRequest", "MedicationDispense"],
        asked: &[],
    },
    Service {
        name: "billing",
        served: &["Patient", "Coverage", "Claim"],
        created: &["Claim"],
        asked: &["CoverageEligibilityRequest"],
    },
];

struct BackEnd {
    service: Service,
    base: String,
    validator: TokenValidator,
    records: Records,
    people: HashMap<String, &'static Person>,
}

/// The routes of one back-end.
///
/// `base` is the URL at which clients reach it, through the gateway (for `fullUrl`); `patients` are known to it by
/// their pairwise subject alone.
pub fn router(service: Service, base: String, validator: TokenValidator, patients: &[Patient]) -> Router {
    let records = Records::seed(service, patients);
    let people = patients.iter().map(|patient| (patient.subject.clone(), patient.person)).collect();
    let back_end = Arc::new(BackEnd { service, base, validator, records, people });
    Router::new()
        .route("/metadata", get(metadata))
        .route("/{type}", get(search).post(create))
        .route("/{type}/{id}", get(read).post(cover::submit))
        .route("/{type}/{id}/{operation}", get(operate))
        .fallback(async || Outcome::not_found())
        .method_not_allowed_fallback(async || Outcome::method_not_allowed())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(back_end)
}

/// The CapabilityStatement is public (FHIR R4 §3.1.0.10).
async fn metadata(State(back_end): State<Arc<BackEnd>>) -> Response {
    fhir(StatusCode::OK, &capability::statement(back_end.service, &back_end.base))
}

async fn search(
    State(back_end): State<Arc<BackEnd>>,
    Path(kind): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, Outcome> {
    let claims = back_end.admit(&headers, &kind, back_end.service.served).await?;
    let named = query.get("patient").or_else(|| query.get("subject")).or_else(|| match kind.as_str() {
        "Patient" => query.get("_id"),
        _ => None,
    });
    let subject = named.map(|named| named.strip_prefix("Patient/").unwrap_or(named));
    if subject.is_some_and(|subject| subject != claims.sub) {
        return Err(Outcome::other_patient());
    }
    let found = back_end.records.search(&claims.sub, &kind, &query);
    Ok(fhir(StatusCode::OK, &bundle::searchset(&back_end.base, &kind, &query, &found)))
}

async fn read(
    State(back_end): State<Arc<BackEnd>>,
    Path((kind, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Outcome> {
    let claims = back_end.admit(&headers, &kind, back_end.service.served).await?;
    // Another patient's resource and one that never was look the same.
    let resource = back_end.records.read(&claims.sub, &kind, &id).ok_or_else(Outcome::not_found)?;
    Ok(fhir(StatusCode::OK, &resource))
}

/// `Patient/{id}/$everything`: the whole record of the patient whom the token names.
async fn operate(
    State(back_end): State<Arc<BackEnd>>,
    Path((kind, id, operation)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Outcome> {
    let claims = back_end.admit(&headers, &kind, back_end.service.served).await?;
    if (kind.as_str(), operation.as_str()) != ("Patient", "$everything") || id != claims.sub {
        return Err(Outcome::not_found());
    }
    let found = back_end.records.everything(&claims.sub);
    let path = format!("Patient/{id}/$everything");
    Ok(fhir(StatusCode::OK, &bundle::searchset(&back_end.base, &path, &HashMap::new(), &found)))
}

async fn create(
    State(back_end): State<Arc<BackEnd>>,
    Path(kind): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Outcome> {
    let claims = back_end.admit(&headers, &kind, back_end.service.created).await?;
    let resource: Value =
        serde_json::from_slice(&body).map_err(|_| Outcome::invalid("the body is not JSON"))?;
    if resource.get("resourceType").and_then(Value::as_str) != Some(kind.as_str()) {
        return Err(Outcome::invalid("resourceType is not that of the path"));
    }
    let patient =
        records::subject_of(&resource).ok_or_else(|| Outcome::invalid("the resource names no patient"))?;
    if patient != claims.sub {
        return Err(Outcome::other_patient());
    }
    if let Some(identifier) = none_exist(&headers)? {
        match back_end.records.identified(&claims.sub, &kind, identifier).as_slice() {
            [] => {}
            [known] => return Ok(fhir(StatusCode::OK, known)),
            _ => return Err(Outcome::many()),
        }
    }
    let (id, stored) = back_end.records.create(&claims.sub, resource).ok_or_else(Outcome::full)?;
    // Relative: whoever stands in front knows its own name.
    let location = format!("/{kind}/{id}");
    let mut response = fhir(StatusCode::CREATED, &stored);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// FHIR R4 §3.1.0.8.1: store it only if there is none with this identifier, `system|value`.
fn none_exist(headers: &HeaderMap) -> Result<Option<(&str, &str)>, Outcome> {
    let Some(condition) = headers.get("if-none-exist") else { return Ok(None) };
    let condition = condition.to_str().ok().and_then(|text| text.strip_prefix("identifier="));
    let identifier = condition.and_then(|identifier| identifier.split_once('|'));
    identifier.map(Some).ok_or_else(|| Outcome::invalid("If-None-Exist names an identifier, no more"))
}

impl BackEnd {
    async fn admit(
        &self,
        headers: &HeaderMap,
        kind: &str,
        allowed: &[&str],
    ) -> Result<BackEndClaims, Outcome> {
        let claims = self.validator.validate(headers).await.map_err(Outcome::from)?;
        match allowed.contains(&kind) {
            true => Ok(claims),
            false => Err(Outcome::not_found()),
        }
    }
}

fn fhir(status: StatusCode, resource: &Value) -> Response {
    fhir_text(status, resource.to_string())
}

fn fhir_text(status: StatusCode, resource: String) -> Response {
    let cache = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (status, [(header::CONTENT_TYPE, FHIR_JSON), cache], resource).into_response()
}

#[cfg(test)]
mod tests;
