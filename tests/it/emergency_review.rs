//! What follows a broken glass: the patient is told, a reviewer looks, and what waits too long is said.

use std::process::Stdio;
use std::time::Duration;

use bawaba_tests::bedside::{DOCTOR, NURSE, WORDS};
use bawaba_tests::harness::{Harness, Opened};
use bawaba_tests::postgres::Postgres;
use bawaba_tests::program::{self, bawaba};
use gateway::demo::people::PEOPLE;
use policies::ClientKind;
use reqwest::Method;
use serde_json::Value;

const HOSPITAL: &str = "hospital-1";
const WHY: &str = "Admission aux urgences le même jour, compte rendu vérifié.";

fn amina() -> &'static str {
    PEOPLE[0].national_number
}

/// `bawaba emergency …`; its JSON, or what it said was wrong.
fn emergency(town: &Harness, words: &[&str], reviewer: Option<&str>, why: &str) -> Result<Value, String> {
    let mut command = bawaba(&["--json", "emergency"]);
    command.args(words).arg("--config").arg(town.files.config());
    if let Some(reviewer) = reviewer {
        command.arg("--cert").arg(town.files.client_certificate(reviewer));
        command.arg("--key").arg(town.files.client_key(reviewer));
    }
    let file = town.files.root().join("why.txt");
    std::fs::write(&file, why).expect("a writable folder");
    command.stdin(Stdio::from(std::fs::File::open(&file).expect("the file")));
    let output = program::run(&mut command, Duration::from_secs(60));
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).expect("JSON")),
        false => Err(program::text(&output.stderr)),
    }
}

fn id(opened: &Opened) -> String {
    opened.json["emergency"]["id"].as_str().expect("an id").to_owned()
}

/// The whole story with the program, as a reviewer lives it. The gateway is a program too: a database of which this process
/// held a file open could not be read by another.
async fn story(mut town: Harness) {
    let opened = town.without_card(HOSPITAL, amina()).opens().await;
    town.counter(HOSPITAL).get("/dossier/AllergyIntolerance", &opened.token).await.is(200);
    town.counter(HOSPITAL).get("/dossier/Observation", &opened.token).await.is_problem(403, "denied");
    town.without_card(HOSPITAL, "ZZ999999").asks().await.is_problem(422, "emergency-patient-unknown");
    let id = id(&opened);
    let queue = emergency(&town, &["queue"], None, "").expect("a queue");
    let queue = queue.as_array().expect("a list");
    assert_eq!(queue.len(), 2);
    let of = |queue: &[Value], id: &str| {
        queue.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id} is not in {queue:?}")).clone()
    };
    let first = of(queue, &id);
    assert_eq!((&first["age"], &first["patient_known"]), (&"waiting".into(), &true.into()));
    assert!(queue.iter().any(|one| one["patient_known"] == false), "a number of nobody is reviewed too");
    assert!(!first.to_string().contains("accident"), "the queue does not say the words");

    let refused = |words: &[&str], reviewer, why: &str, code: &str| {
        let said = emergency(&town, words, Some(reviewer), why).expect_err("a refusal");
        assert!(said.contains(code), "{said}");
    };
    let justified = ["review", &id, "--outcome", "justified"];
    refused(&["show", &id], "pharmacy-1", "", "emergency-reviewer-not-an-auditor");
    refused(&justified, "pharmacy-1", WHY, "emergency-reviewer-not-an-auditor");
    refused(&justified, "auditor", "ok", "emergency-review-words");
    refused(&["show", "0193b2c4-0000-7000-8000-000000000000"], "auditor", "", "emergency-unknown");

    let shown = emergency(&town, &["show", &id], Some("auditor"), "").expect("an access");
    assert_eq!(shown["words"], WORDS);
    for practitioner in [DOCTOR, NURSE] {
        let signed = shown["practitioners"].as_array().expect("a list").iter();
        let signed =
            signed.filter(|one| one["practitioner"] == practitioner && one["signature"] == "verified");
        assert_eq!(signed.count(), 1, "{shown}");
    }
    let looked: Vec<_> =
        shown["events"].as_array().expect("a list").iter().map(|event| &event["resource_type"]).collect();
    assert!(
        looked.contains(&&"AllergyIntolerance".into()) && looked.contains(&&"Observation".into()),
        "{shown}"
    );

    let done = emergency(&town, &["review", &id, "--outcome", "not-justified"], Some("auditor"), WHY)
        .expect("a review");
    assert_eq!((&done["outcome"], &done["reviewer"]), (&"not-justified".into(), &"auditor".into()));
    refused(&justified, "auditor", WHY, "emergency-already-reviewed");
    assert_eq!(emergency(&town, &["queue"], None, "").expect("a queue").as_array().expect("a list").len(), 1);
    let all = emergency(&town, &["queue", "--all", "--language", "ar"], None, "").expect("a queue");
    assert_eq!(of(all.as_array().expect("a list"), &id)["age"], "reviewed");

    // The patient is told who, where and why, and what the review found.
    let session = town.session("amina", "pharmacy-1").await;
    let notice = &session.json["notices"][0];
    assert_eq!(
        (&notice["id"], &notice["outcome"]["code"]),
        (&Value::from(id.as_str()), &"not-justified".into())
    );
    assert_eq!(
        (&notice["establishment"]["name"], &notice["practitioners"]),
        (&"CHU de démonstration".into(), &vec![DOCTOR, NURSE].into())
    );
    let _ = town.stop_and_read_log().await;
    let codes = town.event_codes("emergency-reviewed").await;
    let wanted = [
        "emergency-reviewer-not-an-auditor",
        "emergency-reviewer-not-an-auditor",
        "emergency-review-words",
        "emergency-unknown",
        "emergency-shown",
        "emergency-not-justified",
        "emergency-already-reviewed",
    ];
    assert_eq!(codes, wanted);
    let events = town.events().await;
    let shown = events.iter().find(|event| event["code"] == "emergency-shown").expect("an event");
    assert_eq!((&shown["client"], &shown["session"]), (&"auditor".into(), &opened.json["session"]["id"]));
    assert!(!serde_json::to_string(&events).expect("JSON").contains("accident"), "the log says the words");
}

