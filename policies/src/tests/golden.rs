//! The page of the shipped policies: `golden/access.txt`, blessed by `BLESS=1`.

use std::path::Path;

use super::shipped;
use crate::page::page;

#[test]
fn the_policies_permit_exactly_what_the_golden_page_says() {
    let page = page(&shipped());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/access.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (is, was)) in page.lines().zip(golden.lines()).enumerate() {
        assert_eq!(is, was, "line {} of {}; if it is meant, run with BLESS=1", number + 1, path.display());
    }
    assert_eq!(
        page.lines().count(),
        golden.lines().count(),
        "{}; if it is meant, run with BLESS=1",
        path.display()
    );
}

#[test]
fn the_page_of_another_set_says_what_is_other() {
    let rule = "forbid (principal is Bawaba::Clinic, action == Bawaba::Action::\"open-session\", resource);";
    let other = page(&crate::set::testing::with_policy("no-clinics", rule));
    let shipped = page(&shipped());
    let changed: Vec<&str> =
        shipped.lines().zip(other.lines()).filter(|(one, other)| one != other).map(|(one, _)| one).collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert!(changed[0].starts_with("clinic"));
}
