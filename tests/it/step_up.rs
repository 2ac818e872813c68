//! Step-up by the holder's PIN (RFC 9470), at the real gateway with a chip in software: what is asked for, what is believed.

use bawaba_tests::counter::{Counter, Reply, TestCard, commands, text};
use bawaba_tests::harness::{Harness, Opened};
use card_reader::ResponseApdu;
use card_reader::holder::Pin;
use reqwest::Method;
use serde_json::{Value, json};

const HOSPITAL: &str = "hospital-1";

/// What only the holder may have taken out.
fn whole_record(opened: &Opened) -> String {
    format!("/dossier/Patient/{}/$everything", opened.patient_at("dossier"))
}

fn path(opened: &Opened) -> String {
    format!("/v1/sessions/{}/step-up", text(&opened.json["session"]["id"]))
}

async fn begin(counter: &Counter, opened: &Opened) -> Reply {
    let body = json!({ "station": "poste-1", "profile": "cnie-2020" });
    counter.ask(Method::POST, &path(opened), Some(&opened.token), Some(&body)).await
}

/// The card's answers to a step-up, the holder having typed this PIN.
fn answers(card: &mut TestCard, begun: &Value, pin: &str) -> Vec<ResponseApdu> {
    let pin = Pin::parse(pin).expect("a PIN");
    card.conversation().run_with_pin(&commands(begun), &pin).expect("a card that answers")
}

async fn prove(counter: &Counter, opened: &Opened, step_up: &str, answers: &[ResponseApdu]) -> Reply {
    let responses: Vec<String> = answers.iter().map(|answer| hex::encode(answer.encode())).collect();
    let path = format!("{}/{step_up}/proof", path(opened));
    counter.ask(Method::POST, &path, Some(&opened.token), Some(&json!({ "responses": responses }))).await
}

/// The whole step-up with the card of this name.
async fn step_up(town: &Harness, client: &str, opened: &Opened, card: &str, pin: &str) -> Reply {
    let counter = town.counter(client);
    let begun = begin(&counter, opened).await;
    begun.is(201);
    let answers = answers(&mut town.card(card), &begun.json, pin);
    prove(&counter, opened, &text(&begun.json["step_up"]), &answers).await
}

fn stepped(reply: &Reply) -> Opened {
    reply.is(201);
    Opened { token: text(&reply.json["token"]), json: reply.json.clone() }
}

fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).expect("a JWS");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&bytes).expect("claims")
}

#[tokio::test]
async fn the_holder_agrees_and_the_same_session_goes_on() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", HOSPITAL).await;
    let counter = town.counter(HOSPITAL);
    let before = town.event_count().await;
    let asked = counter.get(&whole_record(&opened), &opened.token).await;
    asked.is_problem(401, "holder-required");
    let wanted = "Bearer error=\"insufficient_user_authentication\", \
        error_description=\"the holder of the card has to agree by PIN\", acr_values=\"holder\", max_age=\"300\"";
    // The resource's metadata (RFC 9728) may follow.
    assert!(asked.header("www-authenticate").starts_with(wanted), "{}", asked.header("www-authenticate"));
    assert_eq!(asked.json["reasons"][0]["code"], "holder-required");
    let event = town.event_after(before, "holder-required").await;
    assert_eq!((text(&event["kind"]), text(&event["outcome"])), ("access".to_owned(), "deny".to_owned()));

    let done = step_up(&town, HOSPITAL, &opened, "amina", "4417").await;
    let stronger = stepped(&done);
    assert_eq!(done.json["session"]["acr"], "holder");
    let (old, new) = (claims(&opened.token), claims(&stronger.token));
    for same in ["sid", "sub", "exp", "cnf", "scope", "presence", "purpose", "establishment"] {
        assert_eq!(old[same], new[same], "{same}");
    }
    assert_ne!(old["jti"], new["jti"]);
    assert_eq!((new["acr"].clone(), new["amr"].clone()), (json!("holder"), json!(["hwk", "pin"])));
    assert!(new["auth_time"].as_i64() >= old["auth_time"].as_i64());
    for code in ["step-up-begun", "step-up-done"] {
        assert_eq!(town.event_after(before, code).await["session"], opened.json["session"]["id"]);
    }

    let record = counter.get(&whole_record(&opened), &stronger.token).await;
    record.is(200);
    assert_eq!(record.json["resourceType"], "Bundle");
    // What the chip alone opened, it still opens; both end together.
    counter.get("/dossier/AllergyIntolerance", &opened.token).await.is(200);
    counter.get(&whole_record(&opened), &opened.token).await.is_problem(401, "holder-required");
    let session = format!("/v1/sessions/{}", text(&opened.json["session"]["id"]));
    counter.ask(Method::DELETE, &session, Some(&opened.token), None).await.is(204);
    for token in [&opened.token, &stronger.token] {
        counter.get("/dossier/AllergyIntolerance", token).await.is_problem(401, "session-ended");
    }
}

