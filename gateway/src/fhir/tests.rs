use bytes::Bytes;
use http::Method;
use policies::Interaction;

use super::{FhirError, FhirRequest, PatientNames, Target};

const HERE: &str = "here-3f1c";
const THERE: &str = "there-9a2b";
const PATIENT: PatientNames<'static> = PatientNames { here: HERE, there: THERE };
const FHIR: Option<&str> = Some("application/fhir+json; charset=utf-8");

fn get(path: &str) -> Result<FhirRequest, FhirError> {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    Target::parse(&Method::GET, path, None)?.bind(query, None, PATIENT)
}

fn send(method: Method, path: &str, body: &str) -> Result<FhirRequest, FhirError> {
    Target::parse(&method, path, FHIR)?.bind(None, Some(Bytes::from(body.replace('\'', "\""))), PATIENT)
}

fn form(path: &str, body: &'static str) -> Result<FhirRequest, FhirError> {
    Target::parse(&Method::POST, path, Some("application/x-www-form-urlencoded"))?.bind(
        None,
        Some(Bytes::from(body)),
        PATIENT,
    )
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
        ("/Patient/here-3f1c/AllergyIntolerance", "/Patient/there-9a2b/AllergyIntolerance"),
        ("/Patient/here-3f1c/$everything", "/Patient/there-9a2b/$everything"),
        ("/Patient/here-3f1c/_history/2", "/Patient/there-9a2b/_history/2"),
        ("/MedicationRequest/123", "/MedicationRequest/123"),
        ("/MedicationRequest/123?_format=json", "/MedicationRequest/123?_format=json"),
        ("/Medication?code=42", "/Medication?code=42"),
    ] {
        assert_eq!(get(asked).map(|request| request.path_and_query).as_deref(), Ok(forwarded), "{asked}");
    }
}

