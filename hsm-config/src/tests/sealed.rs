//! Do sealed keys come back whole, and only for their passphrase?

use std::{
    fs::{self, Permissions},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    time::Instant,
};

use time::Duration;

use super::{AT, KEYS, SCHEDULE};
use crate::{
    HsmError, KeyFile, KeyFileView, KeyRole, LiveKeys, SecretSource, Signer as _, SoftwareKeys, Turn,
    conformance,
};

pub(super) const PASSPHRASE: &str = "une phrase assez longue pour la marmotte";

/// A folder with one key file.
pub(super) struct Sealed {
    pub(super) directory: tempfile::TempDir,
    pub(super) path: PathBuf,
    pub(super) file: KeyFile,
}

pub(super) fn sealed() -> Sealed {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.sealed");
    let file = KeyFile::create(&path, PASSPHRASE, &KEYS, AT).unwrap();
    Sealed { directory, path, file }
}

#[test]
fn what_is_sealed_is_what_is_opened() {
    let sealed = sealed();
    let mode = fs::metadata(&sealed.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(fs::read_dir(sealed.directory.path()).unwrap().count(), 1, "no draft is left");
    let (_, opened) = KeyFile::unlock(&sealed.path, PASSPHRASE).unwrap();
    conformance::check(&opened.keys, AT).unwrap();
    for role in KeyRole::ALL {
        assert_eq!(opened.keys.current(role, AT).ok(), KEYS.current(role, AT).ok());
        assert_eq!(opened.keys.mac(role, b"m").ok(), KEYS.mac(role, b"m").ok());
    }
    let text = KEYS.seal(KeyRole::RegistrySealing, b"text", b"row").unwrap();
    assert_eq!(opened.keys.open(KeyRole::RegistrySealing, &text, b"row").unwrap().as_slice(), b"text");
}

#[test]
fn no_secret_and_no_passphrase_is_in_the_file() {
    let sealed = sealed();
    let text = fs::read(&sealed.path).unwrap();
    let holds = |needle: &[u8]| text.windows(needle.len()).any(|window| window == needle);
    assert!(!holds(PASSPHRASE.as_bytes()));
    for key in &KEYS.generations {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let secret = key.material.expose(key.role).unwrap().unwrap();
        assert!(!holds(&secret));
        // Base64 of a part of it would begin at one of three places.
        for shift in 0..3 {
            assert!(!holds(&STANDARD.encode(&secret[shift..]).as_bytes()[..24]));
        }
    }
}

#[test]
fn what_is_public_is_read_without_the_passphrase() {
    let view = KeyFileView::read(&sealed().path).unwrap();
    assert_eq!((view.revision, view.written_at, view.keys.len()), (1, AT, KeyRole::ALL.len()));
    for role in KeyRole::ALL {
        let kids: Vec<_> = view.published(role, AT).into_iter().map(|key| key.key).collect();
        assert_eq!(kids, KEYS.current(role, AT).ok().into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn another_passphrase_opens_nothing() {
    let sealed = sealed();
    for wrong in ["", " ", "une phrase assez longue pour la marmott", &PASSPHRASE.to_uppercase(), "\0"] {
        let error = KeyFile::unlock(&sealed.path, wrong).unwrap_err();
        assert_eq!(error.code(), "key-file-not-opened");
        assert!(wrong.len() < 2 || !error.to_string().contains(wrong));
    }
}

#[test]
fn a_new_passphrase_must_be_strong() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.sealed");
    for weak in ["", "secret", "fourteen chars", "aaaaaaaaaaaaaaaaaaaaaaaa", "abababababababababab"] {
        assert_eq!(KeyFile::create(&path, weak, &KEYS, AT).unwrap_err().code(), "passphrase-weak");
    }
    assert!(!path.exists());
}

#[test]
fn a_key_file_is_never_replaced_by_a_new_one() {
    let sealed = sealed();
    let before = fs::read(&sealed.path).unwrap();
    let keys = SoftwareKeys::generate(AT).unwrap();
    let error = KeyFile::create(&sealed.path, PASSPHRASE, &keys, AT).unwrap_err();
    assert_eq!(error.code(), "key-file-exists");
    assert_eq!(fs::read(&sealed.path).unwrap(), before);
    assert_eq!(fs::read_dir(sealed.directory.path()).unwrap().count(), 1, "no draft is left");
}

#[test]
fn changing_the_passphrase_keeps_the_keys() {
    let mut sealed = sealed();
    let before = fs::read_to_string(&sealed.path).unwrap();
    assert_eq!(sealed.file.reseal("too short", AT).unwrap_err().code(), "passphrase-weak");
    sealed.file.reseal("another phrase of the marmot", AT).unwrap();
    assert_eq!(KeyFile::unlock(&sealed.path, PASSPHRASE).unwrap_err().code(), "key-file-not-opened");
    let (_, opened) = KeyFile::unlock(&sealed.path, "another phrase of the marmot").unwrap();
    assert_eq!(opened.revision, 2);
    assert_eq!(
        opened.keys.mac(KeyRole::PairwiseSubject, b"m").unwrap(),
        KEYS.mac(KeyRole::PairwiseSubject, b"m").unwrap()
    );
    let salt = |text: &str| text.split("\"salt\"").nth(1).unwrap()[..30].to_owned();
    assert_ne!(
        salt(&before),
        salt(&fs::read_to_string(&sealed.path).unwrap()),
        "a new passphrase, a new salt"
    );
}

#[test]
fn a_running_program_follows_the_file() {
    let sealed = sealed();
    let passphrase = sealed.directory.path().join("passphrase");
    fs::write(&passphrase, PASSPHRASE).unwrap();
    fs::set_permissions(&passphrase, Permissions::from_mode(0o600)).unwrap();
    let live = LiveKeys::open(&sealed.path, SecretSource::File(passphrase.clone())).unwrap();
    conformance::check(&live, AT).unwrap();
    assert!(!live.refresh().unwrap());
    let rotate = |file: &KeyFile| {
        file.change(AT, |keys| keys.rotate(KeyRole::TokenSigning, Turn::Announced, &SCHEDULE, AT))
    };
    let next = rotate(&sealed.file).unwrap();
    assert!(live.refresh().unwrap() && !live.refresh().unwrap());
    let later = next.signs_from;
    assert_eq!(live.current(KeyRole::TokenSigning, later).ok(), next.key);

    // A file that cannot be used is said once, and not taken.
    let good = fs::read(&sealed.path).unwrap();
    fs::write(&sealed.path, &good[..good.len() / 2]).unwrap();
    assert_eq!(live.refresh().unwrap_err().code(), "key-file-malformed");
    assert!(!live.refresh().unwrap());
    fs::remove_file(&sealed.path).unwrap();
    assert_eq!(live.refresh().unwrap_err().code(), "key-file-unreadable");
    assert!(!live.refresh().unwrap());
    assert_eq!(live.current(KeyRole::TokenSigning, later).ok(), next.key);

    // Sealed under another passphrase: taken once the source knows it.
    fs::write(&sealed.path, &good).unwrap();
    fs::set_permissions(&sealed.path, Permissions::from_mode(0o600)).unwrap();
    assert!(live.refresh().unwrap());
    let mut file = sealed.file;
    file.reseal("another phrase of the marmot", AT).unwrap();
    assert_eq!(live.refresh().unwrap_err().code(), "key-file-not-opened");
    fs::File::create(&passphrase).unwrap().write_all(b"another phrase of the marmot\n").unwrap();
    live.reload().unwrap();
    assert_eq!(live.current(KeyRole::TokenSigning, later).ok(), next.key);

    // A copy of last week is not taken either: a withdrawn key would come back with it.
    let later =
        file.change(AT, |keys| keys.rotate(KeyRole::TokenSigning, Turn::AtOnce, &SCHEDULE, later)).unwrap();
    assert!(live.refresh().unwrap());
    fs::write(&sealed.path, &good).unwrap();
    assert!(live.refresh().is_err());
    assert_eq!(live.current(KeyRole::TokenSigning, later.signs_from).ok(), later.key);
}

#[test]
fn what_another_process_sealed_under_a_newer_key_opens() {
    let sealed = sealed();
    let source = SecretSource::File(sealed.directory.path().join("passphrase"));
    fs::write(sealed.directory.path().join("passphrase"), PASSPHRASE).unwrap();
    fs::set_permissions(sealed.directory.path().join("passphrase"), Permissions::from_mode(0o600)).unwrap();
    let (here, there) = (
        LiveKeys::open(&sealed.path, source.clone()).unwrap(),
        LiveKeys::open(&sealed.path, source).unwrap(),
    );
    let old = here.seal(KeyRole::RegistrySealing, b"old", b"row").unwrap();
    sealed
        .file
        .change(AT, |keys| keys.rotate(KeyRole::RegistrySealing, Turn::Announced, &SCHEDULE, AT))
        .unwrap();
    assert!(there.refresh().unwrap());
    let new = there.seal(KeyRole::RegistrySealing, b"new", b"row").unwrap();
    assert_eq!(here.open(KeyRole::RegistrySealing, &new, b"row").unwrap().as_slice(), b"new");
    assert_eq!(there.open(KeyRole::RegistrySealing, &old, b"row").unwrap().as_slice(), b"old");
    let first = KEYS.open(KeyRole::RegistrySealing, &new, b"row");
    assert!(matches!(first, Err(HsmError::NotSealedHere { .. })), "the newest key seals");
}

#[test]
fn many_who_change_the_file_at_once_lose_nothing() {
    let sealed = sealed();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let rotated = sealed.file.change(AT, |keys| {
                    keys.rotate(KeyRole::RegistrySealing, Turn::Announced, &SCHEDULE, AT + Duration::hours(1))
                });
                rotated.unwrap();
            });
        }
    });
    let read = sealed.file.read().unwrap();
    assert_eq!(read.revision, 5);
    assert_eq!(read.keys.of(KeyRole::RegistrySealing).count(), 5);
}

