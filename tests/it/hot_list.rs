//! Is a card that was reported refused, at once and with its reason on record, and let go of when it is taken off?

use std::path::{Path, PathBuf};
use std::time::Duration;

use bawaba_tests::harness::Harness;
use bawaba_tests::program::{bawaba, run, text};
use gateway::clock::Clock as _;
use gateway::clock::SystemClock;
use gateway::config::Config;
use serde_json::Value;

/// Amina's card.
const AMINA: &str = "MAR,X10A4217Q";

/// A gateway that keeps a hot list, and whoever makes it.
struct Kept {
    town: Harness,
    desk: tempfile::TempDir,
}

impl Kept {
    async fn new() -> Self {
        let desk = tempfile::tempdir().expect("a folder");
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = rcgen::CertificateParams::new(Vec::new()).expect("names").self_signed(&key);
        std::fs::write(desk.path().join("list.pem"), certificate.expect("a certificate").pem())
            .expect("a file");
        std::fs::write(desk.path().join("list.key"), key.serialize_pem()).expect("a file");
        std::fs::create_dir(desk.path().join("lists")).expect("a folder");
        let place = desk.path().to_owned();
        let town = Harness::new()
            .configured(move |config, _| {
                let mut list = toml::Table::new();
                for (name, file) in [("certificate", "list.pem"), ("dir", "lists")] {
                    list.insert(name.to_owned(), place.join(file).display().to_string().into());
                }
                config["trust"].as_table_mut().expect("a table").insert("hot_list".to_owned(), list.into());
            })
            .start()
            .await;
        Self { town, desk }
    }

    fn command(&self, words: &[&str], input: &str) -> (i32, Value, String) {
        let config = self.town.files.config();
        let all =
            [&["pki", "hot-list"], words, &["--json", "--config", config.to_str().expect("UTF-8")]].concat();
        let mut command = bawaba(&all);
        let given = self.desk.path().join("input");
        std::fs::write(&given, input).expect("a file");
        command.stdin(std::fs::File::open(&given).expect("a file"));
        let output = run(&mut command, Duration::from_secs(30));
        let json = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap_or(-1), json, text(&output.stderr))
    }

    /// Makes a file.
    fn built(&self, sequence: u64, delta: bool, cards: &str, hours: &str) -> PathBuf {
        let out = self.desk.path().join(format!("{sequence}-{delta}.bwhl"));
        let key = self.desk.path().join("list.key");
        let number = sequence.to_string();
        let (path, key) = (out.to_str().expect("UTF-8"), key.to_str().expect("UTF-8"));
        let mut words =
            vec!["build", "--key", key, "--sequence", &number, "--hours", hours, "--out", path, "-"];
        words.extend(delta.then_some("--delta"));
        let (code, _, said) = self.command(&words, cards);
        assert_eq!(code, 0, "{said}");
        out
    }

    fn apply(&self, file: &Path) -> (i32, String) {
        // The gateway's clock stands still while files are made; to it they must not come from the future.
        self.town.clock.set(SystemClock.now() + Duration::from_secs(30));
        let (code, _, said) = self.command(&["apply", file.to_str().expect("UTF-8")], "");
        (code, said)
    }

    async fn in_force(&self, sequence: u64) {
        let there = async || {
            self.town.app().hot_list.current().is_some_and(|list| list.list.newest().sequence == sequence)
        };
        assert!(self.town.eventually(there).await, "{sequence} does not come into force");
    }

    /// What a session for treatment is answered, and the event.
    async fn asked(&self, card: &str, purpose: &str) -> (u16, String, Value) {
        let before = self.town.event_count().await;
        let answer = self.town.counter("hospital-1").open(&mut self.town.card(card), purpose).await;
        let kind = if answer.status.is_success() { "session-opened" } else { "session-refused" };
        let event = self.town.event_of_kind_after(before, kind).await;
        (answer.status.as_u16(), answer.code().to_owned(), event)
    }
}

#[tokio::test]
async fn a_listed_card_opens_no_session_until_it_is_taken_off() {
    let kept = Kept::new().await;
    // Kept, and not there: nobody knows, so nobody gets in, and it is our fault.
    let (status, code, event) = kept.asked("amina", "ETREAT").await;
    assert_eq!(
        (status, code.as_str(), &event["code"]),
        (503, "trust-unavailable", &"hot-list-unknown".into())
    );

    let base = kept.built(
        1,
        false,
        &format!("# the first\n{AMINA},stolen,2026-10-01\nMAR,NOBODYS,lost,2026-01-01\n"),
        "24",
    );
    assert_eq!(kept.apply(&base).0, 0);
    kept.in_force(1).await;
    let (status, code, event) = kept.asked("amina", "TREAT").await;
    assert_eq!((status, code.as_str(), &event["code"]), (403, "denied", &"card-reported".into()));
    assert_eq!(event["detail"], "hot list: stolen since 2026-10-01");
    assert!(!event.to_string().contains("X10A4217Q"), "{event}");
    let signal = kept.town.event_of_kind_after(0, "risk-signal").await;
    assert_eq!(signal["code"], "card-reported");
    assert_eq!(kept.asked("youssef", "TREAT").await.0, 201);
    let (code, json, _) = kept.command(&["check"], AMINA);
    assert_eq!((code, &json["reason"]), (1, &"stolen".into()));

    let off = kept.built(2, true, &format!("{AMINA},off\n"), "24");
    assert_eq!(kept.apply(&off).0, 0);
    kept.in_force(2).await;
    assert_eq!(kept.asked("amina", "TREAT").await.0, 201);
    assert_eq!(kept.command(&["check"], AMINA).1["listed"], false);

    // The next base folds the change in; the older files stay and do no harm.
    let next = kept.built(3, false, "MAR,NOBODYS,lost,2026-01-01\n", "1");
    assert_eq!(kept.apply(&next).0, 0);
    kept.in_force(3).await;
    let (_, json, _) = kept.command(&["show"], "");
    assert_eq!((&json["in_force"]["base"], &json["in_force"]["changes"]), (&3.into(), &0.into()), "{json}");
    assert_eq!(json["not_used"], Value::Array(Vec::new()));

    // Past its promise: ordinary sessions wait for the next, emergencies have three days.
    kept.town.clock.advance(time::Duration::hours(2));
    let (status, _, event) = kept.asked("amina", "TREAT").await;
    assert_eq!((status, &event["code"]), (503, &"hot-list-overdue".into()));
    assert_eq!(kept.asked("amina", "ETREAT").await.0, 201);
    kept.town.clock.advance(time::Duration::hours(73));
    let (status, _, event) = kept.asked("amina", "ETREAT").await;
    assert_eq!((status, &event["code"]), (503, &"hot-list-long-overdue".into()));
}

