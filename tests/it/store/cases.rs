//! What the store of fraud cases promises, on both engines.

use gateway::fraud::case::{About, CaseState, Found, KeptHit, Label, Regime, Subject};
use gateway::fraud::note::{self, Note};
use gateway::fraud::store::{self, Filter};
use gateway::store::{Statement, Store};
use hsm_config::SoftwareKeys;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::kingdom::Kingdom;

const AT: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);

fn card(name: &str) -> Subject {
    Subject { about: About::Card, name: name.to_owned() }
}

/// What these signals said about that card.
fn found(name: &str, score: u8, signals: &[&str], at: OffsetDateTime) -> Found {
    let hit = |signal: &&str| KeptHit {
        signal: (*signal).to_owned(),
        weight: score,
        counted: true,
        establishment: Some("pharmacy-1".to_owned()),
        station: Some("poste-1".to_owned()),
        presence: Some(Uuid::from_u128(7)),
        why: "km: 400 seen, 60 plausible, in 1800 s".to_owned(),
        at,
    };
    Found {
        subject: card(name),
        score,
        quarantine: signals.contains(&"two-certificates"),
        hits: signals.iter().map(hit).collect(),
        at,
    }
}

async fn running(store: &Store) -> Vec<gateway::fraud::case::Case> {
    store::cases(store, &Filter { most: 100, ..Filter::default() }).await.expect("cases")
}

#[tokio::test]
async fn hits_about_one_thing_are_one_case_until_it_has_its_label() {
    for kingdom in Kingdom::both().await {
        let (store, engine) = (kingdom.store().await, kingdom.engine());
        let later = AT + Duration::hours(1);
        store::record(&store, &found("a", 60, &["impossible-travel"], AT)).await.expect("kept");
        store::record(&store, &found("a", 40, &["two-places", "velocity"], later)).await.expect("kept");
        store::record(&store, &found("b", 50, &["two-places"], AT)).await.expect("kept");
        let cases = running(&store).await;
        let [first, second] = cases.as_slice() else { panic!("{engine}: {cases:?}") };
        assert_eq!((first.subject.clone(), first.score), (card("a"), 60), "{engine}: the highest score");
        assert_eq!((first.opened_at, first.seen_at, first.state), (AT, later, CaseState::Open));
        assert_eq!(second.subject, card("b"));
        let hits = store::hits(&store, first.id).await.expect("hits");
        let said: Vec<_> = hits.iter().map(|hit| hit.signal.as_str()).collect();
        assert_eq!(said, ["impossible-travel", "two-places", "velocity"], "{engine}");
        assert_eq!(hits[0].presence, Some(Uuid::from_u128(7)));
        let filter = Filter { signal: Some("velocity".to_owned()), most: 9, ..Filter::default() };
        assert_eq!(store::cases(&store, &filter).await.expect("cases").len(), 1);
        let closed = store::label(&store, first.id, (Label::Fraud, "nadia"), later).await.expect("labelled");
        assert_eq!(closed, Some(CaseState::Closed));
        assert_eq!(
            store::label(&store, Uuid::nil(), (Label::Fraud, "nadia"), later).await.expect("none"),
            None
        );
        store::record(&store, &found("a", 30, &["velocity"], later)).await.expect("kept");
        assert_eq!(running(&store).await.len(), 3, "{engine}: what comes afterwards is a new case");
        let open = Filter { state: Some(CaseState::Open), most: 9, ..Filter::default() };
        assert_eq!(store::cases(&store, &open).await.expect("cases").len(), 2);
    }
}

#[tokio::test]
async fn many_gateways_at_once_open_one_case_and_it_does_not_grow_for_ever() {
    for kingdom in Kingdom::both().await {
        let stores = [kingdom.store().await, kingdom.store().await];
        let find = found("a", 60, &["velocity"], AT);
        let all = (0..230).map(|turn| store::record(&stores[turn % 2], &find));
        for kept in futures_util::future::join_all(all).await {
            kept.expect("kept");
        }
        let cases = running(&stores[0]).await;
        assert_eq!(cases.len(), 1, "{}", kingdom.engine());
        let hits = store::hits(&stores[0], cases[0].id).await.expect("hits").len();
        // Two that count at the same moment may both find room.
        assert!((200..=210).contains(&hits), "{}: {hits}", kingdom.engine());
    }
}

