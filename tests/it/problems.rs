//! The catalogue of problems: what people decide on, agreed by hand.

use std::collections::BTreeSet;
use std::fmt::Write;

use bawaba_tests::source;
use gateway::problem::{Language, ProblemCode};

/// One line a code, as the golden file has it.
fn catalogue() -> String {
    let mut text = String::new();
    for code in ProblemCode::ALL {
        let (status, party) = (code.status().as_u16(), code.party().as_str());
        writeln!(text, "{status} {:<22} {:<9} {}", code.code(), party, code.title(Language::English))
            .expect("text");
    }
    text
}

#[test]
fn the_catalogue_of_problems_changes_only_by_agreement() {
    let golden = source::root().join("tests/golden/problems.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, catalogue()).expect("a writable tree");
    }
    let agreed = std::fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(catalogue(), agreed, "vendors program against these codes; if it is meant: BLESS=1 make test");
}

#[test]
fn the_readme_lists_every_problem_code_with_its_status() {
    let readme = source::read("README.md");
    let mut listed = BTreeSet::new();
    for line in readme.lines().filter(|line| line.starts_with("| ")) {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let Some(status) = cells.next().and_then(|cell| cell.parse::<u16>().ok()) else { continue };
        for code in cells.next().unwrap_or_default().split('`').skip(1).step_by(2) {
            listed.insert((status, code.to_owned()));
        }
    }
    let real: BTreeSet<_> =
        ProblemCode::ALL.iter().map(|code| (code.status().as_u16(), code.code().to_owned())).collect();
    assert_eq!(listed, real, "left: README.md, right: the catalogue");
}
