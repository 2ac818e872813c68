//! Searches: what is bound, what is refused.

use policies::Interaction;

use super::*;

#[test]
fn every_search_parameter_that_names_another_patient_is_a_mismatch() {
    for asked in [
        "/Patient?_id=other",
        "/Patient?_id=here-3f1c,other",
        "/MedicationRequest?patient=other",
        "/MedicationRequest?patient=",
        "/MedicationRequest?patient=here-3f1c,other",
        "/MedicationRequest?patient=here-3f1c%5C,other",
        "/MedicationRequest?patient=here-3f1c&patient=other",
        "/MedicationRequest?patient=other&patient=here-3f1c",
        "/MedicationRequest?patient=here-3f1c&patient=Patient/other",
        "/MedicationRequest?p%61tient=other",
        "/MedicationRequest?Patient=here-3f1c",
        "/MedicationRequest?PATIENT=other&patient=here-3f1c",
        "/MedicationRequest?patient:Patient=other",
        "/MedicationRequest?patient:Device=here-3f1c",
        "/MedicationRequest?patient:identifier=x%7Cy",
        "/MedicationRequest?patient:missing=true",
        "/MedicationRequest?patient:not=other",
        "/MedicationRequest?subject=other",
        "/MedicationRequest?subject=Group/1",
        "/MedicationRequest?requester:Patient=other",
        "/MedicationRequest?requester=Patient/other",
        "/MedicationRequest?requester=patient/other",
        "/MedicationRequest?requester=%20Patient/other",
        "/MedicationRequest?requester=Patient%252Fother",
        "/MedicationRequest?requester=https://elsewhere.example/fhir/Patient/other",
        "/MedicationRequest?requester=https://elsewhere.example/fhir/Patient/here-3f1c",
        "/Coverage?beneficiary=Patient/other",
        "/Coverage?beneficiary=Patient/here-3f1c/_history/1",
        "/ResearchSubject?individual=other",
        // Found by a property: what shapes an answer was not looked at.
        "/Observation/1?_elements=Patient/other",
        "/MedicationRequest?patient.name=x",
        "/MedicationRequest?subject:Patient.name=x",
        "/MedicationRequest?requester:Patient.identifier=x",
    ] {
        assert!(matches!(get(asked), Err(FhirError::PatientMismatch(_))), "{asked}: {:?}", get(asked));
    }
}

#[test]
fn what_reaches_beyond_the_patient_is_refused_by_name() {
    for asked in [
        "/MedicationRequest?_has:Observation:patient:code=1",
        "/Practitioner?_has:Encounter:practitioner:patient=here-3f1c",
        "/Patient?_has:Observation:performer:code=1",
        "/Patient?_has:Group:member:code=1",
        "/Patient?_has:Observation:patient:_has:AuditEvent:entity:agent=1",
        "/Patient?_has:Observation:patient:encounter.status=1",
        "/Patient?_has:Observation:patient=1",
        "/Observation?encounter.status=finished",
        "/Observation?performer:RelatedPerson.name=x",
        "/Observation?performer.name=x",
        "/Encounter?location.organization.partof.name=x",
        "/MedicationRequest?medication._id=1",
        "/MedicationRequest?_include=*",
        "/MedicationRequest?_include=MedicationRequest:*",
        "/MedicationRequest?_include=MedicationRequest:requester",
        "/MedicationRequest?_include=Observation:patient",
        "/MedicationRequest?_include=MedicationRequest:requester:Group",
        "/MedicationRequest?_include:iterate=MedicationRequest:patient",
        "/MedicationRequest?_include:recurse=MedicationRequest:patient",
        "/Practitioner?_revinclude=Encounter:practitioner",
        "/Medication?_revinclude=MedicationRequest:medication",
        "/MedicationRequest?_revinclude=Bundle:x",
        "/MedicationRequest?_filter=patient%20eq%20other",
        "/MedicationRequest?_query=all",
        "/MedicationRequest?_list=42",
        "/MedicationRequest?_contained=true",
        "/MedicationRequest?_containedType=container",
        "/MedicationRequest?_method=DELETE",
        "/MedicationRequest?_getpages=1",
        "/MedicationRequest?_sort=patient.name",
        "/MedicationRequest?code:in=http://attacker.example/ValueSet/1",
        "/MedicationRequest?code:unheard-of=1",
    ] {
        assert!(matches!(get(asked), Err(FhirError::NotTaken(_))), "{asked}: {:?}", get(asked));
    }
    for asked in ["/MedicationRequest?status[]=x", "/MedicationRequest?=x", "/MedicationRequest?code=%00"] {
        assert!(matches!(get(asked), Err(FhirError::NotUnderstood(_))), "{asked}: {:?}", get(asked));
    }
}

