//! Whom does a reference in a consent mean?

use policies::ClientKind;
use serde_json::Value;

use super::codes::{self, PARTICIPATION};
use super::{ConsentError, ESTABLISHMENT_SYSTEM, KIND_SYSTEM, PRACTITIONER_ROLE_SYSTEM, PRACTITIONER_SYSTEM};
use crate::consent::model::{Actor, KindName};
use crate::limits::MAX_CONSENT_WORD;

/// `provision.actor`: who receives. An author or a custodian is another question, which a gateway does not see.
pub(super) fn actor(json: &Value) -> Result<Actor, ConsentError> {
    super::provision::only(json, &["role", "reference", "id", "extension"])?;
    if let Some(role) = json.get("role") {
        let receives =
            |(system, code): &(&str, &str)| *system == PARTICIPATION && matches!(*code, "IRCP" | "PRCP");
        if !codes::codings(role)?.iter().all(receives) {
            return Err(ConsentError::UnknownCode("actor.role is IRCP or PRCP of HL7 v3 ParticipationType"));
        }
    }
    let reference = json.get("reference").ok_or(ConsentError::Malformed("actor.reference is missing"))?;
    match (reference.get("reference").and_then(Value::as_str), reference.get("identifier")) {
        (Some(literal), None) => literally(literal),
        (None, Some(identifier)) => match (
            identifier.get("system").and_then(Value::as_str),
            identifier.get("value").and_then(Value::as_str),
        ) {
            (Some(system), Some(value)) => logically(system, value),
            _ => Err(NOT_A_NAME),
        },
        _ => Err(NOT_A_NAME),
    }
}

const NOT_A_NAME: ConsentError =
    ConsentError::NotUnderstood("actor.reference names an establishment, a kind of them, or a practitioner");

fn literally(reference: &str) -> Result<Actor, ConsentError> {
    match reference.split_once('/') {
        Some(("Organization", id)) => Ok(Actor::Establishment(word(id)?)),
        Some(("Practitioner", id)) => Ok(Actor::Practitioner { id: word(id)?, at: None }),
        _ => Err(NOT_A_NAME),
    }
}

fn logically(system: &str, value: &str) -> Result<Actor, ConsentError> {
    match system {
        ESTABLISHMENT_SYSTEM => Ok(Actor::Establishment(word(value)?)),
        PRACTITIONER_SYSTEM => Ok(Actor::Practitioner { id: word(value)?, at: None }),
        PRACTITIONER_ROLE_SYSTEM => {
            let (id, at) = value.rsplit_once('@').ok_or(NOT_A_NAME)?;
            Ok(Actor::Practitioner { id: word(id)?, at: Some(word(at)?) })
        }
        KIND_SYSTEM => match ClientKind::parse(value) {
            Some(ClientKind::BackEnd | ClientKind::Auditor) | None => {
                Err(ConsentError::UnknownCode("no such kind of establishment"))
            }
            Some(kind) => Ok(Actor::Kind(KindName(kind))),
        },
        _ => Err(NOT_A_NAME),
    }
}

fn word(text: &str) -> Result<String, ConsentError> {
    let fits = (1..=MAX_CONSENT_WORD).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'|' | b'"' | b'\\'));
    if fits { Ok(text.to_owned()) } else { Err(NOT_A_NAME) }
}