#[tokio::test]
async fn labels_make_the_precision_of_each_signal_and_free_the_card() {
    for kingdom in Kingdom::both().await {
        let (store, engine) = (kingdom.store().await, kingdom.engine());
        for (name, label) in
            [("a", Label::Fraud), ("b", Label::Honest), ("c", Label::Fraud), ("d", Label::Unclear)]
        {
            let signals: &[&str] =
                if name == "c" { &["two-certificates"] } else { &["two-certificates", "night"] };
            for minute in 0..2 {
                let at = AT + Duration::minutes(minute);
                store::record(&store, &found(name, 70, signals, at)).await.expect("kept");
            }
            let before = store::rulings(&store, 0, AT).await.expect("rulings").expect("something new");
            assert!(before.quarantined.contains(&name.to_owned()), "{engine}: {name}");
            let case =
                running(&store).await.into_iter().find(|case| case.subject.name == name).expect("a case");
            assert!(case.quarantined && case.state == CaseState::Open);
            let labelled = store::label(&store, case.id, (label, "nadia"), AT + Duration::hours(1)).await;
            labelled.expect("labelled").expect("there");
        }
        let worth = store::worth(&store).await.expect("figures");
        let [night, certificates] = worth.as_slice() else { panic!("{engine}: {worth:?}") };
        assert_eq!((night.signal.as_str(), night.cases, night.hits), ("night", 3, 6), "{engine}");
        assert_eq!((night.fraud, night.honest, night.precision()), (1, 1, Some(0.5)));
        assert_eq!((certificates.fraud, certificates.honest, certificates.cases), (2, 1, 4));
        let at = AT + Duration::hours(2);
        let mut ruled = store::rulings(&store, 0, at).await.expect("rulings").expect("something new");
        ruled.quarantined.sort_unstable();
        assert_eq!(ruled.quarantined, ["a", "c"], "{engine}: honest and unclear cards are free");
        ruled.mistaken.sort_by(|one, other| one.1.cmp(&other.1));
        let mistaken = [(card("b"), "night".to_owned()), (card("b"), "two-certificates".to_owned())];
        assert_eq!(ruled.mistaken, mistaken, "{engine}");
        assert_eq!(
            store::rulings(&store, ruled.of, at).await.expect("rulings"),
            None,
            "{engine}: nothing new"
        );
        let month = at + Duration::days(31);
        let ruled = store::rulings(&store, 0, month).await.expect("rulings").expect("all of it");
        assert!(ruled.mistaken.is_empty(), "{engine}: a mistake excuses nobody for ever");
        store::set_regime(&store, "night", Regime::OnTrial, month).await.expect("ruled");
        store::set_regime(&store, "night", Regime::Off, month).await.expect("ruled");
        let ruled = store::rulings(&store, ruled.of, month).await.expect("rulings").expect("something new");
        assert_eq!(ruled.regimes.into_iter().collect::<Vec<_>>(), [("night".to_owned(), Regime::Off)]);
    }
}

#[tokio::test]
async fn notes_are_sealed_for_their_case() {
    let keys = SoftwareKeys::generate(AT).expect("keys");
    for kingdom in Kingdom::both().await {
        let (store, engine) = (kingdom.store().await, kingdom.engine());
        for name in ["a", "b"] {
            store::record(&store, &found(name, 60, &["velocity"], AT)).await.expect("kept");
        }
        let cases = running(&store).await;
        let words = "مريم قالت إن أخاها استعمل البطاقة «hier»".to_owned();
        let written = Note { by: "nadia".to_owned(), words: words.clone() };
        note::write(&store, &keys, cases[0].id, &written, AT).await.expect("written");
        let read = note::read(&store, &keys, cases[0].id).await.expect("notes");
        assert_eq!((read.len(), read[0].0, read[0].1.words.as_str()), (1, AT, words.as_str()), "{engine}");
        let state = store::case(&store, cases[0].id).await.expect("an answer").expect("a case").state;
        assert_eq!(state, CaseState::UnderReview);
        let sealed = store::notes(&store, cases[0].id).await.expect("notes").remove(0).2;
        assert!(!sealed.windows(5).any(|part| part == b"nadia"), "{engine}: nothing is legible");
        // Carried to another case by whoever may write to the database, it opens no more.
        let moved = Statement::new("UPDATE fraud_note SET case_id = $1").bind(cases[1].id);
        store.write(moved).await.expect("moved");
        note::read(&store, &keys, cases[1].id).await.expect_err("not of this case");
        assert!(
            note::write(&store, &keys, Uuid::nil(), &written, AT).await.is_err(),
            "{engine}: no such case"
        );
    }
}