#[test]
fn what_brings_other_types_along_needs_a_permit_for_each() {
    const SEARCH: Interaction = Interaction::Search;
    for (asked, also) in [
        ("/MedicationRequest?_include=MedicationRequest:medication", vec!["Medication"]),
        ("/MedicationRequest?_include=MedicationRequest:patient", vec!["Patient"]),
        ("/MedicationRequest?_include=MedicationRequest:requester:Practitioner", vec!["Practitioner"]),
        ("/MedicationRequest?_revinclude=MedicationDispense:prescription", vec!["MedicationDispense"]),
        ("/MedicationRequest?medication.code=1", vec!["Medication"]),
        ("/MedicationRequest?requester:Practitioner.name=x", vec!["Practitioner"]),
        ("/Encounter?location.organization.name=x", vec!["Location", "Organization"]),
        ("/Patient?_has:Observation:patient:code=1", vec!["Observation"]),
    ] {
        let request = get(asked).unwrap_or_else(|error| panic!("{asked}: {error:?}"));
        let types: Vec<_> = steps(&request);
        assert_eq!(types.iter().skip(1).map(|(of, _)| *of).collect::<Vec<_>>(), also, "{asked}");
        assert!(types.iter().all(|(_, interaction)| *interaction == SEARCH), "{asked}");
        let narrowed = ["patient=there-9a2b", "_id=there-9a2b"];
        assert!(narrowed.iter().any(|it| request.path_and_query.contains(it)), "{}", request.path_and_query);
    }
}

#[test]
fn form_search_is_judged_and_narrowed_like_a_query() {
    let request = form("/MedicationRequest/_search", "status=active").unwrap();
    assert_eq!(request.path_and_query, "/MedicationRequest/_search");
    assert_eq!(request.body.unwrap(), "status=active&patient=there-9a2b");
    let request = form("/Patient/here-3f1c/Observation/_search", "code=1").unwrap();
    assert_eq!(request.path_and_query, "/Patient/there-9a2b/Observation/_search");
    assert_eq!(request.body.unwrap(), "code=1&patient=there-9a2b");
    for (path, body) in [
        ("/MedicationRequest/_search", "patient=other"),
        ("/MedicationRequest/_search", "patient=here-3f1c&patient=other"),
        ("/MedicationRequest/_search?patient=other", "patient=here-3f1c"),
        ("/Patient/other/Observation/_search", ""),
    ] {
        let other = form(path, body);
        assert!(matches!(other, Err(FhirError::PatientMismatch(_))), "{path} {body}: {other:?}");
    }
}

#[test]
fn a_condition_is_a_search_among_the_patients_resources() {
    let claim = Bytes::from(r#"{"resourceType":"Claim","patient":{"reference":"Patient/here-3f1c"}}"#);
    let create = |condition| {
        let target = Target::parse(&Method::POST, "/Claim", FHIR).unwrap();
        target.bind(Said { query: None, if_none_exist: Some(condition) }, Some(claim.clone()), PATIENT)
    };
    let request = create("identifier=x%7C1").unwrap();
    assert_eq!(request.if_none_exist.as_deref(), Some("identifier=x%7C1&patient=there-9a2b"));
    assert_eq!(steps(&request), [("Claim", Interaction::Create), ("Claim", Interaction::Search)]);
    assert!(matches!(create("patient=other"), Err(FhirError::PatientMismatch(_))));
    for condition in
        ["_include=Claim:patient", "_has:Observation:patient:code=1", "provider:Practitioner.name=x"]
    {
        assert!(matches!(create(condition), Err(FhirError::NotTaken(_))), "{condition}");
    }
    assert!(create("").is_err());
    let observation = "{'resourceType':'Observation','subject':{'reference':'Patient/here-3f1c'}}";
    let request = send(Method::PUT, "/Observation?identifier=1", observation).unwrap();
    assert_eq!(request.path_and_query, "/Observation?identifier=1&patient=there-9a2b");
    assert_eq!(steps(&request), [("Observation", Interaction::Update), ("Observation", Interaction::Search)]);
    let request = ask(&Method::DELETE, "/Observation?identifier=1").unwrap();
    assert_eq!(request.path_and_query, "/Observation?identifier=1&patient=there-9a2b");
    let other = ask(&Method::DELETE, "/Observation?subject=Patient/other");
    assert!(matches!(other, Err(FhirError::PatientMismatch(_))), "{other:?}");
    // A condition on what is not created by POST belongs to nothing.
    let target = Target::parse(&Method::GET, "/Claim", None).unwrap();
    let said = Said { query: None, if_none_exist: Some("identifier=1") };
    assert!(target.bind(said, None, PATIENT).is_err());
}
