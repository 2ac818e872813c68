//! What does a transaction or batch ask for? Every entry as if it had come alone. FHIR R4 section 3.1.0.11.
//!
//! The text of the Bundle stays as it is, so what would have to be added to an entry is refused: a search in a Bundle
//! names the patient.

use std::collections::HashSet;

use bytes::Bytes;
use http::Method;
use policies::Interaction;

use super::body::{parsed, require_resource, translated};
use super::json::Json;
use super::reference::Reference;
use super::search::{self, Asks};
use super::{BodyKind, FhirError, PatientNames, Step, Target, criteria};

/// Requests in one Bundle: each is decided and all wait for the last.
const BUNDLE_ENTRIES_MAX: usize = 100;

const NO_FIT: FhirError = FhirError::NotUnderstood("a Bundle entry and its request do not fit");

/// The Bundle as the back-end gets it; what its entries ask for is added to `steps` and `asks`.
pub(super) fn bind(
    body: &Bytes,
    patient: PatientNames<'_>,
    steps: &mut Vec<Step>,
    asks: &mut Asks,
) -> Result<Bytes, FhirError> {
    let bytes = translated(body, patient)?;
    judge(&parsed(&bytes)?, patient, steps, asks)?;
    Ok(bytes)
}

fn judge(
    json: &Json<'_>,
    patient: PatientNames<'_>,
    steps: &mut Vec<Step>,
    asks: &mut Asks,
) -> Result<(), FhirError> {
    if json.text("resourceType") != Some("Bundle")
        || !matches!(json.text("type"), Some("transaction" | "batch"))
    {
        return Err(FhirError::NotUnderstood("the base takes a Bundle of type transaction or batch"));
    }
    let Some(Json::Array(entries)) = json.member("entry") else {
        return Err(FhirError::NotUnderstood("the Bundle has no entry"));
    };
    if entries.is_empty() || entries.len() > BUNDLE_ENTRIES_MAX {
        return Err(FhirError::NotUnderstood("a Bundle takes 1 to 100 entries"));
    }
    let entries = entries.iter().map(Entry::read).collect::<Result<Vec<_>, _>>()?;
    let mut known = HashSet::new();
    if !entries.iter().filter_map(|entry| entry.full_url).all(|url| known.insert(url)) {
        // ATTACK: whichever of the two the server takes a reference for.
        return Err(FhirError::NotUnderstood("two Bundle entries have one fullUrl"));
    }
    let the_patient: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.is_the_patient(patient))
        .filter_map(|entry| entry.full_url)
        .collect();
    for entry in &entries {
        steps.push(entry.bind(patient, &|urn| the_patient.contains(&urn), asks)?);
    }
    Ok(())
}

/// One request of a Bundle (*entrée*).
struct Entry<'a> {
    full_url: Option<&'a str>,
    target: Target<'a>,
    query: Option<&'a str>,
    if_none_exist: Option<&'a str>,
    resource: Option<&'a Json<'a>>,
}

