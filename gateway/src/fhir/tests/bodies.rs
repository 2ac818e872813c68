//! Bodies: resources, patches, parameters.

use super::*;

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
        "'subject':{'reference':'https://x.example/Patient/here-3f1c'}",
        "'subject':{'reference':'Patient/here-3f1c/_history/2'}",
        "'subject':{'reference':'Patient?identifier=1'}",
        "'subject':{'reference':' Patient/here-3f1c'}",
        "'subject':{'reference':'patient/here-3f1c'}",
        "'subject':{'reference':'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0'}",
        "'subject':[]",
        "'subject':[{'reference':'Patient/here-3f1c'},{'reference':'Group/1'}]",
        "'subject':{'reference':'#p'},'contained':[{'resourceType':'Patient','id':'p'}]",
        "'subject':{'reference':'#p'},'contained':[{'resourceType':'Observation','contained':[{'resourceType':'Patient'}]}]",
        "'subject':{'identifier':{'value':'AB123456'}}",
        "'subject':{'display':'Somebody'}",
        "'subject':{'reference':'Group/1'},'receiver':[{'reference':'Patient/here-3f1c'}]",
        "'subject':{'reference':'Patient/here-3f1c'},'receiver':[{'reference':'Patient/other'}]",
        "'subject':{'reference':'Patient/here-3f1c'},'receiver':[{'reference':'./Patient/other'}]",
        "'subject':{'reference':'Patient/here-3f1c'},'receiver':[{'reference':'Practitioner/../Patient/other'}]",
        "'subject':{'reference':'Patient/here-3f1c'},'receiver':[{'type':'Patient','identifier':{'value':'1'}}]",
        "'subject':{'reference':'Patient/here-3f1c'},'receiver':[{'type':'Patient','reference':'urn:uuid:1'}]",
        "'subject':{'reference':'Patient/here-3f1c'},'extension':[{'valueReference':{'reference':'Patient/other'}}]",
        "'subject':{'reference':'Patient/here-3f1c'},'extension':[{'valueUri':'Patient/other'}]",
        "'patient':{'reference':'Device/1'},'subject':{'reference':'Patient/here-3f1c'}",
        "'status':'completed'",
        "'performer':[{'actor':{'reference':'Patient/here-3f1c'}}]",
    ] {
        let outcome = send(Method::POST, "/MedicationDispense", &format!("{{{DISPENSE},{members}}}"));
        assert!(matches!(outcome, Err(FhirError::PatientMismatch(_))), "{members}: {outcome:?}");
    }
    for body in [
        "{'resourceType':'Claim','patient':{'reference':'Patient/here-3f1c'}}",
        "{'resourceType':'MedicationDispense','subject':{'reference':'Patient/here-3f1c','reference':'Patient/other'}}",
        // Some readers fold case, and some fold more than ASCII.
        "{'resourceType':'MedicationDispense','subject':{'reference':'Patient/here-3f1c','Reference':'Patient/other'}}",
        "{'resourceType':'MedicationDispense','subject':{'reference':'Patient/here-3f1c'},'ſubject':{}}",
        "not json",
        "[]",
        "\u{feff}{'resourceType':'MedicationDispense'}",
    ] {
        let outcome = send(Method::POST, "/MedicationDispense", body);
        assert!(matches!(outcome, Err(FhirError::NotUnderstood(_))), "{body}: {outcome:?}");
    }
    let conditional = format!(
        "{{{DISPENSE},'subject':{{'reference':'Patient/here-3f1c'}},'context':{{'reference':'Encounter?identifier=1'}}}}"
    );
    assert!(matches!(send(Method::POST, "/MedicationDispense", &conditional), Err(FhirError::NotTaken(_))));
    let words = format!(
        "{{{DISPENSE},'subject':{{'reference':'Patient/here-3f1c'}},'note':[{{'text':'Patient/family informed'}}]}}"
    );
    assert!(send(Method::POST, "/MedicationDispense", &words).is_ok());
}

#[test]
fn a_resource_without_a_subject_of_its_own_names_the_patient_somewhere() {
    let appointment = |actor: &str| {
        let body =
            format!("{{'resourceType':'Appointment','participant':[{{'actor':{{'reference':'{actor}'}}}}]}}");
        send(Method::POST, "/Appointment", &body)
    };
    assert!(appointment("Patient/here-3f1c").is_ok());
    assert!(matches!(appointment("Practitioner/1"), Err(FhirError::PatientMismatch(_))));
    assert!(matches!(appointment("Patient/other"), Err(FhirError::PatientMismatch(_))));
    let of_nobody = send(Method::POST, "/Medication", "{'resourceType':'Medication','code':{'text':'x'}}");
    assert!(of_nobody.is_ok(), "{of_nobody:?}");
    let link = "{'resourceType':'Patient','id':'here-3f1c','link':[{'other':{'reference':'Patient/other'}}]}";
    assert!(matches!(send(Method::PUT, "/Patient/here-3f1c", link), Err(FhirError::PatientMismatch(_))));
    let create = send(Method::POST, "/Patient", "{'resourceType':'Patient'}");
    assert!(matches!(create, Err(FhirError::PatientMismatch(_))), "{create:?}");
    let another_id = "{'resourceType':'Patient','id':'other'}";
    assert!(send(Method::PUT, "/Patient/here-3f1c", another_id).is_err());
}

