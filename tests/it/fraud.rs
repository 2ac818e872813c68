//! What looks wrong at the counters, seen by every gateway, told to policy and to whoever looks at cases.

mod cli;
mod quarantine;
mod reported;

use bawaba_tests::counter::text;
use bawaba_tests::harness::{Harness, Opened};
use bawaba_tests::redis::{Redis, RedisCluster};
use gateway::fraud::case::{About, Case, Regime};
use gateway::fraud::store::{self, Filter};
use reqwest::Method;
use serde_json::json;

/// A gateway on this state.
async fn town_on(state: toml::Table) -> Harness {
    let edit = move |config: &mut toml::Table, _: &gateway::demo::folder::StateFolder| {
        config.insert("state".to_owned(), state.clone().into());
    };
    Harness::new().configured(edit).start().await
}

/// From now on these signals change decisions.
async fn let_count(town: &Harness, signals: &[&str]) {
    for signal in signals {
        let ruled = store::set_regime(&town.app().store, signal, Regime::Counts, town.now()).await;
        ruled.expect("a ruling");
    }
}

/// The cases about cards.
async fn card_cases(town: &Harness) -> Vec<Case> {
    let all = Filter { most: 100, ..Filter::default() };
    let cases = store::cases(&town.app().store, &all).await.expect("cases");
    cases.into_iter().filter(|case| case.subject.about == About::Card).collect()
}

/// What the patient of a session was prescribed.
async fn reads(town: &Harness, client: &str, opened: &Opened) -> (u16, String) {
    let path = format!("/prescription/MedicationRequest?patient={}", opened.patient_at("prescription"));
    let reply = town.counter(client).get(&path, &opened.token).await;
    (reply.status.as_u16(), reply.code().to_owned())
}

/// The same card at Rabat through one gateway and at Marrakech through another.
async fn in_two_towns(here: &Harness, there: &Harness) -> (Opened, Opened) {
    (here.session("amina", "pharmacy-1").await, there.session("amina", "clinic-1").await)
}

#[tokio::test]
async fn two_gateways_on_one_redis_see_one_card_in_two_places() {
    let redis = Redis::start();
    let here = town_on(redis.state()).await;
    let there = here.beside().await;
    seen_in_two_places(&here, &there).await;
    assert!(redis.cli(&["--scan"]).contains("fraud:window:card-places:"), "it is remembered there");
}

#[tokio::test]
async fn two_gateways_on_one_cluster_do_as_well() {
    let cluster = RedisCluster::start();
    let here = town_on(cluster.state()).await;
    let there = here.beside().await;
    seen_in_two_places(&here, &there).await;
}

async fn seen_in_two_places(here: &Harness, there: &Harness) {
    let before = here.event_count().await;
    in_two_towns(here, there).await;
    let event = here.event_after(before, "impossible-travel").await;
    assert_eq!((&event["kind"], &event["client"]), (&"risk-signal".into(), &"clinic-1".into()));
    assert!(event["detail"].as_str().expect("figures").starts_with("on trial: metres: "), "{event}");
    assert!(here.eventually(async || card_cases(here).await.len() == 1).await, "there is a case");
    let case = card_cases(there).await.remove(0);
    assert_eq!((case.score, case.quarantined), (0, false), "a signal on trial has no effect");
    let hits = store::hits(&there.app().store, case.id).await.expect("hits");
    assert!(hits.iter().all(|hit| !hit.counted && hit.establishment.as_deref() == Some("clinic-1")));
}

#[tokio::test]
async fn without_what_was_before_nobody_is_sent_away() {
    let redis = Redis::start();
    let here = town_on(redis.state()).await;
    let there = here.twin().await;
    in_two_towns(&here, &there).await;
    let answered = here.counter("clinic-1").challenge(&mut here.card("amina")).await.expect("a challenge");
    // The windows are lost, with all the rest: a shorter memory is no suspicion.
    redis.lose_memory();
    let ready = async || here.public("/readyz").await.status.is_success();
    assert!(here.eventually(ready).await);
    let lost = here.counter("clinic-1").prove(&answered.presence, &answered.responses, "TREAT").await;
    assert!(lost.status.is_client_error(), "{}", lost.json);
    let opened = here.session("amina", "clinic-1").await;
    assert_eq!(reads(&here, "clinic-1", &opened).await.0, 200);
}

