//! Do new policies take force whole, signed, on record, or not at all? And can what was decided be explained, and tried
//! again under others?

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use bawaba_tests::harness::{Harness, Plan};
use bawaba_tests::postgres::Postgres;
use bawaba_tests::program;
use gateway::decisions::{Bundle, Edition};
use policies::{PolicyFile, PolicySet};
use serde_json::Value;

const NO_CLINICS: &str =
    "forbid (principal is Bawaba::Clinic, action == Bawaba::Action::\"open-session\", resource);";

/// A security officer, by a PKCS#8 key.
struct Officer(Vec<u8>);

impl Officer {
    fn new() -> Self {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Self(key.expect("a key").as_ref().to_vec())
    }

    fn sign(&self, set: &PolicySet, version: u64, not_before: time::OffsetDateTime) -> String {
        Bundle::sign(set, Edition { version, not_before }, &self.0).expect("a signature").0
    }

    fn jwk(&self) -> String {
        let set = PolicySet::shipped().expect("sound");
        let edition = Edition { version: 1, not_before: time::OffsetDateTime::UNIX_EPOCH };
        Bundle::sign(&set, edition, &self.0).expect("a signature").1.to_jwk()
    }
}

/// The shipped policies and one more.
fn with(id: &str, policy: &str) -> PolicySet {
    PolicySet::of_files(files_with(id, policy)).expect("a sound set")
}

fn files_with(id: &str, policy: &str) -> Vec<PolicyFile> {
    let annotations = format!(
        "@id(\"{id}\")\n@reason(\"{id}\")\n@legal(\"loi 09-08, art. 3\")\n@fr(\"Essai.\")\n@ar(\"تجربة.\")\n@en(\"A trial.\")\n"
    );
    let mut files = PolicySet::shipped().expect("sound").files().to_vec();
    files.push(PolicyFile { name: "local.cedar".to_owned(), text: annotations + policy });
    files
}

fn folder_with(folder: &Path, id: &str, policy: &str) -> PathBuf {
    std::fs::create_dir_all(folder).expect("a folder");
    for PolicyFile { name, text } in files_with(id, policy) {
        let file = folder.join(&name);
        if std::fs::read_to_string(&file).ok().as_deref() != Some(&*text) {
            // Whole or not at all, for a gateway that looks at this moment.
            let new = folder.join(format!("{name}.new"));
            std::fs::write(&new, text).expect("a writable folder");
            std::fs::rename(new, file).expect("a writable folder");
        }
    }
    folder.to_owned()
}

/// A town whose policies are those that the officer signed, version 5 of them from the start.
fn signed_town(plan: Plan, officer: &Officer) -> Plan {
    let (jwk, first) = (officer.jwk(), officer.sign(&PolicySet::shipped().expect("sound"), 5, long_ago()));
    plan.configured(move |config, files| {
        std::fs::write(files.root().join("security.jwk"), &jwk).expect("a writable folder");
        std::fs::write(files.root().join("policies.jws"), &first).expect("a writable folder");
        let section = toml::toml! {
            bundle = "policies.jws"
            signers = ["security.jwk"]
        };
        config.insert("policies".to_owned(), section.into());
    })
}

fn long_ago() -> time::OffsetDateTime {
    time::OffsetDateTime::UNIX_EPOCH
}

fn offer(town: &Harness, bundle: &str) {
    let (new, file) = (town.files.root().join("policies.new"), town.files.root().join("policies.jws"));
    std::fs::write(&new, bundle).expect("a writable folder");
    std::fs::rename(new, file).expect("a writable folder");
}

async fn opens(town: &Harness, client: &str) -> bool {
    town.counter(client).open(&mut town.card("amina"), "TREAT").await.status == 201
}

