//! Which facts does a policy look at, and with which values does it compare them?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A fact by its way through the context: `["consent", "stance"]`.
pub(super) type Path = Vec<String>;

/// What the conditions of one policy name, read from its JSON form (the JSON policy format of Cedar).
#[derive(Debug, Default)]
pub(super) struct Conditions {
    compared: BTreeMap<Path, BTreeSet<String>>,
}

impl Conditions {
    /// Reads the whole policy; its scope names no facts.
    pub(super) fn of(policy: &Value) -> Self {
        let mut conditions = Self::default();
        conditions.read(policy);
        conditions
    }

    /// The facts it looks at.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.compared.keys()
    }

    /// The facts, and the values it compares them with, as JSON.
    pub(super) fn compared(&self) -> impl Iterator<Item = (&Path, impl Iterator<Item = Value> + '_)> {
        let value = |text: &String| serde_json::from_str(text).unwrap_or(Value::Null);
        self.compared.iter().map(move |(path, values)| (path, values.iter().map(value)))
    }

    fn read(&mut self, node: &Value) {
        match node {
            Value::Array(nodes) => nodes.iter().for_each(|node| self.read(node)),
            Value::Object(members) => {
                if let Some(path) = path(node) {
                    self.compared.entry(path).or_default();
                    return;
                }
                if let Some((left, right)) = members.values().find_map(sides) {
                    self.compare(left, right);
                    self.compare(right, left);
                }
                members.values().for_each(|node| self.read(node));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// A fact on one side, values on the other: `stance == "denies"`, `[…].contains(purpose)`.
    fn compare(&mut self, fact: &Value, values: &Value) {
        let Some(path) = path(fact) else { return };
        let mut found = Vec::new();
        literals(values, &mut found);
        self.compared.entry(path).or_default().extend(found.into_iter().map(Value::to_string));
    }
}

fn sides(node: &Value) -> Option<(&Value, &Value)> {
    Some((node.get("left")?, node.get("right")?))
}

/// The way to an attribute of the context: `{".": {"left": …, "attr": "stance"}}`.
fn path(node: &Value) -> Option<Path> {
    let step = node.get(".")?;
    let attribute = step.get("attr")?.as_str()?.to_owned();
    let left = step.get("left")?;
    let mut path = match left.get("Var").and_then(Value::as_str) {
        Some("context") => Vec::new(),
        Some(_) => return None,
        None => path(left)?,
    };
    path.push(attribute);
    Some(path)
}

fn literals<'a>(node: &'a Value, found: &mut Vec<&'a Value>) {
    if let Some(value) = node.get("Value") {
        found.push(value);
    } else if let Some(Value::Array(items)) = node.get("Set") {
        items.iter().for_each(|item| literals(item, found));
    }
}
