//! The same on PostgreSQL: rows by COPY, names exchanged, the gateways' role none the wiser.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bawaba_tests::population::{self, Invented};
use bawaba_tests::postgres::{DATABASE, GATEWAY, OWNER, PASSWORD, Postgres};
use bawaba_tests::program::{Running, bawaba, run, text};
use gateway::config::Config;
use gateway::demo::keys::unlock;
use gateway::registry::{HealthId, Registry, SUBJECT_AUDIENCE};
use gateway::store::{self, Store, StorePlace};
use gateway::token::Tokens;
use hsm_config::Signer;
use serde_json::Value;

use super::{Desk, LIMIT, Rows, rows};

/// A folder whose gateway keeps its store in a server of its own.
struct Town {
    desk: Desk,
    server: Postgres,
}

impl Town {
    async fn new() -> Self {
        let (desk, server) = (Desk::new().await, Postgres::start());
        let config = desk.0.files.config();
        let mut table: toml::Table = std::fs::read_to_string(&config).expect("a file").parse().expect("TOML");
        let (url, password) = (server.url(), format!("file:{}", server.password_file().display()));
        table.insert("store".into(), toml::toml! { postgres = url password = password }.into());
        std::fs::write(&config, table.to_string()).expect("a writable folder");
        let StorePlace::Postgres(mut place) = Config::load(&config).expect("a configuration").store else {
            panic!("not PostgreSQL")
        };
        place.hosts.iter_mut().for_each(|host| OWNER.clone_into(&mut host.user));
        store::migrate(&place, Some(GATEWAY)).await.expect("a schema");
        Self { desk, server }
    }

    /// The registry as a running gateway has it.
    async fn gateway(&self) -> Registry {
        let config = Config::load(&self.desk.0.files.config()).expect("a configuration");
        let signer: Arc<dyn Signer> = Arc::new(unlock(&self.desk.0.files).expect("keys"));
        let tokens = Arc::new(Tokens::new(signer.clone(), config.issuer.clone(), config.issuer.clone()));
        let store = Store::open(&config.store).await.expect("a server");
        Registry::open(store, signer, tokens, SUBJECT_AUDIENCE.to_owned()).await.expect("a registry")
    }

    fn owner(&self) -> [String; 4] {
        let password = format!("file:{}", self.server.password_file().display());
        ["--role".to_owned(), OWNER.to_owned(), "--password".to_owned(), password]
    }

    fn import(&self, words: &[&str]) -> Value {
        let owner = self.owner();
        let owner: Vec<&str> = owner.iter().map(String::as_str).collect();
        self.desk.imported(&[words, &owner].concat())
    }

    fn rows(&self) -> Rows {
        let lines = |sql: &str| -> Vec<Vec<String>> {
            let text = self.server.sql(DATABASE, sql);
            text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
        };
        let mut found = Rows::default();
        let patients = "SELECT upper(subject), upper(encode(national_number_index, 'hex')), birth_year, \
            coverage_scheme, coverage_open_until FROM patient";
        for row in lines(patients) {
            let number = Some(row[1].clone()).filter(|number| !number.is_empty());
            if let Some(number) = &number {
                found.holders.insert(number.clone(), row[0].clone());
            }
            found
                .patients
                .insert(row[0].clone(), (number, row[2].parse().ok(), row[3].clone(), row[4].clone()));
        }
        let links = "SELECT upper(g.subject), upper(d.subject), relationship FROM guardianship \
            JOIN patient g ON g.id = guardian JOIN patient d ON d.id = dependant ORDER BY 1, 2";
        found.guardianships =
            lines(links).into_iter().map(|row| (row[0].clone(), row[1].clone(), row[2].clone())).collect();
        found
    }