fn bawaba(town: &Harness, words: &[&str]) -> Value {
    let mut command = program::bawaba(&["--json"]);
    command.args(words).arg("--config").arg(town.files.config());
    let done = program::run(&mut command, Duration::from_secs(60));
    assert!(done.status.success(), "{words:?}: {}", program::text(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("one JSON document")
}

async fn a_bundle_replaces_a_bundle(plan: Plan) {
    let officer = Officer::new();
    let town = signed_town(plan, &officer).start().await;
    let before = town.event_count().await;
    assert!(opens(&town, "clinic-1").await);
    let stricter = with("no-clinics", NO_CLINICS);
    offer(&town, &officer.sign(&stricter, 6, long_ago()));
    let replaced = town.event_of_kind_after(before, "policies-replaced").await;
    assert_eq!(replaced["policy"], stricter.hash());
    assert!(replaced["detail"].as_str().expect("a detail").ends_with(", version 6"));
    assert!(town.eventually(async || town.app().policies.hash() == stricter.hash()).await);
    assert!(!opens(&town, "clinic-1").await, "from then on, at once");
    assert!(opens(&town, "hospital-1").await);
    let refused = town.event_of_kind_after(before, "session-refused").await;
    assert_eq!((&refused["policy"], refused["code"].as_str()), (&replaced["policy"], Some("no-clinics")));
    // What decided before is still known by its hash.
    let store = town.database().await;
    for set in [&PolicySet::shipped().expect("sound"), &stricter] {
        let kept = gateway::decisions::kept_set(&store, set.hash()).await.expect("a store").expect("kept");
        assert_eq!(kept.files(), set.files());
    }
    store.close().await;
}

#[tokio::test]
async fn a_signed_bundle_takes_force_whole_and_on_record() {
    a_bundle_replaces_a_bundle(Harness::new()).await;
}

#[tokio::test]
async fn so_it_does_on_postgres() {
    let server = Postgres::start();
    a_bundle_replaces_a_bundle(Harness::new().postgres(&server)).await;
}

#[tokio::test]
async fn a_bundle_with_anything_wrong_is_refused_and_the_old_one_stays() {
    let officer = Officer::new();
    let town = signed_town(Harness::new(), &officer).start().await;
    let (shipped, stricter) = (PolicySet::shipped().expect("sound"), with("no-clinics", NO_CLINICS));
    let good = officer.sign(&stricter, 6, long_ago());
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let other = officer.sign(&stricter, 7, long_ago());
    let (_, of_another) = other.rsplit_once('.').expect("three parts");
    assert_ne!(signature, of_another);
    let wide = |policy: &str| unsound(&officer, policy);
    let offers = [
        ("policies-bundle-malformed", "not a bundle".to_owned()),
        ("policies-signer-unknown", Officer::new().sign(&stricter, 6, long_ago())),
        ("policies-signature", format!("{signed}.{of_another}")),
        ("policies-rolled-back", officer.sign(&stricter, 4, long_ago())),
        ("policies-version-reused", officer.sign(&stricter, 5, long_ago())),
        ("policies-syntax", wide("permit (principal, action")),
        ("policies-invalid", wide("permit (principal, action, resource) when { context.colour == 1 };")),
        ("policies-deny-everything", wide("forbid (principal, action, resource);")),
    ];
    for (code, bundle) in offers {
        let before = town.event_count().await;
        offer(&town, &bundle);
        let event = town.event_of_kind_after(before, "policies-refused").await;
        assert_eq!((event["code"].as_str(), event["policy"].as_str()), (Some(code), Some(shipped.hash())));
        assert_eq!(town.app().policies.hash(), shipped.hash(), "{code}");
    }
    assert!(opens(&town, "clinic-1").await);
    let before = town.event_count().await;
    offer(&town, &good);
    assert_eq!(town.event_of_kind_after(before, "policies-replaced").await["policy"], stricter.hash());
}

/// A bundle as somebody makes it who does not check what is in it.
fn unsound(officer: &Officer, policy: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::json;
    let files: serde_json::Map<String, Value> =
        files_with("too-much", policy).into_iter().map(|file| (file.name, file.text.into())).collect();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &officer.0).expect("a key");
    let kid =
        gateway::dpop::ClientKey::parse(officer.jwk().as_bytes()).expect("a key").thumbprint().to_owned();
    let header = json!({"alg": "ES256", "typ": "bawaba-policies+jws", "kid": kid});
    let payload = json!({"version": 9, "nbf": 0, "hash": "", "files": files});
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&payload));
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn a_bundle_of_tomorrow_waits() {
    let officer = Officer::new();
    let town = signed_town(Harness::new(), &officer).start().await;
    let (shipped, stricter) = (town.app().policies.hash(), with("no-clinics", NO_CLINICS));
    let before = town.event_count().await;
    let from = town.now() + time::Duration::hours(2);
    offer(&town, &officer.sign(&stricter, 6, from));
    // Something wrong is refused after it was read: by then the other one was read, too.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(town.app().policies.hash(), shipped);
    assert_eq!(town.event_codes("policies-refused").await, Vec::<String>::new());
    town.clock.advance(time::Duration::hours(2));
    assert_eq!(town.event_of_kind_after(before, "policies-replaced").await["policy"], stricter.hash());
}

