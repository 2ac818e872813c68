//! A card that is reported: what was it used for meanwhile?

use std::time::Duration;

use bawaba_tests::harness::Harness;
use bawaba_tests::program::{bawaba, run};
use gateway::fraud::store;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;

use super::card_cases;

/// The number of the document of Amina's card.
const AMINA: &str = "X10A4217Q";

fn report(town: &Harness, missing_since: time::OffsetDateTime) -> Value {
    let config = town.files.config();
    let since = missing_since.format(&Rfc3339).expect("a moment");
    let words =
        ["registry", "report-card", "--reason", "stolen", "--missing-since", &since, "--json", "--config"];
    let mut command = bawaba(&[&words[..], &[config.to_str().expect("UTF-8")]].concat());
    let folder = tempfile::tempdir().expect("a folder");
    let given = folder.path().join("number");
    std::fs::write(&given, AMINA).expect("a file");
    command.stdin(std::fs::File::open(&given).expect("a file"));
    let output = run(&mut command, Duration::from_secs(60));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stolen_card_was_used_for_before_the_report_is_a_case() {
    let town = Harness::healthy().await;
    town.session("youssef", "pharmacy-1").await;
    town.session("amina", "pharmacy-1").await;
    let told = report(&town, town.now() - time::Duration::hours(2));
    assert_eq!((&told["reported"], &told["used_since_missing"]), (&"stolen".into(), &true.into()));
    let cases = card_cases(&town).await;
    assert_eq!(cases.len(), 1, "youssef's card is nobody's business");
    let hits = store::hits(&town.app().store, cases[0].id).await.expect("hits");
    assert!(
        hits.iter()
            .any(|hit| hit.signal == "card-reported" && hit.why.starts_with("uses-before-the-report: 1"))
    );
    // From now on it opens nothing, and that is a hit of the same case.
    let refused = town.counter("clinic-1").open(&mut town.card("amina"), "TREAT").await;
    refused.is_problem(403, "denied");
    let grown = async || store::hits(&town.app().store, cases[0].id).await.expect("hits").len() > hits.len();
    assert!(town.eventually(grown).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_lay_in_a_drawer_is_no_case() {
    let town = Harness::healthy().await;
    town.session("amina", "pharmacy-1").await;
    let told = report(&town, town.now() + time::Duration::minutes(5));
    assert_eq!(told["used_since_missing"], false);
    assert!(card_cases(&town).await.is_empty());
}
