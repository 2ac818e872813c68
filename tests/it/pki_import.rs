//! What does an operator see of `bawaba pki import` and its kin, and what does a running gateway do about it?

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bawaba_tests::harness::Harness;
use bawaba_tests::papers::Country;
use bawaba_tests::program::{Running, bawaba, run, text};
use gateway::clock::{Clock, SystemClock};
use pki::issuing::{
    CertificateProfile, CountrySigner, DocumentSignerOptions, MasterListOptions, SignatureScheme,
};
use serde_json::Value;
use time::{Duration as Days, OffsetDateTime};

const LIMIT: Duration = Duration::from_secs(60);

/// A folder with files, and the program in it.
struct Desk(tempfile::TempDir);

struct Said {
    code: i32,
    json: Value,
    stderr: String,
}

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("a writable folder");
        path.to_str().expect("UTF-8").to_owned()
    }

    fn store(&self) -> String {
        self.0.path().join("trust").to_str().expect("UTF-8").to_owned()
    }

    fn states(&self) -> Vec<(String, String)> {
        let listed = said(&["list", "--all", "--trust", &self.store()]).json;
        let entries = listed["entries"].as_array().expect("entries").iter();
        let mut states: Vec<_> = entries.map(|one| (word(&one["country"]), word(&one["state"]))).collect();
        states.sort();
        states
    }
}

