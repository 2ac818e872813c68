//! `bawaba keys`: made, shown, replaced and sealed anew by an operator, and never a secret on the way.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use base64::Engine as _;
use bawaba_tests::program::{bawaba, run, text};
use serde_json::{Value, json};

const PASSPHRASE: &str = "une phrase assez longue pour la marmotte";

/// A folder where an operator works.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("a temporary folder"));
        desk.write("passphrase", PASSPHRASE);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).expect("a writable folder");
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o600))
            .expect("our own file");
    }

    fn keys(&self, words: &[&str]) -> Output {
        let mut command = bawaba(&["keys"]);
        command.args(words).current_dir(self.0.path()).env("BAWABA_PASSPHRASE", PASSPHRASE);
        run(&mut command, Duration::from_secs(60))
    }

    /// The JSON that it answers.
    fn told(&self, words: &[&str]) -> Value {
        let output = self.keys(&[words, &["--json"]].concat());
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("one JSON document")
    }

    /// What it is refused with: exit code and message.
    fn refused(&self, words: &[&str]) -> (i32, String) {
        let output = self.keys(words);
        let said = text(&output.stderr);
        assert!(!output.status.success() && !said.contains("panicked"), "{words:?}: {said}");
        (output.status.code().unwrap_or(-1), said)
    }

    fn made() -> Self {
        let desk = Self::new();
        desk.told(&["init", "keys.sealed", "--passphrase-from", "env:BAWABA_PASSPHRASE"]);
        desk
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o7777
}

#[test]
fn keys_are_made_shown_and_exported_without_a_secret() {
    let desk = Desk::made();
    assert_eq!(mode(&desk.path("keys.sealed")), 0o600);
    let roles = desk.told(&["list", "--file", "keys.sealed"]);
    assert_eq!(roles.as_array().map(Vec::len), Some(8));
    let unproven = desk.told(&["status", "--file", "keys.sealed"]);
    assert_eq!((&unproven["verified"], &unproven["revision"]), (&json!(false), &json!(1)));
    let proven = desk.told(&["status", "--file", "keys.sealed", "--passphrase-from", "file:passphrase"]);
    assert_eq!((&proven["verified"], &proven["due"]), (&json!(true), &json!([])));
    assert_eq!(proven["keys"], unproven["keys"]);
    let jwks = desk.told(&["export", "--file", "keys.sealed"]);
    let keys = jwks["keys"].as_array().expect("keys").clone();
    assert!(keys.len() == 4 && keys.iter().all(|key| key["d"].is_null()));
    let pem = desk.keys(&["export", "--file", "keys.sealed", "--role", "receipt-signing", "--format", "pem"]);
    let pem = text(&pem.stdout);
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body).expect("base64");
    let receipt = roles.as_array().expect("roles").iter().find(|role| role["role"] == "receipt-signing");
    let kid = &receipt.expect("a role")["kid"];
    let jwk = keys.iter().find(|key| key["kid"] == *kid).expect("the same key");
    let x = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(jwk["x"].as_str().expect("x"))
        .expect("base64");
    assert_eq!(der.len(), 91);
    assert_eq!(der[27..59], x[..], "PEM and JWKS have the same point");
    let (code, said) = desk.refused(&["export", "--file", "keys.sealed", "--role", "pairwise-subject"]);
    assert!(code == 78 && said.contains("does not sign"), "{code} {said}");
}

#[test]
fn a_passphrase_that_will_not_do_is_refused() {
    let desk = Desk::new();
    for (content, code) in
        [("", 78), ("short", 64), ("aaaaaaaaaaaaaaaaaaaaaaaaaaaa", 64), ("two\nlines of it, long", 78)]
    {
        desk.write("new", content);
        let (exit, said) = desk.refused(&["init", "keys.sealed", "--passphrase-from", "file:new"]);
        assert_eq!(exit, code, "{content}: {said}");
        assert!(content.is_empty() || !said.contains(content), "{said}");
    }
    desk.write("new", PASSPHRASE);
    std::fs::set_permissions(desk.path("new"), std::fs::Permissions::from_mode(0o644)).expect("our own file");
    assert!(desk.refused(&["init", "keys.sealed", "--passphrase-from", "file:new"]).1.contains("chmod 600"));
    let (code, said) = desk.refused(&["init", "keys.sealed", "--passphrase-from", PASSPHRASE]);
    assert!(code == 78 && said.contains("env:NAME") && !said.contains("marmotte"), "{said}");
    let (code, said) = desk.refused(&["init", "keys.sealed"]);
    assert!(code == 64 && said.contains("--passphrase-from"), "no terminal, no question: {said}");
    assert_eq!(
        desk.refused(&["init", "keys.sealed", "--passphrase", PASSPHRASE]).0,
        64,
        "there is no such option"
    );
    assert!(!desk.path("keys.sealed").exists());
}