#[tokio::test]
async fn a_node_that_starts_with_a_broken_or_older_file_decides_by_the_newest_that_was_taken() {
    let officer = Officer::new();
    let here = signed_town(Harness::new(), &officer).start().await;
    let stricter = with("no-clinics", NO_CLINICS);
    offer(&here, &officer.sign(&stricter, 6, long_ago()));
    assert!(here.eventually(async || here.app().policies.hash() == stricter.hash()).await);
    for (bundle, code) in [
        ("broken".to_owned(), "policies-bundle-malformed"),
        (officer.sign(&PolicySet::shipped().expect("sound"), 5, long_ago()), "policies-rolled-back"),
    ] {
        let before = here.event_count().await;
        offer(&here, &bundle);
        let there = here.beside().await;
        assert_eq!(there.app().policies.hash(), stricter.hash(), "{code}");
        assert_eq!(there.app().policies.version(), Some(6));
        assert_eq!(here.event_of_kind_after(before, "policies-refused").await["code"], code);
    }
}

#[tokio::test]
async fn a_folder_that_changes_is_taken_over_and_a_broken_one_is_not() {
    let town = Harness::new()
        .configured(|config, files| {
            folder_with(
                &files.root().join("policies"),
                "nothing",
                "forbid (principal is Bawaba::Auditor, action, resource);",
            );
            config.insert("policies".to_owned(), toml::toml! { dir = "policies" }.into());
        })
        .start()
        .await;
    let (before, first) = (town.event_count().await, town.app().policies.hash());
    let folder = town.files.root().join("policies");
    folder_with(&folder, "everything", "forbid (principal, action, resource);");
    let refused = town.event_of_kind_after(before, "policies-refused").await;
    assert_eq!(
        (refused["code"].as_str(), refused["policy"].as_str()),
        (Some("policies-deny-everything"), Some(&*first))
    );
    assert!(opens(&town, "clinic-1").await);
    folder_with(&folder, "no-clinics", NO_CLINICS);
    let replaced = town.event_of_kind_after(before, "policies-replaced").await;
    assert_eq!(replaced["detail"], format!("before {first}"));
    assert!(town.eventually(async || !opens(&town, "clinic-1").await).await);
}

