//! Is anything less than sound refused at load, with the file and the reason?

use std::{fs, path::Path};

use super::shipped;
use crate::{PolicyError, PolicyFile, PolicySet, set::testing::annotated};

fn shipped_copy() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("cedar")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, directory.path().join(path.file_name().unwrap())).unwrap();
    }
    directory
}

fn with_file(name: &str, text: &str) -> Result<PolicySet, PolicyError> {
    let directory = shipped_copy();
    fs::write(directory.path().join(name), text).unwrap();
    PolicySet::load(directory.path())
}

fn refused(text: &str) -> PolicyError {
    with_file("draft.cedar", text).unwrap_err()
}

#[test]
fn the_directory_loads_as_the_shipped_set() {
    let loaded = PolicySet::load(shipped_copy().path()).unwrap();
    assert_eq!(
        loaded.hash(),
        PolicySet::shipped().unwrap().hash(),
        "a file of cedar/ is not in shipped_files!"
    );
    assert_eq!(loaded.hash().len(), 64);
}

#[test]
fn another_text_is_another_hash() {
    let other = with_file("draft.cedar", "// nothing\n").unwrap();
    assert_ne!(other.hash(), PolicySet::shipped().unwrap().hash());
}

#[test]
fn what_does_not_parse_is_refused() {
    assert_eq!(refused("permit (principal, action").code(), "policies-syntax");
    let template = annotated("t", "permit (principal == ?principal, action, resource);");
    assert_eq!(refused(&template).code(), "policies-syntax");
    assert_eq!(with_file("bawaba.cedarschema", "namespace {").unwrap_err().code(), "policies-schema");
}

#[test]
fn what_does_not_type_check_is_refused() {
    let wrong = [
        "permit (principal, action, resource) when { context.acr == \"card\" };",
        "permit (principal, action, resource) when { context.nobody };",
        "permit (principal is Bawaba::Pharmcy, action, resource);",
        "permit (principal, action == Bawaba::Action::\"raed\", resource);",
        "permit (principal, action, resource) when { context.purpose == Bawaba::Purpose::\"TRAET\" };",
        "permit (principal, action, resource == Bawaba::Service::\"dosier\");",
        "permit (principal, action, resource) when { 1 == 2 };",
    ];
    for policy in wrong {
        assert_eq!(refused(&annotated("draft", policy)).code(), "policies-invalid", "{policy}");
    }
}

#[test]
fn a_policy_without_its_annotations_is_refused() {
    let whole = annotated("draft", "forbid (principal is Bawaba::Auditor, action, resource);");
    assert!(with_file("draft.cedar", &whole).is_ok());
    for annotation in ["id", "reason", "legal", "fr", "ar", "en"] {
        let lacking: String =
            whole.lines().filter(|line| !line.starts_with(&format!("@{annotation}("))).collect();
        assert_eq!(refused(&lacking).code(), "policies-annotation", "{annotation}");
    }
    let spaced = whole.replace("@id(\"draft\")", "@id(\"a draft\")");
    assert_eq!(refused(&spaced).code(), "policies-annotation");
}

#[test]
fn an_id_belongs_to_one_policy() {
    assert_eq!(
        refused(&annotated("session-care", "forbid (principal, action, resource);")).code(),
        "policies-syntax"
    );
}

#[test]
fn an_obligation_that_nobody_can_fulfil_is_refused() {
    let permit = annotated("draft", "permit (principal, action, resource);");
    assert_eq!(refused(&format!("@obligation(\"sing\")\n{permit}")).code(), "policies-annotation");
    let forbid = annotated("draft", "forbid (principal, action, resource);");
    assert_eq!(refused(&format!("@obligation(\"issue-receipt\")\n{forbid}")).code(), "policies-annotation");
}

#[test]
fn an_age_is_a_number_of_seconds_on_a_permit() {
    let permit = annotated("draft", "permit (principal, action, resource);");
    for bad in ["0", "-1", "five minutes", ""] {
        let policy = format!("@max_age(\"{bad}\")\n{permit}");
        assert_eq!(refused(&policy).code(), "policies-annotation", "{bad}");
    }
    let forbid = annotated("draft", "forbid (principal, action, resource);");
    assert_eq!(refused(&format!("@max_age(\"60\")\n{forbid}")).code(), "policies-annotation");
}

#[test]
fn a_schema_of_something_else_is_refused() {
    let directory = shipped_copy();
    let path = directory.path().join("bawaba.cedarschema");
    let schema = fs::read_to_string(&path).unwrap();
    fs::write(&path, schema.replace("dependant: Bool,", "dependant: Bool, weather: String,")).unwrap();
    assert_eq!(PolicySet::load(directory.path()).unwrap_err().code(), "policies-schema-mismatch");
}

#[test]
fn a_set_needs_one_schema_and_some_policies() {
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(PolicySet::load(empty.path()).unwrap_err().code(), "policies-incomplete");
    assert_eq!(with_file("second.cedarschema", "").unwrap_err().code(), "policies-incomplete");
    assert_eq!(PolicySet::load(Path::new("/nonexistent")).unwrap_err().code(), "policies-unreadable");
}

#[test]
fn an_endless_policy_file_is_refused() {
    assert_eq!(refused(&"// on and on\n".repeat(100_000)).code(), "policies-too-large");
}

#[test]
fn a_set_that_would_deny_everything_is_refused() {
    let too_wide = [
        "forbid (principal, action, resource);",
        "forbid (principal, action == Bawaba::Action::\"open-session\", resource);",
        "forbid (principal, action in Bawaba::Action::\"fhir\", resource);",
        "forbid (principal, action, resource) unless { context.purpose == Bawaba::Purpose::\"BTG\" };",
        // It cannot be evaluated, whatever is asked: that denies too.
        "permit (principal, action, resource) when { 9223372036854775807 + 1 > context.acr };",
    ];
    for policy in too_wide {
        assert_eq!(refused(&annotated("draft", policy)).code(), "policies-deny-everything", "{policy}");
    }
    let directory = shipped_copy();
    for entry in fs::read_dir(directory.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "cedar") {
            fs::write(path, "// nothing\n").unwrap();
        }
    }
    assert_eq!(PolicySet::load(directory.path()).unwrap_err().code(), "policies-deny-everything");
    let one_purpose_left =
        "forbid (principal, action, resource) unless { context.purpose == Bawaba::Purpose::\"ETREAT\" };";
    assert!(with_file("draft.cedar", &annotated("draft", one_purpose_left)).is_ok());
}

#[test]
fn files_from_elsewhere_have_plain_names_and_each_its_own() {
    let files = shipped().files().to_vec();
    assert_eq!(PolicySet::of_files(files.clone()).unwrap().hash(), shipped().hash());
    for name in ["../escape.cedar", "a/b.cedar", ".cedar", "theme.cedar.bak", "thème.cedar", "access.cedar"]
    {
        let more = PolicyFile { name: name.to_owned(), text: String::new() };
        let files = files.iter().cloned().chain([more]).collect();
        assert_eq!(PolicySet::of_files(files).unwrap_err().code(), "policies-file-name", "{name}");
    }
}
