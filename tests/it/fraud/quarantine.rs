//! A card of which two seem to be about: its holder is asked for the PIN, and is never locked out.

use bawaba_tests::counter::{commands, text};
use bawaba_tests::harness::{Harness, Opened};
use card_reader::holder::Pin;
use gateway::fraud::case::{About, Found, KeptHit, Label, Subject};
use gateway::fraud::store;
use reqwest::Method;
use serde_json::json;

use super::{card_cases, reads};

/// The keyed name of the card of a session.
async fn card_of(town: &Harness, opened: &Opened) -> String {
    let id = text(&opened.json["session"]["id"]);
    let events = town.events().await;
    let opening =
        events.iter().find(|event| event["kind"] == "session-opened" && event["session"] == id.as_str());
    text(&opening.expect("its event")["card"])
}

/// As if another node had seen the card under a certificate that came back.
async fn quarantine(town: &Harness, card: &str) {
    let at = town.now();
    let hit = KeptHit {
        signal: "two-certificates".to_owned(),
        weight: 60,
        counted: true,
        establishment: Some("pharmacy-1".to_owned()),
        station: None,
        presence: None,
        why: "certificates-of-one-chip: 2 seen, 1 plausible".to_owned(),
        at,
    };
    let subject = Subject { about: About::Card, name: card.to_owned() };
    let found = Found { subject, score: 60, quarantine: true, hits: vec![hit], at };
    store::record(&town.app().store, &found).await.expect("kept");
}

/// The whole step-up with this card and its PIN.
async fn agreed(town: &Harness, client: &str, opened: &Opened, card: &str) -> Opened {
    let counter = town.counter(client);
    let path = format!("/v1/sessions/{}/step-up", text(&opened.json["session"]["id"]));
    let body = json!({ "station": "poste-1", "profile": "cnie-2020" });
    let begun = counter.ask(Method::POST, &path, Some(&opened.token), Some(&body)).await;
    begun.is(201);
    let pin = Pin::parse("4417").expect("a PIN");
    let answers = town
        .card(card)
        .conversation()
        .run_with_pin(&commands(&begun.json), &pin)
        .expect("a card that answers");
    let responses: Vec<String> = answers.iter().map(|answer| hex::encode(answer.encode())).collect();
    let path = format!("{path}/{}/proof", text(&begun.json["step_up"]));
    let done =
        counter.ask(Method::POST, &path, Some(&opened.token), Some(&json!({ "responses": responses }))).await;
    done.is(201);
    Opened { token: text(&done.json["token"]), json: done.json.clone() }
}

#[tokio::test]
async fn in_quarantine_the_pin_opens_what_the_card_alone_does_not_also_in_sessions_that_run() {
    let town = Harness::healthy().await;
    let running = town.session("amina", "clinic-1").await;
    assert_eq!(reads(&town, "clinic-1", &running).await.0, 200);
    let other = town.session("youssef", "clinic-1").await;
    quarantine(&town, &card_of(&town, &running).await).await;
    let asked = async || reads(&town, "clinic-1", &running).await == (401, "holder-required".to_owned());
    assert!(town.eventually(asked).await, "the session that runs has it within a second");
    assert_eq!(reads(&town, "clinic-1", &other).await.0, 200, "nobody else is asked");
    // Not a blind block: the session opens, looks like any other, and the holder's PIN goes on.
    let opened = town.session("amina", "clinic-1").await;
    assert_eq!(reads(&town, "clinic-1", &opened).await, (401, "holder-required".to_owned()));
    let path = format!("/prescription/MedicationRequest?patient={}", opened.patient_at("prescription"));
    let told = town.counter("clinic-1").get(&path, &opened.token).await;
    let ordinary = town.session("youssef", "clinic-1").await;
    let whole = format!("/dossier/Patient/{}/$everything", ordinary.patient_at("dossier"));
    let ordinary = town.counter("clinic-1").get(&whole, &ordinary.token).await;
    assert_eq!(told.json["title"], ordinary.json["title"], "no oracle: as any other step-up");
    assert_eq!(told.json["reasons"][0]["code"], ordinary.json["reasons"][0]["code"]);
    let stronger = agreed(&town, "clinic-1", &opened, "amina").await;
    assert_eq!(reads(&town, "clinic-1", &stronger).await.0, 200);
}

#[tokio::test]
async fn a_card_that_was_honest_is_free_again_and_its_signal_is_not_held_against_it() {
    let town = Harness::healthy().await;
    let running = town.session("amina", "clinic-1").await;
    quarantine(&town, &card_of(&town, &running).await).await;
    let asked = async || reads(&town, "clinic-1", &running).await.0 == 401;
    assert!(town.eventually(asked).await);
    let case = card_cases(&town).await.remove(0);
    let labelled = store::label(&town.app().store, case.id, (Label::Honest, "nadia"), town.now()).await;
    labelled.expect("labelled").expect("a case");
    let free = async || reads(&town, "clinic-1", &running).await.0 == 200;
    assert!(town.eventually(free).await, "within a second");
}

#[tokio::test]
async fn a_copy_opens_nothing_and_asks_nothing_of_the_original() {
    let town = Harness::healthy().await;
    for _ in 0..3 {
        let told = town.counter("pharmacy-1").open(&mut town.card("youssef-clone"), "TREAT").await;
        told.is_problem(422, "card-refused");
    }
    assert!(town.eventually(async || card_cases(&town).await.len() == 1).await, "there is a case");
    let original = town.session("youssef", "pharmacy-1").await;
    assert_eq!(reads(&town, "pharmacy-1", &original).await.0, 200);
    let signals = town.event_codes("risk-signal").await;
    assert_eq!(
        signals.iter().filter(|code| *code == "clone-suspected").count(),
        1,
        "told once, not each time"
    );
}
