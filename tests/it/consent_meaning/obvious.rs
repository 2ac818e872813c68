//! What a FHIR Consent says, read aloud: slow, without any preparation, one question at a time.
//!
//! Shares no code with the gateway. Follows the text of the precedence, sentence by sentence.

use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime};

/// One question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) establishment: &'a str,
    pub(super) kind: &'a str,
    pub(super) practitioner: Option<&'a str>,
    pub(super) purpose: &'a str,
    pub(super) resource_type: &'a str,
    pub(super) labels: &'a [(&'a str, &'a str)],
    pub(super) at: OffsetDateTime,
}

/// What the patient says to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Silent,
    Permits,
    Denies,
}

/// What one rule says: yes or no, how exactly it names whom it means (0 nobody, 1 a kind, 2 a name), and whether it
/// depends on a label.
type Word = (bool, u8, bool);

/// All consents together: each a resource, the minute in which it was given, and whether the PIN was.
pub(super) fn decide(consents: &[(&Value, i64, bool)], asked: &Asked<'_>) -> Answer {
    // No consent speaks of what holds nothing of a patient.
    if asked.resource_type == "Medication" {
        return Answer::Silent;
    }
    let mut permits = Vec::new();
    let mut denials = Vec::new();
    for (resource, minute, pin) in consents {
        match rule(&resource["provision"], asked, 0, false) {
            Some((true, exact, _)) => permits.push((*minute, exact, *pin)),
            Some((false, exact, _)) => denials.push((*minute, exact, *pin)),
            None => {}
        }
    }
    for (minute, exact, pin) in permits {
        let mut stands = true;
        for (denied, denied_exact, denied_pin) in &denials {
            let later = minute > *denied;
            let more_exact = exact > *denied_exact;
            let proof_as_strong = pin || !*denied_pin;
            if !(later && more_exact && proof_as_strong) {
                stands = false;
            }
        }
        if stands {
            return Answer::Permits;
        }
    }
    if denials.is_empty() { Answer::Silent } else { Answer::Denies }
}

/// Whether an entry is taken out of an answer: it is denied, and who breaks the glass sees what is denied, but not what
/// is denied for its label.
pub(super) fn hides(consents: &[(&Value, i64, bool)], asked: &Asked<'_>) -> bool {
    let mut by_label = false;
    for (resource, _, _) in consents {
        by_label |= matches!(rule(&resource["provision"], asked, 0, false), Some((false, _, true)));
    }
    decide(consents, asked) == Answer::Denies && (asked.purpose != "BTG" || by_label)
}

/// One rule with all its exceptions.
fn rule(rule: &Value, asked: &Asked<'_>, above: u8, labelled_above: bool) -> Option<Word> {
    let deny = rule["type"] == "deny";
    if !in_period(&rule["period"], asked.at) {
        return None;
    }
    let exact = means(rule["actor"].as_array(), asked, deny)?.max(above);
    if let Some(purposes) = rule["purpose"].as_array()
        && !purposes.iter().any(|purpose| purpose["code"] == asked.purpose)
    {
        return None;
    }
    if let Some(classes) = rule["class"].as_array()
        && !classes.iter().any(|class| class["code"] == asked.resource_type)
    {
        return None;
    }
    if let Some(labels) = rule["securityLabel"].as_array()
        && !labels.iter().any(|label| asked.labels.iter().any(|carried| carries(label, *carried)))
    {
        return None;
    }
    let labelled = labelled_above || rule["securityLabel"].is_array();
    let mut words = Vec::new();
    for exception in rule["provision"].as_array().into_iter().flatten() {
        words.extend(self::rule(exception, asked, exact, labelled));
    }
    if words.is_empty() {
        return Some((!deny, exact, labelled));
    }
    let any_denial = words.iter().any(|(permit, _, _)| !permit);
    words.retain(|(permit, _, _)| *permit != any_denial);
    let exact = words.iter().map(|(_, exact, _)| *exact).max().unwrap_or(0);
    Some((!any_denial, exact, words.iter().any(|(_, _, labelled)| *labelled)))
}

/// Whether whoever asks is meant, and how exactly.
fn means(actors: Option<&Vec<Value>>, asked: &Asked<'_>, deny: bool) -> Option<u8> {
    let Some(actors) = actors else { return Some(0) };
    let mut exact = None;
    for actor in actors {
        let reference = &actor["reference"];
        let value = reference["identifier"]["value"].as_str().unwrap_or_default();
        let is = match reference["reference"].as_str() {
            Some(text) if text.starts_with("Organization/") => {
                (text == format!("Organization/{}", asked.establishment)).then_some(2)
            }
            Some(text) => {
                let known = asked.practitioner.map(|id| format!("Practitioner/{id}"));
                (known.as_deref() == Some(text)).then_some(2)
            }
            None if value.contains('@') => {
                let (id, place) = value.split_once('@').expect("both");
                let there = place == asked.establishment;
                // Who is excluded by name at one place: whoever might be them there.
                let person = asked.practitioner.map_or(deny, |known| known == id);
                (there && person).then_some(2)
            }
            None => (value == asked.kind).then_some(1),
        };
        exact = exact.max(is);
    }
    exact
}

/// Whether an entry that carries this label is one that the rule is about: more confidential is meant too.
fn carries(label: &Value, (system, code): (&str, &str)) -> bool {
    let order = ["U", "L", "M", "N", "R", "V"];
    let level = |code: &str| order.iter().position(|known| *known == code);
    if label["system"] != system {
        return false;
    }
    let named = label["code"].as_str().unwrap_or_default();
    match (level(named), level(code)) {
        (Some(named), Some(carried)) if system.ends_with("v3-Confidentiality") => carried >= named,
        _ => named == code,
    }
}

fn in_period(period: &Value, at: OffsetDateTime) -> bool {
    let begun = period["start"].as_str().is_none_or(|start| first(start) <= at);
    // The end is in the period, whole.
    let over = period["end"].as_str().is_some_and(|end| after(end) <= at);
    begun && !over
}

/// The first moment of a FHIR date.
fn first(text: &str) -> OffsetDateTime {
    if text.contains('T') {
        return OffsetDateTime::parse(text, &Rfc3339).expect("a moment");
    }
    let part =
        |place: usize| text.split('-').nth(place).map_or(1, |part| part.parse::<u16>().expect("a number"));
    let month = Month::try_from(part(1) as u8).expect("a month");
    Date::from_calendar_date(i32::from(part(0)), month, part(2) as u8)
        .expect("a date")
        .midnight()
        .assume_utc()
}

/// The first moment after it.
fn after(text: &str) -> OffsetDateTime {
    let first = first(text);
    match text.len() {
        4 => first.replace_year(first.year() + 1).expect("a year"),
        7 => {
            let next = first.month().next();
            let year = if next == Month::January { first.year() + 1 } else { first.year() };
            Date::from_calendar_date(year, next, 1).expect("a month").midnight().assume_utc()
        }
        10 => first + time::Duration::DAY,
        _ => first + time::Duration::SECOND,
    }
}
