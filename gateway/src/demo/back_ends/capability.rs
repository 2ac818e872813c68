//! What can this FHIR server do?

use serde_json::{Value, json};

use super::Service;

/// The CapabilityStatement at `/metadata` (FHIR R4).
pub(super) fn statement(service: Service, base: &str) -> Value {
    let resources: Vec<Value> = service
        .served
        .iter()
        .map(|kind| {
            let mut interactions = vec![json!({"code": "read"}), json!({"code": "search-type"})];
            if service.created.contains(kind) {
                interactions.push(json!({"code": "create"}));
            }
            json!({
                "type": kind,
                "interaction": interactions,
                "searchParam": [{"name": if *kind == "Patient" { "_id" } else { "patient" }, "type": "reference"}],
            })
        })
        .collect();
    let asked = service.asked.iter().map(|kind| {
        let definition = format!("http://hl7.org/fhir/OperationDefinition/{kind}-submit");
        json!({"type": kind, "operation": [{"name": "submit", "definition": definition}]})
    });
    let resources: Vec<Value> = resources.into_iter().chain(asked).collect();
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-22",
        "kind": "instance",
        "software": {"name": "Bawaba sample back-end", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": format!("Bawaba: {} (invented patients)", service.name), "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{
            "mode": "server",
            "security": {"description": "Bearer token of the gateway, audience = this service"},
            "resource": resources,
        }],
    })
}