#[tokio::test]
async fn a_pin_is_good_for_five_minutes_and_can_be_renewed() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", HOSPITAL).await;
    let first = stepped(&step_up(&town, HOSPITAL, &opened, "amina", "4417").await);
    let counter = town.counter(HOSPITAL);
    town.clock.advance(time::Duration::seconds(301));
    let before = town.event_count().await;
    let asked = counter.get(&whole_record(&opened), &first.token).await;
    asked.is_problem(401, "holder-required");
    assert!(asked.header("www-authenticate").contains(", max_age=\"300\""));
    town.event_after(before, "holder-too-long-ago").await;
    let again = Opened { json: opened.json.clone(), token: first.token };
    let second = stepped(&step_up(&town, HOSPITAL, &again, "amina", "4417").await);
    assert_eq!(claims(&second.token)["amr"], json!(["hwk", "pin"]), "a PIN is named once");
    assert_eq!(claims(&second.token)["exp"], claims(&opened.token)["exp"], "no session lives longer by it");
    // The sample back-ends live by the machine's clock, five minutes behind: that they are asked is what policy permits.
    let before = town.event_count().await;
    counter.get(&whole_record(&opened), &second.token).await.is_problem(502, "back-end-refused");
    assert_eq!(town.event_after(before, "back-end-refused").await["kind"], "access");
}

#[tokio::test]
async fn who_would_be_turned_away_afterwards_is_not_asked_for_a_pin() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let refused = town.counter("pharmacy-1").get(&whole_record(&opened), &opened.token).await;
    refused.is_problem(403, "denied");
    assert_eq!(refused.header("www-authenticate"), "");
}

#[tokio::test]
async fn the_guardian_agrees_for_a_child() {
    let town = Harness::healthy().await;
    let counter = town.counter(HOSPITAL);
    let guardian = town.session("fatima-guardian", HOSPITAL).await;
    let child = text(&guardian.json["session"]["dependants"][0]["subject"]);
    let mut card = town.card("fatima-guardian");
    let answered = counter.challenge(&mut card).await.unwrap_or_else(|refused| panic!("{refused:?}"));
    let responses: Vec<String> = answered.responses.iter().map(|one| hex::encode(one.encode())).collect();
    let body = json!({ "responses": responses, "purpose": "TREAT", "dependant": child });
    let path = format!("/v1/presences/{}/proof", answered.presence);
    let opened = counter.ask(Method::POST, &path, None, Some(&body)).await;
    opened.is(201);
    let opened = Opened { token: text(&opened.json["token"]), json: opened.json };
    let stronger = stepped(&step_up(&town, HOSPITAL, &opened, "fatima-guardian", "0951").await);
    counter.get(&whole_record(&opened), &stronger.token).await.is(200);
    let stranger = step_up(&town, HOSPITAL, &opened, "amina", "4417").await;
    stranger.is_problem(422, "holder-refused");
}

/// Which card, which PIN, and the exact code that only the log tells.
#[tokio::test]
async fn what_is_not_believed_looks_the_same_outside_and_has_its_name_in_the_log() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", HOSPITAL).await;
    let rows = [
        ("youssef", "8320", "holder-is-another-person", None),
        ("amina", "0000", "pin-wrong", Some("tries left, as the station says: 2")),
        ("mehdi", "9352", "pin-blocked", Some("tries left, as the station says: 0")),
        ("brahim", "7540", "holder-application-missing", None),
        ("karim", "3074", "revoked", None),
        ("youssef-clone", "8320", "holder-signature-wrong", None),
    ];
    for (card, pin, code, detail) in rows {
        let before = town.event_count().await;
        let refused = step_up(&town, HOSPITAL, &opened, card, pin).await;
        refused.is_problem(422, "holder-refused");
        let event = town.event_after(before, code).await;
        assert_eq!(
            (text(&event["kind"]), text(&event["client"])),
            ("step-up-refused".into(), HOSPITAL.into())
        );
        assert_eq!(event["detail"].as_str(), detail, "{card}");
        assert!(!refused.json.to_string().contains(code), "{card}: {}", refused.json);
    }
}

