//! Is a key file that is not what was written refused, by name and within bounds?

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    time::{Duration as StdDuration, Instant},
};

use serde_json::{Value, json};
use time::Duration;

use super::{
    AT, SCHEDULE,
    sealed::{PASSPHRASE, Sealed, sealed},
};
use crate::{KeyFile, KeyFileView, KeyRole, Turn, sealed::file::read};

fn write(path: &Path, text: &[u8]) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// What the file as it now is gives whoever has the passphrase. Judged with the key already derived: what is
/// refused is refused for its content, and quickly.
fn code(sealed: &Sealed) -> &'static str {
    sealed.file.read().map_or_else(|error| error.code(), |_| "opened")
}

/// The same after a change to its JSON.
fn edited(sealed: &Sealed, change: impl FnOnce(&mut Value)) -> &'static str {
    let before = fs::read(&sealed.path).unwrap();
    let mut file: Value = serde_json::from_slice(&before).unwrap();
    change(&mut file);
    write(&sealed.path, file.to_string().as_bytes());
    let code = code(sealed);
    write(&sealed.path, &before);
    code
}

#[test]
fn a_truncated_file_is_refused_wherever_it_ends() {
    let sealed = sealed();
    let whole = fs::read(&sealed.path).unwrap();
    for length in 0..whole.len() - 2 {
        write(&sealed.path, &whole[..length]);
        assert_eq!(code(&sealed), "key-file-malformed", "{length}");
    }
    write(&sealed.path, &[whole.as_slice(), b"{}"].concat());
    assert_eq!(code(&sealed), "key-file-malformed");
}

#[test]
fn nothing_that_the_file_says_can_be_changed() {
    let sealed = sealed();
    let said = read(&sealed.path).unwrap();
    let whole = fs::read(&sealed.path).unwrap();
    for position in 0..whole.len() {
        let mut changed = whole.clone();
        changed[position] ^= 1;
        write(&sealed.path, &changed);
        // White space, or the letter between date and time, may be another: the file says the same.
        let same = read(&sealed.path).is_ok_and(|file| file == said);
        assert_eq!(code(&sealed) == "opened", same, "{position}");
    }
}

#[test]
fn entries_cannot_be_dropped_exchanged_or_put_back() {
    let sealed = sealed();
    let old = json_of(&sealed.path);
    sealed
        .file
        .change(AT, |keys| keys.rotate(KeyRole::TokenSigning, Turn::Announced, &SCHEDULE, AT))
        .unwrap();
    assert_eq!(code(&sealed), "opened");
    let not_opened = |change: &dyn Fn(&mut Value)| {
        assert_eq!(edited(&sealed, |file| change(&mut file["list"]["keys"])), "key-file-not-opened");
    };
    not_opened(&|keys| drop(keys.as_array_mut().unwrap().pop()));
    not_opened(&|keys| drop(keys.as_array_mut().unwrap().remove(1)));
    not_opened(&|keys| keys.as_array_mut().unwrap().swap(0, 1));
    not_opened(&|keys| *keys = old["list"]["keys"].clone());
    not_opened(&|keys| keys[0] = old["list"]["keys"][0].clone());
    let swap = |keys: &mut Value, member: &str| {
        let (one, other) = (keys[2]["open"][member].clone(), keys[3]["open"][member].clone());
        keys[2]["open"][member] = other;
        keys[3]["open"][member] = one;
    };
    not_opened(&|keys| swap(keys, "role"));
    not_opened(&|keys| swap(keys, "public"));
    not_opened(&|keys| keys[0]["open"]["number"] = json!(9));
    not_opened(&|keys| keys[0]["open"]["signs_from"] = json!("2020-01-01T00:00:00Z"));
    not_opened(&|keys| drop(keys[0]["open"].as_object_mut().unwrap().remove("published_until")));
    not_opened(&|keys| drop(keys[0].as_object_mut().unwrap().remove("sealed")));
    assert_eq!(edited(&sealed, |file| file["list"]["revision"] = json!(1)), "key-file-not-opened");
    assert_eq!(edited(&sealed, |file| file["tag"] = old["tag"].clone()), "key-file-not-opened");
    assert_eq!(edited(&sealed, |file| file["tag"] = json!("")), "key-file-not-opened");
    assert_eq!(edited(&sealed, |file| file["note"] = json!("hello")), "key-file-malformed");
    assert_eq!(
        edited(&sealed, |file| file["list"]["keys"][0]["open"]["note"] = json!(1)),
        "key-file-malformed"
    );
    assert_eq!(edited(&sealed, |file| file["version"] = json!(3)), "key-file-version");
    assert_eq!(edited(&sealed, |file| file["version"] = json!(1)), "key-file-unsealed");
}