#[test]
fn opening_takes_time_and_not_too_much() {
    let sealed = sealed();
    let start = Instant::now();
    KeyFile::unlock(&sealed.path, PASSPHRASE).unwrap();
    eprintln!("one unlock: {:?}", start.elapsed());
    let start = Instant::now();
    sealed.file.read().unwrap();
    eprintln!("read again: {:?}", start.elapsed());
}

#[test]
fn a_file_of_before_the_shared_state_gets_its_key_by_rotation() {
    let sealed = sealed();
    let without = |keys: &mut SoftwareKeys| {
        keys.generations.retain(|key| key.role != KeyRole::StateSealing);
        Ok(())
    };
    sealed.file.change(AT, without).unwrap();
    let (_, older) = KeyFile::unlock(&sealed.path, PASSPHRASE).unwrap();
    let refused = older.keys.seal(KeyRole::StateSealing, b"text", b"").unwrap_err();
    assert_eq!(refused.code(), "key-role-missing");
    assert!(refused.to_string().contains("bawaba keys rotate state-sealing"), "{refused}");
    let index = older.keys.mac(KeyRole::RegistryIndex, b"m").unwrap();
    sealed
        .file
        .change(AT, |keys| keys.rotate(KeyRole::StateSealing, Turn::Announced, &SCHEDULE, AT))
        .unwrap();
    let (_, whole) = KeyFile::unlock(&sealed.path, PASSPHRASE).unwrap();
    conformance::check(&whole.keys, AT).unwrap();
    assert_eq!(whole.keys.mac(KeyRole::RegistryIndex, b"m").unwrap(), index);
}
