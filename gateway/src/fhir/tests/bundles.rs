//! Transactions and batches.

use super::*;

fn entry(method: &str, url: &str, more: &str) -> String {
    format!("{{{more}'request':{{'method':'{method}','url':'{url}'}}}}")
}

fn bundle(entries: &[String]) -> Result<FhirRequest, FhirError> {
    let body = format!("{{'resourceType':'Bundle','type':'transaction','entry':[{}]}}", entries.join(","));
    send(Method::POST, "/", &body)
}

const CLAIM: &str = "'resource':{'resourceType':'Claim','patient':{'reference':'Patient/here-3f1c'}},";

#[test]
fn bundle_is_its_entries() {
    let request =
        bundle(&[entry("POST", "Claim", CLAIM), entry("GET", "Coverage?patient=here-3f1c", "")]).unwrap();
    assert_eq!(steps(&request), [("Claim", Interaction::Create), ("Coverage", Interaction::Search)]);
    for (method, url, resource) in [
        ("GET", "Coverage?patient=other", ""),
        ("GET", "Coverage?patient=here-3f1c&patient=other", ""),
        ("GET", "Coverage", ""),
        ("GET", "Patient/other", ""),
        ("GET", "Patient/other/Observation?patient=here-3f1c", ""),
        ("DELETE", "Patient/other", ""),
        ("DELETE", "Observation?subject=Patient/other", ""),
        ("POST", "Claim", "'resource':{'resourceType':'Claim','patient':{'reference':'Patient/other'}},"),
        ("POST", "Claim", "'resource':{'resourceType':'Claim','patient':{'reference':'urn:uuid:9'}},"),
    ] {
        let outcome = bundle(&[entry("POST", "Claim", CLAIM), entry(method, url, resource)]);
        assert!(matches!(outcome, Err(FhirError::PatientMismatch(_))), "{method} {url}: {outcome:?}");
    }
    for (method, url, more) in [
        ("POST", "Claim?x=1", CLAIM),
        ("PATCH", "Claim/1", CLAIM),
        // Found by fuzzing: no edge looks at the paths inside a Bundle.
        ("GET", "Observation/../_history/1", ""),
        ("GET", "/Patient/here-3f1c", ""),
        ("GET", "https://x.example/Patient/here-3f1c", ""),
        ("GET", "", ""),
        ("POST", "", "'resource':{'resourceType':'Bundle'},"),
        ("POST", "Claim", ""),
        ("GET", "Patient/here-3f1c", CLAIM),
        ("GET", "Patient/here-3f1c", "'x-method':'DELETE',"),
        ("GET", "Patient/here-3f1c", "'fullUrl':7,"),
    ] {
        assert!(bundle(&[entry(method, url, more)]).is_err(), "{method} {url} {more}");
    }
    assert!(bundle(&[]).is_err());
    assert!(bundle(&vec![entry("POST", "Claim", CLAIM); 101]).is_err());
}

#[test]
fn entries_call_each_other_by_their_full_url() {
    let observation = |full_url: &str, subject: &str| {
        let more = format!(
            "'fullUrl':'{full_url}','resource':{{'resourceType':'Observation','subject':{{'reference':'{subject}'}}}},"
        );
        entry("POST", "Observation", &more)
    };
    let patient = |full_url: &str| {
        let more =
            format!("'fullUrl':'{full_url}','resource':{{'resourceType':'Patient','id':'here-3f1c'}},");
        entry("PUT", "Patient/here-3f1c", &more)
    };
    assert!(bundle(&[patient("urn:uuid:1"), observation("urn:uuid:2", "urn:uuid:1")]).is_ok());
    assert!(bundle(&[patient("https://d.example/Patient/here-3f1c")]).is_ok());
    for entries in [
        // An Observation is no patient.
        vec![observation("urn:uuid:1", "urn:uuid:1")],
        vec![patient("urn:uuid:1"), observation("urn:uuid:2", "urn:uuid:3")],
        // Whichever of the two is meant.
        vec![patient("urn:uuid:1"), observation("urn:uuid:1", "urn:uuid:1")],
        // All references to that patient would be written anew.
        vec![observation("https://d.example/Patient/here-3f1c", "Patient/here-3f1c")],
        vec![observation("Patient/other", "Patient/here-3f1c")],
        vec![patient("https://d.example/Patient/other")],
    ] {
        assert!(bundle(&entries).is_err(), "{entries:?}");
    }
}

#[test]
fn a_condition_in_a_bundle_names_the_patient() {
    let create = |condition: &str| {
        let resource = "'resource':{'resourceType':'Claim','patient':{'reference':'Patient/here-3f1c'}}";
        bundle(&[format!(
            "{{{resource},'request':{{'method':'POST','url':'Claim','ifNoneExist':'{condition}'}}}}"
        )])
    };
    let request = create("identifier=1&patient=there-9a2b").unwrap();
    assert_eq!(steps(&request), [("Claim", Interaction::Create), ("Claim", Interaction::Search)]);
    for condition in ["identifier=1", "patient=other", ""] {
        assert!(create(condition).is_err(), "{condition}");
    }
}