#[test]
fn every_place_that_names_another_patient_is_a_mismatch() {
    for asked in [
        "/Patient/other",
        "/Patient/other/AllergyIntolerance",
        "/Patient/other/$everything",
        "/Patient/other/_history",
        "/Patient?_id=other",
        "/Patient?_id=here-3f1c,other",
        "/MedicationRequest?patient=other",
        "/MedicationRequest?patient=",
        "/MedicationRequest?patient=here-3f1c,other",
        "/MedicationRequest?patient=here-3f1c&patient=other",
        "/MedicationRequest?patient=here-3f1c&patient=Patient/other",
        "/MedicationRequest?p%61tient=other",
        "/MedicationRequest?patient:Patient=other",
        "/MedicationRequest?patient:identifier=x%7Cy",
        "/MedicationRequest?patient:missing=true",
        "/MedicationRequest?subject=other",
        "/MedicationRequest?subject=Group/1",
        "/MedicationRequest?requester:Patient=other",
        "/MedicationRequest?requester=https://elsewhere.example/fhir/Patient/other",
        "/Coverage?beneficiary=Patient/other",
        "/Coverage?beneficiary=Patient/here-3f1c/_history/1",
    ] {
        assert!(matches!(get(asked), Err(FhirError::PatientMismatch(_))), "{asked}: {:?}", get(asked));
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    for asked in [
        "/",
        "/metadata",
        "/_history",
        "/MedicationRequest/_history",
        "/MedicationRequest?patient.name=x",
        "/MedicationRequest?subject:Patient.name=x",
        "/MedicationRequest?_has:Observation:patient:code=1",
        "/MedicationRequest?_include=MedicationRequest:subject",
        "/MedicationRequest?_revinclude=Observation:subject",
        "/MedicationRequest?_filter=patient%20eq%20other",
        "/MedicationRequest?_query=all",
        "/MedicationRequest/123?patient=here-3f1c",
        "/MedicationRequest/123/$graphql",
        "/Patient/here-3f1c/$merge",
        "/Patient/$everything",
        "/Patient/here-3f1c/*",
        "/Patient//here-3f1c",
        "/Patient/here-3f1c/",
        "/P%61tient/here-3f1c",
        "/patient/here-3f1c",
        "/Observation/.",
        "/Observation/..",
        "/Observation/../_history/1",
    ] {
        assert!(matches!(get(asked), Err(FhirError::NotUnderstood(_))), "{asked}: {:?}", get(asked));
    }
    assert!(Target::parse(&Method::PATCH, "/MedicationRequest/1", FHIR).is_err());
    assert_eq!(
        Target::parse(&Method::POST, "/Claim", Some("application/fhir+xml")),
        Err(FhirError::MediaType)
    );
    assert_eq!(Target::parse(&Method::POST, "/Claim", None), Err(FhirError::MediaType));
}

#[test]
fn form_search_is_judged_and_narrowed_like_a_query() {
    let request = form("/MedicationRequest/_search", "status=active").unwrap();
    assert_eq!(request.path_and_query, "/MedicationRequest/_search");
    assert_eq!(request.body.unwrap(), "status=active&patient=there-9a2b");
    let other = form("/MedicationRequest/_search", "patient=other");
    assert!(matches!(other, Err(FhirError::PatientMismatch(_))));
}

#[test]
fn body_about_the_patient_is_forwarded_with_its_decimals() {
    let request = send(
        Method::POST,
        "/MedicationDispense",
        "{'resourceType':'MedicationDispense','subject':{'reference':'Patient/here-3f1c'},'quantity':{'value':0.10}}",
    )
    .unwrap();
    let body = request.body.unwrap();
    assert!(body.as_ref().windows(18).any(|part| part == b"Patient/there-9a2b"), "{body:?}");
    assert!(body.ends_with(b"0.10}}"), "{body:?}");
    assert_eq!(request.steps[0].interaction, Interaction::Create);
}

#[test]
fn bodies_about_others_are_refused() {
    const DISPENSE: &str = "'resourceType':'MedicationDispense'";
    for members in [
        "'subject':{'reference':'Patient/other'}",
        "'subject':{'reference':'https://x.example/Patient/other'}",
        "'subject':{'reference':'Patient/here-3f1c/_history/2'}",
        "'subject':{'reference':'Patient?identifier=1'}",
        "'subject':{'reference':'#p'},'contained':[{'resourceType':'Patient','id':'p'}]",
        "'subject':{'identifier':{'value':'AB123456'}}",
        "'subject':{'display':'Somebody'}",
        "'subject':{'reference':'Group/1'},'receiver':[{'reference':'Patient/here-3f1c'}]",
        "'subject':{'reference':'Patient/here-3f1c'},'receiver':[{'reference':'Patient/other'}]",
        "'subject':{'reference':'Patient/here-3f1c'},'receiver':[{'type':'Patient','identifier':{'value':'1'}}]",
        "'subject':{'reference':'Patient/here-3f1c'},'extension':[{'valueReference':{'reference':'Patient/other'}}]",
        "'status':'completed'",
    ] {
        let outcome = send(Method::POST, "/MedicationDispense", &format!("{{{DISPENSE},{members}}}"));
        assert!(matches!(outcome, Err(FhirError::PatientMismatch(_))), "{members}: {outcome:?}");
    }
    for body in [
        "{'resourceType':'Claim','patient':{'reference':'Patient/here-3f1c'}}",
        "{'resourceType':'MedicationDispense','subject':{'reference':'Patient/here-3f1c','reference':'Patient/other'}}",
        "not json",
        "[]",
    ] {
        let outcome = send(Method::POST, "/MedicationDispense", body);
        assert!(matches!(outcome, Err(FhirError::NotUnderstood(_))), "{body}: {outcome:?}");
    }
}

#[test]
fn bundle_is_its_entries() {
    let entry = |method: &str, url: &str, resource: &str| {
        format!("{{{resource}'request':{{'method':'{method}','url':'{url}'}}}}")
    };
    let claim = "'resource':{'resourceType':'Claim','patient':{'reference':'Patient/here-3f1c'}},";
    let bundle = |entries: &[String]| {
        send(
            Method::POST,
            "/",
            &format!("{{'resourceType':'Bundle','type':'batch','entry':[{}]}}", entries.join(",")),
        )
    };
    let request =
        bundle(&[entry("POST", "Claim", claim), entry("GET", "Coverage?patient=here-3f1c", "")]).unwrap();
    let steps: Vec<_> =
        request.steps.iter().map(|step| (step.resource_type.as_str(), step.interaction)).collect();
    assert_eq!(steps, [("Claim", Interaction::Create), ("Coverage", Interaction::Search)]);
    for (method, url, resource) in [
        ("GET", "Coverage?patient=other", ""),
        ("GET", "Coverage", ""),
        ("GET", "Patient/other", ""),
        ("DELETE", "Patient/other", ""),
    ] {
        let outcome = bundle(&[entry("POST", "Claim", claim), entry(method, url, resource)]);
        assert!(matches!(outcome, Err(FhirError::PatientMismatch(_))), "{method} {url}: {outcome:?}");
    }
    assert!(bundle(&[entry("POST", "Claim?x=1", claim)]).is_err());
    assert!(bundle(&[entry("PATCH", "Claim/1", claim)]).is_err());
    // Found by fuzzing: no edge looks at the paths inside a Bundle.
    assert!(bundle(&[entry("GET", "Observation/../_history/1", "")]).is_err());
    assert!(bundle(&[entry("POST", "Claim", "")]).is_err());
    assert!(bundle(&[]).is_err());
}

#[test]
fn only_binary_streams() {
    let target = Target::parse(&Method::POST, "/Binary", Some("application/pdf")).unwrap();
    assert_eq!(target.bind(None, None, PATIENT).unwrap().body, None);
    assert_eq!(
        Target::parse(&Method::POST, "/DocumentReference", Some("application/pdf")),
        Err(FhirError::MediaType)
    );
}
