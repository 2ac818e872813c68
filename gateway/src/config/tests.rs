use std::path::Path;

use super::{Config, ConfigError, PatientIdentifier};

const SAMPLE: &str = include_str!("../../config/sample.toml");

/// Writes every file that the sample names, and loads `text` beside them.
fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(path("server")).unwrap();
    std::fs::create_dir_all(path("csca")).unwrap();
    for name in [
        "server/cert.pem",
        "server/key.pem",
        "ca.pem",
        "client.crl",
        "keys.sealed",
        "csca/morocco.pem",
        "csca/morocco.crl",
    ] {
        std::fs::write(path(name), "").unwrap();
    }
    std::fs::write(path("gateway.toml"), text).unwrap();
    Config::load(&path("gateway.toml"))
}

fn line_of(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.contains(part)).unwrap() + 1
}

#[test]
fn shipped_sample_is_understood() {
    let config = load(SAMPLE).unwrap();
    assert_eq!(config.issuer, "https://bawaba.example.ma:8441");
    assert_eq!(config.back_ends.len(), 3);
    assert_eq!(config.back_ends["dossier"].patient_identifier, PatientIdentifier::Pairwise);
    assert_eq!(config.limits.session.as_secs(), 900);
}

#[test]
fn unknown_key_is_named_with_its_line() {
    let text = SAMPLE.replace("[issuer]", "[issuer]\nurll = 1");
    let error = load(&text).unwrap_err();
    assert_eq!(error.line, Some(line_of(&text, "urll")));
    assert!(error.problem.contains("urll"), "{error}");
    assert!(error.to_string().contains("Remedy"), "{error}");
}

#[test]
fn unreadable_key_is_named_with_its_line() {
    let text = SAMPLE.replace("server/key.pem", "server/missing.pem");
    let error = load(&text).unwrap_err();
    assert_eq!(error.line, Some(line_of(&text, "missing.pem")));
    assert!(error.problem.contains("missing.pem"), "{error}");
}

#[test]
fn plain_http_back_end_is_refused() {
    let error = load(&SAMPLE.replace("https://billing.example.ma\"\nca", "http://billing.example.ma\"\nca"))
        .unwrap_err();
    assert!(error.problem.contains("https"), "{error}");
}

#[test]
fn session_longer_than_fifteen_minutes_is_refused() {
    let error = load(&SAMPLE.replace("session_secs = 900", "session_secs = 901")).unwrap_err();
    assert!(error.problem.contains("901"), "{error}");
}

#[test]
fn limits_may_be_left_out() {
    let text = SAMPLE.split("[limits]").next().unwrap();
    assert_eq!(load(text).unwrap().limits.presence.as_secs(), 60);
}

#[test]
fn missing_file_is_said() {
    let error = Config::load(Path::new("/nowhere/gateway.toml")).unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/gateway.toml: cannot be read"), "{error}");
}
