//! `bawaba registry import`: a country comes in whole or not at all, whatever happens on the way.

mod counters;
mod lines;
mod postgres;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bawaba_tests::harness::{Harness, Prepared};
use bawaba_tests::population::{self, Invented};
use bawaba_tests::program::{Running, bawaba, run, text};
use gateway::demo::keys::unlock;
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

const LIMIT: Duration = Duration::from_secs(120);

/// A gateway's folder, not running, and files to import.
struct Desk(Prepared);

struct Said {
    code: i32,
    json: Value,
    stderr: String,
}

impl Desk {
    async fn new() -> Self {
        Self(Harness::new().prepare().await)
    }

    fn root(&self) -> PathBuf {
        self.0.files.root().to_owned()
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.root().join(name);
        std::fs::write(&path, content).expect("a writable folder");
        path.to_str().expect("UTF-8").to_owned()
    }

    fn words<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        let place = ["--state", self.0.files.root().to_str().expect("UTF-8"), "--json"];
        [&["registry", "import"][..], words, &place].concat()
    }

    fn import(&self, words: &[&str]) -> Said {
        let output = run(&mut bawaba(&self.words(words)), LIMIT);
        Said {
            code: output.status.code().unwrap_or(-1),
            json: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
            stderr: text(&output.stderr),
        }
    }

    /// Imports and must succeed.
    fn imported(&self, words: &[&str]) -> Value {
        let said = self.import(words);
        assert_eq!(said.code, 0, "{} {}", said.stderr, said.json);
        assert_eq!(said.json["in_force"], true, "{}", said.json);
        assert!(said.stderr.is_empty(), "--json is silent: {}", said.stderr);
        assert!(!self.staging().exists(), "the staging area goes with the end of the import");
        said.json
    }

    fn staging(&self) -> PathBuf {
        self.0.files.database().with_file_name("registry-import").join("staging.db")
    }

    async fn rows(&self) -> Rows {
        rows(&self.0.files.database()).await
    }
}

/// The registry without what is random in it, the seals.
#[derive(Debug, Default, PartialEq)]
struct Rows {
    /// By subject: number, year of birth, scheme, last day.
    patients: BTreeMap<String, (Option<String>, Option<i64>, String, String)>,
    /// By number.
    holders: BTreeMap<String, String>,
    guardianships: Vec<(String, String, String)>,
}

async fn rows(database: &std::path::Path) -> Rows {
    let pool =
        SqlitePool::connect_with(SqliteConnectOptions::new().filename(database)).await.expect("a database");
    let all = async |sql: &'static str| sqlx::query(sql).fetch_all(&pool).await.expect("rows");
    let mut found = Rows::default();
    let patients = "SELECT hex(subject), CASE WHEN national_number_index IS NOT NULL THEN hex(national_number_index) END, \
        birth_year, coverage_scheme, coverage_open_until FROM patient";
    for row in all(patients).await {
        found.patients.insert(row.get(0), (row.get(1), row.get(2), row.get(3), row.get(4)));
    }
    for row in all("SELECT hex(number), hex(subject) FROM holder").await {
        found.holders.insert(row.get(0), row.get(1));
    }
    let links = "SELECT hex(guardian), hex(dependant), relationship FROM guardianship ORDER BY 1, 2";
    found.guardianships = all(links).await.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let leftovers = "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%\\_next' ESCAPE '\\' OR name LIKE '%\\_old' ESCAPE '\\'";
    assert_eq!(all(leftovers).await[0].get::<i64, _>(0), 0, "tables of an import are left behind");
    pool.close().await;
    found
}

#[tokio::test]
async fn both_formats_give_the_same_registry() {
    const PEOPLE: u64 = 2_000;
    let desk = Desk::new().await;
    let csv = desk.file("people.csv", population::csv(0..PEOPLE));
    let report = desk.imported(&["--replace", &csv]);
    assert_eq!((report["patients"].as_u64(), report["guardianships"].as_u64()), (Some(PEOPLE), Some(600)));
    let from_csv = desk.rows().await;
    assert_eq!((from_csv.patients.len(), from_csv.holders.len()), (2_000, 1_400));

    let (patients, coverages) = population::fhir(0..PEOPLE);
    let (patients, coverages) =
        (desk.file("patients.ndjson", patients), desk.file("coverages.ndjson", coverages));
    let zipped = run(std::process::Command::new("gzip").arg(&patients), LIMIT);
    assert!(zipped.status.success());
    let report = desk.imported(&["--replace", &coverages, &format!("{patients}.gz")]);
    assert_eq!((report["lines"].as_u64(), report["bad"].as_u64()), (Some(2 * PEOPLE), Some(0)));
    assert_eq!(desk.rows().await, from_csv);
    assert_eq!(desk.imported(&["--replace", &csv])["patients"], PEOPLE);
    assert_eq!(desk.rows().await, from_csv);

    let stats = run(
        &mut bawaba(&["registry", "stats", "--state", desk.root().to_str().expect("UTF-8"), "--json"]),
        LIMIT,
    );
    let stats: Value = serde_json::from_slice(&stats.stdout).expect("JSON");
    assert_eq!((stats["patients"].as_u64(), stats["with_card"].as_u64()), (Some(2_000), Some(1_400)));
    assert!(stats["clients"].as_u64() > Some(5), "clients stay: {stats}");
}

