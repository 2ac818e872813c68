mod answers;
mod bodies;
mod bundles;
mod searches;

use bytes::Bytes;
use http::Method;
use policies::Interaction;

use super::{FhirError, FhirRequest, PatientNames, Said, Target};

pub(super) const HERE: &str = "here-3f1c";
pub(super) const THERE: &str = "there-9a2b";
pub(super) const PATIENT: PatientNames<'static> = PatientNames { here: HERE, there: THERE };
const FHIR: Option<&str> = Some("application/fhir+json; charset=utf-8");

fn ask(method: &Method, path: &str) -> Result<FhirRequest, FhirError> {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    Target::parse(method, path, None)?.bind(Said { query, if_none_exist: None }, None, PATIENT)
}

fn get(path: &str) -> Result<FhirRequest, FhirError> {
    ask(&Method::GET, path)
}

/// Single quotes are double ones.
fn send_as(method: Method, path: &str, media: Option<&str>, body: &str) -> Result<FhirRequest, FhirError> {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let body = Bytes::from(body.replace('\'', "\""));
    Target::parse(&method, path, media)?.bind(Said { query, if_none_exist: None }, Some(body), PATIENT)
}

fn send(method: Method, path: &str, body: &str) -> Result<FhirRequest, FhirError> {
    send_as(method, path, FHIR, body)
}

fn form(path: &str, body: &'static str) -> Result<FhirRequest, FhirError> {
    send_as(Method::POST, path, Some("application/x-www-form-urlencoded"), body)
}

fn steps(request: &FhirRequest) -> Vec<(&'static str, Interaction)> {
    request.steps.iter().map(|step| (step.resource_type, step.interaction)).collect()
}

/// What is asked, what the back-end is asked.
#[test]
fn requests_about_the_patient_are_forwarded_in_the_back_ends_words() {
    for (asked, forwarded) in [
        ("/MedicationRequest", "/MedicationRequest?patient=there-9a2b"),
        ("/MedicationRequest?patient=here-3f1c", "/MedicationRequest?patient=there-9a2b"),
        ("/MedicationRequest?patient=there-9a2b", "/MedicationRequest?patient=there-9a2b"),
        ("/MedicationRequest?patient=Patient/here-3f1c", "/MedicationRequest?patient=Patient%2Fthere-9a2b"),
        ("/MedicationRequest?patient=Patient%2Fhere-3f1c", "/MedicationRequest?patient=Patient%2Fthere-9a2b"),
        ("/MedicationRequest?p%61tient=here-3f1c", "/MedicationRequest?patient=there-9a2b"),
        ("/MedicationRequest?patient:Patient=here-3f1c", "/MedicationRequest?patient%3APatient=there-9a2b"),
        (
            "/MedicationRequest?subject=here-3f1c&status=active",
            "/MedicationRequest?subject=there-9a2b&status=active&patient=there-9a2b",
        ),
        ("/Patient", "/Patient?_id=there-9a2b"),
        ("/Patient/here-3f1c", "/Patient/there-9a2b"),
        // A mother's compartment also holds what she said about her child.
        (
            "/Patient/here-3f1c/AllergyIntolerance",
            "/Patient/there-9a2b/AllergyIntolerance?patient=there-9a2b",
        ),
        ("/Encounter/e-1/Observation?code=1", "/Encounter/e-1/Observation?code=1&patient=there-9a2b"),
        ("/AdverseEvent", "/AdverseEvent?subject=there-9a2b"),
        ("/Patient/here-3f1c/$everything", "/Patient/there-9a2b/$everything"),
        (
            "/Patient/here-3f1c/$everything?_type=Observation&start=2026",
            "/Patient/there-9a2b/$everything?_type=Observation&start=2026",
        ),
        ("/Observation/$lastn?max=3&code=1", "/Observation/$lastn?max=3&code=1&patient=there-9a2b"),
        ("/Patient/here-3f1c/_history/2", "/Patient/there-9a2b/_history/2"),
        ("/MedicationRequest/123", "/MedicationRequest/123"),
        ("/MedicationRequest/123?_format=json", "/MedicationRequest/123?_format=json"),
        ("/Medication?code=42", "/Medication?code=42"),
    ] {
        assert_eq!(get(asked).map(|request| request.path_and_query).as_deref(), Ok(forwarded), "{asked}");
    }
}