#[tokio::test]
async fn a_decision_of_yesterday_is_explained_and_tried_again_under_other_policies() {
    let town = Harness::healthy().await;
    let clinic = town.session("amina", "clinic-1").await;
    let pharmacy = town.session("amina", "pharmacy-1").await;
    let before = town.event_count().await;
    town.counter("pharmacy-1").get("/dossier/Condition", &pharmacy.token).await.is(403);
    let refused = town.event_of_kind_after(before, "access").await;
    town.counter("clinic-1").get("/dossier/Condition", &clinic.token).await.is(200);

    let index = refused["index"].as_u64().expect("an index").to_string();
    let request = refused["request_id"].as_str().expect("a request id").to_owned();
    for event in [&index, &request] {
        let explained = bawaba(&town, &["policies", "explain", event, "--lang", "fr"]);
        let question = &explained["questions"][0];
        assert_eq!(
            (question["verdict"].as_str(), question["kind"].as_str()),
            (Some("deny"), Some("pharmacy"))
        );
        assert!(question["differs_from_record"].is_null());
        let because = question["because"].as_array().expect("reasons");
        let told = because.iter().find(|one| one["code"] == "pharmacy-no-dossier").expect("the reason");
        assert_eq!(told["says"], "Une pharmacie voit les ordonnances, jamais le dossier médical.");
        let ways = question["otherwise"].to_string();
        assert!(ways.contains("client: pharmacy -> clinic"), "{ways}");
    }

    let draft = folder_with(&town.files.root().join("draft"), "no-clinics", NO_CLINICS);
    let draft = draft.to_str().expect("a path");
    let replayed = bawaba(&town, &["policies", "replay", "--draft", draft, "--days", "1"]);
    assert_eq!((replayed["lost"].as_u64(), replayed["gained"].as_u64()), (Some(1), Some(0)), "{replayed}");
    let change = &replayed["changes"][0];
    assert_eq!((change["effect"].as_str(), change["client"].as_str()), (Some("loses"), Some("clinic")));
    assert_eq!((change["action"].as_str(), change["clients"].as_u64()), (Some("open-session"), Some(1)));
    assert_eq!(
        (&change["reasons"][0], &change["for_example"][0]),
        (&"no-clinics".into(), &"clinic-1".into())
    );
    assert!(!change["before"].as_array().expect("codes").is_empty(), "why it was permitted then");
    // The other way round: the pharmacy's refusal would have been none.
    let opener = folder_with(
        &town.files.root().join("opener"),
        "nothing",
        "forbid (principal is Bawaba::Auditor, action, resource);",
    );
    let access = std::fs::read_to_string(opener.join("access.cedar")).expect("a theme");
    let opened = access.replace(
        "principal is Bawaba::Clinic ||",
        "principal is Bawaba::Pharmacy || principal is Bawaba::Clinic ||",
    );
    let opened = opened.replace("principal is Bawaba::Pharmacy,", "principal is Bawaba::Auditor,");
    std::fs::write(opener.join("access.cedar"), opened).expect("a writable folder");
    let replayed = bawaba(&town, &["policies", "replay", "--draft", opener.to_str().expect("a path")]);
    let gains = replayed["changes"].to_string();
    assert!(gains.contains("\"gains\"") && gains.contains("pharmacy-no-dossier"), "{replayed}");
}

#[tokio::test]
async fn the_program_signs_checks_and_prints_the_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    std::fs::write(at("security.key"), Officer::new().0).expect("a writable folder");
    let run = |words: &[&str]| {
        let done = program::run(&mut program::bawaba(words), Duration::from_secs(60));
        (done.status.code(), program::text(&done.stdout), program::text(&done.stderr))
    };
    let signed = [
        "policies",
        "sign",
        "--key",
        &at("security.key"),
        "--version",
        "3",
        "--out",
        &at("p.jws"),
        "--public",
        &at("s.jwk"),
    ];
    assert_eq!(run(&signed).0, Some(0));
    let (code, told, _) = run(&["policies", "check", "--bundle", &at("p.jws"), "--signer", &at("s.jwk")]);
    assert_eq!(code, Some(0));
    assert!(
        told.contains("version 3") && told.contains(PolicySet::shipped().expect("sound").hash()),
        "{told}"
    );
    std::fs::write(at("other.key"), Officer::new().0).expect("a writable folder");
    let other = ["policies", "sign", "--key", &at("other.key"), "--version", "3", "--out", &at("o.jws")];
    assert_eq!(run(&other).0, Some(0));
    let (code, _, told) = run(&["policies", "check", "--bundle", &at("o.jws"), "--signer", &at("s.jwk")]);
    assert_eq!(code, Some(78));
    assert!(told.contains("policies-signer-unknown"), "{told}");
    let (_, page, _) = run(&["policies", "table"]);
    let golden = std::fs::read_to_string(bawaba_tests::source::root().join("policies/golden/access.txt"));
    assert_eq!(page, golden.expect("the golden page"));
}
