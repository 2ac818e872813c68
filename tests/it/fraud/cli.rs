//! `bawaba fraud`, beside a gateway that runs.

use std::time::Duration;

use bawaba_tests::counter::text;
use bawaba_tests::harness::Harness;
use bawaba_tests::program::{self, bawaba, run};
use serde_json::Value;

use super::{in_two_towns, reads};

/// What the operator is answered.
fn operator(town: &Harness, words: &[&str], input: &str) -> (i32, Value, String) {
    let config = town.files.config();
    let config = config.to_str().expect("UTF-8");
    let mut command = bawaba(&[&["fraud"], words, &["--json", "--config", config]].concat());
    let folder = tempfile::tempdir().expect("a folder");
    let given = folder.path().join("input");
    std::fs::write(&given, input).expect("a file");
    command.stdin(std::fs::File::open(&given).expect("a file"));
    let output = run(&mut command, Duration::from_secs(60));
    let json = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().unwrap_or(-1), json, program::text(&output.stderr))
}

fn answered(town: &Harness, words: &[&str], input: &str) -> Value {
    let (code, json, told) = operator(town, words, input);
    assert_eq!(code, 0, "{words:?}: {told}");
    json
}

fn of<'a>(signals: &'a Value, name: &str) -> &'a Value {
    let signals = signals.as_array().expect("signals");
    signals.iter().find(|signal| signal["signal"] == name).expect("a signal")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_reads_notes_labels_rules_and_replays() {
    let town = Harness::healthy().await;
    in_two_towns(&town, &town).await;
    let replayed = answered(&town, &["replay", "--days", "1"], "");
    let travel = of(&replayed["signals"], "impossible-travel");
    assert_eq!((&travel["hits"], &travel["about"]), (&1.into(), &1.into()), "{replayed}");
    assert_eq!(replayed["observations"], 2);
    let steps = ["step_up", "hold"].map(|step| replayed["steps"][step].as_u64().expect("a count"));
    assert_eq!(steps.iter().sum::<u64>(), 1, "what would be, if it counted: {replayed}");

    let mut cases = Value::Null;
    let there = async || {
        cases = answered(&town, &["cases", "--only", "open"], "");
        cases.as_array().is_some_and(|cases| cases.iter().any(|case| case["about"] == "card"))
    };
    assert!(town.eventually(there).await, "{cases}");
    let case = cases.as_array().expect("cases").iter().find(|case| case["about"] == "card").expect("a case");
    let id = text(&case["id"]);
    answered(&town, &["note", &id, "--by", "nadia"], "The brother had it.\n");
    let whole = answered(&town, &["show", &id, "--by", "nadia"], "");
    assert_eq!(whole["notes"][0]["words"], "The brother had it.");
    assert_eq!((&whole["state"], &whole["hits"][0]["counted"]), (&"under-review".into(), &false.into()));
    answered(&town, &["label", &id, "fraud", "--by", "nadia"], "");
    let signals = answered(&town, &["signals"], "");
    let travel = of(&signals, "impossible-travel");
    assert_eq!(
        (&travel["regime"], &travel["precision"], &travel["fraud"]),
        (&"on-trial".into(), &1.0.into(), &1.into())
    );
    let ruled = answered(&town, &["signals", "--rule", "impossible-travel=counts", "--by", "nadia"], "");
    assert_eq!(of(&ruled, "impossible-travel")["regime"], "counts");
    assert_eq!(of(&answered(&town, &["replay"], "")["signals"], "impossible-travel")["fraud"], 1);

    let asked = async || {
        let (_, opened) = in_two_towns(&town, &town).await;
        reads(&town, "clinic-1", &opened).await.0 == 401
    };
    assert!(town.eventually(asked).await, "the running gateway heard it");

    let ruled: Vec<_> = town.event_codes("fraud-ruled").await;
    assert_eq!(ruled, ["case-noted", "case-read", "case-labelled", "signal-ruled"]);
    let all = serde_json::to_string(&town.events().await).expect("JSON");
    assert!(!all.contains("brother"), "a note stays in its case");

    let (code, _, told) =
        operator(&town, &["label", "00000000-0000-0000-0000-000000000000", "honest", "--by", "n"], "");
    assert!(code == 1 && told.contains("no case"), "{told}");
    assert_eq!(operator(&town, &["note", &id, "--by", "nadia"], " \n").0, 64);
    assert_eq!(operator(&town, &["signals", "--rule", "gossip=counts", "--by", "n"], "").0, 64);
}