#[test]
fn a_file_that_asks_for_too_much_is_refused_before_it_gets_it() {
    let sealed = sealed();
    let start = Instant::now();
    for (member, value) in [
        ("memory_kib", json!(u32::MAX)),
        ("memory_kib", json!(1 << 30)),
        ("memory_kib", json!(262_145)),
        ("memory_kib", json!(8)),
        ("memory_kib", json!(0)),
        ("passes", json!(u32::MAX)),
        ("passes", json!(17)),
        ("passes", json!(0)),
        ("lanes", json!(0)),
        ("lanes", json!(16_777_216)),
        ("salt", json!("")),
        ("salt", json!("AAAA")),
    ] {
        let before = fs::read(&sealed.path).unwrap();
        let mut file = json_of(&sealed.path);
        file["list"]["derivation"][member] = value;
        write(&sealed.path, file.to_string().as_bytes());
        let unlocked = KeyFile::unlock(&sealed.path, PASSPHRASE).unwrap_err();
        assert_eq!(unlocked.code(), "key-file-derivation", "{member}");
        assert!(KeyFileView::read(&sealed.path).is_err());
        write(&sealed.path, &before);
    }
    let both = |file: &mut Value| {
        file["list"]["derivation"]["memory_kib"] = json!(262_144);
        file["list"]["derivation"]["passes"] = json!(16);
    };
    assert_eq!(edited(&sealed, both), "key-file-derivation");
    for number in [json!(1_u64 << 40), json!(-1), json!(1.5), json!("65536")] {
        assert_eq!(
            edited(&sealed, |file| file["list"]["derivation"]["memory_kib"] = number),
            "key-file-malformed"
        );
    }
    assert_eq!(
        edited(&sealed, |file| file["list"]["derivation"]["algorithm"] = json!("md5")),
        "key-file-malformed"
    );
    assert!(start.elapsed() < StdDuration::from_secs(20));
}

#[test]
fn a_file_that_others_reach_or_that_is_none_is_refused() {
    let sealed = sealed();
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o777] {
        fs::set_permissions(&sealed.path, Permissions::from_mode(mode)).unwrap();
        assert_eq!(code(&sealed), "key-file-exposed", "{mode:o}");
        assert_eq!(KeyFileView::read(&sealed.path).unwrap_err().code(), "key-file-exposed");
    }
    fs::set_permissions(&sealed.path, Permissions::from_mode(0o400)).unwrap();
    assert_eq!(code(&sealed), "opened", "read-only is as good");
    let link = sealed.directory.path().join("link");
    symlink(&sealed.path, &link).unwrap();
    let pipe = sealed.directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [link.as_path(), pipe.as_path(), sealed.directory.path(), Path::new("/dev/zero")] {
        let error = KeyFile::unlock(path, PASSPHRASE).unwrap_err();
        assert_eq!(error.code(), "key-file-exposed", "{}", path.display());
    }
    write(&sealed.path, &vec![b' '; 1 << 20]);
    assert_eq!(code(&sealed), "key-file-too-long");
    write(&sealed.path, b"");
    assert_eq!(code(&sealed), "key-file-malformed");
    fs::remove_file(&sealed.path).unwrap();
    assert_eq!(code(&sealed), "key-file-unreadable");
}

#[test]
fn a_file_of_another_user_is_refused() {
    let sealed = sealed();
    if std::os::unix::fs::chown(&sealed.path, Some(12_345), None).is_err() {
        eprintln!("skipped: only root can give a file away");
        return;
    }
    assert_eq!(code(&sealed), "key-file-exposed");
}

#[test]
fn a_change_that_fails_changes_nothing() {
    let sealed = sealed();
    let before = fs::read(&sealed.path).unwrap();
    let rotate = |role, at| sealed.file.change(at, |keys| keys.rotate(role, Turn::Announced, &SCHEDULE, at));
    assert_eq!(rotate(KeyRole::PairwiseSubject, AT).unwrap_err().code(), "key-never-rotated");
    assert_eq!(fs::read(&sealed.path).unwrap(), before);
    rotate(KeyRole::TokenSigning, AT).unwrap();
    let after = fs::read(&sealed.path).unwrap();
    assert_eq!(
        rotate(KeyRole::TokenSigning, AT + Duration::MINUTE).unwrap_err().code(),
        "key-rotation-pending"
    );
    assert_eq!(fs::read(&sealed.path).unwrap(), after);
    assert_eq!(fs::read_dir(sealed.directory.path()).unwrap().count(), 1, "no draft is left");
}
