//! `bawaba registry add-client`, `set-client-key`: a running gateway knows a key within seconds, and forgets it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use bawaba_tests::harness::Harness;
use bawaba_tests::mobile::Mobile;
use bawaba_tests::program;
use serde_json::{Value, json};

const LIST: &str = "/prescription/MedicationRequest";

/// The operator's command with a key on its standard input: whether it succeeded, and what it said.
fn operator(town: &Harness, words: &[&str], jwk: &str) -> (bool, String) {
    let mut command = Command::new(program::path("bawaba"));
    command.args(["--json", "registry"]).args(words).arg("--config").arg(town.files.config());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    // It does not read more than a key can have.
    let _ = child.stdin.take().expect("a pipe").write_all(jwk.as_bytes());
    let output = child.wait_with_output().expect("the program");
    let said = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(said).expect("text"))
}

fn unit(town: &Harness, id: &str) -> Mobile {
    Mobile::new(town, id, rcgen::KeyPair::generate().expect("a key"))
}

const ADD: [&str; 9] = [
    "add-client",
    "mobile-7",
    "--kind",
    "mobile-unit",
    "--name",
    "Unité",
    "--scope",
    "prescription",
    "--jwk=-",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_registers_a_key_and_puts_another_in_its_place() {
    let town = Harness::healthy().await;
    let (first, second) = (unit(&town, "mobile-7"), unit(&town, "mobile-7"));
    let (added, said) = operator(&town, &ADD, &first.jwk().to_string());
    assert!(added, "{said}");
    let said: Value = serde_json::from_str(&said).expect("one JSON document");
    assert_eq!((&said["id"], &said["active"]), (&json!("mobile-7"), &json!(true)));
    assert_eq!(said["key"].as_str().expect("a thumbprint").len(), 43);
    let known = async || first.token(&[("grant_type", "client_credentials")]).await.status == 200;
    assert!(town.eventually(known).await, "the key is not known");
    let session = first.session(&town, "amina").await;
    first.get(LIST, &session).await.is(200);

    let (replaced, said) =
        operator(&town, &["set-client-key", "mobile-7", "--jwk=-"], &second.jwk().to_string());
    assert!(replaced, "{said}");
    let out = async || first.get(LIST, &session).await.code() == "proof-invalid";
    assert!(town.eventually(out).await, "the old key still opens");
    second.token(&[("grant_type", "client_credentials")]).await.is(200);

    let (removed, said) = operator(&town, &["set-client-key", "mobile-7", "--remove"], "");
    assert!(removed && !said.contains("\"key\""), "{said}");
    let out = async || second.token(&[("grant_type", "client_credentials")]).await.status != 200;
    assert!(town.eventually(out).await, "a removed key still opens");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_public_key_of_its_own_is_not_registered() {
    let town = Harness::healthy().await;
    let (mobile, other) = (town.mobile("mobile-6").await, unit(&town, "mobile-7"));
    let mut private = other.jwk();
    private["d"] = "AAAA".into();
    for (jwk, why) in [
        (private.to_string(), "private key"),
        (mobile.jwk().to_string(), "the key of mobile-6"),
        ("{}".to_owned(), "public P-256 key"),
        (String::new(), "public P-256 key"),
        ("x".repeat(100_000), "public P-256 key"),
    ] {
        let (added, said) = operator(&town, &ADD, &jwk);
        assert!(!added && said.contains(why), "{why}: {said}");
        assert!(!said.contains("AAAA"), "a secret is repeated");
    }
    let (added, said) = operator(&town, &ADD[..8], "");
    assert!(added, "without a key it comes with a certificate: {said}");
    let (again, said) = operator(&town, &ADD[..8], "");
    assert!(!again && said.contains("registered already"), "{said}");
    let (unknown, said) = operator(&town, &["set-client-key", "nobody", "--remove"], "");
    assert!(!unknown && said.contains("no client nobody"), "{said}");
}
