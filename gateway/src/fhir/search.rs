//! Which patient do search parameters name, and is the search narrowed to this one? FHIR R4 section 3.1.1.

use std::borrow::Cow;

use bytes::Bytes;
use url::form_urlencoded;

use super::linked;
use super::reference::{self, Reference};
use super::resource::{About, ResourceType};
use super::target::Takes;
use super::{FhirError, FhirRequest, PatientNames, Step, Target};

/// A parameter as it was sent, decoded.
pub(super) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// What a search asks for beyond the resources of its own type.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asks {
    /// Each needs a permit of its own.
    pub(super) steps: Vec<Step>,
    /// The answer brings resources along that the request cannot show to be the patient's.
    pub(super) linked: bool,
    /// Whether something is found tells what stands in a resource that is not in the answer.
    pub(super) probes: bool,
    /// It is a search, so a server must not overlook a parameter that it does not know.
    pub(super) searches: bool,
}

/// Parameters that mean a patient: every value must be the session's patient.
const PATIENT_PARAMETERS: [&str; 3] = ["patient", "subject", "beneficiary"];

/// Parameters that only shape the answer (section 3.1.1.5).
const SHAPE_PARAMETERS: [&str; 4] = ["_elements", "_format", "_pretty", "_summary"];

/// Parameters of every search: they filter what is narrowed already, or shape it.
const SEARCH_PARAMETERS: [&str; 15] = [
    "_content",
    "_count",
    "_id",
    "_language",
    "_lastUpdated",
    "_offset",
    "_page",
    "_profile",
    "_security",
    "_sort",
    "_source",
    "_tag",
    "_text",
    "_total",
    "_score",
];

/// Modifiers of section 3.1.1.5 that filter; a resource type is one, too.
const MODIFIERS: [&str; 11] = [
    "above",
    "below",
    "contains",
    "exact",
    "identifier",
    "in",
    "missing",
    "not",
    "not-in",
    "of-type",
    "text",
];

/// The query as the back-end gets it. What is not a search takes only parameters that shape the answer.
pub(super) fn bind(
    target: &Target<'_>,
    query: Option<&str>,
    patient: PatientNames<'_>,
    asks: &mut Asks,
) -> Result<String, FhirError> {
    let mut parameters = parsed(query.unwrap_or_default().as_bytes())?;
    match target.takes() {
        Takes::Shape => takes_only(&mut parameters, &[], patient)?,
        Takes::Operation(what) if !what.searches => takes_only(&mut parameters, what.parameters, patient)?,
        takes => {
            let Some(of) = target.resource_type() else { return Err(NOT_SEARCHED) };
            let of_operation = if let Takes::Operation(what) = takes { what.parameters } else { &[] };
            bind_parameters(of, &mut parameters, of_operation, patient, asks)?;
            if !matches!(takes, Takes::Search) {
                narrow(of, &mut parameters, patient)?;
            }
            if matches!(takes, Takes::Criteria) {
                linked::criteria(of, asks)?;
            }
            asks.searches = true;
        }
    }
    Ok(written(&parameters))
}

/// The body of `POST Type/_search` as the back-end gets it. The query of such a request is judged like it.
pub(super) fn bind_form(
    target: &Target<'_>,
    form: &Bytes,
    patient: PatientNames<'_>,
    asks: &mut Asks,
) -> Result<Bytes, FhirError> {
    let Some(of) = target.resource_type() else { return Err(NOT_SEARCHED) };
    let mut parameters = parsed(form)?;
    bind_parameters(of, &mut parameters, &[], patient, asks)?;
    narrow(of, &mut parameters, patient)?;
    Ok(written(&parameters).into())
}

const NOT_SEARCHED: FhirError = FhirError::NotTaken("resources of this type are not searched");

