//! What each establishment did: counted by every node, written down so that twice counts once.

use bawaba_tests::harness::{Harness, Plan};
use bawaba_tests::postgres::Postgres;
use bawaba_tests::program;
use gateway::tally::{Counted, EstablishmentCounts, day};

/// What is written down of this establishment today.
async fn today(town: &Harness, client: &str) -> Option<EstablishmentCounts> {
    let day = day(town.now());
    let all = town.app().tally.between(day, day).await.expect("counts");
    all.into_iter().find(|counts| counts.client == client)
}

async fn counts_of_all_nodes_add_up(plan: Plan) {
    let town = plan.start().await;
    let other = town.beside().await;
    for (node, card) in [(&town, "amina"), (&town, "youssef"), (&other, "amina")] {
        node.session(card, "pharmacy-1").await;
    }
    other.app().tally.count("pharmacy-1", Counted::Manual, other.now());
    for node in [&town, &other, &town, &other] {
        node.app().tally.write_down(node.now()).await.expect("a database");
    }
    let counted = today(&town, "pharmacy-1").await.expect("the pharmacy");
    let counts = (counted.presences, counted.sessions, counted.manual, counted.claims);
    assert_eq!(counts, (3, 3, 1, 0), "written twice, counted once");
    assert_eq!(counted.chip_read_percent(), Some(75));
    assert_eq!(today(&town, "clinic-1").await, None);
}

#[tokio::test]
async fn every_node_counts_in_the_embedded_database() {
    counts_of_all_nodes_add_up(Harness::new()).await;
}

#[tokio::test]
async fn every_node_counts_in_postgresql() {
    let server = Postgres::start();
    counts_of_all_nodes_add_up(Harness::new().postgres(&server)).await;
}

#[tokio::test]
async fn what_was_counted_is_there_after_an_orderly_stop() {
    let mut town = Harness::new().start_as_program().await;
    town.session("amina", "pharmacy-1").await;
    town.terminate();
    assert!(town.stopped_with_success().await);
    let store = town.database().await;
    let day = day(gateway::clock::Clock::now(&gateway::clock::SystemClock));
    let counts = gateway::tally::Tally::new(store.clone()).between(day, day).await.expect("counts");
    assert_eq!(
        counts.first().map(|counts| (counts.client.as_str(), counts.sessions)),
        Some(("pharmacy-1", 1))
    );
    store.close().await;
    let shown = |more: &[&str]| {
        let mut command = std::process::Command::new(program::path("bawaba"));
        command.args(["--json", "registry", "chip-reads", "--days", "1"]).args(more);
        command.arg("--config").arg(town.files.config());
        let output = program::run(&mut command, std::time::Duration::from_secs(60));
        assert!(output.status.success(), "{}", program::text(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON")
    };
    let all = shown(&[]);
    assert_eq!((&all[0]["client"], &all[0]["chip_read_percent"]), (&"pharmacy-1".into(), &100.into()));
    assert_eq!(shown(&["--below", "90"]), serde_json::json!([]));
}
