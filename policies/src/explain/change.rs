//! Which other values could a fact have had?

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Difference;
use super::looked_at::{Conditions, Path};
use crate::ClientKind;

/// Facts that are what was asked, and not how things stood: another question is no explanation.
const ASKED: [&str; 2] = ["resourceType", "from"];

/// One fact with another value.
pub(super) enum Change {
    Fact { path: Path, was: Value, needed: Value },
    Client { was: ClientKind, needed: ClientKind },
}

/// Every fact that some policy looks at, with every value that some policy compares it with.
pub(super) fn of_facts(context: &Value, conditions: &[&Conditions]) -> Vec<Change> {
    let mut wanted: BTreeMap<&Path, Vec<Value>> = BTreeMap::new();
    for (path, values) in conditions.iter().flat_map(|conditions| conditions.compared()) {
        wanted.entry(path).or_default().extend(values);
    }
    let mut changes = Vec::new();
    for (path, literals) in wanted {
        if path.first().is_some_and(|first| ASKED.contains(&first.as_str())) {
            continue;
        }
        let was = at(context, path);
        let mut values: Vec<Value> = others(&was, &literals);
        values.sort_by_key(Value::to_string);
        values.dedup();
        values.retain(|value| *value != was);
        changes.extend(values.into_iter().map(|needed| Change::Fact {
            path: path.clone(),
            was: was.clone(),
            needed,
        }));
    }
    changes
}

fn others(was: &Value, literals: &[Value]) -> Vec<Value> {
    match was {
        Value::Bool(value) => vec![json!(!value)],
        // A rule that says "more than 72" turns at 73; one that says "at least 80", at 79.
        Value::Number(_) => {
            let numbers = literals.iter().filter_map(Value::as_i64);
            numbers
                .flat_map(|limit| [limit - 1, limit, limit + 1])
                .filter(|n| *n >= 0)
                .map(Value::from)
                .collect()
        }
        Value::Array(items) => {
            let without = |item: &Value| items.iter().filter(|other| *other != item).cloned().collect();
            let (there, missing): (Vec<_>, Vec<_>) =
                literals.iter().partition(|literal| items.contains(literal));
            let taken = there.into_iter().map(|item| Value::Array(without(item)));
            let added =
                missing.into_iter().map(|item| Value::Array(items.iter().chain([item]).cloned().collect()));
            taken.chain(added).chain((items.len() > 1).then(|| json!([]))).collect()
        }
        // A word of a closed list, or a fact that was not known.
        Value::Object(_) | Value::Null => {
            literals.iter().filter(|value| value.is_object()).cloned().collect()
        }
        Value::String(_) => literals.iter().filter(|value| value.is_string()).cloned().collect(),
    }
}

/// The value of a fact; null where it was not known.
pub(super) fn at(context: &Value, path: &Path) -> Value {
    path.iter().try_fold(context, |value, step| value.get(step)).cloned().unwrap_or(Value::Null)
}

/// A value for people: the word itself, not its type.
pub(super) fn shown(value: Value) -> String {
    match value {
        Value::Null => "not known".to_owned(),
        Value::String(text) => text,
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.into_iter().map(shown).collect::<Vec<_>>().join(" "),
        Value::Object(members) => {
            let id = members.get("__entity").and_then(|entity| entity.get("id")).and_then(Value::as_str);
            id.map_or_else(|| Value::Object(members.clone()).to_string(), str::to_owned)
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

impl Change {
    pub(super) const fn of_client(was: ClientKind, needed: ClientKind) -> Self {
        Self::Client { was, needed }
    }

    pub(super) fn is_of_the_fact_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Fact { path, .. }, Self::Fact { path: other, .. }) => path == other,
            (Self::Client { .. }, Self::Client { .. }) => true,
            _ => false,
        }
    }

    pub(super) fn make(&self, context: &mut Value, kind: &mut ClientKind) {
        match self {
            Self::Client { needed, .. } => *kind = *needed,
            Self::Fact { path, needed, .. } => set(context, path, needed.clone()),
        }
    }

    pub(super) fn told(&self) -> Difference {
        match self {
            Self::Fact { path, was, needed } => {
                Difference { fact: path.join("."), was: shown(was.clone()), needed: shown(needed.clone()) }
            }
            Self::Client { was, needed } => {
                Difference { fact: "client".to_owned(), was: was.to_string(), needed: needed.to_string() }
            }
        }
    }
}

fn set(value: &mut Value, path: &[String], needed: Value) {
    match path.split_first() {
        None => *value = needed,
        Some((first, rest)) => {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            if let Value::Object(members) = value {
                set(members.entry(first.clone()).or_insert(Value::Null), rest, needed);
            }
        }
    }
}
