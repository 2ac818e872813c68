//! `bawaba token relink`: two operators, one answer, once.

use bawaba_tests::desk::now;
use bawaba_tests::faulty::{Fault, Faults};
use bawaba_tests::harness::{Harness, Opened};
use bawaba_tests::postgres::Postgres;
use gateway::relink::{Ground, OperatorKey, RelinkError, Wanted};
use gateway::store::Statement;
use policies::ClientKind;
use serde_json::Value;
use time::Duration;
use uuid::Uuid;

const REQUEST: [&str; 7] =
    ["request", "--audience", "dossier", "--ground", "court-order", "--reference", "TPI-117"];

fn wanted(to: Option<&str>) -> Wanted {
    Wanted {
        audience: "dossier".to_owned(),
        to: to.map(str::to_owned),
        ground: Ground::FraudInquiry,
        reference: "CNSS-2026-9".to_owned(),
    }
}

/// A town with two operators more than the kingdom has, and somebody's session.
async fn town_of(town: Harness) -> (Harness, Opened) {
    town.enrol_client("auditor-2", ClientKind::Auditor).await;
    town.enrol_client("auditor-3", ClientKind::Auditor).await;
    let opened = town.session("amina", "hospital-1").await;
    (town, opened)
}

async fn town() -> (Harness, Opened) {
    town_of(Harness::healthy().await).await
}

/// The whole story with the program, as operators live it.
async fn story(town: Harness) {
    let (town, opened) = town_of(town).await;
    let pseudonym = opened.patient_at("dossier");
    let subject = opened.json["session"]["subject"].as_str().expect("a subject");
    let patient = town.app().registry.patient_by_subject(subject).await.expect("a registry").expect("amina");
    let before = town.event_count().await;
    let asked = town.relink(&REQUEST, Some("auditor"), &pseudonym).expect("a request");
    let id = asked["request"].as_str().expect("an id");
    assert_eq!(asked.as_object().expect("an object").len(), 1);
    let shown = town.relink(&["show", id], None, "").expect("a request");
    assert_eq!((&shown["requested_by"], &shown["approved_by"]), (&"auditor".into(), &Value::Null));
    assert!(!shown.to_string().contains(&pseudonym));
    let refused = |words: &[&str], operator, code: &str| {
        let said = town.relink(words, Some(operator), "").expect_err("a refusal");
        assert!(said.contains(code), "{said}");
    };
    refused(&["open", id], "auditor", "relink-not-approved");
    refused(&["approve", id], "auditor", "relink-same-operator");
    refused(&["approve", id], "pharmacy-1", "relink-not-an-auditor");
    let approved = town.relink(&["approve", id], Some("auditor-2"), "").expect("an approval");
    assert_eq!(approved["approved_by"], "auditor-2");
    refused(&["approve", id], "auditor-3", "relink-already-approved");
    refused(&["open", id], "auditor-3", "relink-not-involved");
    let told = town.relink(&["open", id], Some("auditor"), "").expect("an answer");
    assert_eq!(told["answer"], patient.health_id.expose());
    refused(&["open", id], "auditor", "relink-already-opened");
    refused(&["open", id], "auditor-2", "relink-already-opened");
    refused(&["open", &Uuid::new_v4().to_string()], "auditor", "relink-request-unknown");

    let events: Vec<_> = town.events_after(before).await;
    let relinked: Vec<_> = events.iter().filter(|event| event["kind"] == "relinked").collect();
    let codes: Vec<_> = relinked.iter().map(|event| event["code"].as_str().expect("a code")).collect();
    assert_eq!(
        codes,
        [
            "relink-requested",
            "relink-not-approved",
            "relink-same-operator",
            "relink-not-an-auditor",
            "relink-approved",
            "relink-already-approved",
            "relink-not-involved",
            "relink-opened",
            "relink-already-opened",
            "relink-already-opened",
            "relink-request-unknown",
        ]
    );
    assert_eq!(relinked[7]["subject"], subject, "the patient can see who looked");
    assert_eq!((&relinked[0]["client"], &relinked[4]["client"]), (&"auditor".into(), &"auditor-2".into()));
    let log = format!("{events:?}");
    for secret in [pseudonym.as_str(), patient.health_id.expose()] {
        assert!(!log.contains(secret), "the log says who it is");
    }
}

#[tokio::test]
async fn two_operators_learn_who_a_pseudonym_is_once_and_the_log_does_not() {
    story(Harness::healthy().await).await;
}

#[tokio::test]
async fn the_same_on_postgresql() {
    let server = Postgres::start();
    story(Harness::new().postgres(&server).start().await).await;
}

