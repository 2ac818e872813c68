//! How often may the glass be broken, and does anybody learn who is enrolled?

use bawaba_tests::bedside::{DOCTOR, NURSE, signed};
use bawaba_tests::counter::Reply;
use bawaba_tests::harness::{Harness, Plan};
use bawaba_tests::papers::self_signed_client;
use bawaba_tests::postgres::Postgres;
use gateway::demo::people::PEOPLE;
use serde_json::{Value, json};

const HOSPITAL: &str = "hospital-1";
const STRANGER: &str = "ZZ999999";

fn amina() -> &'static str {
    PEOPLE[0].national_number
}

/// A gateway with small quotas.
fn strict(practitioner: i64, establishment: i64) -> Plan {
    Harness::new().configured(move |config, _| {
        let mut emergency = toml::Table::new();
        emergency.insert("per_practitioner".to_owned(), practitioner.into());
        emergency.insert("per_establishment".to_owned(), establishment.into());
        config.insert("emergency".to_owned(), emergency.into());
    })
}

fn reason(reply: &Reply) -> &str {
    reply.json["reasons"][0]["code"].as_str().unwrap_or_default()
}

/// A problem without what differs by chance.
fn told(reply: &Reply) -> Value {
    let mut told = reply.json.clone();
    let members = told.as_object_mut().expect("a problem");
    for chance in ["request_id", "instance"] {
        members.remove(chance);
    }
    told
}

#[tokio::test]
async fn the_quota_is_of_the_practitioner_then_of_the_establishment_and_of_the_last_day() {
    let town = strict(2, 3).start().await;
    for _ in 0..2 {
        town.without_card(HOSPITAL, amina()).opens().await;
    }
    let before = town.event_count().await;
    let full = town.without_card(HOSPITAL, amina()).asks().await;
    full.is_problem(403, "denied");
    assert_eq!(reason(&full), "emergency-quota-practitioner");
    assert_eq!(town.event_after(before, "emergency-quota-practitioner").await["kind"], "emergency-refused");
    // Two others may still sign; then the establishment has none left, whoever signs.
    let mut others = town.without_card(HOSPITAL, amina());
    others.statements.clear();
    others.sign("INPE-3", "identifier", amina().into());
    others.sign("INPE-4", "identifier", amina().into());
    others.opens().await;
    others.statements.clear();
    others.sign("INPE-5", "identifier", amina().into());
    others.sign("INPE-6", "identifier", amina().into());
    let full = others.asks().await;
    full.is_problem(403, "denied");
    assert_eq!(reason(&full), "emergency-quota-establishment");
    // Another establishment has its own, the practitioners have not.
    let elsewhere = town.without_card("clinic-1", amina()).asks().await;
    assert_eq!(reason(&elsewhere), "emergency-quota-practitioner");
    town.clock.advance(time::Duration::seconds(24 * 60 * 60 + 1));
    town.without_card(HOSPITAL, amina()).opens().await;
}

/// All ask at once, at two nodes of one database: no more than the quota get in.
async fn at_once(town: Harness) {
    let other = town.beside().await;
    let bedsides: Vec<_> = (0..8).map(|_| town.without_card(HOSPITAL, amina())).collect();
    let asked = bedsides
        .iter()
        .enumerate()
        .map(|(number, bedside)| bedside.asks_at(if number % 2 == 0 { &town } else { &other }));
    let answers = futures_util::future::join_all(asked).await;
    let opened = answers.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(opened, 3, "{:?}", answers.iter().map(|reply| reply.status).collect::<Vec<_>>());
    assert!(answers.iter().all(|reply| reply.status == 201 || reply.code() == "denied"));
}

#[tokio::test]
async fn whoever_asks_at_two_nodes_at_once_gets_no_more() {
    let server = Postgres::start();
    at_once(strict(3, 100).postgres(&server).start().await).await;
    at_once(strict(100, 3).postgres(&Postgres::start()).start().await).await;
}