#[tokio::test]
async fn a_killed_import_goes_on_where_it_was() {
    let desk = Desk::new().await;
    let files: Vec<String> = (0..20_u64)
        .map(|part| desk.file(&format!("{part:02}.csv"), population::csv(part * 200..(part + 1) * 200)))
        .collect();
    let words: Vec<&str> = ["--replace"].into_iter().chain(files.iter().map(String::as_str)).collect();
    desk.imported(&words);
    let whole = desk.rows().await;
    assert_eq!(whole.patients.len(), 4_000);
    let few = desk.file("few.csv", population::csv(0..10));
    desk.imported(&["--replace", &few]);

    let resumed = [&words[..], &["--resume"]].concat();
    let mut killed = 0;
    // Each round gets a little further before it is killed, through reading, joining, loading and cleaning.
    for round in 0_u64.. {
        let mut running = Running::start(&mut bawaba(&desk.words(&resumed)));
        std::thread::sleep(Duration::from_millis(30 + round * 25));
        if let Some(status) = running.ended() {
            assert!(status.success(), "{}", text(&running.finish(LIMIT).stderr));
            break;
        }
        running.kill();
        killed += 1;
        let seen = rows_while_importing(&desk).await;
        assert!([10, 4_000].contains(&seen), "readers see the old or the new one whole, not {seen}");
    }
    assert!(killed > 2, "killed {killed} times only");
    assert_eq!(desk.rows().await, whole);
}

async fn rows_while_importing(desk: &Desk) -> i64 {
    let options = SqliteConnectOptions::new().filename(desk.0.files.database()).read_only(true);
    let pool = SqlitePool::connect_with(options).await.expect("a database");
    let count = sqlx::query_scalar("SELECT count(*) FROM patient").fetch_one(&pool).await.expect("a count");
    pool.close().await;
    count
}

#[tokio::test]
async fn another_import_is_not_mistaken_for_the_interrupted_one() {
    let desk = Desk::new().await;
    let bad = desk.file("bad.csv", format!("{}nonsense\n", population::csv(0..50)));
    let other = desk.file("other.csv", population::csv(0..60));
    assert_eq!(desk.import(&["--replace", &bad]).code, 1, "one bad line is one too many");
    assert!(desk.staging().exists());
    let said = desk.import(&["--replace", &other]);
    assert!(said.code == 1 && said.stderr.contains("import-unfinished"), "{}", said.stderr);
    for words in [&["--replace", &other][..], &["--merge", &bad], &["--replace", &bad, &other]] {
        let said = desk.import(&[words, &["--resume"]].concat());
        assert!(said.code == 1 && said.stderr.contains("another-import"), "{words:?}: {}", said.stderr);
    }
    assert_eq!(desk.imported(&["--replace", &bad, "--resume", "--max-bad", "2%"])["patients"], 50);
    let changed = desk.file("bad.csv", format!("{}nonsense\n", population::csv(0..40)));
    assert_eq!(desk.import(&["--replace", &changed]).code, 1);
    desk.file("bad.csv", population::csv(0..41));
    let said = desk.import(&["--replace", &changed, "--resume"]);
    assert!(said.code == 1 && said.stderr.contains("another-import"), "{}", said.stderr);
    assert_eq!(desk.imported(&["--replace", &changed, "--restart"])["patients"], 41);
}

