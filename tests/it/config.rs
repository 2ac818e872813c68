//! A gateway that cannot start says which file, which line, and what to do.

use std::time::Duration;

use bawaba_tests::harness::{Harness, Prepared};
use bawaba_tests::program::{bawaba, run, text};

/// Starts `serve` over a spoiled configuration: exit code and what it said.
fn serve(town: &Prepared) -> (i32, String) {
    let config = town.files.config();
    let words = ["serve", "--config", config.to_str().expect("UTF-8")];
    let output = run(&mut bawaba(&words), Duration::from_secs(20));
    (output.status.code().unwrap_or(-1), text(&output.stderr))
}

#[tokio::test]
async fn an_unknown_key_is_a_configuration_error_with_file_line_and_remedy() {
    let town = Harness::new().prepare().await;
    let sound = std::fs::read_to_string(town.files.config()).expect("a configuration");
    let spoiled = sound.replacen("[issuer]", "[issuer]\nissuer_uri = \"x\"", 1);
    std::fs::write(town.files.config(), &spoiled).expect("a writable folder");
    let line = spoiled.lines().position(|line| line.starts_with("issuer_uri")).expect("the line") + 1;
    let (code, said) = serve(&town);
    assert_eq!(code, 78, "{said}");
    assert!(said.contains(&format!("gateway.toml:{line}")) && said.contains("issuer_uri"), "{said}");
    assert!(said.to_lowercase().contains("remedy"), "{said}");
}

#[tokio::test]
async fn an_unreadable_key_is_named() {
    let town = Harness::new().prepare().await;
    std::fs::remove_file(town.files.server_key()).expect("a key");
    let (code, said) = serve(&town);
    assert_eq!(code, 78, "{said}");
    assert!(said.contains("gateway.toml:") && said.contains("key"), "{said}");
    assert!(said.to_lowercase().contains("remedy"), "{said}");
}

#[tokio::test]
async fn keys_that_others_may_read_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let town = Harness::new().prepare().await;
    std::fs::set_permissions(town.files.keys(), std::fs::Permissions::from_mode(0o644))
        .expect("our own file");
    let (code, said) = serve(&town);
    assert_eq!(code, 78, "{said}");
    assert!(said.contains("keys.sealed"), "{said}");
    assert!(!said.contains("BEGIN"), "the message shows the key itself");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let town = Harness::new().prepare().await;
    let _taken = std::net::TcpListener::bind(town.api).expect("a free port");
    let (code, said) = serve(&town);
    assert_eq!(code, 78, "{said}");
    assert!(said.contains("gateway.toml:") && said.contains(&town.api.port().to_string()), "{said}");
    assert!(said.to_lowercase().contains("remedy"), "{said}");
}

#[test]
fn a_missing_file_is_named_and_a_wrong_word_shows_the_usage() {
    let output = run(&mut bawaba(&["serve", "--config", "/nowhere/gateway.toml"]), Duration::from_secs(20));
    assert_eq!(output.status.code(), Some(78), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("/nowhere/gateway.toml"), "{}", text(&output.stderr));
    let output = run(&mut bawaba(&["serve", "--confg", "x"]), Duration::from_secs(20));
    assert_eq!(output.status.code(), Some(64), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("--config"), "{}", text(&output.stderr));
}

#[test]
fn every_subcommand_explains_itself() {
    for words in [
        vec!["--help"],
        vec!["serve", "--help"],
        vec!["demo", "--help"],
        vec!["doctor", "--help"],
        vec!["pki", "--help"],
        vec!["keys", "--help"],
        vec!["registry", "--help"],
        vec!["policies", "--help"],
        vec!["audit", "--help"],
        vec!["token", "--help"],
    ] {
        let output = run(&mut bawaba(&words), Duration::from_secs(20));
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains("Usage"), "{words:?}");
    }
}