#[tokio::test]
async fn a_reviewer_sees_why_and_what_and_says_whether_it_was_right() {
    story(Harness::new().start_as_program().await).await;
}

#[tokio::test]
async fn the_same_on_postgresql() {
    let server = Postgres::start();
    story(Harness::new().postgres(&server).start_as_program().await).await;
}

#[tokio::test]
async fn the_patient_is_told_until_they_have_read_it_elsewhere() {
    let town = Harness::healthy().await;
    let first = town.session("amina", HOSPITAL).await;
    assert!(first.json["notices"].is_null(), "nothing to tell");
    let opened = town.with_card(HOSPITAL, &first).opens().await;
    let path = format!("/v1/notices/{}/acknowledgement", id(&opened));
    // The emergency itself reads nothing that is meant for the patient, and its establishment does not say it was read.
    let before = town.event_count().await;
    town.counter(HOSPITAL).get("/v1/notices", &opened.token).await.is_problem(403, "denied");
    town.event_after(before, "notices-without-patient").await;
    let there = town.session("amina", HOSPITAL).await;
    assert_eq!(there.json["notices"][0]["reason"]["code"], "unconscious");
    let refused = town.counter(HOSPITAL).ask(Method::POST, &path, Some(&there.token), None).await;
    refused.is_problem(403, "denied");
    town.event_after(before, "notice-of-own-access").await;
    // Nobody else's.
    let other = town.session("youssef", "pharmacy-1").await;
    assert!(other.json["notices"].is_null());
    let unknown = town.counter("pharmacy-1").ask(Method::POST, &path, Some(&other.token), None).await;
    unknown.is_problem(404, "not-found");
    town.event_after(before, "notice-unknown").await;
    let pharmacy = town.session("amina", "pharmacy-1").await;
    let notice = &pharmacy.json["notices"][0];
    assert_eq!(notice["id"].as_str(), Some(id(&opened).as_str()));
    for language in ["fr", "ar", "en"] {
        assert!(notice["reason"][language].is_string(), "{notice}");
    }
    for _ in 0..2 {
        let read = town.counter("pharmacy-1").ask(Method::POST, &path, Some(&pharmacy.token), None).await;
        read.is(204);
    }
    assert_eq!(town.event_after(before, "notice-told").await["client"], "pharmacy-1");
    assert!(town.session("amina", "pharmacy-1").await.json["notices"].is_null(), "once is enough");
    let listed = town.counter("pharmacy-1").get("/v1/notices", &pharmacy.token).await;
    assert!(listed.is(200).json["notices"][0]["read_at"].is_string(), "{}", listed.json);
}

#[tokio::test]
async fn a_review_that_waits_too_long_is_said_once_and_counted() {
    let town = Harness::healthy().await;
    town.enrol_client("auditor-2", ClientKind::Auditor).await;
    let opened = town.without_card(HOSPITAL, amina()).opens().await;
    town.clock.advance(time::Duration::seconds(3 * 24 * 60 * 60 + 60));
    let overdue = async || {
        town.event_codes("emergency-reviewed").await.contains(&"emergency-review-overdue".to_owned())
    };
    assert!(town.eventually(overdue).await, "nobody is told");
    let event = town.event_after(0, "emergency-review-overdue").await;
    assert_eq!(event["client"], HOSPITAL);
    assert!(event["detail"].as_str().expect("a detail").contains(&id(&opened)));
    let metrics = metrics(&town).await;
    assert!(metrics.contains("bawaba_emergency_reviews_overdue 1"), "{metrics}");
    assert!(metrics.contains("bawaba_emergency_reviews_waiting 1"), "{metrics}");
    let oldest =
        metrics.lines().find_map(|line| line.strip_prefix("bawaba_emergency_review_oldest_seconds "));
    assert!(oldest.and_then(|age| age.parse::<f64>().ok()).is_some_and(|age| age > 259_200.0), "{metrics}");
}

/// The figures, as a probe reads them.
async fn metrics(town: &Harness) -> String {
    town.app().metrics.encode()
}