fn takes_only(
    parameters: &mut [Pair<'_>],
    more: &[&str],
    patient: PatientNames<'_>,
) -> Result<(), FhirError> {
    for (name, value) in parameters {
        if !SHAPE_PARAMETERS.contains(&&**name) && !more.contains(&&**name) {
            return Err(FhirError::NotUnderstood("this interaction does not take such parameters"));
        }
        name_there(value, patient)?;
    }
    Ok(())
}

/// Writes the back-end's name of the patient into a value that means something else; refuses every other patient.
pub(super) fn name_there(value: &mut Cow<'_, str>, patient: PatientNames<'_>) -> Result<(), FhirError> {
    if let Some(bound) = bound_values(value, patient, false)? {
        *value = Cow::Owned(bound);
    }
    Ok(())
}

/// Judges every parameter of a search among resources of this type, and writes the back-end's name of the patient.
pub(super) fn bind_parameters(
    of: &'static ResourceType,
    parameters: &mut [Pair<'_>],
    of_operation: &[&str],
    patient: PatientNames<'_>,
    asks: &mut Asks,
) -> Result<(), FhirError> {
    for (name, value) in parameters {
        if of_operation.contains(&&**name) {
            name_there(value, patient)?;
            continue;
        }
        if linked::take(of, name, value, patient, asks)? {
            continue;
        }
        let means_the_patient = own(of, name)?;
        if let Some(bound) = bound_values(value, patient, means_the_patient)? {
            *value = Cow::Owned(bound);
        }
    }
    Ok(())
}

/// Whether a parameter of the type itself means a patient; refuses what is not taken.
pub(super) fn own(of: &'static ResourceType, name: &str) -> Result<bool, FhirError> {
    let (base, modifier) = match name.split_once(':') {
        Some((base, modifier)) => (base, Some(modifier)),
        None => (name, None),
    };
    let is_patient = |name: &str| {
        PATIENT_PARAMETERS.contains(&name)
            || of.narrowed_by() == Some(name)
            || matches!(of.about, About::One { element: Some(element), .. } if element == name)
    };
    if base.starts_with('_') && !SHAPE_PARAMETERS.contains(&base) && !SEARCH_PARAMETERS.contains(&base) {
        return Err(FhirError::NotTaken("this search parameter is not taken"));
    }
    // ATTACK: a server that folds case (ASP.NET) or reads `patient[]` (PHP, Rails) joins it with the one that narrows.
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if base != "_lastUpdated" && (base.is_empty() || !base.bytes().all(sound)) {
        return Err(if is_patient(&base.to_ascii_lowercase()) {
            FhirError::PatientMismatch("a spelling hides which patient is meant")
        } else {
            FhirError::NotUnderstood("search parameters are written in small letters")
        });
    }
    let typed = modifier.is_some_and(|modifier| ResourceType::named(modifier).is_some());
    if modifier.is_some_and(|modifier| !typed && !MODIFIERS.contains(&modifier)) {
        return Err(FhirError::NotTaken("this modifier is not taken"));
    }
    if is_patient(base) && !matches!(modifier, None | Some("Patient")) {
        return Err(FhirError::PatientMismatch("a modifier hides which patient is meant"));
    }
    Ok(is_patient(base) || modifier == Some("Patient"))
}

/// Every alternative of `a,b,c` (section 3.1.1.3.9) must be the patient where a patient is meant; elsewhere only what
/// names a patient must be. Nothing where no name has to be changed.
pub(super) fn bound_values(
    value: &str,
    patient: PatientNames<'_>,
    a_patient_is_meant: bool,
) -> Result<Option<String>, FhirError> {
    const OTHER: FhirError = FhirError::PatientMismatch("a search parameter names another patient");
    let mut renamed = false;
    for alternative in value.split(',') {
        let id = match Reference::parse(alternative) {
            Some(Reference::Local { of, id, version: false }) if of.about == About::Patient => Some(id),
            _ if reference::smells_of_patient(alternative) => return Err(OTHER),
            _ => None,
        };
        let named = id.map_or_else(|| patient.include(alternative), |id| patient.include(id));
        if !named && (a_patient_is_meant || id.is_some()) {
            return Err(OTHER);
        }
        renamed |= named && id.unwrap_or(alternative) != patient.there;
    }
    Ok(renamed.then(|| value.replace(patient.here, patient.there)))
}

/// FHIR joins repeated parameters with AND: one more can only leave fewer resources.
pub(super) fn narrow<'a>(
    of: &'static ResourceType,
    parameters: &mut Vec<Pair<'a>>,
    patient: PatientNames<'_>,
) -> Result<(), FhirError> {
    if !of.is_personal() {
        return Ok(());
    }
    let name = of.narrowed_by().ok_or(NOT_SEARCHED)?;
    let named = |given: &str| given == name || given.strip_suffix(":Patient") == Some(name);
    if !parameters.iter().any(|(given, _)| named(given)) {
        parameters.push((Cow::Borrowed(name), Cow::Owned(patient.there.to_owned())));
    }
    Ok(())
}

pub(super) fn parsed(encoded: &[u8]) -> Result<Vec<Pair<'_>>, FhirError> {
    let parameters: Vec<Pair<'_>> = form_urlencoded::parse(encoded).collect();
    let damaged = |text: &str| text.contains(char::REPLACEMENT_CHARACTER) || text.contains(char::is_control);
    if parameters.iter().any(|(name, value)| name.is_empty() || damaged(name) || damaged(value)) {
        return Err(FhirError::NotUnderstood("the search parameters are not well-formed"));
    }
    Ok(parameters)
}

/// Written anew from what was understood: the back-end cannot read it otherwise than we did.
pub(super) fn written(parameters: &[Pair<'_>]) -> String {
    if parameters.is_empty() {
        return String::new();
    }
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// Takes away what makes an answer say less than can be judged: without its `subject`, nobody sees whose a resource is;
/// without its `meta`, how it is labelled. A server need not heed either (sections 3.1.1.5.8 and 3.1.1.5.9).
pub(super) fn unshape(request: &mut FhirRequest) {
    if let Some((path, query)) = request.path_and_query.split_once('?') {
        let query = unshaped(query.as_bytes());
        request.path_and_query = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    }
    let form = request.path_and_query.split('?').next().is_some_and(|path| path.ends_with("/_search"));
    if form && let Some(body) = &mut request.body {
        *body = unshaped(body).into();
    }
}

fn unshaped(parameters: &[u8]) -> String {
    let left = form_urlencoded::parse(parameters).filter(|(name, value)| match name.as_ref() {
        "_elements" | "_format" | "_pretty" => false,
        "_summary" => matches!(value.as_ref(), "count" | "false"),
        _ => true,
    });
    written(&left.collect::<Vec<_>>())
}
