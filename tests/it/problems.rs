//! The catalogue of problems: what people decide on, agreed by hand.

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