#[tokio::test]
async fn a_signal_that_counts_asks_for_the_pin_and_tells_the_counter_nothing_else() {
    let town = Harness::healthy().await;
    let quiet = town.session("youssef", "clinic-1").await;
    let_count(&town, &["impossible-travel", "two-places"]).await;
    let mut loud = None;
    let asked = town.eventually(async || {
        let (_, opened) = in_two_towns(&town, &town).await;
        let refused = reads(&town, "clinic-1", &opened).await == (401, "holder-required".to_owned());
        loud = Some(opened);
        refused
    });
    assert!(asked.await, "policy asks for the holder");
    let opened = loud.expect("a session");
    // Nothing in the token or the answer tells that anything was noticed.
    assert_eq!(quiet.token.split('.').count(), opened.token.split('.').count());
    let length = |opened: &Opened| opened.token.split('.').nth(1).expect("claims").len();
    assert!(length(&quiet).abs_diff(length(&opened)) <= 16, "youssef's token has other names in it");
    let shown = serde_json::to_string(&opened.json).expect("JSON");
    assert!(!shown.contains("risk") && !shown.contains("travel"), "{shown}");
    // An emergency is not held up.
    let urgent = town.counter("clinic-1").open(&mut town.card("amina"), "ETREAT").await;
    urgent.is(201);
    let urgent = Opened { token: text(&urgent.json["token"]), json: urgent.json.clone() };
    assert_eq!(reads(&town, "clinic-1", &urgent).await.0, 200);
}

#[tokio::test]
async fn a_counter_that_tries_many_numbers_is_told_of_by_its_own_station() {
    let town = Harness::healthy().await;
    let counter = town.counter("pharmacy-1");
    let before = town.event_count().await;
    for _ in 0..40 {
        town.clock.advance(time::Duration::seconds(5));
        let body = json!({ "station": "poste-7", "failure": "wrong-can" });
        counter.ask(Method::POST, "/v1/card-failures", None, Some(&body)).await.is(204);
    }
    let event = town.event_after(before, "wrong-can").await;
    assert_eq!((&event["kind"], &event["station"]), (&"card-failure".into(), &"poste-7".into()));
    let signal = town.event_after(before, "secrets-run").await;
    assert_eq!(signal["station"], "poste-7");
    for wrong in
        [json!({ "station": "poste 7", "failure": "wrong-can" }), json!({ "station": "p", "failure": "x" })]
    {
        counter.ask(Method::POST, "/v1/card-failures", None, Some(&wrong)).await.is_problem(400, "malformed");
    }
}

#[tokio::test]
async fn what_is_handed_out_is_held_against_the_prescription_over_all_pharmacies() {
    let town = Harness::healthy().await;
    let before = town.event_count().await;
    for (client, boxes) in [("pharmacy-1", 60), ("pharmacy-2", 30), ("pharmacy-2", 30)] {
        // Back-ends tell the time by themselves: no more than makes two moments of it.
        town.clock.advance(time::Duration::milliseconds(50));
        let opened = town.session("amina", client).await;
        let counter = town.counter(client);
        let patient = opened.patient_at("prescription");
        let list =
            counter.get(&format!("/prescription/MedicationRequest?patient={patient}"), &opened.token).await;
        list.is(200);
        let line = text(&list.json["entry"][0]["resource"]["id"]);
        let dispense = json!({
            "resourceType": "MedicationDispense", "status": "completed",
            "medicationCodeableConcept": { "text": "Metformine 850 mg" },
            "subject": { "reference": format!("Patient/{patient}") },
            "authorizingPrescription": [{ "reference": format!("MedicationRequest/{line}") }],
            "quantity": { "value": boxes, "unit": "comprimé" },
        });
        counter.post("/prescription/MedicationDispense", &opened.token, &dispense).await.is(201);
    }
    let event = town.event_after(before, "over-dispensing").await;
    assert_eq!((&event["kind"], &event["client"]), (&"risk-signal".into(), &"pharmacy-2".into()));
    let told = event["detail"].as_str().expect("figures");
    assert!(told.contains("units-dispensed: 120 seen, 90 plausible"), "{told}");
}
