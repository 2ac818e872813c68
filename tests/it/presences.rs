//! `POST /v1/presences` and its proof: whom is a card believed, and what do the others learn?

use bawaba_tests::counter::{TestCard, presence_body};
use bawaba_tests::harness::Harness;
use bawaba_tests::papers::Country;
use card_reader::{Can, CardError, CardTranscript, Conversation};
use reqwest::Method;
use time::Duration;

/// Presents this transcript, and looks at the answer and at the event. Gives what the counter was told.
#[track_caller]
fn refused<'a>(
    town: &'a Harness,
    transcript: &'a CardTranscript,
    exact: &'a str,
) -> impl Future<Output = serde_json::Value> + 'a {
    let place = std::panic::Location::caller();
    async move {
        let before = town.event_count().await;
        let mut told = town.counter("pharmacy-1").present(transcript).await;
        assert_eq!((told.status.as_u16(), told.code()), (422, "card-refused"), "{place}: {}", told.json);
        let event = town.event_after(before, exact).await;
        assert_eq!(
            (&event["kind"], &event["outcome"]),
            (&"presence-refused".into(), &"refused".into()),
            "{place}"
        );
        assert_eq!(event["client"], "pharmacy-1", "{place}");
        told.json.as_object_mut().expect("an object").remove("request_id");
        told.json
    }
}

#[tokio::test]
async fn a_sound_card_becomes_a_session_and_both_steps_are_recorded() {
    let town = Harness::healthy().await;
    for card in ["amina", "youssef", "fatima-guardian"] {
        let before = town.event_count().await;
        let opened = town.counter("pharmacy-1").open(&mut town.card(card), "TREAT").await;
        opened.is(201);
        let begun = town.event_after(before, "presence-begun").await;
        let session = town.event_after(before, "session-opened").await;
        assert_eq!(begun["presence"], session["presence"]);
        assert_eq!(session["outcome"], "permit");
        assert_eq!(session["session"], opened.json["session"]["id"]);
        assert!(opened.json["receipt"].as_str().is_some_and(|receipt| receipt.split('.').count() == 3));
    }
}

