//! What does a sample back-end know, and about whom?

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::people::Person;
use super::{Service, resources};

/// A patient as one back-end knows them: a pairwise subject and what was invented for them.
#[derive(Debug, Clone)]
pub struct Patient {
    /// Pseudonym of this patient at this back-end (sujet pairwise).
    pub subject: String,
    /// The invented person.
    pub person: &'static Person,
}

/// A demonstration that stays up for weeks must not grow for ever.
const MAX_PER_PATIENT: usize = 200;

/// Resources of one back-end, by the patient's pairwise subject. Kept in memory.
pub(super) struct Records {
    by_subject: Mutex<HashMap<String, Vec<Value>>>,
}

impl Records {
    pub(super) fn seed(service: Service, patients: &[Patient]) -> Self {
        let by_subject = patients
            .iter()
            .map(|patient| {
                let mut known = resources::of(patient);
                known.retain(|resource| service.served.contains(&kind_of(resource)));
                (patient.subject.clone(), known)
            })
            .collect();
        Self { by_subject: Mutex::new(by_subject) }
    }

    /// The patient's resources of this type that match `_id` and `status`, at most `_count`.
    pub(super) fn search(&self, subject: &str, kind: &str, query: &HashMap<String, String>) -> Vec<Value> {
        let wanted = |field: &str, name: &str, resource: &Value| {
            query
                .get(name)
                .is_none_or(|value| resource.get(field).and_then(Value::as_str) == Some(value.as_str()))
        };
        let count = query.get("_count").and_then(|count| count.parse().ok()).unwrap_or(MAX_PER_PATIENT);
        let by_subject = self.by_subject.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_subject.get(subject).map(Vec::as_slice).unwrap_or_default();
        known
            .iter()
            .filter(|resource| kind_of(resource) == kind)
            .filter(|resource| wanted("id", "_id", resource) && wanted("status", "status", resource))
            .take(count)
            .cloned()
            .collect()
    }

    /// All that is known of the patient.
    pub(super) fn everything(&self, subject: &str) -> Vec<Value> {
        let by_subject = self.by_subject.lock().unwrap_or_else(PoisonError::into_inner);
        by_subject.get(subject).cloned().unwrap_or_default()
    }

    pub(super) fn read(&self, subject: &str, kind: &str, id: &str) -> Option<Value> {
        let by_subject = self.by_subject.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_subject.get(subject)?;
        let is_it = |resource: &&Value| {
            kind_of(resource) == kind && resource.get("id").and_then(Value::as_str) == Some(id)
        };
        known.iter().find(is_it).cloned()
    }

    /// The patient's resources of this type with this identifier.
    pub(super) fn identified(&self, subject: &str, kind: &str, (system, value): (&str, &str)) -> Vec<Value> {
        let by_subject = self.by_subject.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_subject.get(subject).map(Vec::as_slice).unwrap_or_default();
        let has = |resource: &&Value| {
            let identifiers = resource.get("identifier").and_then(Value::as_array);
            identifiers.is_some_and(|all| {
                let same = |one: &Value| {
                    one.get("system").and_then(Value::as_str) == Some(system)
                        && one.get("value").and_then(Value::as_str) == Some(value)
                };
                all.iter().any(same)
            })
        };
        known.iter().filter(|resource| kind_of(resource) == kind).filter(has).cloned().collect()
    }

    /// Stores a new resource under a new id; `None` when the patient is unknown or has too many.
    pub(super) fn create(&self, subject: &str, mut resource: Value) -> Option<(String, Value)> {
        let id = Uuid::now_v7().to_string();
        let fields = resource.as_object_mut()?;
        fields.insert("id".to_owned(), json!(id));
        fields.insert("meta".to_owned(), json!({"versionId": "1"}));
        let mut by_subject = self.by_subject.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_subject.get_mut(subject)?;
        if known.len() >= MAX_PER_PATIENT {
            return None;
        }
        known.push(resource.clone());
        Some((id, resource))
    }
}

/// Whom a resource is about: `subject`, `patient` or `beneficiary`, as `Patient/<id>`.
pub(super) fn subject_of(resource: &Value) -> Option<&str> {
    ["subject", "patient", "beneficiary"]
        .iter()
        .find_map(|field| resource.get(field)?.get("reference")?.as_str())
        .and_then(|reference| reference.strip_prefix("Patient/"))
}

fn kind_of(resource: &Value) -> &str {
    resource.get("resourceType").and_then(Value::as_str).unwrap_or_default()
}