    fn schema(&self) -> Vec<String> {
        let text = self.server.sql(
            DATABASE,
            "SELECT string_agg(line, E'\\n' ORDER BY line) FROM (SELECT relname || ' ' || relkind::text || ' ' || coalesce(relacl::text, '') \
             FROM pg_class WHERE relnamespace = 'public'::regnamespace UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) \
             FROM pg_constraint WHERE connamespace = 'public'::regnamespace UNION ALL SELECT pg_get_triggerdef(oid) \
             FROM pg_trigger WHERE NOT tgisinternal) AS all_of_it (line)",
        );
        text.lines().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn postgres_gets_the_same_registry_and_keeps_its_schema() {
    let town = Town::new().await;
    let before = town.schema();
    let all = town.desk.file("all.csv", population::csv(0..3_000));
    let gateway = town.gateway().await;
    let health_id = HealthId::parse(&Invented(1).health_id()).expect("an identifier");
    let subject = gateway.sealer().subject(&health_id).expect("a subject");
    let there = async || {
        gateway.refresh().await.expect("a server");
        gateway.patient_by_subject(&subject).await.expect("an answer").map(|patient| patient.birth_year)
    };
    assert_eq!(there().await, None);
    assert_eq!(town.import(&["--replace", &all])["patients"], 3_000);
    let whole = town.rows();
    assert_eq!(there().await, Some(Some(Invented(1).birth_year())), "what was prepared on the old table");
    assert_eq!((whole.patients.len(), whole.holders.len(), whole.guardianships.len()), (3_000, 2_100, 900));
    let other: Vec<_> = town.schema().into_iter().filter(|line| !before.contains(line)).collect();
    assert_eq!(other, [""; 0], "names, rights and triggers are what they were");
    // The same keys and files in the embedded database.
    let sqlite = Desk::new().await;
    std::fs::copy(town.desk.0.files.keys(), sqlite.0.files.keys()).expect("a copy");
    std::fs::copy(town.desk.0.files.key_passphrase(), sqlite.0.files.key_passphrase()).expect("a copy");
    sqlite.imported(&["--replace", &all]);
    assert_eq!(rows(&sqlite.0.files.database()).await, whole);

    let stats = run(
        &mut bawaba(&["registry", "stats", "--state", town.desk.root().to_str().expect("UTF-8"), "--json"]),
        LIMIT,
    );
    let stats: Value = serde_json::from_slice(&stats.stdout).expect("the gateways' role still reads");
    assert_eq!((stats["patients"].as_u64(), stats["with_card"].as_u64()), (Some(3_000), Some(2_100)));

    // Whoever does not own the tables may not exchange them, and is told so; nothing is lost by trying.
    let few = town.desk.file("few.csv", population::csv(0..100));
    let refused = town.desk.import(&["--replace", &few]);
    assert!(refused.code == 69 && refused.stderr.contains("--role"), "{}: {}", refused.code, refused.stderr);
    assert_eq!(town.import(&["--replace", &few, "--resume"])["patients"], 100);
    assert_eq!((town.rows().patients.len(), town.schema()), (100, before.clone()));

    let (one, two) = (Invented(1), Invented(2));
    let news = [
        population::HEADER.to_owned(),
        format!("{},{},,tns,2029-01-31,,", one.health_id(), two.national_number().expect("a number")),
        format!("{},{},,tns,2029-01-31,,", two.health_id(), one.national_number().expect("a number")),
        format!("{},,2025-01-01,amo-achamil,2029-01-31,{},ward", Invented(507).health_id(), one.health_id()),
        format!(
            "{},{},,tns,2029-01-31,,",
            Invented(501).health_id(),
            Invented(3).national_number().expect("one")
        ),
    ];
    let mut cover = String::new();
    Invented(3).fhir_coverage(&mut cover);
    let news = town.desk.file("news.csv", news.join("\n"));
    let cover = town.desk.file("cover.ndjson", cover.replace("\"20", "\"21"));
    let report = town.import(&["--merge", &news, &cover, "--max-bad", "1"]);
    assert_eq!((report["patients"].as_u64(), report["coverages_alone"].as_u64()), (Some(3), Some(1)));
    assert_eq!(report["reasons"]["duplicate-national-number"].as_u64(), Some(1));
    assert_eq!(there().await, Some(None), "the cache forgets");
    let merged = town.rows();
    assert_eq!((merged.patients.len(), merged.guardianships.len()), (101, 31));
    assert!(merged.patients.values().any(|row| row.3.starts_with("21")));
}

#[tokio::test]
async fn postgres_goes_on_after_a_kill_and_lets_one_import_in() {
    let town = Town::new().await;
    let few = town.desk.file("few.csv", population::csv(0..10));
    town.import(&["--replace", &few]);
    let files: Vec<String> = (0..10_u64)
        .map(|part| town.desk.file(&format!("{part}.csv"), population::csv(part * 300..(part + 1) * 300)))
        .collect();
    let owner = town.owner();
    let mut words: Vec<&str> =
        ["--replace", "--resume"].into_iter().chain(files.iter().map(String::as_str)).collect();
    words.extend(owner.iter().map(String::as_str));
    let mut killed = 0;
    for round in 0_u64.. {
        let mut running = Running::start(&mut bawaba(&town.desk.words(&words)));
        std::thread::sleep(Duration::from_millis(100 + round * 40));
        if let Some(status) = running.ended() {
            assert!(status.success(), "{}", text(&running.finish(LIMIT).stderr));
            break;
        }
        running.kill();
        killed += 1;
        let seen = town.server.sql(DATABASE, "SELECT count(*) FROM patient");
        assert!(["10", "3000"].contains(&seen.as_str()), "readers see {seen}");
        // A killed client's lock goes when its server process notices.
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        let start = std::time::Instant::now();
        while town.server.sql(DATABASE, locks) != "0" {
            assert!(start.elapsed() < LIMIT, "the lock of a killed import stays");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    assert!(killed > 1, "killed {killed} times only");
    assert_eq!(town.rows().patients.len(), 3_000);

    let mut command = bawaba(
        &town.desk.words(&[&["--merge", "--format", "csv", "-"][..], &words[words.len() - 4..]].concat()),
    );
    let mut first = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a program");
    let input = first.stdin.take().expect("a pipe");
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
    let start = std::time::Instant::now();
    while town.server.sql(DATABASE, locks) == "0" {
        assert!(start.elapsed() < LIMIT, "the first takes no lock");
        std::thread::sleep(Duration::from_millis(10));
    }
    let elsewhere = town.desk.root().join("elsewhere");
    let second = [
        &["--replace", &few, "--staging", elsewhere.to_str().expect("UTF-8")][..],
        &words[words.len() - 4..],
    ];
    let said = town.desk.import(&second.concat());
    assert!(said.code == 69 && said.stderr.contains("import-running"), "{}: {}", said.code, said.stderr);
    drop(input);
    assert_eq!(
        Running::over(first).finish(LIMIT).status.code(),
        Some(1),
        "nothing but the end of the input: no header"
    );
    assert!(!PASSWORD.is_empty());
}