#[tokio::test]
async fn a_wrong_can_is_told_with_the_tries_left_and_nothing_is_sent() {
    let town = Harness::healthy().await;
    let before = town.event_count().await;
    let mut card = town.card("amina");
    let mut tries = Vec::new();
    for _ in 0..2 {
        let wrong = Can::parse("000000").expect("six digits");
        match Conversation::open(card.chip(), &wrong, bawaba_tests::counter::PROFILE).err() {
            Some(CardError::WrongCan { tries_left }) => tries.push(tries_left),
            other => panic!("{other:?}"),
        }
    }
    assert!(tries[0] > tries[1], "every wrong CAN costs one try: {tries:?}");
    assert_eq!(town.event_count().await, before, "the gateway heard of it");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_card_the_counter_is_told_the_same_and_the_log_the_exact_code() {
    let country = Country::new("UTO", Duration::days(-400)..Duration::days(400));
    let stranger = Country::new("XOM", Duration::days(-400)..Duration::days(400));
    let town = Harness::new().trusting(&country).start().await;
    let sound = town.card("amina").transcript();
    let mut told = Vec::new();

    let mut changed = sound.clone();
    // One letter of the name: outside every check digit but the last.
    let letter = changed.dg1.len() - 20;
    changed.dg1[letter] ^= 1;
    told.push(refused(&town, &changed, "data-group-changed").await);

    let other = town.card("youssef").transcript();
    let swapped = CardTranscript { sod: other.sod, ..sound.clone() };
    told.push(refused(&town, &swapped, "data-group-changed").await);

    let foreign = stranger.sign(&sound, Duration::days(-30)..Duration::days(30));
    told.push(refused(&town, &foreign, "signer-untrusted").await);

    let expired = country.sign(&sound, Duration::days(-60)..Duration::days(-1));
    told.push(refused(&town, &expired, "signer-expired").await);

    let revoked = town.card("karim-signer-revoked").transcript();
    told.push(refused(&town, &revoked, "signer-revoked").await);

    let old = town.card("zineb-expired").transcript();
    told.push(refused(&town, &old, "document-expired").await);

    assert!(told.iter().all(|text| *text == told[0]), "the counter can tell them apart: {told:#?}");
}

#[tokio::test]
async fn a_clone_is_refused_with_a_risk_signal() {
    let town = Harness::healthy().await;
    let before = town.event_count().await;
    let told = town.counter("pharmacy-1").open(&mut town.card("youssef-clone"), "TREAT").await;
    told.is_problem(422, "card-refused");
    let event = town.event_of_kind_after(before, "risk-signal").await;
    assert_eq!(event["client"], "pharmacy-1");
    assert_eq!(event["code"], "clone-suspected");
    assert!(town.events().await.iter().all(|event| event["kind"] != "session-opened"));
}

#[tokio::test]
async fn a_proof_counts_once() {
    let town = Harness::healthy().await;
    let counter = town.counter("pharmacy-1");
    let answered = counter.challenge(&mut town.card("amina")).await.expect("a challenge");
    counter.prove(&answered.presence, &answered.responses, "TREAT").await.is(201);
    let before = town.event_count().await;
    let again = counter.prove(&answered.presence, &answered.responses, "TREAT").await;
    assert!(matches!(again.status.as_u16(), 409 | 410), "{}", again.json);
    town.event_of_kind_after(before, "session-refused").await;
}

#[tokio::test]
async fn a_proof_sent_many_times_at_once_opens_one_session() {
    let town = Harness::healthy().await;
    let counter = town.counter("pharmacy-1");
    let answered = counter.challenge(&mut town.card("youssef")).await.expect("a challenge");
    let proofs = (0..16).map(|_| counter.prove(&answered.presence, &answered.responses, "TREAT"));
    let answers = futures_util::future::join_all(proofs).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(town.event_codes("session-opened").await.len(), 1);
}

#[tokio::test]
async fn a_proof_from_another_client_is_refused_and_the_presence_stays_its_owners() {
    let town = Harness::healthy().await;
    let owner = town.counter("pharmacy-1");
    let answered = owner.challenge(&mut town.card("amina")).await.expect("a challenge");
    let before = town.event_count().await;
    let stolen = town.counter("pharmacy-2").prove(&answered.presence, &answered.responses, "TREAT").await;
    assert!(matches!(stolen.status.as_u16(), 409 | 410), "{}", stolen.json);
    assert_eq!(town.event_of_kind_after(before, "session-refused").await["client"], "pharmacy-2");
    owner.prove(&answered.presence, &answered.responses, "TREAT").await.is(201);
}

#[tokio::test]
async fn a_proof_after_the_challenge_has_expired_is_refused() {
    let town = Harness::healthy().await;
    let counter = town.counter("pharmacy-1");
    let answered = counter.challenge(&mut town.card("amina")).await.expect("a challenge");
    let before = town.event_count().await;
    town.clock.advance(time::Duration::seconds(61));
    let late = counter.prove(&answered.presence, &answered.responses, "TREAT").await;
    assert!(matches!(late.status.as_u16(), 409 | 410), "{}", late.json);
    assert_eq!(town.event_of_kind_after(before, "session-refused").await["outcome"], "refused");
}

#[tokio::test]
async fn a_presence_that_never_was_is_gone() {
    let town = Harness::healthy().await;
    let before = town.event_count().await;
    let answer = town.counter("pharmacy-1").prove("0190b5f0-0000-7000-8000-000000000000", &[], "TREAT").await;
    answer.is_problem(410, "presence-unknown");
    assert_eq!(town.event_after(before, "presence-unknown").await["kind"], "session-refused");
}

#[tokio::test]
async fn a_proof_made_of_other_answers_is_refused() {
    let town = Harness::healthy().await;
    let counter = town.counter("pharmacy-1");
    let yours = counter.challenge(&mut town.card("amina")).await.expect("a challenge");
    let mine = counter.challenge(&mut town.card("amina")).await.expect("a challenge");
    counter.prove(&mine.presence, &yours.responses, "TREAT").await.is_problem(422, "card-refused");
    counter.prove(&yours.presence, &[], "TREAT").await.is_problem(422, "card-refused");
}

#[tokio::test]
async fn a_body_that_is_no_presence_is_malformed_and_recorded() {
    let town = Harness::healthy().await;
    let counter = town.counter("pharmacy-1");
    let mut unknown = presence_body(&town.card("amina").transcript());
    unknown["cnie"] = "ZZ104217".into();
    let mut not_base64 = presence_body(&town.card("amina").transcript());
    not_base64["files"]["sod"] = "*".into();
    let mut no_profile = presence_body(&town.card("amina").transcript());
    no_profile["profile"] = "library-card".into();
    for body in [unknown, not_base64, no_profile, serde_json::json!([]), serde_json::json!({})] {
        let before = town.event_count().await;
        let answer = counter.ask(Method::POST, "/v1/presences", None, Some(&body)).await;
        answer.is_problem(400, "malformed");
        assert_eq!(town.event_after(before, "malformed").await["outcome"], "refused");
    }
}

#[tokio::test]
async fn a_card_pulled_out_half_way_opens_nothing_and_the_station_knows_why() {
    let town = Harness::healthy().await;
    let before = town.event_count().await;
    let mut file = town.card_file("amina");
    file["behaviour"]["pulled_out_after"] = 6.into();
    let mut card = TestCard::new(&file);
    let can = Can::parse("204417").expect("six digits");
    let error = Conversation::open(card.chip(), &can, bawaba_tests::counter::PROFILE)
        .and_then(|mut conversation| conversation.read_transcript())
        .expect_err("a card that is gone");
    assert_eq!(error.party().as_str(), "card");
    assert_eq!(town.event_count().await, before, "the gateway heard of it");
}
