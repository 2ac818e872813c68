//! Which parameters of a search reach other resources, and can that be bound to the patient?
//!
//! FHIR R4 sections 3.1.1.4 (`_include`), 3.1.1.3.13 (chains) and 3.1.1.3.14 (`_has`). Every type that is reached needs a
//! permit of its own, as if it had been searched.

use std::borrow::Cow;

use policies::Interaction;

use super::resource::{About, ResourceType};
use super::search::{Asks, bound_values, name_there, own};
use super::{FhirError, PatientNames, Step};

/// Reference parameters whose target has but one type in all of R4, so that it need not be said.
const TARGETS: [(&str, &str); 9] = [
    ("encounter", "Encounter"),
    ("insurer", "Organization"),
    ("location", "Location"),
    ("medication", "Medication"),
    ("organization", "Organization"),
    ("patient", "Patient"),
    ("practitioner", "Practitioner"),
    ("prescription", "MedicationRequest"),
    ("service-provider", "Organization"),
];

/// Types through which a chain may lead.
const HOPS_MAX: usize = 2;

/// Takes a parameter that reaches other resources; says whether it was one.
pub(super) fn take(
    of: &'static ResourceType,
    name: &str,
    value: &mut Cow<'_, str>,
    patient: PatientNames<'_>,
    asks: &mut Asks,
) -> Result<bool, FhirError> {
    let base = name.split(':').next().unwrap_or(name);
    match base {
        "_include" | "_revinclude" if name != base => {
            return Err(FhirError::NotTaken("an include is not repeated for what it brings"));
        }
        "_include" => include(of, value, asks)?,
        "_revinclude" => revinclude(of, value, asks)?,
        "_has" => has(of, name, value, patient, asks)?,
        "_filter" => return Err(FhirError::NotTaken("_filter is not taken")),
        "_query" => return Err(FhirError::NotTaken("named queries are not taken")),
        "_list" => return Err(FhirError::NotTaken("_list is not taken: a list may be somebody else's")),
        "_contained" | "_containedType" => {
            return Err(FhirError::NotTaken("a search for contained resources is not taken"));
        }
        "_sort" if value.contains('.') => {
            return Err(FhirError::NotTaken("a sort by another resource is not taken"));
        }
        // ATTACK: a server that fetches the ValueSet asks whomever the counter names.
        _ if matches!(name.split_once(':'), Some((_, "in" | "not-in")))
            && !value.starts_with("ValueSet/") =>
        {
            return Err(FhirError::NotTaken("a ValueSet is named as ValueSet/id"));
        }
        _ if name.contains('.') => chain(of, name, value, patient, asks)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// What chooses by a search tells whether it was found.
pub(super) fn criteria(of: &'static ResourceType, asks: &mut Asks) -> Result<(), FhirError> {
    if asks.linked || asks.probes || !asks.steps.is_empty() {
        return Err(FhirError::NotTaken("a condition speaks of resources of its own type alone"));
    }
    asks.steps.push(step(of));
    Ok(())
}

fn step(of: &'static ResourceType) -> Step {
    Step { resource_type: of.name, interaction: Interaction::Search }
}

/// `Source:parameter[:Target]`: the answer also holds what the found resources refer to.
fn include(of: &'static ResourceType, value: &str, asks: &mut Asks) -> Result<(), FhirError> {
    let (source, parameter, target) = three(value)?;
    if source != of {
        return Err(FhirError::NotTaken("an include starts at the type that is searched"));
    }
    let target = target.or_else(|| the_target(parameter));
    let target = target.ok_or(FhirError::NotTaken("say the target type of an include"))?;
    reach(target, asks)
}

/// The answer also holds what refers to the found resources.
fn revinclude(of: &'static ResourceType, value: &str, asks: &mut Asks) -> Result<(), FhirError> {
    let (source, _, _) = three(value)?;
    if !of.is_personal() {
        // All patients of a practitioner refer to the practitioner.
        return Err(FhirError::NotTaken("nothing is brought along that refers to what is about nobody"));
    }
    reach(source, asks)
}

fn reach(target: &'static ResourceType, asks: &mut Asks) -> Result<(), FhirError> {
    if target.about == About::Several {
        return Err(FhirError::NotTaken("resources of this type are not bound to one patient"));
    }
    asks.steps.push(step(target));
    asks.linked = true;
    Ok(())
}

type Three<'a> = (&'static ResourceType, &'a str, Option<&'static ResourceType>);

fn three(value: &str) -> Result<Three<'_>, FhirError> {
    const ALL: FhirError = FhirError::NotTaken("an include names one type and one parameter");
    let mut parts = value.split(':');
    let (source, parameter, target) = (parts.next(), parts.next(), parts.next());
    let source = source.and_then(ResourceType::named).ok_or(ALL)?;
    let parameter = parameter.filter(|it| is_parameter(it)).ok_or(ALL)?;
    let target = target.map(|name| ResourceType::named(name).ok_or(ALL)).transpose()?;
    if parts.next().is_some() { Err(ALL) } else { Ok((source, parameter, target)) }
}

/// `_has:Type:reference:parameter`: at the patient alone, and back only through what names the patient.
fn has(
    of: &'static ResourceType,
    name: &str,
    value: &mut Cow<'_, str>,
    patient: PatientNames<'_>,
    asks: &mut Asks,
) -> Result<(), FhirError> {
    const NOT: FhirError =
        FhirError::NotTaken("_has is taken at the patient, back through the patient's parameter");
    let mut parts = name.split(':').skip(1);
    let (Some(back), Some(reference), Some(parameter), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(NOT);
    };
    let back = ResourceType::named(back).ok_or(NOT)?;
    let bound = matches!(back.about, About::One { .. })
        && (back.narrowed_by() == Some(reference) || reference == "subject");
    if of.about != About::Patient || !bound || !is_parameter(parameter) {
        return Err(NOT);
    }
    let means_the_patient = own(back, parameter)?;
    if let Some(bound) = bound_values(value, patient, means_the_patient)? {
        *value = Cow::Owned(bound);
    }
    asks.steps.push(step(back));
    asks.probes = true;
    Ok(())
}

/// `reference[:Type].parameter`: through types that are about nobody. Through anything else, the one bit that is
/// found or not would tell what stands in a resource of somebody else, to which anybody may have made one's own refer.
fn chain(
    of: &'static ResourceType,
    name: &str,
    value: &mut Cow<'_, str>,
    patient: PatientNames<'_>,
    asks: &mut Asks,
) -> Result<(), FhirError> {
    const NOT: FhirError = FhirError::NotTaken("a chained search goes through types that are about nobody");
    let mut at = of;
    let mut rest = name;
    let mut hops = 0;
    while let Some((hop, after)) = rest.split_once('.') {
        let (parameter, to) = match hop.split_once(':') {
            Some((parameter, to)) => (parameter, ResourceType::named(to)),
            None => (hop, the_target(hop)),
        };
        hops += 1;
        if own(at, parameter)? || to.is_some_and(|to| to.about == About::Patient) {
            return Err(FhirError::PatientMismatch("a chained search through a patient"));
        }
        at = to.filter(|to| to.about == About::Nobody && hops <= HOPS_MAX).ok_or(NOT)?;
        asks.steps.push(step(at));
        rest = after;
    }
    if own(at, rest)? || rest.starts_with('_') {
        return Err(NOT);
    }
    name_there(value, patient)
}

fn the_target(parameter: &str) -> Option<&'static ResourceType> {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == parameter)?;
    ResourceType::named(target)
}

fn is_parameter(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}