#[tokio::test]
async fn bad_files_are_refused_by_name_before_and_after_they_reach_the_folder() {
    let kept = Kept::new().await;
    let lists = kept.desk.path().join("lists");
    let base = kept.built(5, false, &format!("{AMINA},lost,2026-10-01\n"), "24");
    assert_eq!(kept.apply(&base).0, 0);
    kept.in_force(5).await;
    let whole = std::fs::read(&base).expect("a file");
    let spoiled = |name: &str, octets: &[u8]| {
        let path = kept.desk.path().join(name);
        std::fs::write(&path, octets).expect("a file");
        path
    };
    let mut damaged = whole.clone();
    *damaged.last_mut().expect("octets") ^= 1;
    let older = kept.built(4, false, "", "24");
    let gap = kept.built(8, true, &format!("{AMINA},off\n"), "24");
    let stranger = Kept::new().await;
    let theirs = stranger.built(9, false, "", "24");
    for (file, code) in [
        (spoiled("short.bwhl", &whole[..whole.len() - 5]), "hot-list-truncated"),
        (spoiled("text.bwhl", b"lost cards"), "hot-list-damaged"),
        (older, "hot-list-rolled-back"),
        (gap.clone(), "hot-list-gap"),
        (theirs, "hot-list-wrong-signer"),
    ] {
        let (exit, said) = kept.apply(&file);
        assert!(exit == 1 && said.contains(code), "{}: {said}", file.display());
    }
    // Whoever writes into the folder by hand gets no further.
    std::fs::write(lists.join("6.bwhl"), &damaged).expect("a file");
    std::fs::copy(&gap, lists.join("8.bwhl")).expect("a file");
    let named = async || {
        let (_, json, _) = kept.command(&["show"], "");
        let codes: Vec<_> =
            json["not_used"].as_array().into_iter().flatten().map(|file| file["code"].clone()).collect();
        codes.contains(&"hot-list-gap".into())
    };
    assert!(kept.town.eventually(named).await);
    assert_eq!(kept.asked("amina", "TREAT").await.2["detail"], "hot list: lost since 2026-10-01");

    // Everything but an old base taken away: what is in force stays, and a restart does not go back either.
    for entry in std::fs::read_dir(&lists).expect("a folder").flatten() {
        std::fs::remove_file(entry.path()).expect("a file");
    }
    let old = kept.built(3, false, "", "24");
    std::fs::copy(old, lists.join("3.bwhl")).expect("a file");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(kept.asked("amina", "TREAT").await.0, 403);
    let config = Config::load(&kept.town.files.config()).expect("a configuration");
    let kept_list = config.trust.hot_list.expect("a hot list");
    let signer = hsm_config::open(&config.keys, kept.town.now()).expect("keys").signer;
    let check = gateway::trust::hot_list::key_check(signer.as_ref()).expect("a key");
    let again = gateway::trust::hot_list::read(&kept_list, check, None, kept.town.now());
    assert!(again.in_force.is_none());
    assert!(again.problems.iter().any(|problem| problem.why == pki::hot_list::HotListError::RolledBack));
}

/// A line that is not understood is named by its number and never repeated: it is somebody's card.
#[tokio::test]
async fn lines_that_are_not_understood_are_named_by_number_alone() {
    let kept = Kept::new().await;
    let key = kept.desk.path().join("list.key");
    let out = kept.desk.path().join("none.bwhl");
    for line in [
        "MAR",
        "MA,X10A4217Q,lost,2026-01-01",
        "MAR,X10A4217Q,eaten,2026-01-01",
        "MAR,X10A4217Q,lost,soon",
        "MAR,X10A4217Q,off",
        &"MAR,X10A4217Q,".repeat(40),
    ] {
        let words = [
            "build",
            "--key",
            key.to_str().expect("UTF-8"),
            "--sequence",
            "1",
            "--out",
            out.to_str().expect("UTF-8"),
            "-",
        ];
        let (code, _, said) = kept.command(&words, &format!("\n{line}\n"));
        assert!(code == 1 && said.contains("line 2") && !said.contains("X10A4217Q"), "{line}: {said}");
    }
    assert!(!out.exists());
}