impl<'a> Entry<'a> {
    fn read(entry: &'a Json<'a>) -> Result<Self, FhirError> {
        only(entry, &["id", "extension", "link", "fullUrl", "resource", "request"])?;
        let request =
            entry.member("request").ok_or(FhirError::NotUnderstood("a Bundle entry has no request"))?;
        only(
            request,
            &["id", "extension", "method", "url", "ifNoneMatch", "ifModifiedSince", "ifMatch", "ifNoneExist"],
        )?;
        let (Some(method), Some(url)) = (request.text("method"), request.text("url")) else {
            return Err(FhirError::NotUnderstood("a Bundle entry has no method or url"));
        };
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| FhirError::NotUnderstood("a Bundle entry has an unknown method"))?;
        if method == Method::PATCH {
            // A patch inside a Binary inside a Bundle: three readings of one text.
            return Err(FhirError::NotTaken("a patch does not come in a Bundle"));
        }
        let (path, query) = match url.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (url, None),
        };
        if path.is_empty() || path.starts_with('/') {
            return Err(FhirError::NotUnderstood("the url of a Bundle entry is relative to the base"));
        }
        let target = Target::parse(&method, path, Some("application/fhir+json"))?;
        let full_url = text_of(entry, "fullUrl")?;
        let if_none_exist = text_of(request, "ifNoneExist")?;
        let this = Self { full_url, target, query, if_none_exist, resource: entry.member("resource") };
        this.full_url.map_or(Ok(()), |url| this.is_called(url))?;
        Ok(this)
    }

    /// ATTACK: an entry that calls itself by the name of another resource has all references to that one written anew.
    fn is_called(&self, url: &str) -> Result<(), FhirError> {
        let own = self.target.resource_type();
        match Reference::parse(url) {
            Some(Reference::Urn(_)) => Ok(()),
            Some(Reference::Elsewhere { of, id })
                if Some(of) == own && self.target.instance_id().is_none_or(|own| own == id) =>
            {
                Ok(())
            }
            _ => Err(FhirError::NotUnderstood("the fullUrl of a Bundle entry is not that of its request")),
        }
    }

    /// Whether it is the patient, whom other entries may call by its fullUrl.
    fn is_the_patient(&self, patient: PatientNames<'_>) -> bool {
        let step = self.target.step();
        (step.resource_type, step.interaction) == ("Patient", Interaction::Update)
            && self.target.instance_id().is_some_and(|id| patient.include(id))
    }

    fn bind(
        &self,
        patient: PatientNames<'_>,
        stands_for_the_patient: &dyn Fn(&str) -> bool,
        asks: &mut Asks,
    ) -> Result<Step, FhirError> {
        match (self.target.body(), self.resource) {
            (BodyKind::Resource, Some(resource)) => {
                require_resource(&self.target, resource, patient, stands_for_the_patient)?;
            }
            (BodyKind::None, None) => {}
            _ => return Err(NO_FIT),
        }
        self.require_unchanged_path(patient)?;
        let bound = search::bind(&self.target, self.query, patient, asks)?;
        require_unchanged(&bound, self.query.unwrap_or_default())?;
        if let Some(condition) = self.if_none_exist {
            let bound = criteria::bind(&self.target, condition, patient, asks)?;
            require_unchanged(&bound, condition)?;
        }
        let step = self.target.step();
        asks.linked |= self.target.is_linked();
        // The Bundle that answers it lies inside another, and counts what it found.
        asks.probes |= step.interaction == Interaction::Search;
        Ok(step)
    }

    /// What is forwarded is the text of the Bundle: the patient stands there by the back-end's name.
    fn require_unchanged_path(&self, patient: PatientNames<'_>) -> Result<(), FhirError> {
        let there = PatientNames { here: patient.there, there: patient.there };
        self.target.path(there).map(|_| ())
    }
}

fn require_unchanged(bound: &str, sent: &str) -> Result<(), FhirError> {
    let pairs = |text: &str| url::form_urlencoded::parse(text.as_bytes()).into_owned().collect::<Vec<_>>();
    if pairs(bound) == pairs(sent) {
        Ok(())
    } else {
        Err(FhirError::PatientMismatch("a search in a Bundle must name the patient"))
    }
}

/// A member that is a text, where there is one.
fn text_of<'a>(object: &'a Json<'_>, name: &str) -> Result<Option<&'a str>, FhirError> {
    object.member(name).map(|value| value.as_text().ok_or(NO_FIT)).transpose()
}

/// ATTACK: a member that we do not know may be one that the server obeys.
fn only(object: &Json<'_>, known: &[&str]) -> Result<(), FhirError> {
    match object {
        Json::Object(members) if members.iter().all(|(name, _)| known.contains(&name.as_ref())) => Ok(()),
        _ => Err(FhirError::NotUnderstood("a Bundle entry has members that are none of a request's")),
    }
}
