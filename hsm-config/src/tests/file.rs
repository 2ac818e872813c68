//! Is a key file read by its owner only, whole, and with one key a role?

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{AT, KEYS};
use crate::{HsmError, KeyRole, Signer as _, SoftwareKeys, conformance};

struct Saved {
    directory: tempfile::TempDir,
    path: PathBuf,
}

fn saved() -> Saved {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.json");
    KEYS.save(&path).unwrap();
    Saved { directory, path }
}

fn write(path: &Path, text: &[u8]) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// Loads the saved file after a change to its JSON.
fn changed(change: impl FnOnce(&mut Value)) -> HsmError {
    let saved = saved();
    let mut file: Value = serde_json::from_slice(&fs::read(&saved.path).unwrap()).unwrap();
    change(&mut file);
    write(&saved.path, file.to_string().as_bytes());
    SoftwareKeys::load(&saved.path).unwrap_err()
}

#[test]
fn what_is_saved_is_what_is_loaded() {
    let saved = saved();
    let mode = fs::metadata(&saved.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(fs::read_dir(saved.directory.path()).unwrap().count(), 1, "no draft is left");
    let loaded = SoftwareKeys::load(&saved.path).unwrap();
    conformance::check(&loaded, AT).unwrap();
    for role in KeyRole::ALL {
        assert_eq!(loaded.current(role, AT).ok(), KEYS.current(role, AT).ok());
        assert_eq!(loaded.mac(role, b"m").ok(), KEYS.mac(role, b"m").ok());
    }
    let sealed = KEYS.seal(KeyRole::RegistrySealing, b"text", b"row").unwrap();
    assert_eq!(loaded.open(KeyRole::RegistrySealing, &sealed, b"row").unwrap().as_slice(), b"text");
}

#[test]
fn saving_replaces_the_whole_file_and_tightens_it() {
    let saved = saved();
    fs::set_permissions(&saved.path, Permissions::from_mode(0o644)).unwrap();
    SoftwareKeys::generate(AT).unwrap().save(&saved.path).unwrap();
    let loaded = SoftwareKeys::load(&saved.path).unwrap();
    assert_ne!(
        loaded.current(KeyRole::TokenSigning, AT).unwrap(),
        KEYS.current(KeyRole::TokenSigning, AT).unwrap()
    );
}

#[test]
fn a_file_that_others_can_reach_is_refused() {
    let saved = saved();
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o777] {
        fs::set_permissions(&saved.path, Permissions::from_mode(mode)).unwrap();
        let error = SoftwareKeys::load(&saved.path).unwrap_err();
        assert_eq!(error.code(), "key-file-exposed", "{mode:o}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}

#[test]
fn a_file_that_is_not_one_is_refused_with_its_place() {
    let saved = saved();
    for text in ["", "{", "[]", "null", "{\"version\":1}", "\u{feff}{}"] {
        write(&saved.path, text.as_bytes());
        assert_eq!(SoftwareKeys::load(&saved.path).unwrap_err().code(), "key-file-malformed", "{text}");
    }
    write(&saved.path, &[b' '; 70_000]);
    assert_eq!(SoftwareKeys::load(&saved.path).unwrap_err().code(), "key-file-unreadable");
    assert_eq!(SoftwareKeys::load(saved.directory.path()).unwrap_err().code().split('-').next(), Some("key"));
    assert_eq!(SoftwareKeys::load(Path::new("/nonexistent")).unwrap_err().code(), "key-file-unreadable");
}

#[test]
fn every_role_has_one_key_and_every_key_one_role() {
    assert_eq!(changed(|file| file["version"] = json!(2)).code(), "key-file-version");
    assert_eq!(changed(|file| file["note"] = json!("hello")).code(), "key-file-malformed");
    assert_eq!(changed(|file| file["keys"][0]["label"] = json!("old")).code(), "key-file-malformed");
    assert_eq!(changed(|file| file["keys"][0]["role"] = json!("master")).code(), "key-role-unknown");
    assert_eq!(changed(|file| drop(file["keys"].as_array_mut().unwrap().pop())).code(), "key-role-missing");
    let twice = |file: &mut Value| {
        let key = file["keys"][0].clone();
        file["keys"].as_array_mut().unwrap().push(key);
    };
    assert_eq!(changed(twice).code(), "key-role-duplicate");
    let shared = |from: usize, to: usize| {
        changed(move |file| file["keys"][to]["key"] = file["keys"][from]["key"].clone()).code()
    };
    assert_eq!(shared(0, 1), "key-shared");
    assert_eq!(shared(4, 6), "key-shared");
}

#[test]
fn a_key_of_the_wrong_kind_is_refused() {
    for key in ["", "AA==", "not base64", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
        assert_eq!(changed(|file| file["keys"][0]["key"] = json!(key)).code(), "key-rejected", "{key}");
    }
    for key in ["", "AA==", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="] {
        assert_eq!(changed(|file| file["keys"][4]["key"] = json!(key)).code(), "key-rejected", "{key}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_leaves_nothing() {
    let error = KEYS.save(Path::new("/proc/keys.json")).unwrap_err();
    assert_eq!(error.code(), "key-file-unreadable");
}

#[test]
fn errors_and_debug_show_no_key() {
    let error = changed(|file| file["keys"][0]["key"] = json!("c2VjcmV0IGtleSBtYXRlcmlhbA=="));
    assert!(!format!("{error} {error:?}").contains("c2VjcmV0"));
}