/// `bawaba pki WORDS --json`.
fn said(words: &[&str]) -> Said {
    let all: Vec<&str> = ["pki"].into_iter().chain(words.iter().copied()).chain(["--json"]).collect();
    let output = run(&mut bawaba(&all), LIMIT);
    Said {
        code: output.status.code().unwrap_or(-1),
        json: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
        stderr: text(&output.stderr),
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn now() -> OffsetDateTime {
    SystemClock.now()
}

fn profile(country: &str, name: &str) -> CertificateProfile {
    CertificateProfile {
        country: country.to_owned(),
        common_name: name.to_owned(),
        scheme: SignatureScheme::EcdsaP256,
        not_before: now() - Days::days(400),
        not_after: now() + Days::days(4_000),
    }
}

fn csca(country: &str) -> CountrySigner {
    CountrySigner::create(&profile(country, "CSCA")).expect("a CSCA")
}

fn list(publisher: &CountrySigner, entries: &[&CountrySigner], signed_at: OffsetDateTime) -> Vec<u8> {
    let options = DocumentSignerOptions { master_list_signer: true, ..Default::default() };
    let signer = publisher.issue_document_signer_with(&profile("DE", "Lists"), &options).expect("a signer");
    let entries: Vec<Vec<u8>> = entries.iter().map(|one| one.certificate().to_vec()).collect();
    let options = MasterListOptions { signed_at: Some(signed_at), ..Default::default() };
    signer.sign_master_list(&entries, &options).expect("a list")
}

fn published() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("BAWABA_DATA").map_or_else(beside, PathBuf::from);
    if !folder.is_dir() {
        println!("skipped: no BAWABA_DATA");
    }
    folder.is_dir().then_some(folder)
}

#[test]
fn the_real_list_is_told_as_the_contract_says() {
    let Some(folder) = published() else { return };
    let path = |name: &str| folder.join(name).to_str().expect("UTF-8").to_owned();
    let (file, anchor) =
        (path("masterlists/DE_ML_2025-11-27-07-39-21.ml"), path("masterlists/DE_ROOT_CA_CSCA07.cer"));
    let told = said(&["import", &file, "--anchor", &anchor, "--at", "2025-12-01T00:00:00Z"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    let json = &told.json;
    assert_eq!((json["accepted"].as_u64(), json["refused"].as_u64()), (Some(570), Some(7)));
    assert_eq!(json["entries"].as_array().map(Vec::len), Some(577));
    assert_eq!(json["countries"].as_object().map(serde_json::Map::len), Some(112));
    assert_eq!(json["reasons"]["says-no-authority"].as_u64(), Some(7));
    assert_eq!(json["deviations"]["explicit-ec-parameters"].as_u64(), Some(149));
    for entry in json["entries"].as_array().expect("entries") {
        let named = entry["outcome"] == "accepted" || !word(&entry["reason"]).is_empty();
        assert!(named && word(&entry["fingerprint"]).len() == 64, "{entry}");
        assert!(entry["outcome"] == "accepted" || entry["key_accepted_elsewhere"] == true, "{entry}");
    }
    let moroccan = json["entries"].as_array().expect("entries").iter();
    let moroccan = moroccan.filter(|one| {
        one["country"] == "MA" && !one["not_after"].as_str().unwrap_or_default().starts_with("2026")
    });
    assert_eq!(moroccan.count(), 4);
}

#[test]
fn a_list_that_nobody_vouches_for_ends_with_the_remedy() {
    let desk = Desk::new();
    let (publisher, other) = (csca("DE"), csca("DE"));
    let signed = list(&publisher, &[&publisher], now());
    let anchor = desk.file("anchor.cer", publisher.certificate());
    let wrong = desk.file("wrong.cer", other.certificate());
    let file = desk.file("list.ml", &signed);
    let cut = desk.file("cut.ml", &signed[..signed.len() - 9]);
    let mut changed = signed.clone();
    *changed.last_mut().expect("a list") ^= 1;
    let changed = desk.file("changed.ml", &changed);
    let store = desk.store();
    for (words, reason, remedy) in [
        (vec!["import", &file], "no-anchor", "--anchor"),
        (vec!["import", &file, "--anchor", &wrong], "list-not-anchored", "--anchor"),
        (vec!["import", &cut, "--anchor", &anchor], "malformed-list", "fetch"),
        (vec!["import", &changed, "--anchor", &anchor], "list-signature-does-not-hold", "fetch"),
        (
            vec!["import", &file, "--anchor", &anchor, "--at", "2060-01-01T00:00:00Z"],
            "list-signer-expired",
            "--at",
        ),
    ] {
        let told = said(&[words, vec!["--trust", &store]].concat());
        assert_eq!(told.code, 1, "{reason}: {}", told.stderr);
        assert_eq!(told.json["reasons"][reason].as_u64(), Some(1), "{}", told.json);
        assert_eq!(told.json["accepted"].as_u64(), Some(0));
        assert!(told.stderr.contains("remedy: ") && told.stderr.contains(remedy), "{}", told.stderr);
        assert!(!Path::new(&store).exists(), "{reason}: something was kept");
    }
    assert_eq!(said(&["import", &file, "--anchor", &anchor]).code, 0);
    assert_eq!(said(&["import", &desk.file("x", b"\0\0"), "--anchor", &anchor]).code, 1);
    assert_eq!(said(&["import", "/nowhere"]).code, 74);
}

/// As a directory writes it: folded, with CRLF, comments and change records, and with damage in the middle.
#[test]
fn ldif_of_a_directory_is_taken_to_the_last_object() {
    let desk = Desk::new();
    let (publisher, morocco) = (csca("DE"), csca("MA"));
    let signer = morocco.issue_document_signer(&profile("MA", "DS")).expect("a signer");
    let crl =
        morocco.issue_crl(&[signer.serial()], now() - Days::days(1), now() + Days::days(30)).expect("a CRL");
    let folded = |name: &str, der: &[u8]| {
        let base64 = STANDARD.encode(der);
        let lines: Vec<_> = base64.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
        format!("{name}:: {}\r\n", lines.join("\r\n "))
    };
    let mut broken = signer.certificate().to_vec();
    broken.truncate(100);
    let ldif = [
        "version: 1\r\n# complete\r\n\r\ndn: o=ml,c=DE\r\nobjectClass: pkdMasterList\r\n".to_owned(),
        folded("pkdMasterListContent", &list(&publisher, &[&publisher, &morocco], now())),
        "\r\ndn: o=ds,c=MA\r\nsn: 1\r\n".to_owned(),
        folded("userCertificate;binary", signer.certificate()),
        "\r\ndn: o=ds,c=XX\r\nuserCertificate;binary:: this is not base64\r\n\r\ndn: o=ds,c=YY\r\n"
            .to_owned(),
        folded("userCertificate;binary", &broken),
        "\r\ndn: o=crl,c=MA\r\n".to_owned(),
        folded("certificateRevocationList;binary", &crl),
        "\r\ndn: o=old\r\nchangetype: delete\r\n".to_owned(),
    ]
    .concat();
    let anchor = desk.file("anchor.cer", publisher.certificate());
    let file = desk.file("icaopkd-001-complete-000042.ldif", ldif.as_bytes());
    let told = said(&["import", &file, "--anchor", &anchor, "--trust", &desk.store()]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert_eq!(
        (told.json["accepted"].as_u64(), told.json["refused"].as_u64()),
        (Some(4), Some(3)),
        "{}",
        told.json
    );
    for reason in ["malformed-record", "malformed-certificate", "deletion-record"] {
        assert_eq!(told.json["reasons"][reason].as_u64(), Some(1), "{}", told.json["reasons"]);
    }
    assert_eq!(told.json["changes"][0]["source"], "ldif:icaopkd-001-complete");
    let states = desk.states();
    assert_eq!(states.iter().filter(|(country, _)| country == "MA").count(), 2, "{states:?}");
    let doctor = said(&["doctor", "--trust", &desk.store()]);
    let absent = doctor.json["findings"].as_array().expect("findings").iter();
    let absent: Vec<_> =
        absent.filter(|one| one["check"] == "crl-absent").map(|one| word(&one["country"])).collect();
    assert_eq!((doctor.code, absent), (0, vec!["DE".to_owned()]));
}

#[test]
fn a_new_import_replaces_the_source_and_leaves_the_operators_decisions() {
    let desk = Desk::new();
    let (publisher, france, morocco) = (csca("DE"), csca("FR"), csca("MA"));
    let anchor = desk.file("anchor.cer", publisher.certificate());
    let store = desk.store();
    let import = |name: &str, bytes: &[u8], more: &[&str]| {
        let file = desk.file(name, bytes);
        said(&[&["import", &file, "--anchor", &anchor, "--trust", &store][..], more].concat())
    };
    let first = list(&publisher, &[&publisher, &france], now() - Days::days(3));
    let second = list(&publisher, &[&publisher, &morocco], now() - Days::days(1));
    assert_eq!(import("1.ml", &first, &[]).json["changes"][0]["came"].as_array().map(Vec::len), Some(2));
    let (french, moroccan) =
        (desk.file("fr.cer", france.certificate()), desk.file("ma.cer", morocco.certificate()));
    assert_eq!(said(&["pin", &french, "--trust", &store]).code, 0);
    assert_eq!(said(&["distrust", &moroccan, "--trust", &store]).code, 64, "without a reason");
    assert_eq!(said(&["distrust", &moroccan, "--reason", "stolen key", "--trust", &store]).code, 0);

    let dry = import("2.ml", &second, &["--dry-run"]);
    assert_eq!((dry.code, &dry.json["kept_in"]), (0, &Value::Null));
    let change = import("2.ml", &second, &[]).json["changes"][0].clone();
    let counts = ["came", "went"].map(|name| change[name].as_array().map(Vec::len));
    assert_eq!((counts, change["unchanged"].as_u64()), ([Some(1), Some(1)], Some(1)), "{change}");
    let state = |country: &str, state: &str| (country.to_owned(), state.to_owned());
    assert_eq!(desk.states(), [state("DE", "believed"), state("FR", "pinned"), state("MA", "distrusted")]);

    let replayed = import("1.ml", &first, &[]);
    assert_eq!(replayed.code, 1);
    assert!(replayed.stderr.contains("--allow-older"), "{}", replayed.stderr);
    assert_eq!(import("1.ml", &first, &["--allow-older"]).code, 0);
    assert_eq!(said(&["distrust", &moroccan, "--undo", "--trust", &store]).code, 0);
    assert_eq!(import("2.ml", &second, &[]).code, 0);
    assert_eq!(desk.states()[2], state("MA", "believed"));

    // Who vouches for the list is distrusted: so is all that stands on it alone.
    assert_eq!(said(&["distrust", &anchor, "--reason", "gone", "--trust", &store]).code, 0);
    assert_eq!(desk.states(), [state("DE", "distrusted"), state("FR", "pinned"), state("MA", "fallen")]);
    let again = import("2.ml", &second, &[]);
    assert!(again.code == 1 && again.stderr.contains("--undo"), "{}", again.stderr);
}

#[test]
fn a_link_stands_and_falls_with_the_key_that_signed_it() {
    let desk = Desk::new();
    let (old, new, last) = (csca("MA"), csca("MA"), csca("MA"));
    let store = desk.store();
    let root = desk.file("old.cer", old.certificate());
    let links = [old.issue_link(&new).expect("a link"), new.issue_link(&last).expect("a link")].concat();
    let links = desk.file("links.der", &links);
    for file in [&root, &links] {
        assert_eq!(said(&["import", file, "--trust", &store]).code, 0);
    }
    let states = || desk.states().into_iter().map(|(_, state)| state).collect::<Vec<_>>();
    assert_eq!(states(), ["believed"; 3]);
    assert_eq!(said(&["distrust", &root, "--reason", "lost", "--trust", &store]).code, 0);
    assert_eq!(states(), ["distrusted", "fallen", "fallen"]);
    let doctor = said(&["doctor", "--trust", &store]);
    assert_eq!(doctor.code, 1, "nobody is believed");
    assert!(doctor.json.to_string().contains("nobody-believed"), "{}", doctor.json);
}

#[test]
fn imports_at_the_same_time_lose_nothing_of_each_other() {
    let desk = Desk::new();
    let countries = ["AA", "BB", "CC", "DD", "EE", "FF", "GG", "HH"];
    let store = desk.store();
    let running: Vec<Running> = countries
        .iter()
        .map(|country| {
            let file = desk.file(&format!("{country}.cer"), csca(country).certificate());
            Running::start(&mut bawaba(&["pki", "import", &file, "--trust", &store]))
        })
        .collect();
    for one in running {
        let output = one.finish(LIMIT);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let found: Vec<String> = desk.states().into_iter().map(|(country, _)| country).collect();
    assert_eq!(found, countries);
}

/// A sparse gigabyte: nothing in it, or an LDIF line without an end.
#[test]
fn a_file_of_a_gigabyte_ends_in_a_named_reason() {
    let desk = Desk::new();
    for (name, beginning, reason) in [
        ("zeros", &b""[..], "unknown-format"),
        ("der", &b"\x30\x84\x3f\xff\xff\xf0"[..], "too-large"),
        ("ldif", &b"version: 1\n\ndn: c=MA\nuserCertificate;binary:: "[..], "too-large"),
    ] {
        let file = desk.file(name, beginning);
        std::fs::File::options()
            .write(true)
            .open(&file)
            .and_then(|file| file.set_len(1 << 30))
            .expect("a sparse file");
        let told = said(&["import", &file]);
        assert_eq!(told.code, 1, "{name}: {}", told.stderr);
        assert_eq!(told.json["reasons"][reason].as_u64(), Some(1), "{name}: {}", told.json);
    }
}

/// A gateway at work: a country comes, is distrusted, and a damaged store changes nothing.
#[tokio::test]
async fn a_running_gateway_takes_the_store_over_whole_or_not_at_all() {
    let town = Harness::healthy().await;
    let state = town.files.root().to_str().expect("UTF-8").to_owned();
    let country = Country::new("UTO", Days::days(-400)..Days::days(400));
    let desk = Desk::new();
    let file = desk.file("uto.cer", country.certificate());
    let before = town.trust_store().len();
    let believes = async |count: usize| town.eventually(async || town.trust_store().len() == count).await;
    assert_eq!(said(&["import", &file, "--state", &state]).code, 0);
    assert!(believes(before + 1).await, "the gateway did not hear of the import");
    let told = said(&[
        "distrust",
        &file,
        "--reason",
        "a test",
        "--config",
        town.files.config().to_str().expect("UTF-8"),
    ]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert!(believes(before).await, "the gateway still believes whom the operator distrusts");
    assert_eq!(said(&["distrust", &file, "--undo", "--state", &state]).code, 0);
    assert!(believes(before + 1).await);
    let current = town.files.root().join("trust/current");
    std::fs::write(&current, b"{\"snapshot\":\"gone.json\",\"sha256\":\"00\"}").expect("a writable folder");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(town.trust_store().len(), before + 1, "a damaged store was taken");
    let damaged = said(&["list", "--state", &state]);
    assert!(damaged.code != 0 && damaged.stderr.contains("gone.json"), "{}", damaged.stderr);
}
