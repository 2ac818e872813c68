//! Which rules does `Consent.provision` say, and could each of them ever hold?

use serde_json::Value;
use time::OffsetDateTime;

use super::ConsentError;
use super::ConsentError::{Contradictory, Dates, Malformed, NotUnderstood};
use super::{actor, codes, date};
use crate::consent::model::{Choice, Period, Provision};
use crate::limits::{MAX_PROVISION_DEPTH, MAX_PROVISIONS};

/// The rules of a consent: the base of `policyRule` (FHIR R4) and of `provision.type` (IHE PCF).
///
/// Where both say the same, the provision limits a permit, and a denial stays whole. Where they differ, the provision is
/// an exception to the base; one that excepts everything contradicts it.
pub(super) fn root(
    base: Option<Choice>,
    provision: Option<&Value>,
    at: OffsetDateTime,
) -> Result<Provision, ConsentError> {
    let Some(json) = provision else {
        let base = base.ok_or(NotUnderstood("neither policyRule nor provision says yes or no"))?;
        return Ok(Provision::everything(base));
    };
    let own = choice(json)?;
    let chosen = own.or(base).ok_or(NotUnderstood("neither policyRule nor provision.type says yes or no"))?;
    let mut read = Reading { left: MAX_PROVISIONS, at };
    let rule = read.rule(json, chosen, Period::default(), MAX_PROVISION_DEPTH)?;
    let means_all = rule.actors.is_empty()
        && rule.purposes.is_empty()
        && rule.classes.is_empty()
        && rule.labels.is_empty();
    let root = match (base, own) {
        (Some(base), Some(own)) if base != own && means_all => {
            return Err(Contradictory("provision.type says the opposite of policyRule"));
        }
        (Some(base), Some(own)) if base != own || (own == Choice::Deny && !means_all) => {
            Provision { exceptions: vec![rule], ..Provision::everything(base) }
        }
        _ => rule,
    };
    agrees(&root)?;
    Ok(root)
}

struct Reading {
    /// Rules that may still come.
    left: usize,
    at: OffsetDateTime,
}

impl Reading {
    fn rule(
        &mut self,
        json: &Value,
        choice: Choice,
        above: Period,
        depth: usize,
    ) -> Result<Provision, ConsentError> {
        only(
            json,
            &["type", "period", "actor", "securityLabel", "purpose", "class", "provision", "id", "extension"],
        )?;
        self.left = self.left.checked_sub(1).ok_or(NotUnderstood("more rules than are taken"))?;
        let depth = depth.checked_sub(1).ok_or(NotUnderstood("rules deeper than are taken"))?;
        let period = json.get("period").map(date::period).transpose()?.unwrap_or_default();
        let holds = self.ever(period, above)?;
        let labels = words(json, "securityLabel", codes::label)?;
        if choice == Choice::Permit && !labels.is_empty() {
            return Err(NotUnderstood(
                "labels can be hidden, not shown alone: securityLabel is for type deny",
            ));
        }
        let mut exceptions = Vec::new();
        for below in codes::list(json, "provision")? {
            let choice = self::choice(below)?.ok_or(NotUnderstood("a rule below another has a type"))?;
            exceptions.push(self.rule(below, choice, holds, depth)?);
        }
        Ok(Provision {
            choice,
            period,
            actors: words(json, "actor", actor::actor)?,
            purposes: words(json, "purpose", codes::purpose)?,
            classes: words(json, "class", codes::class)?,
            labels,
            exceptions,
        })
    }

    /// The part of a period in which the rules above hold too; it must not be over, or empty.
    fn ever(&self, period: Period, above: Period) -> Result<Period, ConsentError> {
        if let (Some(start), Some(end)) = (period.start, period.end)
            && start >= end
        {
            return Err(Dates("a period ends before it starts"));
        }
        if period.end.is_some_and(|end| end <= self.at) {
            return Err(Dates("a period is over"));
        }
        let start = period.start.into_iter().chain(above.start).max();
        let end = period.end.into_iter().chain(above.end).min();
        match (start, end) {
            (Some(start), Some(end)) if start >= end => {
                Err(Dates("a rule holds only when the rule above it does not"))
            }
            _ => Ok(Period { start, end }),
        }
    }
}

/// Two exceptions of one rule must not answer the very same question with yes and no.
fn agrees(rule: &Provision) -> Result<(), ConsentError> {
    for (place, one) in rule.exceptions.iter().enumerate() {
        let opposite = |other: &Provision| {
            let mut turned = other.clone();
            turned.choice = one.choice;
            turned.exceptions.clone_from(&one.exceptions);
            other.choice != one.choice && turned == *one
        };
        if rule.exceptions.iter().skip(place + 1).any(opposite) {
            return Err(Contradictory("two rules say yes and no to the same"));
        }
        agrees(one)?;
    }
    Ok(())
}

fn choice(json: &Value) -> Result<Option<Choice>, ConsentError> {
    match json.get("type") {
        None => Ok(None),
        Some(Value::String(word)) if word == "permit" => Ok(Some(Choice::Permit)),
        Some(Value::String(word)) if word == "deny" => Ok(Some(Choice::Deny)),
        Some(_) => Err(ConsentError::UnknownCode("provision.type is permit or deny")),
    }
}

/// The words of a list, each once, in one order: who says the same in another order says the same.
fn words<T>(
    json: &Value,
    name: &str,
    read: impl Fn(&Value) -> Result<T, ConsentError>,
) -> Result<Vec<T>, ConsentError>
where
    T: Clone + serde::Serialize + PartialEq,
{
    let mut words: Vec<T> = codes::list(json, name)?.iter().map(read).collect::<Result<_, _>>()?;
    words.sort_by_cached_key(|word| serde_json::to_string(word).unwrap_or_default());
    words.dedup();
    Ok(words)
}

/// Refuses every element that is none of these.
pub(super) fn only(json: &Value, known: &[&str]) -> Result<(), ConsentError> {
    let Value::Object(members) = json else {
        return Err(Malformed("an element is not an object"));
    };
    for name in members.keys() {
        // `_name` carries an extension of a primitive (FHIR R4 §2.6.2): it may be ignored.
        let plain = name.strip_prefix('_').unwrap_or(name);
        if !known.contains(&plain) {
            return Err(not_understood(plain));
        }
    }
    Ok(())
}

/// What somebody may well have meant is refused by its name.
fn not_understood(name: &str) -> ConsentError {
    NotUnderstood(match name {
        "action" => "provision.action: a consent is about every access",
        "code" => "provision.code: a gateway does not see what an entry is about",
        "contained" => "contained: references name what is registered",
        "data" => "provision.data: a gateway does not know single entries",
        "dataPeriod" => "provision.dataPeriod: a gateway does not see when an entry was made",
        "implicitRules" => "implicitRules",
        "modifierExtension" => "modifierExtension",
        _ => "an element that FHIR R4 Consent does not have, or that is not taken",
    })
}
