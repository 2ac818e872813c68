//! `/dossier/**`, `/prescription/**`, `/billing/**`: whose data, for whom, and what is recorded?

use bawaba_tests::harness::{Harness, Opened};
use reqwest::Method;
use serde_json::{Value, json};

/// Asks, and looks at the answer and at the event.
async fn mismatch(town: &Harness, opened: &Opened, method: Method, path: &str, body: Option<Value>) {
    let before = town.event_count().await;
    let answer = town.counter("hospital-1").ask(method, path, Some(&opened.token), body.as_ref()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (403, "patient-mismatch"), "{path}: {}", answer.json);
    let event = town.event_after(before, "patient-mismatch").await;
    assert_eq!((&event["kind"], &event["client"]), (&"access".into(), &"hospital-1".into()), "{path}");
    assert_ne!(event["outcome"], "permit", "{path}");
}

#[tokio::test]
async fn a_prescription_is_read_through_the_gateway_and_the_access_is_on_record() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let before = town.event_count().await;
    let answer = town.counter("pharmacy-1").get("/prescription/MedicationRequest", &opened.token).await;
    answer.is(200);
    assert_eq!(answer.json["resourceType"], "Bundle");
    assert!(answer.json.to_string().contains("Metformine"), "{}", answer.json);
    let event = town.event_after(before, "").await;
    assert_eq!((&event["kind"], &event["outcome"]), (&"access".into(), &"permit".into()));
    assert_eq!(
        (&event["client"], &event["service"], &event["resource_type"], &event["interaction"]),
        (&"pharmacy-1".into(), &"prescription".into(), &"MedicationRequest".into(), &"search".into())
    );
    assert_eq!(event["session"], opened.json["session"]["id"]);
}

#[tokio::test]
async fn a_search_without_a_patient_finds_the_sessions_patient_only() {
    let town = Harness::healthy().await;
    let hers = town.session("amina", "hospital-1").await;
    let his = town.session("youssef", "hospital-1").await;
    let counter = town.counter("hospital-1");
    let her_list = counter.get("/prescription/MedicationRequest", &hers.token).await.json.to_string();
    let his_list = counter.get("/prescription/MedicationRequest", &his.token).await.json.to_string();
    assert!(her_list.contains("Metformine") && !her_list.contains("Oméprazole"), "{her_list}");
    assert!(his_list.contains("Oméprazole") && !his_list.contains("Metformine"), "{his_list}");
}

#[tokio::test]
async fn another_patient_in_path_query_or_body_is_refused() {
    let town = Harness::healthy().await;
    let hers = town.session("amina", "hospital-1").await;
    let his = town.session("youssef", "hospital-1").await;
    let other = his.patient_at("dossier");
    for path in [
        format!("/dossier/Patient/{other}"),
        format!("/dossier/AllergyIntolerance?patient={other}"),
        format!("/dossier/AllergyIntolerance?patient=Patient/{other}"),
        format!("/dossier/AllergyIntolerance?subject=Patient/{other}"),
        format!("/dossier/AllergyIntolerance?subject:Patient={other}"),
        format!("/dossier/AllergyIntolerance?patient={}&patient={other}", hers.patient_at("dossier")),
        format!("/dossier/AllergyIntolerance?patient={},{other}", hers.patient_at("dossier")),
        format!("/dossier/AllergyIntolerance?p%61tient={other}"),
        format!("/dossier/Patient?_id={other}"),
        format!("/prescription/MedicationRequest?patient={}", his.patient_at("prescription")),
    ] {
        mismatch(&town, &hers, Method::GET, &path, None).await;
    }
    let dispense = |patient: &str| {
        json!({ "resourceType": "MedicationDispense", "status": "completed",
                "subject": { "reference": format!("Patient/{patient}") } })
    };
    let path = "/prescription/MedicationDispense";
    mismatch(&town, &hers, Method::POST, path, Some(dispense(&his.patient_at("prescription")))).await;
    let mut hidden = dispense(&hers.patient_at("prescription"));
    hidden["contained"] = json!([{ "resourceType": "MedicationRequest",
        "subject": { "reference": format!("Patient/{}", his.patient_at("prescription")) } }]);
    mismatch(&town, &hers, Method::POST, path, Some(hidden)).await;
}

