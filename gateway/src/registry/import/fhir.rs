//! What does a line of FHIR R4 NDJSON say?
//!
//! The profile is in the documentation of [the import](super). What it does not name is not looked at.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::error::Category;

use super::entry::{self, Entry, PatientEntry, Reference};
use super::reason::Reason;
use crate::registry::{Coverage, CoverageScheme, HealthId, Relationship};

/// The system of the identifiant santé in `Patient.identifier` and in logical references.
pub const HEALTH_ID_SYSTEM: &str = "https://bawaba.example/fhir/sid/identifiant-sante";
/// The system of the number of the CNIE in `Patient.identifier`.
pub const NATIONAL_NUMBER_SYSTEM: &str = "https://bawaba.example/fhir/sid/cnie";
/// The code system of the four schemes in `Coverage.type`.
pub const SCHEME_SYSTEM: &str = "https://bawaba.example/fhir/CodeSystem/amo-scheme";
/// The extension of Patient that names a guardian.
pub const GUARDIAN_EXTENSION: &str = "https://bawaba.example/fhir/StructureDefinition/guardian";

/// Patient and Coverage in one: the parts of both that are looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource<'a> {
    #[serde(borrow)]
    resource_type: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    active: Option<bool>,
    #[serde(borrow, default)]
    identifier: Vec<Identifier<'a>>,
    #[serde(borrow)]
    birth_date: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    extension: Vec<Extension<'a>>,
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    beneficiary: Option<Referring<'a>>,
    #[serde(borrow, rename = "type")]
    concept: Option<Concept<'a>>,
    #[serde(borrow, default)]
    class: Vec<Class<'a>>,
    #[serde(borrow)]
    period: Option<Period<'a>>,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, rename = "resourceType")]
    resource_type: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Identifier<'a> {
    #[serde(borrow, rename = "use")]
    usage: Option<Cow<'a, str>>,
    #[serde(borrow)]
    system: Option<Cow<'a, str>>,
    #[serde(borrow)]
    value: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Referring<'a> {
    #[serde(borrow)]
    reference: Option<Cow<'a, str>>,
    #[serde(borrow)]
    identifier: Option<Identifier<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extension<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow, default)]
    extension: Vec<Extension<'a>>,
    #[serde(borrow)]
    value_code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    value_reference: Option<Referring<'a>>,
}

#[derive(Deserialize)]
struct Concept<'a> {
    #[serde(borrow, default)]
    coding: Vec<Coding<'a>>,
}

#[derive(Deserialize)]
struct Coding<'a> {
    #[serde(borrow)]
    system: Option<Cow<'a, str>>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Class<'a> {
    #[serde(borrow, rename = "type")]
    concept: Option<Concept<'a>>,
    #[serde(borrow)]
    value: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Period<'a> {
    #[serde(borrow)]
    end: Option<Cow<'a, str>>,
}

pub(super) fn parse(line: &[u8]) -> Result<Entry, Reason> {
    // The elements of a structure may also come as an array, for serde; not for FHIR.
    if !line.trim_ascii_start().starts_with(b"{") {
        return Err(Reason::NotJson);
    }
    match serde_json::from_slice::<Resource<'_>>(line) {
        Ok(resource) => match resource.resource_type.as_ref() {
            "Patient" => patient(&resource),
            "Coverage" => coverage(&resource),
            _ => Err(Reason::UnknownResource),
        },
        Err(error) if error.classify() == Category::Data => Err(of_another_shape(line)),
        Err(_) => Err(Reason::NotJson),
    }
}

/// JSON that is neither resource in its shape: which of the two reasons is it?
fn of_another_shape(line: &[u8]) -> Reason {
    match serde_json::from_slice::<Kind<'_>>(line) {
        Ok(Kind { resource_type: Some(kind) }) if kind == "Patient" || kind == "Coverage" => {
            Reason::MalformedResource
        }
        Ok(_) => Reason::UnknownResource,
        Err(error) if error.classify() == Category::Data => Reason::MalformedResource,
        Err(_) => Reason::NotJson,
    }
}