#[tokio::test]
async fn a_challenge_is_spent_once_by_the_client_and_the_session_it_was_made_for() {
    let town = Harness::healthy().await;
    let (mine, other) = (town.session("amina", HOSPITAL).await, town.session("salma", HOSPITAL).await);
    let counter = town.counter(HOSPITAL);
    let begun = begin(&counter, &mine).await;
    let name = text(&begun.json["step_up"]);
    let sound = answers(&mut town.card("amina"), &begun.json, "4417");

    let theirs = town.session("amina", "hospital-1").await;
    let clinic = town.session("amina", "clinic-1").await;
    let before = town.event_count().await;
    let stolen = prove(&town.counter("clinic-1"), &clinic, &name, &sound).await;
    stolen.is_problem(409, "step-up-not-usable");
    town.event_after(before, "step-up-of-another-client").await;
    prove(&counter, &mine, &name, &sound).await.is(201);
    prove(&counter, &mine, &name, &sound).await.is_problem(409, "step-up-not-usable");
    town.event_after(before, "step-up-spent").await;

    // An answer to another challenge, to another session's challenge, and a challenge of another session.
    let begun = begin(&counter, &theirs).await;
    prove(&counter, &theirs, &text(&begun.json["step_up"]), &sound).await.is_problem(422, "holder-refused");
    town.event_after(before, "holder-signature-wrong").await;
    let begun = begin(&counter, &mine).await;
    let sound = answers(&mut town.card("amina"), &begun.json, "4417");
    let carried = prove(&counter, &other, &text(&begun.json["step_up"]), &sound).await;
    carried.is_problem(409, "step-up-not-usable");
    town.event_after(before, "step-up-of-another-session").await;

    let late = begin(&counter, &mine).await;
    let sound = answers(&mut town.card("amina"), &late.json, "4417");
    town.clock.advance(time::Duration::seconds(61));
    prove(&counter, &mine, &text(&late.json["step_up"]), &sound).await.is_problem(409, "step-up-not-usable");
    for unknown in ["00000000-0000-4000-8000-000000000000", "nonsense"] {
        prove(&counter, &mine, unknown, &sound).await.is_problem(409, "step-up-not-usable");
    }
}

#[tokio::test]
async fn a_session_that_ended_in_between_is_not_brought_back() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", HOSPITAL).await;
    let counter = town.counter(HOSPITAL);
    let begun = begin(&counter, &opened).await;
    let sound = answers(&mut town.card("amina"), &begun.json, "4417");
    let session = format!("/v1/sessions/{}", text(&opened.json["session"]["id"]));
    counter.ask(Method::DELETE, &session, Some(&opened.token), None).await.is(204);
    let late = prove(&counter, &opened, &text(&begun.json["step_up"]), &sound).await;
    late.is_problem(401, "session-ended");
    begin(&counter, &opened).await.is_problem(401, "session-ended");
}

#[tokio::test]
async fn without_an_authority_of_holders_no_pin_is_asked_for() {
    let plan = Harness::new().configured(|config, _| {
        let trust = config["trust"].as_table_mut().expect("a table");
        for key in ["holder_ca", "holder_crl", "holder_policies"] {
            trust.remove(key);
        }
    });
    let town = plan.start().await;
    let opened = town.session("amina", HOSPITAL).await;
    let counter = town.counter(HOSPITAL);
    counter.get(&whole_record(&opened), &opened.token).await.is_problem(403, "denied");
    begin(&counter, &opened).await.is_problem(503, "trust-unavailable");
}

#[tokio::test]
async fn a_list_past_its_next_one_is_the_gateways_fault_not_the_holders() {
    let town = Harness::healthy().await;
    let at = town.now() - time::Duration::days(500);
    let holders = gateway::demo::holders::Holders::load_or_create(&town.files, town.now()).expect("holders");
    holders.sign_crl(&town.files, at).expect("a list");
    let opened = town.session("amina", HOSPITAL).await;
    let outage = town
        .eventually(async || {
            step_up(&town, HOSPITAL, &opened, "amina", "4417").await.code() == "trust-unavailable"
        })
        .await;
    assert!(outage, "an old list is still believed");
    holders.sign_crl(&town.files, town.now()).expect("a list");
    let back = town
        .eventually(async || step_up(&town, HOSPITAL, &opened, "amina", "4417").await.status == 201)
        .await;
    assert!(back, "the fresh list is not read");
}

#[tokio::test]
async fn malformed_bodies_are_refused_by_name() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", HOSPITAL).await;
    let counter = town.counter(HOSPITAL);
    for body in [
        json!({}),
        json!({ "station": "a b", "profile": "cnie-2020" }),
        json!({ "station": "poste-1", "profile": "cnie-1999" }),
        json!({ "station": "poste-1", "profile": "cnie-2020", "pin": "4417" }),
    ] {
        let before = town.event_count().await;
        let refused = counter.ask(Method::POST, &path(&opened), Some(&opened.token), Some(&body)).await;
        refused.is_problem(400, "malformed");
        assert_eq!(text(&town.event_after(before, "malformed").await["kind"]), "step-up-refused");
    }
}