#[test]
fn every_place_in_a_path_that_names_another_patient_is_a_mismatch() {
    for asked in [
        "/Patient/other",
        "/Patient/other/AllergyIntolerance",
        "/Patient/other/$everything",
        "/Patient/other/_history",
        "/Patient/other/_history/1",
        "/Patient/HERE-3F1C",
        "/Patient/here-3f1c.json",
    ] {
        assert!(matches!(get(asked), Err(FhirError::PatientMismatch(_))), "{asked}: {:?}", get(asked));
    }
}

#[test]
fn what_is_no_fhir_path_is_malformed() {
    for asked in [
        "/Patient//here-3f1c",
        "/Patient/here-3f1c/",
        "//Patient",
        "/P%61tient/here-3f1c",
        "/patient/here-3f1c",
        "/DomainResource",
        "/metadata",
        "/MedicationRequest/123?patient=here-3f1c",
        "/MedicationRequest/123?_method=DELETE",
        "/Patient/here-3f1c/$everything?_include=x",
    ] {
        assert!(matches!(get(asked), Err(FhirError::NotUnderstood(_))), "{asked}: {:?}", get(asked));
    }
}

#[test]
fn what_cannot_be_bound_to_one_patient_is_refused_by_name() {
    for asked in [
        "/",
        "/?_type=Patient",
        "/_history",
        "/MedicationRequest/_history",
        "/$graphql",
        "/Patient/here-3f1c/$graphql",
        "/MedicationRequest/123/$graphql",
        "/Patient/here-3f1c/$merge",
        "/Patient/$everything",
        "/Patient/$match",
        "/Observation/1/$meta",
        "/Group/1/$export",
        "/Patient/here-3f1c/*",
        "/Patient/here-3f1c/Medication",
        "/Patient/here-3f1c/Group",
        "/Device/1/Observation",
        "/Group/1",
        "/Bundle/1",
        "/Subscription",
        "/Person?patient=here-3f1c",
        "/Binary",
        "/Observation/.",
        "/Observation/..",
        "/Observation/../_history/1",
        "/Observation/1/_history/1/_history",
    ] {
        assert!(matches!(get(asked), Err(FhirError::NotTaken(_))), "{asked}: {:?}", get(asked));
    }
    for (method, path) in [
        (Method::POST, "/_search"),
        (Method::PUT, "/Patient?identifier=1"),
        (Method::DELETE, "/Patient?identifier=1"),
        (Method::POST, "/Observation/1"),
        (Method::HEAD, "/Patient/here-3f1c/$everything"),
    ] {
        let asked = Target::parse(&method, path.split('?').next().unwrap(), FHIR);
        assert!(matches!(asked, Err(FhirError::NotTaken(_))), "{method} {path}: {asked:?}");
    }
}

/// The same bytes are another text to a server that honours another charset, or takes them for another format.
#[test]
fn a_body_is_utf_8_of_the_one_media_type_that_was_judged() {
    for media in [
        None,
        Some("application/fhir+xml"),
        Some("text/plain"),
        Some("application/fhir+json; charset=utf-7"),
        Some("application/fhir+json;charset=\"ibm037\""),
        Some("application/json-patch+json"),
    ] {
        let asked = Target::parse(&Method::POST, "/Claim", media);
        assert_eq!(asked, Err(FhirError::MediaType), "{media:?}");
    }
    for (method, path, media) in [
        (Method::POST, "/Claim/_search", "application/x-www-form-urlencoded; charset=utf-16"),
        (Method::POST, "/Claim/_search", "application/json"),
        (Method::PATCH, "/Claim/1", "application/fhir+json"),
        (Method::POST, "/Binary", "text/xml"),
        (Method::POST, "/Binary", "application/vnd.x+json"),
        (Method::POST, "/DocumentReference", "application/pdf"),
    ] {
        assert_eq!(Target::parse(&method, path, Some(media)), Err(FhirError::MediaType), "{path} {media}");
    }
}

#[test]
fn only_binary_streams() {
    let target = Target::parse(&Method::POST, "/Binary", Some("application/pdf")).unwrap();
    assert!(target.is_raw());
    assert_eq!(target.bind(Said::default(), None, PATIENT).unwrap().body, None);
    let json = "{'resourceType':'Binary','contentType':'x'}";
    assert!(matches!(send(Method::POST, "/Binary", json), Err(FhirError::PatientMismatch(_))));
    let json = "{'resourceType':'Binary','securityContext':{'reference':'Patient/here-3f1c'}}";
    assert!(send(Method::POST, "/Binary", json).is_ok());
}