#[tokio::test]
async fn the_same_key_twice_in_a_body_cannot_hide_another_patient() {
    let town = Harness::healthy().await;
    let hers = town.session("amina", "hospital-1").await;
    let his = town.session("youssef", "hospital-1").await;
    let (mine, other) = (hers.patient_at("prescription"), his.patient_at("prescription"));
    for (first, second) in [(&mine, &other), (&other, &mine)] {
        let body = format!(
            r#"{{"resourceType":"MedicationDispense","status":"completed","subject":{{"reference":"Patient/{first}"}},"subject":{{"reference":"Patient/{second}"}}}}"#
        );
        let head = format!(
            "POST /prescription/MedicationDispense HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\n\
             Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
            hers.token,
            body.len()
        );
        let answer = town.wire("hospital-1").await.ask(&format!("{head}{body}")).await;
        assert!(matches!(answer.status, 400 | 403), "{answer:?}");
    }
}

#[tokio::test]
async fn a_pharmacy_never_sees_the_dossier_and_learns_why() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let before = town.event_count().await;
    let answer = town.counter("pharmacy-1").get("/dossier/AllergyIntolerance", &opened.token).await;
    answer.is_problem(403, "denied");
    let reasons = answer.json["reasons"].as_array().expect("reasons");
    assert!(
        !reasons.is_empty() && reasons.iter().all(|reason| reason["code"].is_string()),
        "{}",
        answer.json
    );
    let event = town.event_after(before, "").await;
    assert_eq!(
        (&event["kind"], &event["outcome"], &event["service"]),
        (&"access".into(), &"deny".into(), &"dossier".into())
    );
}

#[tokio::test]
async fn a_hospital_reads_the_dossier_of_the_patient_who_is_there() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "hospital-1").await;
    let counter = town.counter("hospital-1");
    let patient =
        counter.get(&format!("/dossier/Patient/{}", opened.patient_at("dossier")), &opened.token).await;
    patient.is(200);
    assert_eq!(patient.json["resourceType"], "Patient");
    let allergies = counter.get("/dossier/AllergyIntolerance", &opened.token).await;
    assert!(allergies.json.to_string().contains("91936005"), "{}", allergies.json);
}

#[tokio::test]
async fn the_back_end_gets_a_token_of_ours_and_never_the_counters() {
    let town = Harness::new().back_end("prescription", bawaba_tests::back_end::Manner::Answers).start().await;
    let opened = town.session("amina", "pharmacy-1").await;
    town.counter("pharmacy-1").get("/prescription/MedicationRequest", &opened.token).await.is(200);
    let heard = town.heard("prescription");
    let token = heard[0]
        .lines()
        .find_map(|line| line.to_ascii_lowercase().starts_with("authorization: bearer ").then(|| &line[22..]))
        .expect("a token for the back-end");
    assert_ne!(token, opened.token);
    let claims = bawaba_tests::papers::claims_of(token);
    assert_eq!(claims["sub"], opened.patient_at("prescription"));
    let own = bawaba_tests::papers::claims_of(&opened.token);
    assert_ne!(claims["aud"], own["aud"], "each token is for one audience");
    assert_ne!(claims["sub"], own["sub"], "each audience knows the patient by another name");
}

#[tokio::test]
async fn an_unknown_place_is_not_found_and_recorded() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    for path in ["/nowhere", "/v1/everything", "/v2/presences", "/dossierX/Patient"] {
        let before = town.event_count().await;
        town.counter("pharmacy-1").get(path, &opened.token).await.is_problem(404, "not-found");
        assert_eq!(town.event_after(before, "not-found").await["outcome"], "refused", "{path}");
    }
}

#[tokio::test]
async fn a_guardian_opens_a_session_for_a_child_and_nobody_elses() {
    let town = Harness::healthy().await;
    let counter = town.counter("hospital-1");
    let first = counter.open(&mut town.card("fatima-guardian"), "TREAT").await;
    let child = first.json["session"]["dependants"][0]["subject"].clone();
    assert!(child.is_string(), "{}", first.json);
    let prove = |dependant: Value| {
        let (town, counter) = (&town, &counter);
        async move {
            let answered = counter.challenge(&mut town.card("fatima-guardian")).await.expect("a challenge");
            let responses: Vec<String> =
                answered.responses.iter().map(|response| hex::encode(response.encode())).collect();
            let body = json!({ "responses": responses, "purpose": "TREAT", "dependant": dependant });
            counter
                .ask(Method::POST, &format!("/v1/presences/{}/proof", answered.presence), None, Some(&body))
                .await
        }
    };
    let opened = prove(child.clone()).await;
    opened.is(201);
    assert_eq!(opened.json["session"]["subject"], child);
    let stranger = town.session("amina", "hospital-1").await.json["session"]["subject"].clone();
    let before = town.event_count().await;
    let refused = prove(stranger).await;
    assert!(refused.status.is_client_error(), "{}", refused.json);
    assert_eq!(town.event_of_kind_after(before, "session-refused").await["client"], "hospital-1");
}
