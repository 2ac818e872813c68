//! Are the rules about the code kept? Each rule says why it is there.

use std::collections::BTreeSet;

use bawaba_tests::source::{self, Source};

/// Fails with one line per finding, and the reason for the rule.
fn none(findings: Vec<String>, why: &str) {
    assert!(findings.is_empty(), "{why}:\n  {}", findings.join("\n  "));
}

fn product() -> impl Iterator<Item = Source> {
    source::rust_files()
        .into_iter()
        .filter(|file| !file.path.starts_with("tests/") && !file.path.contains("/tests/"))
}

/// Findings of `word` in product code outside `doors`: files, or folders ending in `/`.
fn outside(word: &str, doors: &[&str]) -> Vec<String> {
    product()
        .filter(|file| {
            !doors
                .iter()
                .any(|door| file.path == *door || (door.ends_with('/') && file.path.starts_with(door)))
        })
        .flat_map(|file| file.mentions(word))
        .collect()
}

#[test]
fn crates_depend_on_each_other_only_along_the_drawn_edges() {
    let edges = [
        ("pki", ""),
        ("card-reader", "pki"),
        ("policies", "card-reader pki"),
        ("hsm-config", ""),
        ("gateway", "card-reader hsm-config pki policies"),
        ("tests", "card-reader gateway hsm-config pki policies"),
    ];
    for (name, allowed) in edges {
        let manifest: toml::Table = source::read(&format!("{name}/Cargo.toml")).parse().expect("a manifest");
        let wanted: BTreeSet<&str> = allowed.split_whitespace().collect();
        let found: BTreeSet<&str> = manifest["dependencies"]
            .as_table()
            .expect("a table")
            .keys()
            .map(String::as_str)
            .filter(|dependency| source::CRATES.contains(dependency))
            .collect();
        assert!(
            found.is_subset(&wanted),
            "{name} may depend on {wanted:?}: a proof made in one crate is data in another"
        );
    }
}

#[test]
fn every_version_is_chosen_once_at_the_root() {
    let mut findings = Vec::new();
    for name in source::CRATES {
        let manifest: toml::Table = source::read(&format!("{name}/Cargo.toml")).parse().expect("a manifest");
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (dependency, value) in
                manifest.get(section).and_then(toml::Value::as_table).into_iter().flatten()
            {
                if value.is_str() || value.get("version").is_some() {
                    findings.push(format!("{name}: {dependency}"));
                }
            }
        }
    }
    none(findings, "a version belongs in the root Cargo.toml, so that no crate is compiled twice");
}

#[test]
fn no_file_answers_two_questions() {
    let long = source::rust_files().into_iter().filter_map(|file| {
        let lines = file.text.lines().count();
        // A list of tests is read one by one; texts.rs is a table that is looked things up in.
        let longer = file.path.contains("tests") || file.path.ends_with("/texts.rs");
        (lines > if longer { 350 } else { 300 }).then(|| format!("{} has {lines} lines", file.path))
    });
    none(long.collect(), "past 300 lines a file usually holds two");
}

#[test]
fn every_file_says_in_its_first_line_what_it_is_for() {
    let silent = source::rust_files()
        .into_iter()
        .filter(|file| !file.text.starts_with("//! ") && !file.path.ends_with("/tests.rs"));
    none(silent.map(|file| file.path).collect(), "a reader decides by the first line whether to read on");
}

#[test]
fn the_clock_is_read_in_one_place() {
    let mut findings = Vec::new();
    for read in ["SystemTime::now", "::now_utc", "Utc::now", "Local::now"] {
        findings.extend(outside(
            read,
            &["gateway/src/clock.rs", "card-reader/src/counter/", "card-reader/src/bin/"],
        ));
    }
    none(findings, "time is an argument, so that every verdict can be repeated for any moment");
}

#[test]
fn each_foreign_world_has_one_door() {
    let doors: [(&str, &[&str]); 6] = [
        ("pcsc::Context", &["card-reader/src/transport/pcsc.rs", "card-reader/src/transport/pcsc/"]),
        ("openssl::", &["pki/"]),
        ("cryptoki::", &["hsm-config/src/pkcs11.rs", "hsm-config/src/pkcs11/"]),
        (
            "sqlx::",
            &["gateway/src/registry/", "gateway/src/audit/", "gateway/src/store.rs", "gateway/src/store/"],
        ),
        ("axum::", &["gateway/src/", "card-reader/src/bin/"]),
        ("cedar_policy::", &["policies/"]),
    ];
    for (word, allowed) in doors {
        none(
            outside(word, allowed),
            &format!("`{word}` stays behind its door, so that it can be replaced there"),
        );
    }
}

#[test]
fn nothing_is_left_open_and_no_test_is_skipped() {
    let mut findings = Vec::new();
    for file in source::rust_files().into_iter().filter(|file| file.path != "tests/it/tidy.rs") {
        for (number, line) in file.text.lines().enumerate() {
            if ["todo!(", "unimplemented!(", "#[ignore", "FIXME", "XXX"]
                .iter()
                .any(|word| line.contains(word))
            {
                findings.push(format!("{}:{}", file.path, number + 1));
            }
        }
    }
    none(findings, "what is not done is said in words, not left in code");
}

#[test]
fn the_top_level_is_what_was_agreed() {
    let agreed = [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "Makefile",
        "README.md",
        "card-reader",
        "gateway",
        "hsm-config",
        "pki",
        "policies",
        "tests",
    ];
    let made = ["target", "var"];
    let found = std::fs::read_dir(source::root()).expect("the root").filter_map(|entry| {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        (!name.starts_with('.') && !agreed.contains(&name.as_str()) && !made.contains(&name.as_str()))
            .then_some(name)
    });
    none(found.collect(), "a newcomer finds the eight things named in the README and nothing else");
}

#[test]
fn the_readme_can_be_read_in_one_sitting() {
    let lines = source::read("README.md").lines().count();
    assert!(lines <= 200, "README.md has {lines} lines; what does not fit belongs beside the code");
}

#[test]
fn unsafe_code_is_forbidden_everywhere() {
    for name in source::CRATES {
        let manifest = source::read(&format!("{name}/Cargo.toml"));
        let forbids =
            manifest.contains("[lints]\nworkspace = true") || manifest.contains("unsafe_code = \"forbid\"");
        assert!(forbids, "{name} takes the lint table of the workspace");
    }
}