#[tokio::test]
async fn the_answer_may_be_the_name_at_another_audience() {
    let (town, opened) = town().await;
    let desk = town.desk(&Faults::default()).await;
    let (one, other) = (town.operator("auditor"), town.operator("auditor-2"));
    let subject = opened.json["session"]["subject"].as_str().expect("a subject").to_owned();
    let there = opened.patient_at("dossier");
    for (from, pseudonym, to, answer) in [
        ("dossier", &there, "billing", opened.patient_at("billing")),
        ("dossier", &there, "bawaba", subject.clone()),
        ("bawaba", &subject, "dossier", there.clone()),
    ] {
        let wanted = Wanted { audience: from.to_owned(), ..wanted(Some(to)) };
        let id = desk.request(&one, &wanted, pseudonym, now()).await.expect("a request");
        desk.approve(&other, id, now()).await.expect("an approval");
        let mut seen = 0;
        let told = desk.open(&other, id, now(), |done, of| seen = done.min(of)).await.expect("an answer");
        assert_eq!(*told.0, answer, "{from} to {to}");
    }
}

#[tokio::test]
async fn a_request_lives_for_a_day() {
    let (town, opened) = town().await;
    let desk = town.desk(&Faults::default()).await;
    let (one, other) = (town.operator("auditor"), town.operator("auditor-2"));
    let pseudonym = opened.patient_at("dossier");
    let asked = now();
    let late = asked + Duration::hours(24) + Duration::seconds(1);
    let id = desk.request(&one, &wanted(None), &pseudonym, asked).await.expect("a request");
    let error = desk.approve(&other, id, late).await.expect_err("too late");
    assert_eq!(error.code(), "relink-expired");
    desk.approve(&other, id, asked + Duration::hours(23)).await.expect("in time");
    let error = desk.open(&one, id, late, |_, _| ()).await.expect_err("too late");
    assert_eq!(error.code(), "relink-expired");
    assert!(town.event_codes("relinked").await.contains(&"relink-expired".to_owned()));
}

#[tokio::test]
async fn who_is_no_operator_at_this_moment_asks_and_approves_nothing() {
    let (town, opened) = town().await;
    let desk = town.desk(&Faults::default()).await;
    let (one, other) = (town.operator("auditor"), town.operator("auditor-2"));
    let pseudonym = opened.patient_at("dossier");
    let codes = async |key: &OperatorKey| {
        desk.request(key, &wanted(None), &pseudonym, now()).await.map_err(|error| error.code().into_owned())
    };
    assert_eq!(codes(&town.operator("hospital-1")).await, Err("relink-not-an-auditor".to_owned()));
    town.issue_client("auditor-9");
    assert_eq!(codes(&town.operator("auditor-9")).await, Err("client-unknown".to_owned()));
    // The key of one under the certificate of another.
    let (cert, key) = (town.files.client_certificate("auditor"), town.files.client_key("auditor-2"));
    let mixed = OperatorKey::load(&cert, &key).expect("two sound files");
    assert_eq!(codes(&mixed).await, Err("relink-signature".to_owned()));
    let id = codes(&one).await.expect("a request");
    desk.approve(&other, id, now()).await.expect("an approval");
    // Who asked is suspended before the answer: nobody gets it.
    town.suspend("auditor").await;
    desk.registry.refresh().await.expect("a registry");
    for key in [&one, &other] {
        let error = desk.open(key, id, now(), |_, _| ()).await.expect_err("no operator any more");
        assert_eq!(error.code(), "client-suspended");
    }
    let second = desk.request(&other, &wanted(None), &pseudonym, now()).await.expect("a request");
    town.revoke("auditor-3").await;
    let fresh = town.desk(&Faults::default()).await;
    let error = fresh.approve(&town.operator("auditor-3"), second, now()).await.expect_err("revoked");
    assert_eq!(error.code(), "client-certificate-revoked");
}

#[tokio::test]
async fn two_certificates_of_one_person_are_one_operator() {
    let (town, opened) = town().await;
    let desk = town.desk(&Faults::default()).await;
    let first = town.operator("auditor");
    for file in [town.files.client_certificate("auditor"), town.files.client_key("auditor")] {
        std::fs::remove_file(file).expect("a file");
    }
    town.issue_client("auditor");
    let second = town.operator("auditor");
    let id =
        desk.request(&first, &wanted(None), &opened.patient_at("dossier"), now()).await.expect("a request");
    let error = desk.approve(&second, id, now()).await.expect_err("the same person");
    assert_eq!(error.code(), "relink-same-operator");
}

