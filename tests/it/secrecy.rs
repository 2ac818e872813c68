//! No identifier, name, token, PIN, CAN or APDU payload in a log line or a Debug text.

use bawaba_tests::harness::Harness;
use gateway::demo::people::PEOPLE;

/// What must not be seen, and what it is.
fn secrets() -> Vec<(String, String)> {
    let mut secrets = Vec::new();
    for person in PEOPLE {
        for (what, value) in [
            ("family name", person.family),
            ("family name", person.family_ar),
            ("CNIE number", person.national_number),
            ("document number", person.document_number),
            ("CAN", person.can),
            ("identifiant santé", person.health_id),
        ] {
            secrets.push((format!("{what} of {}", person.card), value.to_owned()));
            secrets.push((format!("{what} of {} in hex", person.card), hex::encode(value)));
        }
        let mrz = person.family.to_uppercase().replace([' ', '\'', '-'], "<");
        secrets.push((format!("MRZ name of {}", person.card), mrz));
    }
    secrets
}

fn found(haystack: &str, secrets: &[(String, String)]) -> Vec<String> {
    secrets.iter().filter(|(_, value)| contains(haystack, value)).map(|(what, _)| what.clone()).collect()
}

/// Digits stand alone: `204417` inside a longer number is a coincidence.
fn contains(haystack: &str, value: &str) -> bool {
    haystack.match_indices(value).any(|(at, _)| {
        let before = haystack[..at].chars().next_back();
        let after = haystack[at + value.len()..].chars().next();
        ![before, after].into_iter().flatten().any(|one| one.is_ascii_alphanumeric())
    })
}

#[tokio::test]
async fn a_whole_act_leaves_nobody_in_the_log_even_at_trace_level() {
    let mut town = Harness::new().log("trace").start_as_program().await;
    let opened = town.session("amina", "pharmacy-1").await;
    let counter = town.counter("pharmacy-1");
    counter.get("/prescription/MedicationRequest", &opened.token).await.is(200);
    counter.get(&format!("/dossier/Patient?identifier={}", PEOPLE[0].national_number), &opened.token).await;
    counter.get("/prescription/MedicationRequest", &format!("{}x", opened.token)).await.is(401);
    counter.open(&mut town.card("youssef-clone"), "TREAT").await.is(422);
    counter
        .ask(reqwest::Method::POST, "/v1/presences", None, Some(&PEOPLE[0].national_number.into()))
        .await
        .is(400);
    let log = town.stop_and_read_log().await;
    assert!(log.lines().count() > 50, "this log is too short to show anything:\n{log}");
    let mut secrets = secrets();
    secrets.push(("session token".to_owned(), opened.token.clone()));
    secrets.push((
        "signature of the token".to_owned(),
        opened.token.rsplit('.').next().unwrap_or_default().to_owned(),
    ));
    secrets.push(("medicine".to_owned(), "Metformine".to_owned()));
    let lines = log.lines().filter(|line| !found(line, &secrets).is_empty()).collect::<Vec<_>>();
    assert!(lines.is_empty(), "{:?} seen in the log: {lines:#?}", found(&log, &secrets));
    // Any compact JWS at all.
    let words = log.split(|one: char| one.is_whitespace() || matches!(one, '"' | '\\' | '='));
    assert_eq!(words.filter(|word| word.starts_with("eyJ")).count(), 0, "tokens in the log");
}

#[tokio::test]
async fn the_debug_text_of_whatever_holds_a_person_shows_nobody() {
    let town = Harness::healthy().await;
    let mut card = town.card("amina");
    let mut conversation = card.conversation();
    let transcript = conversation.read_transcript().expect("a card that can be read");
    let trust = town.trust_store();
    let authentic = transcript.clone().authenticate(&trust, town.now()).expect("a sound card");
    let mut shown = vec![
        format!("{:?}", card_reader::Can::parse("204417")),
        format!("{transcript:?}"),
        format!("{authentic:?}"),
        format!("{:?}", authentic.mrz()),
        format!("{:?}", authentic.national_number()),
        format!("{:?}", card_reader::NationalNumber::parse("ZZ104217")),
    ];
    let command = card_reader::CommandApdu::new(0, 0xb0, 0, 0).with_data(*b"ZZ104217").expect("short data");
    shown.push(format!("{command:?}"));
    shown.push(format!("{:?}", card_reader::ResponseApdu::ok(b"ZZ104217".to_vec())));
    let challenge = authentic.challenge().expect("a chip that can prove itself");
    shown.push(format!("{challenge:?}"));
    let responses = conversation.run(challenge.commands()).expect("a chip that answers");
    shown.push(format!("{responses:?}"));
    let proof = challenge.prove(&responses, town.now()).expect("a sound chip");
    shown.push(format!("{proof:?}"));
    let keys = gateway::demo::keys::unlock(&town.files).expect("keys");
    shown.push(format!("{keys:?}"));
    let text = shown.join("\n");
    assert_eq!(found(&text, &secrets()), Vec::<String>::new(), "{text}");
    // Nor any bytes of a file: long runs of numbers are how `{:?}` shows a Vec<u8>.
    assert!(!text.contains(", 48, ") && text.len() < 8_000, "{text}");
}

#[tokio::test]
async fn what_is_stored_and_what_is_recorded_names_nobody() {
    let town = Harness::healthy().await;
    let opened = town.session("amina", "pharmacy-1").await;
    town.counter("pharmacy-1").get("/prescription/MedicationRequest", &opened.token).await.is(200);
    let events = serde_json::to_string(&town.events().await).expect("JSON");
    assert_eq!(found(&events, &secrets()), Vec::<String>::new(), "seen in the audit log");
    let state = town.files.root().to_owned();
    drop(town);
    for entry in std::fs::read_dir(&state).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("bawaba.db") {
            let bytes = std::fs::read(entry.path()).expect("our own file");
            let text = String::from_utf8_lossy(&bytes);
            let identifiers: Vec<_> = secrets()
                .into_iter()
                .filter(|(what, _)| what.starts_with("CNIE") || what.starts_with("identifiant"))
                .collect();
            assert_eq!(found(&text, &identifiers), Vec::<String>::new(), "readable in {name}");
        }
    }
}
