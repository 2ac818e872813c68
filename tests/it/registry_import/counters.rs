//! What do counters notice while the registry becomes another?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bawaba_tests::harness::{Harness, Opened};
use bawaba_tests::population;
use bawaba_tests::program::{bawaba, run, text};
use gateway::demo::people::patients;

use super::LIMIT;

/// The kingdom's own people, all in that scheme, and three thousand more.
fn everybody(scheme: &str) -> String {
    let mut all = population::csv(0..3_000);
    for person in patients() {
        let number = person.national_number;
        all += &format!("{},{number},{},{scheme},2031-01-31,,\n", person.health_id, person.born);
    }
    all
}

fn import(town: &Harness, content: &str) {
    let file = town.files.root().join("everybody.csv");
    std::fs::write(&file, content).expect("a writable folder");
    let state = town.files.root().to_str().expect("UTF-8").to_owned();
    let words =
        ["registry", "import", "--replace", file.to_str().expect("UTF-8"), "--state", &state, "--json"];
    let output = run(&mut bawaba(&words), LIMIT);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

async fn covered_by(town: &Harness) -> String {
    town.session("amina", "pharmacy-1").await.json["session"]["coverage"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_go_on_and_see_the_new_registry_within_moments() {
    let town = Arc::new(Harness::healthy().await);
    let before: Opened = town.session("amina", "pharmacy-1").await;
    let ended = town.session("youssef", "pharmacy-1").await;
    let path = format!("/v1/sessions/{}", ended.json["session"]["id"].as_str().expect("an id"));
    let counter = town.counter("pharmacy-1");
    let gone = counter.ask(reqwest::Method::DELETE, &path, Some(&ended.token), None).await;
    assert!(gone.status.is_success(), "{}", gone.json);

    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = tokio::spawn({
        let (town, token, stop, asked) = (town.clone(), before.token.clone(), stop.clone(), asked.clone());
        async move {
            let counter = town.counter("pharmacy-1");
            while !stop.load(Ordering::Relaxed) {
                counter.get("/prescription/MedicationRequest", &token).await.is(200);
                asked.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    for scheme in ["tns", "amo-achamil"] {
        let (town, content) = (town.clone(), everybody(scheme));
        let importing = town.clone();
        tokio::task::spawn_blocking(move || import(&importing, &content)).await.expect("an import");
        let there = async || covered_by(&town).await.contains(scheme);
        assert!(town.eventually(there).await, "the cover is {}", covered_by(&town).await);
    }
    stop.store(true, Ordering::Relaxed);
    load.await.expect("no request was refused");
    assert!(asked.load(Ordering::Relaxed) > 0);

    counter.get("/prescription/MedicationRequest", &before.token).await.is(200);
    let answer = counter.get("/prescription/MedicationRequest", &ended.token).await;
    answer.is_problem(401, "session-ended");
    // The card that was reported before is still reported; nobody had to report it again.
    let reported = counter.open(&mut town.card("hamid-revoked"), "TREAT").await;
    assert!(!reported.status.is_success(), "{}", reported.json);

    let told = town.event_codes("registry-imported").await;
    assert_eq!(told, ["import-begun", "import-in-force", "import-begun", "import-in-force"]);

    // Without the kingdom's people, amina is nobody here; her running session finds no patient any more.
    import(&town, &population::csv(0..10));
    let forgotten =
        async || !counter.get("/prescription/MedicationRequest", &before.token).await.status.is_success();
    assert!(town.eventually(forgotten).await, "the gateway still remembers who is gone");
}
