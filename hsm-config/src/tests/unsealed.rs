//! Is a file of the first format read by its owner only, whole, and with one key a role?

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{AT, KEYS};
use crate::{HsmError, KeyRole, Signer as _, SoftwareKeys, conformance};

struct Saved {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

/// The keys of all tests, as that format had them.
fn content() -> Value {
    let keys = KEYS.generations.iter().map(|key| {
        let secret = key.material.expose(key.role).unwrap().unwrap();
        json!({ "role": key.role.name(), "key": STANDARD.encode(&*secret) })
    });
    json!({ "version": 1, "keys": keys.collect::<Vec<_>>() })
}

fn saved(content: &[u8]) -> Saved {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.json");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    Saved { _directory: directory, path }
}

/// What the file is refused for after a change to its JSON.
fn changed(change: impl FnOnce(&mut Value)) -> HsmError {
    let mut file = content();
    change(&mut file);
    SoftwareKeys::import(&saved(file.to_string().as_bytes()).path).unwrap_err()
}

#[test]
fn the_keys_stay_what_they_were() {
    let imported = SoftwareKeys::import(&saved(content().to_string().as_bytes()).path).unwrap();
    conformance::check(&imported, AT).unwrap();
    for role in KeyRole::ALL {
        assert_eq!(imported.current(role, AT).ok(), KEYS.current(role, AT).ok());
        assert_eq!(imported.mac(role, b"m").ok(), KEYS.mac(role, b"m").ok());
    }
    let sealed = KEYS.seal(KeyRole::RegistrySealing, b"text", b"row").unwrap();
    assert_eq!(imported.open(KeyRole::RegistrySealing, &sealed, b"row").unwrap().as_slice(), b"text");
}

#[test]
fn a_file_that_others_can_reach_is_refused() {
    let saved = saved(content().to_string().as_bytes());
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o777] {
        fs::set_permissions(&saved.path, Permissions::from_mode(mode)).unwrap();
        let error = SoftwareKeys::import(&saved.path).unwrap_err();
        assert_eq!(error.code(), "key-file-exposed", "{mode:o}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}

#[test]
fn a_file_that_is_not_one_is_refused_with_its_place() {
    let code = |text: &[u8]| SoftwareKeys::import(&saved(text).path).unwrap_err().code();
    for text in ["", "{", "[]", "null", "{\"version\":1}", "\u{feff}{}"] {
        assert_eq!(code(text.as_bytes()), "key-file-malformed", "{text}");
    }
    assert_eq!(code(&vec![b' '; 1 << 20]), "key-file-too-long");
    assert_eq!(SoftwareKeys::import(Path::new("/nonexistent")).unwrap_err().code(), "key-file-unreadable");
}

#[test]
fn every_role_has_one_key_and_every_key_one_role() {
    assert_eq!(changed(|file| file["version"] = json!(2)).code(), "key-file-version");
    assert_eq!(changed(|file| file["note"] = json!("hello")).code(), "key-file-malformed");
    assert_eq!(changed(|file| file["keys"][0]["label"] = json!("old")).code(), "key-file-malformed");
    assert_eq!(changed(|file| file["keys"][0]["role"] = json!("master")).code(), "key-role-unknown");
    assert_eq!(
        changed(|file| drop(file["keys"].as_array_mut().unwrap().remove(0))).code(),
        "key-role-missing"
    );
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
fn errors_and_debug_show_no_key() {
    let error = changed(|file| file["keys"][0]["key"] = json!("c2VjcmV0IGtleSBtYXRlcmlhbA=="));
    assert!(!format!("{error} {error:?}").contains("c2VjcmV0"));
}

#[test]
fn a_role_that_the_format_never_knew_is_made() {
    let mut file = content();
    file["keys"].as_array_mut().unwrap().retain(|key| key["role"] != "state-sealing");
    let imported = SoftwareKeys::import(&saved(file.to_string().as_bytes()).path).unwrap();
    conformance::check(&imported, AT).unwrap();
}