#[tokio::test]
async fn a_second_import_at_the_same_time_is_refused() {
    let desk = Desk::new().await;
    let csv = desk.file("people.csv", population::csv(0..20));
    let mut command = bawaba(&desk.words(&["--replace", "--format", "csv", "-"]));
    let mut first = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("a program");
    let mut input = first.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut input, population::csv(0..30).as_bytes()).expect("a reader");
    let start = std::time::Instant::now();
    while !desk.staging().exists() {
        assert!(start.elapsed() < LIMIT, "the first does not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    let elsewhere = desk.root().join("elsewhere");
    let elsewhere = elsewhere.to_str().expect("UTF-8");
    for words in [
        &["--replace", &csv][..],
        &["--merge", &csv, "--restart"],
        &["--merge", &csv, "--staging", elsewhere],
    ] {
        let said = desk.import(words);
        assert!(said.code == 69 && said.stderr.contains("import-running"), "{}: {}", said.code, said.stderr);
    }
    drop(input);
    assert!(Running::over(first).finish(LIMIT).status.success());
    assert_eq!(desk.rows().await.patients.len(), 30);
}

#[tokio::test]
async fn a_merge_brings_up_to_date_and_removes_nobody() {
    let desk = Desk::new().await;
    desk.imported(&["--replace", &desk.file("all.csv", population::csv(0..100))]);
    let before = desk.rows().await;
    let (one, two) = (Invented(1), Invented(2));
    let news = [
        population::HEADER.to_owned(),
        // Two who exchanged their numbers, one newcomer, one child of somebody who is not in the file.
        format!(
            "{},{},1970-01-01,tns,2029-01-31,,",
            one.health_id(),
            two.national_number().expect("a number")
        ),
        format!(
            "{},{},1970-01-01,tns,2029-01-31,,",
            two.health_id(),
            one.national_number().expect("a number")
        ),
        format!("{},ZX1,1999-01-01,amo-achamil,2029-01-31,,", Invented(500).health_id()),
        format!("{},,2025-01-01,amo-achamil,2029-01-31,{},ward", Invented(507).health_id(), one.health_id()),
        // Somebody's number who is not in the file.
        format!(
            "{},{},1970-01-01,tns,2029-01-31,,",
            Invented(501).health_id(),
            Invented(3).national_number().expect("one")
        ),
    ];
    let report = desk.imported(&["--merge", &desk.file("news.csv", news.join("\n")), "--max-bad", "1"]);
    assert_eq!(
        (report["patients"].as_u64(), report["reasons"]["duplicate-national-number"].as_u64()),
        (Some(4), Some(1))
    );
    let after = desk.rows().await;
    assert_eq!((after.patients.len(), after.guardianships.len()), (102, before.guardianships.len() + 1));
    let changed = before.patients.iter().filter(|(subject, row)| after.patients.get(*subject) != Some(row));
    assert_eq!(changed.count(), 2);
    assert_eq!(
        before.holders.keys().filter(|number| after.holders[*number] != before.holders[*number]).count(),
        2
    );

    // Covers alone, of patients whom only the registry knows.
    let cover = |person: Invented| {
        let mut line = String::new();
        person.fhir_coverage(&mut line);
        line.replace("2026-", "2031-").replace("2027-", "2031-").replace("2028-", "2031-")
    };
    let covers = desk.file("covers.ndjson", format!("{}{}", cover(Invented(3)), cover(Invented(900))));
    let report = desk.imported(&["--merge", &covers, "--max-bad", "1"]);
    assert_eq!(
        (report["coverages_alone"].as_u64(), report["reasons"]["coverage-without-patient"].as_u64()),
        (Some(1), Some(1))
    );
    let updated = desk.rows().await;
    let changed: Vec<_> =
        after.patients.iter().filter(|(subject, row)| updated.patients[*subject] != **row).collect();
    assert_eq!(changed.len(), 1);
    assert!(updated.patients[changed[0].0].3.starts_with("2031-"));
}

#[tokio::test]
async fn nothing_of_a_person_is_in_what_an_import_leaves_or_says() {
    let desk = Desk::new().await;
    let text = format!("{}98abc!,ZY99999999,x,tns,2027-01-01,,\n", population::csv(0..40));
    let file = desk.file("people.csv", text);
    let report = desk.root().join("bad.csv");
    let said = desk.import(&["--replace", &file, "--report", report.to_str().expect("UTF-8")]);
    assert_eq!(said.code, 1);
    let kept = std::fs::read(desk.staging()).expect("a staging area");
    let told = [
        kept,
        std::fs::read(&report).expect("a report"),
        said.stderr.into_bytes(),
        said.json.to_string().into_bytes(),
    ];
    for secret in [
        Invented(1).health_id(),
        Invented(1).national_number().expect("one"),
        "98abc".into(),
        "ZY99999999".into(),
    ] {
        let found = told.iter().any(|text| text.windows(secret.len()).any(|part| part == secret.as_bytes()));
        assert!(!found, "{secret} in clear");
    }
    let mode = std::os::unix::fs::MetadataExt::mode(
        &std::fs::metadata(desk.staging().parent().expect("a folder")).expect("facts"),
    );
    assert_eq!(mode & 0o077, 0, "nobody else looks into the staging area");
    assert!(unlock(&desk.0.files).is_ok());
}

#[tokio::test]
async fn a_large_merge_is_built_beside_the_registry() {
    let desk = Desk::new().await;
    desk.imported(&["--replace", &desk.file("old.csv", population::csv(0..3_000))]);
    let before = desk.rows().await;
    let news = population::csv(1_000..24_000).replace(",tns,", ",amo-achamil,");
    let report = desk.imported(&["--merge", &desk.file("new.csv", news)]);
    assert_eq!(report["patients"], 23_000);
    let after = desk.rows().await;
    assert_eq!(
        (after.patients.len(), after.holders.len(), after.guardianships.len()),
        (24_000, 16_800, 7_200)
    );
    let kept = before.patients.iter().filter(|(subject, row)| after.patients[*subject] == **row).count();
    let changed = (1_000..3_000).filter(|person| Invented(*person).scheme() == "tns").count();
    assert_eq!(kept, 3_000 - changed);
}