#[test]
fn a_patch_leaves_a_resource_with_its_patient() {
    let patch =
        |body: &str| send_as(Method::PATCH, "/Observation/1", Some("application/json-patch+json"), body);
    let request = patch(
        "[{'op':'test','path':'/subject/reference','value':'Patient/here-3f1c'},
          {'op':'replace','path':'/valueQuantity/value','value':1.50},
          {'op':'add','path':'/performer/-','value':{'reference':'Patient/here-3f1c'}},
          {'op':'copy','from':'/code','path':'/extension'},{'op':'remove','path':'/note/0'}]",
    )
    .unwrap();
    assert!(String::from_utf8_lossy(&request.body.clone().unwrap()).contains("1.50"));
    assert_eq!(steps(&request), [("Observation", Interaction::Update)]);
    for operation in [
        "{'op':'replace','path':'/subject','value':{'reference':'Patient/here-3f1c'}}",
        "{'op':'replace','path':'/subject/reference','value':'Patient/other'}",
        "{'op':'remove','path':'/subject'}",
        "{'op':'move','from':'/subject','path':'/focus/0'}",
        "{'op':'copy','from':'/focus/0','path':'/subject'}",
        "{'op':'replace','path':'/Subject','value':{'reference':'Patient/here-3f1c'}}",
        "{'op':'add','path':'/performer/-','value':{'reference':'Patient/other'}}",
        "{'op':'replace','path':'/performer/0/reference','value':'Patient/other'}",
        "{'op':'replace','path':'/performer/0/reference','value':' Patient/other'}",
        "{'op':'test','path':'/subject/reference','value':'Patient/other'}",
    ] {
        let outcome = patch(&format!("[{operation}]"));
        assert!(matches!(outcome, Err(FhirError::PatientMismatch(_))), "{operation}: {outcome:?}");
    }
    for operation in [
        "{'op':'replace','path':'','value':{'resourceType':'Observation'}}",
        "{'op':'replace','path':'/','value':1}",
        "{'op':'replace','path':'/s~1ubject','value':1}",
        "{'op':'replace','path':'/id','value':'2'}",
        "{'op':'remove','path':'/meta/security/0'}",
        "{'op':'add','path':'/contained/-','value':{}}",
        "{'op':'add','path':'/x','value':1,'Path':'/subject'}",
        "{'op':'add','path':'/x'}",
        "{'op':'burn','path':'/x','value':1}",
        "'x'",
    ] {
        assert!(patch(&format!("[{operation}]")).is_err(), "{operation}");
    }
    assert!(patch("[]").is_err() && patch("{}").is_err());
    let of_patient = send_as(
        Method::PATCH,
        "/Patient/here-3f1c",
        Some("application/json-patch+json"),
        "[{'op':'remove','path':'/name'}]",
    );
    assert!(matches!(of_patient, Err(FhirError::NotTaken(_))), "{of_patient:?}");
}

#[test]
fn an_operation_takes_plain_values_of_its_own_parameters() {
    let everything = |body: &str| send(Method::POST, "/Patient/here-3f1c/$everything", body);
    let request =
        everything("{'resourceType':'Parameters','parameter':[{'name':'_type','valueCode':'Observation'}]}");
    assert_eq!(steps(&request.unwrap()), [("Patient", Interaction::Operation)]);
    assert!(everything("{'resourceType':'Parameters'}").is_ok());
    for body in [
        "{'resourceType':'Bundle'}",
        "{'resourceType':'Parameters','parameter':[{'name':'patient','valueString':'other'}]}",
        "{'resourceType':'Parameters','parameter':[{'name':'_type','valueReference':{'reference':'Patient/other'}}]}",
        "{'resourceType':'Parameters','parameter':[{'name':'_type','resource':{'resourceType':'Patient'}}]}",
        "{'resourceType':'Parameters','parameter':[{'name':'_type','part':[]}]}",
        "{'resourceType':'Parameters','parameter':[{'valueString':'x'}]}",
        "{'resourceType':'Parameters','parameter':['x']}",
        "{'resourceType':'Parameters','parameter':[{'name':'_type','valueUri':'Patient/other'}]}",
    ] {
        assert!(everything(body).is_err(), "{body}");
    }
    let lastn = send(Method::POST, "/Observation/$lastn", "{'resourceType':'Parameters'}");
    assert!(matches!(lastn, Err(FhirError::NotTaken(_))), "{lastn:?}");
}
