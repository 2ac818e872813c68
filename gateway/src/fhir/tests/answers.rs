//! Answers: whose they are, and what of them is hidden.

use std::sync::Arc;

use super::*;
use crate::fhir::answer::{AnswerError, Expected, Hides, Seen};

struct Secret;

impl Hides for Secret {
    fn hides(&self, resource_type: &str, labels: &[(&str, &str)]) -> bool {
        resource_type == "Procedure" || labels.iter().any(|(_, code)| *code == "HIV")
    }
}

fn expected(foreign: bool, hides: bool, types: Option<Vec<&'static str>>) -> Expected {
    let hidden = hides.then(|| Arc::new(Secret) as Arc<dyn Hides>);
    Expected { there: THERE.to_owned(), foreign, hidden, types }
}

fn look(expected: &Expected, answer: &str) -> Result<Seen, AnswerError> {
    expected.look(answer.replace('\'', "\"").as_bytes())
}

#[test]
fn an_answer_about_the_patient_leaves_as_it_is() {
    let judge = expected(true, false, None);
    for answer in [
        "{'resourceType':'Patient','id':'there-9a2b'}",
        "{'resourceType':'Observation','subject':{'reference':'Patient/there-9a2b'}}",
        "{'resourceType':'Observation','subject':{'reference':'https://d.example/fhir/Patient/there-9a2b'}}",
        "{'resourceType':'Observation','subject':{'reference':'Patient/there-9a2b/_history/3'}}",
        "{'resourceType':'Account','subject':[{'reference':'Patient/there-9a2b'}]}",
        "{'resourceType':'Practitioner','id':'x'}",
        "{'resourceType':'OperationOutcome','issue':[]}",
        "{'resourceType':'Bundle','type':'searchset','total':0}",
        "{'resourceType':'Bundle','entry':[{'fullUrl':'https://d.example/Patient/there-9a2b',
          'resource':{'resourceType':'Patient','id':'there-9a2b'}},{'response':{'location':'Observation/1/_history/1'}}]}",
        "{'resourceType':'Observation','subject':{'reference':'Patient/there-9a2b'},'note':[{'text':'Patient/other'}]}",
    ] {
        assert_eq!(look(&judge, answer), Ok(Seen::Whole), "{answer}");
    }
}

#[test]
fn an_answer_about_somebody_else_does_not_leave() {
    let judge = expected(true, false, None);
    for answer in [
        "{'resourceType':'Patient','id':'other'}",
        "{'resourceType':'Patient'}",
        "{'resourceType':'Observation'}",
        "{'resourceType':'Observation','subject':{'display':'Somebody'}}",
        "{'resourceType':'Observation','subject':{'identifier':{'value':'AB1'}}}",
        "{'resourceType':'Observation','subject':{'reference':'Patient/other'}}",
        "{'resourceType':'Observation','subject':{'reference':'#p'},'contained':[{'resourceType':'Patient','id':'p'}]}",
        "{'resourceType':'Observation','subject':{'reference':'Patient/there-9a2b'},'focus':[{'reference':'Patient/other'}]}",
        "{'resourceType':'Observation','subject':{'reference':'Patient/there-9a2b'},'focus':[{'reference':'Patient?identifier=1'}]}",
        "{'resourceType':'Account','subject':[]}",
        "{'resourceType':'Appointment','participant':[{'actor':{'reference':'Practitioner/1'}}]}",
        "{'resourceType':'Group','member':[]}",
        "{'resourceType':'Martian'}",
        "{'resourceType':'Bundle','entry':[{'resource':{'resourceType':'Patient','id':'there-9a2b'}},
          {'resource':{'resourceType':'Observation','subject':{'reference':'Patient/other'}}}]}",
        "{'resourceType':'Bundle','entry':[{'resource':{'resourceType':'Bundle','entry':[{'resource':{'resourceType':'Patient','id':'other'}}]}}]}",
        "{'resourceType':'Bundle','entry':[{'fullUrl':'https://d.example/Patient/other'}]}",
        "{'resourceType':'Bundle','entry':[{'response':{'location':'Patient/other/_history/1'}}]}",
        "{'resourceType':'Parameters','parameter':[{'resource':{'resourceType':'Patient','id':'other'}}]}",
        "{'resourceType':'Medication','extension':[{'valueReference':{'reference':'Patient/other'}}]}",
        "{'resourceType':'Binary','data':''}",
    ] {
        assert_eq!(look(&judge, answer), Err(AnswerError::Foreign), "{answer}");
    }
    for answer in ["", "{}", "[]", "{'resourceType':'Patient','id':'there-9a2b','id':'other'}", "<Patient/>"]
    {
        assert_eq!(look(&judge, answer), Err(AnswerError::NotUnderstood), "{answer}");
    }
    assert!(judge.is_own_place("/Patient/there-9a2b/_history/1") && judge.is_own_place("/Observation/1"));
    assert!(!judge.is_own_place("/dossier/Patient/other/_history/1"));
}

#[test]
fn a_search_brings_along_what_was_permitted() {
    let judge = expected(true, false, Some(vec!["MedicationRequest", "Medication"]));
    let bundle = |of: &str| {
        format!(
            "{{'resourceType':'Bundle','type':'searchset','entry':[{{'resource':{{'resourceType':'{of}'}}}}]}}"
        )
    };
    assert_eq!(look(&judge, &bundle("Medication")), Ok(Seen::Whole));
    assert_eq!(look(&judge, &bundle("OperationOutcome")), Ok(Seen::Whole));
    assert_eq!(look(&judge, &bundle("Practitioner")), Err(AnswerError::Unasked));
}

#[test]
fn what_is_hidden_is_cut_out_and_not_counted() {
    let judge = expected(false, true, None);
    let label =
        "'meta':{'security':[{'system':'http://terminology.hl7.org/CodeSystem/v3-ActCode','code':'HIV'}]}";
    let answer = format!(
        "{{'resourceType':'Bundle','total':4,'entry':[{{'resource':{{'resourceType':'Observation','value':1.0}}}},
         {{'resource':{{'resourceType':'Observation',{label}}}}},
         {{'resource':{{'resourceType':'Procedure'}}}},
         {{'resource':{{'resourceType':'Observation','extension':[{{
           'url':'http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label',
           'valueCoding':{{'code':'HIV'}}}}]}}}}]}}"
    );
    let Ok(Seen::Without(left)) = look(&judge, &answer) else { panic!("{answer}") };
    assert_eq!(
        String::from_utf8(left).unwrap().replace('"', "'"),
        "{'resourceType':'Bundle','entry':[{'resource':{'resourceType':'Observation','value':1.0}}]}"
    );
    assert_eq!(look(&judge, &format!("{{'resourceType':'Observation',{label}}}")), Ok(Seen::Hidden));
    assert_eq!(look(&judge, "{'resourceType':'Observation'}"), Ok(Seen::Whole));
    let nested = format!(
        "{{'resourceType':'Parameters','parameter':[{{'resource':{{'resourceType':'X',{label}}}}}]}}"
    );
    assert_eq!(look(&judge, &nested), Ok(Seen::Hidden));
    let counted = look(&judge, "{'resourceType':'Bundle','type':'searchset','total':7}");
    assert_eq!(counted, Ok(Seen::Without(br#"{"resourceType":"Bundle","type":"searchset"}"#.to_vec())));
}