fn patient(resource: &Resource<'_>) -> Result<Entry, Reason> {
    if resource.active == Some(false) {
        return Ok(Entry::LeftOut);
    }
    let health_id = identifier(&resource.identifier, HEALTH_ID_SYSTEM)?.ok_or(Reason::MissingHealthId)?;
    let national_number = identifier(&resource.identifier, NATIONAL_NUMBER_SYSTEM)?;
    Ok(Entry::Patient(Box::new(PatientEntry {
        name: resource.id.as_deref().map(resource_id).transpose()?,
        health_id: entry::health_id(health_id)?,
        national_number: national_number.map(entry::national_number).transpose()?,
        birth_year: resource.birth_date.as_deref().map(entry::birth_year).transpose()?,
        coverage: None,
        guardians: resource
            .extension
            .iter()
            .filter(|extension| extension.url == GUARDIAN_EXTENSION)
            .map(guardian)
            .collect::<Result<_, _>>()?,
    })))
}

fn guardian(extension: &Extension<'_>) -> Result<(Reference, Relationship), Reason> {
    let part = |url: &str| extension.extension.iter().find(|part| part.url == url);
    let code = part("relationship").and_then(|part| part.value_code.as_deref());
    let relationship = code.and_then(Relationship::parse).ok_or(Reason::UnknownRelationship)?;
    let whom = part("guardian").and_then(|part| part.value_reference.as_ref());
    Ok((reference(whom.ok_or(Reason::BadReference)?)?, relationship))
}

fn coverage(resource: &Resource<'_>) -> Result<Entry, Reason> {
    match resource.status.as_deref() {
        // A cancelled cover is one that has ended: the counter must learn that rights are closed, and since when.
        Some("active" | "cancelled") => {}
        Some("draft" | "entered-in-error") => return Ok(Entry::LeftOut),
        _ => return Err(Reason::MalformedResource),
    }
    let beneficiary = reference(resource.beneficiary.as_ref().ok_or(Reason::BadReference)?)?;
    let scheme = scheme(resource).ok_or(Reason::UnknownScheme)?;
    let end = resource.period.as_ref().and_then(|period| period.end.as_deref());
    let open_until = entry::end_of_cover(end.ok_or(Reason::MissingEndOfCover)?)?;
    Ok(Entry::Coverage { beneficiary, coverage: Coverage { scheme, open_until } })
}

/// `class` of the type `plan`, or a coding of `type` in our system.
fn scheme(resource: &Resource<'_>) -> Option<CoverageScheme> {
    let is_plan = |class: &&Class<'_>| {
        let mut codings = class.concept.iter().flat_map(|concept| &concept.coding);
        codings.any(|coding| coding.code.as_deref() == Some("plan"))
    };
    let plan = resource.class.iter().find(is_plan).and_then(|class| class.value.as_deref());
    let mut codings = resource.concept.iter().flat_map(|concept| &concept.coding);
    let mut typed = || codings.find(|coding| coding.system.as_deref() == Some(SCHEME_SYSTEM));
    let code = plan.or_else(|| typed().and_then(|coding| coding.code.as_deref()));
    code.and_then(CoverageScheme::parse)
}

/// A logical reference by identifiant santé, else a literal one to `Patient/ID`.
fn reference(referring: &Referring<'_>) -> Result<Reference, Reason> {
    if let Some(Identifier { system: Some(system), value: Some(value), .. }) = &referring.identifier
        && system == HEALTH_ID_SYSTEM
    {
        return HealthId::parse(value).map(Reference::HealthId).ok_or(Reason::BadReference);
    }
    let literal = referring.reference.as_deref().ok_or(Reason::BadReference)?;
    let mut parts = literal.rsplit('/');
    match (parts.next(), parts.next()) {
        (Some(id), Some("Patient")) => resource_id(id).map(Reference::Name).map_err(|_| Reason::BadReference),
        _ => Err(Reason::BadReference),
    }
}

/// FHIR R4 §2.24.0.1: `[A-Za-z0-9\-\.]{1,64}`.
fn resource_id(text: &str) -> Result<String, Reason> {
    let fits = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
    fits.then(|| text.to_owned()).ok_or(Reason::MalformedResource)
}

/// The one value in that system that is still in use.
fn identifier<'a>(all: &'a [Identifier<'_>], system: &str) -> Result<Option<&'a str>, Reason> {
    let mut values = all
        .iter()
        .filter(|one| one.usage.as_deref() != Some("old") && one.system.as_deref() == Some(system))
        .filter_map(|one| one.value.as_deref());
    let first = values.next();
    if values.any(|other| Some(other) != first) {
        return Err(Reason::AmbiguousIdentifier);
    }
    Ok(first)
}
