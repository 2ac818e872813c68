//! Do delegates sign only in their time, announced and certified, and does anybody's library agree?

mod neighbours;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use time::{Duration, OffsetDateTime};

use crate::pkcs11::TokenKeys;
use crate::pkcs11::tests::station::{Station, isolated};
use crate::pkcs11::tests::{MADE, NOW};
use crate::{InstalledKeys, KeyRole, Places, Profile, PublishedKey, Signer as _, conformance};

const PRODUCTION: &str = include_str!("../../profiles/production.toml");
const ROLE: KeyRole = KeyRole::TokenSigning;
const TOKEN_LIFE: Duration = Duration::minutes(15);

fn production() -> Profile {
    Profile::parse(PRODUCTION).unwrap()
}

fn installed(station: &Station, at: OffsetDateTime) -> Result<InstalledKeys, crate::HsmError> {
    let places = Places { file: None, token: Some(station.place()), node: "node-1.rabat".to_owned() };
    crate::installed::open(&production(), places, at)
}

fn provisioned(station: &Station) -> InstalledKeys {
    TokenKeys::provision(&station.place(), &production(), MADE).unwrap();
    installed(station, NOW).unwrap()
}

/// A token as the gateway makes it, with the `kid` in its header.
fn token(keys: &InstalledKeys, at: OffsetDateTime) -> (String, String) {
    let kid = keys.current(ROLE, at).unwrap().kid().to_owned();
    let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let header = part(serde_json::json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid }));
    let body = part(serde_json::json!({ "iss": "https://gateway", "sub": "patient" }));
    let signed = format!("{header}.{body}");
    let signature = keys.sign(ROLE, &kid, signed.as_bytes()).unwrap();
    (kid, format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn verifies(token: &str, published: &[PublishedKey]) -> bool {
    let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let Some(key) = published.iter().find(|key| key.key.kid() == kid) else { return false };
    let key = jsonwebtoken::DecodingKey::from_ec_components(&key.key.x(), &key.key.y()).unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    jsonwebtoken::decode::<serde_json::Value>(token, &key, &rules).is_ok()
}

#[test]
fn delegates_keep_every_promise() {
    isolated(module_path!(), "delegates_keep_every_promise", |station| {
        let keys = provisioned(station);
        conformance::check(&keys, NOW).unwrap();
        keys.maintain(NOW).unwrap();
        conformance::check(&keys, NOW).unwrap();
        assert_eq!(keys.published(ROLE, NOW).unwrap().len(), 2, "the successor is announced");
        assert!(!format!("{keys:?}").contains("PRIVATE"));
        // Made in the middle of a second, it signs for whoever asks for that second.
        let late = installed(station, NOW + Duration::milliseconds(900)).unwrap();
        late.current(ROLE, NOW).unwrap();
        let nodes = ["", "a b", "a,CN=b", "é"];
        for node in nodes {
            let places = Places { file: None, token: Some(station.place()), node: node.to_owned() };
            assert_eq!(
                crate::installed::open(&production(), places, NOW).unwrap_err().code(),
                "profile-node-name"
            );
        }
    });
}

/// Twelve hours of a node, minute by minute, with the eyes of a verifier.
#[test]
fn no_verifier_meets_an_unknown_key_and_no_key_outlives_its_hour() {
    isolated(module_path!(), "no_verifier_meets_an_unknown_key_and_no_key_outlives_its_hour", |station| {
        let keys = provisioned(station);
        let mut announced: HashMap<String, OffsetDateTime> = HashMap::new();
        let mut tokens: Vec<(OffsetDateTime, String)> = Vec::new();
        let mut signed = std::collections::BTreeSet::new();
        for minute in 0..12 * 60 {
            let at = NOW + Duration::minutes(minute);
            keys.maintain(at).unwrap();
            let published = keys.published(ROLE, at).unwrap();
            for key in &published {
                let first = *announced.entry(key.key.kid().to_owned()).or_insert(at);
                assert!(at - first < Duration::hours(1), "{} is published for an hour", key.key.kid());
                assert_eq!(key.certificates.len(), 2);
            }
            let (kid, token) = token(&keys, at);
            let known_for = at - announced[&kid];
            assert!(
                signed.is_empty()
                    || signed.len() == 1 && minute < 10
                    || known_for >= Duration::minutes(10)
                    || signed.contains(&kid),
                "{kid} was announced for {known_for} only"
            );
            signed.insert(kid);
            tokens.push((at, token));
            tokens.retain(|(made, _)| at - *made <= TOKEN_LIFE);
            assert!(tokens.iter().all(|(_, token)| verifies(token, &published)), "a living token is refused");
            assert!(published.len() <= 8, "{} keys are published", published.len());
        }
        assert!(signed.len() > 40, "{} keys signed", signed.len());
    });
}

#[test]
fn a_module_that_is_away_is_survived_until_the_delegate_ends() {
    isolated(module_path!(), "a_module_that_is_away_is_survived_until_the_delegate_ends", |station| {
        let keys = provisioned(station);
        keys.maintain(NOW).unwrap();
        station.take_away();
        let mut last = NOW;
        let error = loop {
            assert!(keys.maintain(last).unwrap_err().code().starts_with("hsm-"));
            match keys.current(ROLE, last) {
                Ok(_) => assert!(verifies(&token(&keys, last).1, &keys.published(ROLE, last).unwrap())),
                Err(error) => break error,
            }
            last += Duration::minutes(1);
        };
        assert_eq!(error.code(), "hsm-delegate-ended");
        let survived = last - NOW;
        assert!(survived >= Duration::minutes(40) && survived <= Duration::minutes(45), "{survived}");
        // Its last token can still be verified.
        assert!(!keys.published(ROLE, last).unwrap().is_empty());
        assert!(keys.published(ROLE, NOW + Duration::hours(1)).unwrap().is_empty());
        station.bring_back();
        while keys.maintain(last).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(verifies(&token(&keys, last).1, &keys.published(ROLE, last).unwrap()));
        conformance::check(&keys, last).unwrap();
    });
}

fn pem(folder: &Path, name: &str, der: &[u8]) -> PathBuf {
    let path = folder.join(name);
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let text = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"));
    std::fs::write(&path, text).unwrap();
    path
}

fn openssl(arguments: &[&str]) -> Result<String, String> {
    let ran = Command::new("openssl").args(arguments).output().expect("openssl");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    if ran.status.success() { Ok(said) } else { Err(said) }
}

fn verify(root: &Path, between: &[&str], leaf: &Path, at: OffsetDateTime) -> Result<String, String> {
    let at = at.unix_timestamp().to_string();
    let root = root.to_str().unwrap();
    let head = ["verify", "-x509_strict", "-attime", &at, "-CAfile", root];
    openssl(&[&head[..], between, &[leaf.to_str().unwrap()]].concat())
}

#[test]
fn openssl_verifies_the_certificates_of_a_delegate() {
    isolated(module_path!(), "openssl_verifies_the_certificates_of_a_delegate", |station| {
        let keys = provisioned(station);
        let published = keys.published(ROLE, NOW).unwrap().remove(0);
        let [own, module] = published.certificates.try_into().unwrap();
        let (own, module) =
            (pem(&station.folder, "own.pem", &own), pem(&station.folder, "module.pem", &module));
        verify(&module, &[], &own, NOW).unwrap();
        verify(&module, &[], &own, NOW + Duration::minutes(58)).unwrap();
        verify(&module, &[], &own, NOW + Duration::hours(1)).unwrap_err();
        verify(&module, &[], &own, NOW - Duration::minutes(2)).unwrap_err();
        let text = openssl(&["x509", "-in", own.to_str().unwrap(), "-noout", "-text"]).unwrap();
        for wanted in [
            "CA:FALSE",
            "Digital Signature",
            "O = Bawaba, OU = delegate of node-1.rabat, CN = token-signing",
            "prime256v1",
        ] {
            assert!(text.contains(wanted), "{wanted} is not in {text}");
        }
        assert!(!text.contains("Certificate Sign"), "{text}");
        // The certificate is about the key that signs: its public half is the JWK's.
        let spki = openssl(&["x509", "-in", own.to_str().unwrap(), "-noout", "-pubkey"]).unwrap();
        let spki: String = spki.lines().filter(|line| !line.starts_with('-')).collect();
        assert!(STANDARD.decode(spki).unwrap().ends_with(published.key.sec1_uncompressed()));
        // A delegate certifies nobody.
        let another = keys.published(KeyRole::BackendTokenSigning, NOW).unwrap().remove(0);
        let another = pem(&station.folder, "another.pem", &another.certificates[0]);
        verify(&module, &["-untrusted", own.to_str().unwrap()], &another, NOW).unwrap_err();
    });
}

/// The kingdom's authority certifies the module's key instead of the key itself.
#[test]
fn a_certificate_of_an_authority_takes_the_place_of_the_own_one() {
    isolated(module_path!(), "a_certificate_of_an_authority_takes_the_place_of_the_own_one", |station| {
        drop(provisioned(station));
        let id = format!("d100000001{:016x}", MADE.unix_timestamp());
        let label = "bawaba-token-delegation";
        let name = ["--type", "cert", "--label", label, "--id", &id];
        let file = |name: &str| station.folder.join(name).to_str().unwrap().to_owned();
        let public = ["--read-object", "--type", "pubkey", "--label", label, "--id", &id, "--output-file"];
        station.pkcs11_tool(&[&public[..], &[&file("key.der")]].concat());
        openssl(&["pkey", "-pubin", "-inform", "DER", "-in", &file("key.der"), "-out", &file("key.pem")])
            .unwrap();
        let root = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"];
        let root_files = [
            "-keyout",
            &file("root.key"),
            "-out",
            &file("root.pem"),
            "-subj",
            "/C=MA/CN=Root",
            "-addext",
            "keyUsage=critical,keyCertSign",
        ];
        openssl(&[&["req", "-x509"], &root[..], &root_files].concat()).unwrap();
        let request =
            ["-keyout", &file("any.key"), "-out", &file("any.csr"), "-subj", "/C=MA/O=CNSS/CN=Gateway keys"];
        openssl(&[&["req", "-new"], &root[..5], &request].concat()).unwrap();
        std::fs::write(file("ca.cnf"), "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n").unwrap();
        openssl(&[
            "x509",
            "-req",
            "-in",
            &file("any.csr"),
            "-force_pubkey",
            &file("key.pem"),
            "-CA",
            &file("root.pem"),
            "-CAkey",
            &file("root.key"),
            "-CAcreateserial",
            "-days",
            "3650",
            "-extfile",
            &file("ca.cnf"),
            "-outform",
            "DER",
            "-out",
            &file("module.der"),
        ])
        .unwrap();
        // Twice is one too many; without any there is no delegate; another key's is refused.
        station.pkcs11_tool(&[&["--write-object", &file("module.der")], &name[..]].concat());
        assert_eq!(installed(station, NOW).unwrap_err().code(), "hsm-certificate-wrong");
        station.pkcs11_tool(&[&["--delete-object"], &name[..]].concat());
        station.pkcs11_tool(&[&["--delete-object"], &name[..]].concat());
        let modified = std::fs::metadata(file("module.der")).unwrap().modified().unwrap();
        let at = NOW.max(OffsetDateTime::from(modified) + Duration::hours(1));
        assert_eq!(installed(station, at).unwrap_err().code(), "hsm-certificate-missing");
        openssl(&["x509", "-in", &file("root.pem"), "-outform", "DER", "-out", &file("root.der")]).unwrap();
        station.pkcs11_tool(&[&["--write-object", &file("root.der")], &name[..]].concat());
        assert_eq!(
            installed(station, at).unwrap_err().to_string(),
            "the certificate of the token-signing key is another key's"
        );
        station.pkcs11_tool(&[&["--delete-object"], &name[..]].concat());
        station.pkcs11_tool(&[&["--write-object", &file("module.der")], &name[..]].concat());
        let keys = installed(station, at).unwrap();
        let [own, module] = keys.published(ROLE, at).unwrap().remove(0).certificates.try_into().unwrap();
        let (own, module) =
            (pem(&station.folder, "own.pem", &own), pem(&station.folder, "module.pem", &module));
        let between = ["-untrusted", module.to_str().unwrap()];
        verify(Path::new(&file("root.pem")), &between, &own, at).unwrap();
        verify(Path::new(&file("root.pem")), &[], &own, at).unwrap_err();
    });
}

/// One key one job, also over time: what certified delegates does not sign tokens after a change of the profile.
#[test]
fn a_key_that_certified_does_not_sign_by_itself_later() {
    isolated(module_path!(), "a_key_that_certified_does_not_sign_by_itself_later", |station| {
        drop(provisioned(station));
        let direct = PRODUCTION.replacen(
            "{ by = \"delegate\", life_secs = 3600, lead_secs = 600 }",
            "{ by = \"itself\" }",
            1,
        );
        let error = TokenKeys::open(&station.place(), &Profile::parse(&direct).unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the certificate of the token-signing key lets it certify, but it signs itself"
        );
    });
}
