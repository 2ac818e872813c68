use std::path::Path;

use super::{Config, ConfigError, FetchSource, PatientIdentifier, StatePlace};
use crate::store::StorePlace;

const SAMPLE: &str = include_str!("../../config/sample.toml");

/// Writes every file that the sample names, and loads `text` beside them.
pub(super) fn load(text: &str) -> Result<Config, ConfigError> {
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
fn the_api_is_at_the_issuers_host_unless_the_file_says_otherwise() {
    assert_eq!(load(SAMPLE).unwrap().api, "https://bawaba.example.ma:8440");
    let elsewhere = SAMPLE.replace("[issuer]", "[issuer]\napi = \"https://api.example.ma/\"");
    let config = load(&elsewhere).unwrap();
    assert_eq!(config.api, "https://api.example.ma");
    let service = |of: Option<&super::BackEndConfig>| of.map(|back_end| back_end.service.clone());
    for (resource, found) in [
        ("https://api.example.ma/dossier", Some("dossier")),
        ("https://api.example.ma/dossier/", Some("dossier")),
        ("https://bawaba.example.ma:8441/billing", Some("billing")),
        ("https://dossier.example.ma", Some("dossier")),
        ("https://dossier.example.ma#x", None),
        ("https://api.example.ma/", None),
        ("https://api.example.ma.evil.example/dossier", None),
        ("dossier", None),
    ] {
        assert_eq!(service(config.back_end_of_resource(resource)).as_deref(), found, "{resource}");
    }
    assert_eq!(service(config.back_end_of_client("dossier")).as_deref(), Some("dossier"));
    assert_eq!(service(config.back_end_of_client("")), None);
    assert!(load(&SAMPLE.replace("[issuer]", "[issuer]\napi = \"http://api.example.ma\"")).is_err());
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
fn a_client_is_one_service_and_no_two() {
    assert_eq!(load(SAMPLE).unwrap().back_ends["dossier"].client.as_deref(), Some("dossier"));
    let text = format!(
        "{SAMPLE}\n[backends.archive]\nurl = \"https://archive.example.ma\"\nca = \"ca.pem\"\naudience = \"archive\"\n\
         patient_identifier = \"pairwise\"\nclient = \"dossier\"\n"
    );
    let error = load(&text).unwrap_err();
    assert!(error.problem.contains("\"dossier\" is the client of two back-ends"), "{error}");
    assert!(error.line.is_some(), "{error}");
}

#[test]
fn session_longer_than_fifteen_minutes_is_refused() {
    let error = load(&SAMPLE.replace("session_secs = 900", "session_secs = 901")).unwrap_err();
    assert!(error.problem.contains("901"), "{error}");
}

#[test]
fn sha1_is_believed_nowhere_unless_it_says_where() {
    assert_eq!(load(SAMPLE).unwrap().trust.sha1, pki::Sha1Policy::Refuse);
    for policy in pki::Sha1Policy::ALL {
        let text = SAMPLE.replace("# sha1 = \"refuse\"", &format!("sha1 = \"{}\"", policy.as_str()));
        assert_ne!(text, SAMPLE);
        assert_eq!(load(&text).unwrap().trust.sha1, policy);
    }
    let text = SAMPLE.replace("# sha1 = \"refuse\"", "sha1 = \"everywhere\"");
    assert_eq!(load(&text).unwrap_err().line, Some(line_of(&text, "everywhere")));
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

/// The sample with these lines more at its end.
fn with(lines: &str) -> Result<Config, ConfigError> {
    load(&format!("{SAMPLE}\n{lines}\n"))
}

#[test]
fn sources_of_lists_are_urls_files_and_folders_and_nothing_else() {
    let sources = |list: &str| with(&format!("[trust.fetch]\nsources = [{list}]\nca = [\"ca.pem\"]"));
    let config =
        sources("\"http://lists.example.ma/a.crl\", \"https://b.example.ma/b.crl\", \"csca/incoming\"");
    let fetch = config.unwrap().trust.fetch.unwrap();
    assert!(matches!(fetch.sources[..], [FetchSource::Url(_), FetchSource::Url(_), FetchSource::Path(_)]));
    assert_eq!((fetch.period.as_secs(), fetch.timeout.as_secs()), (3_600, 30));
    for wrong in ["ftp://lists.example.ma/a.crl", "http://", "ldap://pkd.example/CRLs"] {
        let error = sources(&format!("\"{wrong}\"")).unwrap_err();
        assert!(error.problem.contains(wrong) && error.line.is_some(), "{error}");
    }
    let blind = with("[trust.fetch]\nsources = [\"https://b.example.ma/b.crl\"]").unwrap_err();
    assert!(blind.remedy.contains("trust.fetch.ca"), "{blind}");
    let hasty = with("[trust.fetch]\nsources = []\nperiod_secs = 0").unwrap_err();
    assert!(hasty.problem.contains("0 seconds"), "{hasty}");
}

#[test]
fn hot_list_needs_its_certificate_and_its_folder() {
    let list = |certificate: &str, dir: &str| {
        with(&format!("[trust.hot_list]\ncertificate = \"{certificate}\"\ndir = \"{dir}\""))
    };
    let kept = list("ca.pem", "csca").unwrap().trust.hot_list.unwrap();
    assert!(kept.mark.ends_with("bawaba.hot-list-mark"), "{}", kept.mark.display());
    assert!(list("nowhere.pem", "csca").unwrap_err().problem.contains("nowhere.pem"));
    assert!(list("ca.pem", "nowhere").unwrap_err().problem.contains("nowhere"));
}

/// The sample with these keys instead; the profile is beside it.
fn keys(text: &str) -> Result<hsm_config::KeyPlace, ConfigError> {
    let (before, rest) = SAMPLE.split_once("[keys]").unwrap();
    let (_, after) = rest.split_once("[store]").unwrap();
    load(&format!("{before}[keys]\n{text}\n[store]{after}")).map(|config| config.keys)
}

#[test]
fn keys_are_in_a_file_or_where_a_profile_says() {
    let file = "file = \"keys.sealed\"\npassphrase = \"env:PASSPHRASE\"\n";
    // Any file that is there: what is in it is read when the keys are opened.
    let profile = "profile = \"ca.pem\"\n";
    let token = "module = \"hsm.so\"\ntoken = \"bawaba\"\npin = \"file:pin\"\n";
    assert!(matches!(keys(file), Ok(hsm_config::KeyPlace::File { .. })));
    let Ok(hsm_config::KeyPlace::Profile(place)) = keys(&format!("{profile}{token}")) else {
        panic!("no profile");
    };
    assert!(place.file.is_none() && !place.node.is_empty());
    let hsm_config::SecretSource::File(pin) = &place.token.as_ref().unwrap().pin else {
        panic!("no PIN file")
    };
    assert!(pin.is_absolute(), "relative to the configuration: {}", pin.display());
    let both = keys(&format!("{profile}{file}{token}node = \"rabat-1\"\n")).unwrap();
    let hsm_config::KeyPlace::Profile(place) = both else { panic!("no profile") };
    assert_eq!((place.node.as_str(), place.file.is_some()), ("rabat-1", true));
    for (incomplete, named) in [
        (String::new(), "neither"),
        (token.to_owned(), "neither"),
        ("file = \"keys.sealed\"".to_owned(), "passphrase"),
        (format!("{file}{token}"), "profile"),
        (format!("{profile}module = \"hsm.so\"\ntoken = \"bawaba\""), "pin"),
        (format!("{profile}{}", token.replace("file:pin", "1234")), "keys.pin"),
        ("profile = \"missing.toml\"".to_owned(), "missing.toml"),
    ] {
        let error = keys(&incomplete).expect_err(&incomplete);
        assert!(error.problem.contains(named) && error.line.is_some(), "{error}");
        assert!(!error.to_string().contains("1234"), "{error}");
    }
}

/// The sample with this in its `[state]`.
fn with_state(lines: &str) -> Result<StatePlace, ConfigError> {
    load(&SAMPLE.replace("[trust]\n", &format!("[state]\n{lines}\n[trust]\n"))).map(|config| config.state)
}

#[test]
fn shared_state_is_in_this_process_unless_a_redis_is_named() {
    assert_eq!(load(SAMPLE).unwrap().state, StatePlace::InProcess);
    let StatePlace::Redis(one) = with_state("redis = [\"redis://bawaba@localhost:6379/3\"]").unwrap() else {
        panic!("a Redis")
    };
    assert!(!one.cluster);
    let text = "redis = [\"rediss://a:1\", \"rediss://b:1\"]\nca = \"ca.pem\"\npassword = \"env:REDIS\"";
    let StatePlace::Redis(several) = with_state(text).unwrap() else { panic!("a cluster") };
    assert!(several.cluster && several.password.is_some());
}

#[test]
fn unusable_redis_is_named_and_its_password_is_not() {
    for (lines, said) in [
        ("redis = [\"redis://u:geheim@h\"]", "password in the URL"),
        ("redis = []", "empty"),
        ("redis = [\"http://h\"]", "not the URL"),
        ("redis = [\"redis://h/x\"]", "not the URL"),
        ("redis = [\"rediss://h\"]", "state.ca is missing"),
        ("redis = [\"redis://h\"]\nca = \"ca.pem\"", "no server speaks TLS"),
        ("redis = [\"redis://h/1\"]\ncluster = true", "no databases"),
        ("redis = [\"redis://h\"]\npassword = \"geheim\"", "not a source of a secret"),
    ] {
        let error = with_state(lines).unwrap_err().to_string();
        assert!(error.contains(said) && !error.contains("geheim"), "{lines}: {error}");
    }
}

#[test]
fn holders_need_a_list_and_their_policies_are_numbers() {
    let trusting = |lines: &str| load(&SAMPLE.replace("# sha1 = \"refuse\"", lines));
    assert!(load(SAMPLE).unwrap().trust.holders.is_none());
    let sound =
        "holder_ca = [\"ca.pem\"]\nholder_crl = [\"client.crl\"]\nholder_policies = [\"1.2.504.1.1\"]\n#";
    let holders = trusting(sound).unwrap().trust.holders.unwrap();
    assert_eq!((holders.ca.len(), holders.crl.len()), (1, 1));
    let error = trusting("holder_ca = [\"ca.pem\"]\n#").unwrap_err();
    assert!(error.problem.contains("holder_crl") && error.line.is_some(), "{error}");
    let error = trusting(&sound.replace("1.2.504.1.1", "morocco")).unwrap_err();
    assert!(error.problem.contains("holder_policies") && error.line.is_some(), "{error}");
}

/// The sample with this `[store]` instead.
fn store(text: &str) -> Result<StorePlace, ConfigError> {
    let (before, rest) = SAMPLE.split_once("[store]").unwrap();
    let (_, after) = rest.split_once("[trust]").unwrap();
    load(&format!("{before}[store]\n{text}\n[trust]{after}")).map(|config| config.store)
}

#[test]
fn registry_and_log_are_in_a_file_or_in_postgresql() {
    let file = "sqlite = \"bawaba.db\"\n";
    let far = "postgres = \"postgres://bawaba@db.example.ma/bawaba\"\n";
    assert!(matches!(store(file), Ok(StorePlace::Sqlite(path)) if path.ends_with("bawaba.db")));
    let Ok(StorePlace::Postgres(place)) = store(&format!("{far}password = \"env:P\"\nca = \"ca.pem\""))
    else {
        panic!("no PostgreSQL")
    };
    assert_eq!(place.hosts[0].name(), "db.example.ma:5432");
    assert!(place.ca.is_some() && place.password.is_some());
    let near = "postgres = [\"postgres://b@127.0.0.1:6000/d\", \"postgresql://b@[::1]:6001/d\", \
        \"postgres://b@/d?host=/run/postgresql\"]";
    let Ok(StorePlace::Postgres(place)) = store(near) else { panic!("no PostgreSQL") };
    let names: Vec<String> = place.hosts.iter().map(crate::store::PostgresHost::name).collect();
    assert_eq!(names, ["127.0.0.1:6000", "::1:6001", "/run/postgresql:5432"]);
    for (wrong, named) in [
        (String::new(), "neither"),
        (format!("{file}{far}"), "both"),
        (format!("{file}ca = \"ca.pem\""), "belong to postgres"),
        (far.to_owned(), "without TLS"),
        (format!("{far}ca = \"missing.pem\""), "missing.pem"),
        (format!("{far}ca = \"ca.pem\"\npassword = \"hunter2\""), "store.password"),
        ("postgres = []".to_owned(), "no host"),
        ("postgres = \"postgres://b:hunter2@localhost/d\"".to_owned(), "holds a password"),
        ("postgres = \"mysql://b@localhost/d\"".to_owned(), "postgres://"),
        ("postgres = \"b@localhost\"".to_owned(), "not a URL"),
        ("postgres = \"postgres://localhost/d\"".to_owned(), "no user"),
        ("postgres = \"postgres://b@localhost\"".to_owned(), "no database"),
        ("postgres = \"postgres://b@/d\"".to_owned(), "no host"),
        ("postgres = \"postgres://b@localhost/d?sslmode=disable\"".to_owned(), "sslmode"),
        ("postgres = [\"postgres://b@localhost/d\", \"postgres://c@localhost/d\"]".to_owned(), "different"),
    ] {
        let error = store(&wrong).expect_err(&wrong);
        assert!(error.problem.contains(named) && error.line.is_some(), "{wrong}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn an_emergency_lives_for_minutes_and_is_reviewed_within_a_month() {
    let with = |lines: &str| load(&SAMPLE.replace("# [emergency]", &format!("[emergency]\n{lines}\n#")));
    let shipped = load(SAMPLE).unwrap().emergency;
    assert_eq!((shipped.session.as_secs(), shipped.review.as_secs()), (300, 72 * 3_600));
    let strict = with("session_secs = 60\nper_practitioner = 0\nreview_hours = 1").unwrap().emergency;
    assert_eq!((strict.session.as_secs(), strict.per_practitioner, strict.per_establishment), (60, 0, 60));
    for (line, named) in [
        ("session_secs = 301", "emergency.session_secs"),
        ("session_secs = 0", "emergency.session_secs"),
        ("review_hours = 721", "emergency.review_hours"),
        ("review_hours = 0", "emergency.review_hours"),
        ("per_patient = 1", "unknown field"),
    ] {
        let error = with(line).unwrap_err();
        assert!(error.problem.contains(named) && error.line.is_some(), "{line}: {error}");
    }
}