#[tokio::test]
async fn what_was_altered_or_moved_in_the_store_is_worth_nothing() {
    let (town, opened) = town().await;
    let desk = town.desk(&Faults::default()).await;
    let (one, other) = (town.operator("auditor"), town.operator("auditor-2"));
    let pseudonym = opened.patient_at("dossier");
    let first = desk.request(&one, &wanted(None), &pseudonym, now()).await.expect("a request");
    let second = desk.request(&one, &wanted(None), &pseudonym, now()).await.expect("a request");
    desk.approve(&other, first, now()).await.expect("an approval");
    // An approval is for one request, wherever its octets are put.
    let moved = "UPDATE relink_request SET approval = (SELECT approval FROM relink_request WHERE id = $1) \
        WHERE id = $2";
    desk.store.write(Statement::new(moved).bind(first).bind(second)).await.expect("a store");
    let error = desk.open(&one, second, now(), |_, _| ()).await.expect_err("replayed");
    assert!(matches!(error, RelinkError::Statement(_)), "{error}");
    let moved = "UPDATE relink_request SET request = (SELECT request FROM relink_request WHERE id = $1) \
        WHERE id = $2";
    desk.store.write(Statement::new(moved).bind(second).bind(first)).await.expect("a store");
    let error = desk.open(&one, first, now(), |_, _| ()).await.expect_err("altered");
    assert_eq!(error.code(), "relink-statement-malformed");
    let text = format!("{:?}", town.events().await);
    assert!(!text.contains(&pseudonym));
}

#[tokio::test]
async fn a_pseudonym_of_nobody_is_an_answer_too_and_a_malformed_one_is_none() {
    let (town, opened) = town().await;
    let desk = town.desk(&Faults::default()).await;
    let (one, other) = (town.operator("auditor"), town.operator("auditor-2"));
    let nobody = "0".repeat(32);
    let id = desk.request(&one, &wanted(None), &nobody, now()).await.expect("a request");
    desk.approve(&other, id, now()).await.expect("an approval");
    let error = desk.open(&one, id, now(), |_, _| ()).await.expect_err("nobody");
    assert_eq!(error.code(), "relink-pseudonym-unknown");
    let error = desk.open(&one, id, now(), |_, _| ()).await.expect_err("once is all");
    assert_eq!(error.code(), "relink-already-opened");
    // The same patient's name at another audience is nobody's here.
    let id =
        desk.request(&one, &wanted(None), &opened.patient_at("billing"), now()).await.expect("a request");
    desk.approve(&other, id, now()).await.expect("an approval");
    let error = desk.open(&one, id, now(), |_, _| ()).await.expect_err("nobody");
    assert_eq!(error.code(), "relink-pseudonym-unknown");
    for bad in ["", "0123", "AA104217AA104217AA104217AA104217", "é".repeat(16).as_str(), &"0".repeat(33)] {
        let error = desk.request(&one, &wanted(None), bad, now()).await.expect_err("malformed");
        assert_eq!(error.code(), "relink-pseudonym-malformed");
    }
    let elsewhere = Wanted { audience: "imaging".to_owned(), ..wanted(None) };
    let error = desk.request(&one, &elsewhere, &nobody, now()).await.expect_err("unknown");
    assert_eq!(error.code(), "relink-audience-unknown");
    let unnamed = Wanted { reference: "a b".to_owned(), ..wanted(None) };
    let error = desk.request(&one, &unnamed, &nobody, now()).await.expect_err("no reference");
    assert_eq!(error.code(), "relink-reference-malformed");
}

#[tokio::test]
async fn without_a_log_nothing_is_told() {
    let (town, opened) = town().await;
    let faults = Faults::default();
    let desk = town.desk(&faults).await;
    let (one, other) = (town.operator("auditor"), town.operator("auditor-2"));
    let pseudonym = opened.patient_at("dossier");
    let id = desk.request(&one, &wanted(None), &pseudonym, now()).await.expect("a request");
    for fault in [Fault::WithoutEffect, Fault::AfterEffect] {
        faults.fail(fault);
        assert!(matches!(desk.approve(&other, id, now()).await, Err(RelinkError::Audit(_))), "{fault:?}");
        faults.fail(Fault::None);
        assert_eq!(desk.show(id, now()).await.expect("a request").approved_by, None);
    }
    desk.approve(&other, id, now()).await.expect("an approval");
    faults.fail(Fault::AfterEffect);
    let told = desk.open(&one, id, now(), |_, _| ()).await;
    assert!(matches!(told, Err(RelinkError::Audit(_))));
    faults.fail(Fault::None);
    desk.open(&one, id, now(), |_, _| ()).await.expect("nothing was told, so nothing was spent");
}