#[test]
fn what_is_there_is_not_replaced_and_a_wrong_passphrase_changes_nothing() {
    let desk = Desk::made();
    let before = std::fs::read(desk.path("keys.sealed")).expect("the key file");
    let init = ["init", "keys.sealed", "--passphrase-from", "env:BAWABA_PASSPHRASE"];
    assert_eq!(desk.refused(&init).0, 64);
    desk.write("wrong", "une autre phrase, tout aussi longue");
    let rotate = ["rotate", "token-signing", "--file", "keys.sealed", "--passphrase-from"];
    let (code, said) = desk.refused(&[&rotate[..], &["file:wrong"]].concat());
    assert!(code == 78 && said.contains("wrong passphrase") && said.contains("backup"), "{said}");
    assert_eq!(std::fs::read(desk.path("keys.sealed")).expect("the key file"), before);
    let status = ["status", "--file", "keys.sealed", "--passphrase-from", "file:wrong"];
    assert_eq!(desk.refused(&status).0, 78);
}

#[test]
fn rotation_says_what_it_does_and_what_it_will_not() {
    let desk = Desk::made();
    let with = |words: &[&'static str]| -> Vec<&'static str> {
        let which = ["--file", "keys.sealed", "--passphrase-from", "env:BAWABA_PASSPHRASE"];
        [&["rotate"], words, &which].concat()
    };
    let rotated = desk.told(&with(&["token-signing"]));
    assert_ne!(rotated["signs_from"], rotated["old_published_until"]);
    let (code, said) = desk.refused(&with(&["token-signing"]));
    assert!(code == 1 && said.contains("announced"), "{said}");
    for role in ["pairwise-subject", "registry-index"] {
        let (code, said) = desk.refused(&with(&[role]));
        assert!(code == 64 && said.contains("not rotated"), "{said}");
    }
    assert_eq!(desk.refused(&with(&["master"])).0, 64);
    let (code, said) = desk.refused(&with(&["token-signing", "--now"]));
    assert!(code == 64 && said.contains("session ends") && said.contains("--yes"), "{said}");
    assert_eq!(desk.refused(&with(&["token-signing", "--yes"])).0, 64);
    let status = desk.told(&["status", "--file", "keys.sealed"]);
    let states = |status: &Value| -> Vec<String> {
        let keys =
            status["keys"].as_array().expect("keys").iter().filter(|key| key["role"] == "token-signing");
        keys.map(|key| key["state"].as_str().expect("a state").to_owned()).collect()
    };
    assert_eq!(states(&status), ["signs", "announced"]);
    let now = desk.told(&with(&["token-signing", "--now", "--yes"]));
    let status = desk.told(&["status", "--file", "keys.sealed"]);
    assert_eq!(states(&status), ["signs"]);
    assert!(status["keys"].to_string().contains(now["kid"].as_str().expect("a kid")));
    desk.told(&with(&["state-sealing"]));
    desk.told(&with(&["registry-sealing"]));
    let status = desk.told(&["status", "--file", "keys.sealed"]);
    assert!(status["keys"].to_string().contains("\"opens\""), "{status}");
}

#[test]
fn another_passphrase_and_the_keys_of_an_earlier_version() {
    let desk = Desk::made();
    desk.write("new", "another phrase of the marmot");
    let names = |desk: &Desk, file: &str| desk.told(&["list", "--file", file]);
    let before = names(&desk, "keys.sealed");
    let reseal = ["reseal", "--file", "keys.sealed", "--passphrase-from", "env:BAWABA_PASSPHRASE"];
    desk.told(&[&reseal[..], &["--new-passphrase-from", "file:new"]].concat());
    assert_eq!(names(&desk, "keys.sealed"), before);
    assert_eq!(
        desk.refused(&["status", "--file", "keys.sealed", "--passphrase-from", "file:passphrase"]).0,
        78
    );
    desk.told(&["status", "--file", "keys.sealed", "--passphrase-from", "file:new"]);

    let signing = || rcgen::KeyPair::generate().expect("a key").serialize_der();
    let entries = hsm_config::KeyRole::ALL.map(|role| {
        let key = match role.job() {
            hsm_config::KeyJob::Sign => signing(),
            _ => format!("{:-^32}", role.name()).into_bytes(),
        };
        json!({ "role": role.name(), "key": base64::engine::general_purpose::STANDARD.encode(key) })
    });
    desk.write("keys.json", &json!({ "version": 1, "keys": entries }).to_string());
    let (code, said) = desk.refused(&["status", "--file", "keys.json"]);
    assert!(code == 78 && said.contains("bawaba keys import"), "{said}");
    let imported = ["import", "keys.json", "imported.sealed", "--passphrase-from", "file:passphrase"];
    assert!(text(&desk.keys(&imported).stderr).contains("shred"), "what still lies open is said");
    desk.told(&["status", "--file", "imported.sealed", "--passphrase-from", "file:passphrase"]);
}
