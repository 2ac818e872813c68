//! Is a secret only ever pointed at, and read from where nobody else can?

use std::{
    fs::{self, File, Permissions},
    io::{Seek as _, Write as _},
    os::{fd::AsRawFd as _, unix::fs::PermissionsExt as _},
    path::PathBuf,
};

use crate::{SecretError, SecretSource, secret_source::MAX_SECRET_LEN};

fn parse(text: &str) -> Result<SecretSource, &'static str> {
    text.parse().map_err(|error: SecretError| error.code())
}

/// What a file of this content and mode gives.
fn filed(content: &[u8], mode: u32) -> Result<String, &'static str> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("passphrase");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    read(&SecretSource::File(path))
}

fn read(source: &SecretSource) -> Result<String, &'static str> {
    source.read().map(|secret| secret.as_str().to_owned()).map_err(|error| error.code())
}

#[test]
fn four_forms_and_no_other() {
    for text in ["env:BAWABA_PASSPHRASE", "fd:3", "credential:bawaba-keys", "file:/etc/bawaba/passphrase"] {
        assert_eq!(parse(text).unwrap().to_string(), text);
    }
    let wrong = ["", "env:", "env:A=B", "fd:", "fd:-1", "fd:x", "fd:99999999999", "credential:", "file:"];
    for text in
        wrong.into_iter().chain(["credential:../shadow", "credential:.", "hunter2", "Env:A", "https://x"])
    {
        assert_eq!(parse(text), Err("secret-source-unknown"), "{text}");
    }
}

#[test]
fn a_secret_typed_by_mistake_is_not_repeated() {
    let error = "correct horse battery staple".parse::<SecretSource>().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("horse"));
}

#[test]
fn one_line_end_is_not_part_of_the_secret() {
    assert_eq!(filed(b"secret", 0o600).unwrap(), "secret");
    assert_eq!(filed(b"secret\n", 0o600).unwrap(), "secret");
    assert_eq!(filed(b"secret\r\n", 0o400).unwrap(), "secret");
    assert_eq!(filed(b" secret \n", 0o600).unwrap(), " secret ");
    for more in [&b"secret\n\n"[..], b"two\nlines\n", b"\xff\xfe", b"nul\0", b"\x1b[31m"] {
        assert_eq!(filed(more, 0o600), Err("secret-not-text"));
    }
}

#[test]
fn bounds_hold() {
    for nothing in [&b""[..], b"\n", b"\r\n"] {
        assert_eq!(filed(nothing, 0o600), Err("secret-empty"));
    }
    assert_eq!(filed(&[b'a'; MAX_SECRET_LEN], 0o600).unwrap().len(), MAX_SECRET_LEN);
    for length in [MAX_SECRET_LEN + 1, MAX_SECRET_LEN + 2, MAX_SECRET_LEN + 3, 1 << 20] {
        assert_eq!(filed(&vec![b'a'; length], 0o600), Err("secret-too-long"));
    }
    assert_eq!(read(&SecretSource::File("/dev/zero".into())), Err("secret-exposed"));
}

#[test]
fn a_file_that_others_reach_is_refused() {
    for mode in [0o640, 0o604, 0o620, 0o644] {
        assert_eq!(filed(b"secret", mode), Err("secret-exposed"), "{mode:o}");
    }
    let directory = tempfile::tempdir().unwrap();
    let (path, link) = (directory.path().join("passphrase"), directory.path().join("link"));
    fs::write(&path, "secret").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert_eq!(read(&SecretSource::File(path)).unwrap(), "secret");
    assert_eq!(read(&SecretSource::File(link)), Err("secret-exposed"));
    assert_eq!(read(&SecretSource::File(directory.path().to_owned())), Err("secret-exposed"));
    assert_eq!(read(&SecretSource::File(PathBuf::from("/nonexistent"))), Err("secret-unreadable"));
}

#[test]
fn a_file_of_another_user_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("passphrase");
    fs::write(&path, "secret").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    if std::os::unix::fs::chown(&path, Some(12_345), None).is_err() {
        eprintln!("skipped: only root can give a file away");
        return;
    }
    assert_eq!(read(&SecretSource::File(path)), Err("secret-exposed"));
}

#[test]
fn descriptors_are_read_to_their_end() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"by descriptor\n").unwrap();
    file.rewind().unwrap();
    let source = parse(&format!("fd:{}", file.as_raw_fd())).unwrap();
    assert_eq!(read(&source).unwrap(), "by descriptor");
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"once").unwrap();
    drop(writer);
    let source = parse(&format!("fd:{}", reader.as_raw_fd())).unwrap();
    assert_eq!(read(&source).unwrap(), "once");
    assert_eq!(read(&source), Err("secret-empty"), "a pipe gives its secret once");
    assert_eq!(read(&parse("fd:9999").unwrap()), Err("secret-unreadable"));
    assert!(File::open("/dev/zero").is_ok_and(|zero| {
        read(&SecretSource::Descriptor(zero.as_raw_fd().unsigned_abs())) == Err("secret-too-long")
    }));
}

#[test]
fn what_the_environment_holds_is_read() {
    // Set by cargo for every test; the environment of a running process cannot be changed safely.
    assert_eq!(read(&parse("env:CARGO_PKG_NAME").unwrap()).unwrap(), "hsm-config");
    assert_eq!(read(&parse("env:BAWABA_NOT_SET").unwrap()), Err("secret-unreadable"));
    assert_eq!(read(&parse("credential:bawaba").unwrap()), Err("secret-unreadable"));
}

#[test]
fn relative_paths_are_of_the_configuration() {
    let relative = parse("file:passphrase").unwrap().relative_to("/etc/bawaba".as_ref());
    assert_eq!(relative.to_string(), "file:/etc/bawaba/passphrase");
    assert_eq!(parse("env:A").unwrap().relative_to("/etc".as_ref()).to_string(), "env:A");
}
