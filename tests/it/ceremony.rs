//! The key ceremony, rehearsed with stand-ins on SoftHSM2: any M custodians are enough, and M - 1 are not.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use bawaba_tests::program::{self, run, text};
use bawaba_tests::soft_hsm::SoftHsm;
use bawaba_tests::source;

const PEOPLE: &str = "officer: Officier Essai\nwitness: Témoin Essai\ncustodian: Alpha\ncustodian: Bravo\n\
    custodian: Charlie\ncustodian: Delta\ncustodian: Écho\n";
const LABEL: &str = "ceremony";

struct Ceremony {
    hsm: SoftHsm,
    folder: tempfile::TempDir,
}

impl Ceremony {
    /// A module that has another token already; none, said plainly, where the tools are not installed.
    fn new() -> Option<Self> {
        let there = ["ssss-split", "pkcs11-tool", "openssl"]
            .iter()
            .all(|tool| Command::new("which").arg(tool).output().is_ok_and(|output| output.status.success()));
        if !there {
            println!("SKIPPED: ssss or opensc is not installed (make setup installs them)");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("people"), PEOPLE).expect("a writable folder");
        Some(Self { hsm: SoftHsm::new()?, folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn act(&self, words: &[&str]) -> Output {
        let mut command = Command::new("bash");
        command.arg(source::root().join("hsm-config/ceremony.sh")).args(words);
        command.args(["--label", LABEL, "--module"]).arg(self.hsm.library());
        command.env("BAWABA", program::path("bawaba")).current_dir(self.folder.path());
        run(self.hsm.environment(&mut command), Duration::from_secs(60))
    }

    fn perform(&self, threshold: &str, people: &str, out: &str) -> Output {
        self.act(&["perform", "--threshold", threshold, "--participants", people, "--out", out])
    }

    /// Re-assembles from the shares with these numbers.
    fn recover(&self, threshold: &str, numbers: &[usize], out: &str) -> Output {
        let shares: Vec<String> =
            numbers.iter().map(|number| format!("first/shares/share-{number}")).collect();
        let mut words = vec!["recover", "--threshold", threshold, "--out", out];
        for share in &shares {
            words.extend(["--share", share]);
        }
        self.act(&words)
    }

    /// Whether this PIN opens the token.
    fn opens(&self, pin: &Path) -> bool {
        let mut command = Command::new("pkcs11-tool");
        command.arg("--module").arg(self.hsm.library());
        command.args(["--token-label", LABEL, "--login", "--pin", "env:ceremony_pin", "--list-objects"]);
        command.env("ceremony_pin", std::fs::read_to_string(pin).expect("a PIN"));
        run(self.hsm.environment(&mut command), Duration::from_secs(30)).status.success()
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

#[test]
fn any_three_of_five_custodians_set_the_pin_anew_and_two_do_not() {
    let Some(ceremony) = Ceremony::new() else { return };
    let performed = ceremony.perform("3", "people", "first");
    assert_eq!(code(&performed), 0, "{}", text(&performed.stderr));
    let transcript = std::fs::read_to_string(ceremony.path("first/transcript.txt")).expect("a transcript");
    for said in [
        "any 3 of 5",
        "keys made            8",
        "5 re-assemblies",
        "Témoin Essai ____",
        "bawaba-receipt-signing 04",
    ] {
        assert!(transcript.contains(said), "{said}: {transcript}");
    }
    let first_pin = ceremony.path("first/user-pin");
    assert!(ceremony.opens(&first_pin));

    // What is on record opens nothing: no share, no PIN, and nothing of them.
    let whole = format!("{transcript}{}{}", text(&performed.stdout), text(&performed.stderr));
    let mut secrets = vec![std::fs::read_to_string(&first_pin).expect("a PIN")];
    for number in 1..=5 {
        let share =
            std::fs::read_to_string(ceremony.path(&format!("first/shares/share-{number}"))).expect("a share");
        secrets.push(share.trim().split_once('-').expect("number and share").1.to_owned());
    }
    assert!(secrets.iter().all(|secret| secret.len() >= 48 && !whole.contains(&secret[..16])));
    for private in ["first/user-pin", "first/shares/share-1", "first/transcript.txt"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(ceremony.path(private)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{private}");
    }

    // Every three of the five, in no particular order.
    let mut last = first_pin.clone();
    for one in 1..=5 {
        for two in one + 1..=5 {
            for three in two + 1..=5 {
                let out = format!("again-{one}{two}{three}");
                let recovered = ceremony.recover("3", &[three, one, two], &out);
                assert_eq!(code(&recovered), 0, "{out}: {}", text(&recovered.stderr));
                let pin = ceremony.path(&format!("{out}/user-pin"));
                assert!(ceremony.opens(&pin) && !ceremony.opens(&last), "{out}");
                last = pin;
            }
        }
    }
    let record = std::fs::read_to_string(ceremony.path("again-123/transcript.txt")).expect("a transcript");
    let key = transcript.lines().find(|line| line.contains("bawaba-receipt-signing")).expect("a public key");
    assert!(record.contains(key), "the keys are the same");

    // Two are not enough, whatever they claim; nor is one share given twice.
    for (threshold, numbers, wanted) in
        [("3", vec![1, 2], 64), ("2", vec![4, 5], 70), ("3", vec![1, 1, 2], 70), ("2", vec![3, 3], 70)]
    {
        let out = format!("few-{threshold}-{numbers:?}");
        let refused = ceremony.recover(threshold, &numbers, &out);
        assert_eq!(code(&refused), wanted, "{out}: {}", text(&refused.stderr));
        assert!(!ceremony.path(&out).join("user-pin").exists());
    }
    assert!(ceremony.opens(&last), "the failed attempts changed nothing");
    let failed = std::fs::read_to_string(ceremony.path("few-2-[4, 5]/transcript.txt")).expect("a transcript");
    assert!(failed.contains("FAILED"), "a failure is on record too");

    let again = ceremony.perform("3", "people", "first");
    assert_eq!(code(&again), 74, "a transcript is never written over");
}

#[test]
fn what_is_not_safe_is_refused_before_anything_happens() {
    let Some(ceremony) = Ceremony::new() else { return };
    std::fs::write(ceremony.path("twice"), PEOPLE.replace("Bravo", "Alpha")).expect("a writable folder");
    std::fs::write(ceremony.path("alone"), PEOPLE.replace("witness", "visitor")).expect("a writable folder");
    for (threshold, people, wanted) in [
        ("1", "people", 64),
        ("0", "people", 64),
        ("6", "people", 64),
        ("-3", "people", 64),
        ("3; true", "people", 64),
        ("2", "twice", 64),
        ("2", "alone", 64),
        ("2", "nobody", 74),
    ] {
        let refused = ceremony.perform(threshold, people, "refused");
        assert_eq!(code(&refused), wanted, "{threshold} {people}: {}", text(&refused.stderr));
        assert!(!ceremony.path("refused").exists(), "{threshold} {people}");
    }
    assert_eq!(code(&ceremony.act(&["perform"])), 64);
    assert_eq!(code(&ceremony.act(&["destroy", "--threshold", "2"])), 64);
}
