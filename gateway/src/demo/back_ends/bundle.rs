//! How is a search answered? With a Bundle of type searchset.

use std::collections::HashMap;

use serde_json::{Value, json};
use url::form_urlencoded;

/// The answer of a search, with the query it answers as `self` link (FHIR R4 §3.1.1.4).
pub(super) fn searchset(base: &str, kind: &str, query: &HashMap<String, String>, found: &[Value]) -> Value {
    let entries: Vec<Value> = found
        .iter()
        .map(|resource| {
            let id = resource.get("id").and_then(Value::as_str).unwrap_or_default();
            let kind = resource.get("resourceType").and_then(Value::as_str).unwrap_or(kind);
            json!({"fullUrl": format!("{base}/{kind}/{id}"), "resource": resource, "search": {"mode": "match"}})
        })
        .collect();
    let mut pairs: Vec<_> = query.iter().collect();
    pairs.sort();
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let mut bundle = json!({
        "resourceType": "Bundle",
        "type": "searchset",
        "total": found.len(),
        "link": [{"relation": "self", "url": format!("{base}/{kind}?{query}")}],
    });
    // An empty array is not valid FHIR JSON (R4 §2.6.2).
    if let (false, Some(fields)) = (entries.is_empty(), bundle.as_object_mut()) {
        fields.insert("entry".to_owned(), Value::Array(entries));
    }
    bundle
}