#[tokio::test]
async fn a_statement_serves_once_and_for_nothing_else() {
    let town = Harness::healthy().await;
    let (doctor, colleague) = (town.issue_client(DOCTOR), town.issue_client("INPE-7"));
    let (stranger, hospital) = (self_signed_client(DOCTOR), town.identity(HOSPITAL));
    let now = town.now().unix_timestamp();
    let spoiled = |spoil: &dyn Fn(&mut Value)| {
        let mut bedside = town.without_card(HOSPITAL, amina());
        spoil(&mut bedside.statements[0].1);
        bedside
    };
    for (bedside, exact) in [
        (spoiled(&|said| said["reason"] = "child-alone".into()), "emergency-statement-of-another-reason"),
        (spoiled(&|said| said["words"] = "x".into()), "emergency-statement-of-another-reason"),
        (spoiled(&|said| said["identifier"] = STRANGER.into()), "emergency-statement-of-another-patient"),
        (
            spoiled(&|said| said["sid"] = uuid::Uuid::new_v4().to_string().into()),
            "emergency-statement-of-another-patient",
        ),
        (spoiled(&|said| said["establishment"] = "clinic-1".into()), "emergency-statement-elsewhere"),
        (spoiled(&|said| said["aud"] = "https://elsewhere.example".into()), "emergency-statement-claims"),
        (spoiled(&|said| said["iss"] = NURSE.into()), "emergency-statement-claims"),
        (spoiled(&|said| said["exp"] = json!(now + 301)), "emergency-statement-claims"),
        (
            spoiled(&|said| (said["iat"], said["exp"]) = (json!(now - 300), json!(now))),
            "emergency-statement-expired",
        ),
        (
            spoiled(&|said| (said["iat"], said["exp"]) = (json!(now + 60), json!(now + 90))),
            "emergency-statement-expired",
        ),
        (spoiled(&|said| said["more"] = json!(1)), "emergency-statement-claims"),
    ] {
        let before = town.event_count().await;
        bedside.asks().await.is_problem(422, "emergency-statement-refused");
        town.event_after(before, exact).await;
    }
    let sound = town.without_card(HOSPITAL, amina());
    let said = sound.statements[0].1.clone();
    for (statement, exact) in [
        (signed("emergency+jwt", &said, &colleague), "emergency-statement-claims"),
        (signed("emergency+jwt", &said, &stranger), "reported-certificate-not-ours"),
        (signed("emergency+jwt", &said, &hospital), "emergency-not-a-practitioner"),
        (signed("actor+jwt", &said, &doctor), "emergency-statement-malformed"),
        ("opaque".to_owned(), "emergency-statement-malformed"),
        ("x".repeat(9_000), "emergency-statement-malformed"),
    ] {
        let nurse = signed("emergency+jwt", &sound.statements[1].1, &sound.statements[1].0);
        let before = town.event_count().await;
        sound.asks_with(&town, vec![statement, nurse]).await.is_problem(422, "emergency-statement-refused");
        town.event_after(before, exact).await;
    }
    sound.opens().await;
    let before = town.event_count().await;
    sound.asks().await.is_problem(422, "emergency-statement-refused");
    town.event_after(before, "emergency-statement-spent").await;
    town.revoke(NURSE).await;
    let before = town.event_count().await;
    town.without_card(HOSPITAL, amina()).asks().await.is_problem(422, "emergency-statement-refused");
    town.event_after(before, "emergency-practitioner-revoked").await;
}

#[tokio::test]
async fn nobody_learns_who_is_enrolled_but_by_an_access_that_counts() {
    let town = strict(2, 10).start().await;
    // Whatever is refused before is refused alike, and says nothing of the number.
    let spoiled: [fn(&mut bawaba_tests::bedside::Bedside<'_>); 4] = [
        |bedside| drop(bedside.statements.pop()),
        |bedside| bedside.statements[1].1["exp"] = json!(1),
        |bedside| bedside.body["reason"] = "curious".into(),
        |bedside| bedside.body["words"] = "".into(),
    ];
    for spoil in spoiled {
        let mut answers = Vec::new();
        for number in [amina(), STRANGER] {
            let mut bedside = town.without_card(HOSPITAL, number);
            spoil(&mut bedside);
            let reply = bedside.asks().await;
            answers.push((reply.status, told(&reply)));
        }
        assert_eq!(answers[0], answers[1]);
    }
    // Who may ask is answered; it counts as an access, is on record and waits for review.
    let before = town.event_count().await;
    town.without_card(HOSPITAL, STRANGER).asks().await.is_problem(422, "emergency-patient-unknown");
    let event = town.event_after(before, "emergency-patient-unknown").await;
    assert_eq!((&event["kind"], &event["subject"]), (&"emergency-refused".into(), &Value::Null));
    let detail = event["detail"].as_str().expect("a detail");
    assert!(detail.contains(DOCTOR) && detail.contains(NURSE) && !detail.contains(STRANGER), "{detail}");
    let opened = town.without_card(HOSPITAL, amina()).opens().await;
    assert_eq!(opened.json["emergency"]["left_of_practitioner"], 0);
    let mut answers = Vec::new();
    for number in [amina(), STRANGER] {
        let reply = town.without_card(HOSPITAL, number).asks().await;
        assert_eq!(reason(&reply), "emergency-quota-practitioner");
        answers.push(told(&reply));
    }
    assert_eq!(answers[0], answers[1]);
    let queue = town.app().store.read(gateway::store::Statement::new("SELECT subject FROM emergency_access"));
    assert_eq!(queue.await.expect("a queue").len(), 2);
}
