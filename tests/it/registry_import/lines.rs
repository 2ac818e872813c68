//! Every bad line by number and reason, and good lines around it all the same.

use std::sync::Arc;

use bawaba_tests::population::HEADER;
use card_reader::NationalNumber;
use gateway::registry::import::{
    Format, ImportOptions, MaxBad, Mode, Progress, Reason, Start, Step, Target, import,
};
use gateway::registry::{
    Coverage, CoverageScheme, HealthId, NewPatient, Registry, Relationship, SUBJECT_AUDIENCE,
};
use gateway::store::{Store, StorePlace};
use gateway::token::Tokens;
use hsm_config::{Signer, SoftwareKeys};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::{Date, OffsetDateTime};

use super::{Desk, Rows, rows};

const SID: &str = "https://bawaba.example/fhir/sid/";

fn patient(id: &str, health_id: &str, more: &Value) -> String {
    let mut patient = json!({"resourceType": "Patient", "id": id,
        "identifier": [{"system": format!("{SID}identifiant-sante"), "value": health_id}]});
    for (name, value) in more.as_object().expect("an object") {
        patient[name] = value.clone();
    }
    patient.to_string()
}

fn coverage(beneficiary: &Value, scheme: &str, end: &str) -> String {
    json!({"resourceType": "Coverage", "status": "active", "beneficiary": beneficiary,
        "class": [{"type": {"coding": [{"code": "plan"}]}, "value": scheme}], "period": {"end": end}})
    .to_string()
}

fn guardian(relationship: &str, whom: &str) -> Value {
    json!({"extension": [{"url": "https://bawaba.example/fhir/StructureDefinition/guardian", "extension": [
        {"url": "relationship", "valueCode": relationship},
        {"url": "guardian", "valueReference": {"reference": whom}}]}]})
}

fn named(id: &str) -> Value {
    json!({"reference": format!("https://cnss.example/fhir/Patient/{id}")})
}

#[tokio::test]
async fn every_bad_line_of_fhir_has_its_number_and_its_reason() {
    let desk = Desk::new().await;
    let cnie = |number: &str| {
        json!({"identifier": [{"system": format!("{SID}identifiant-sante"), "value": "C"},
            {"system": format!("{SID}cnie"), "value": number}]})
    };
    let twice = json!({"identifier": [{"system": format!("{SID}identifiant-sante"), "value": "A"},
        {"system": format!("{SID}identifiant-sante"), "value": "B"}]});
    let lines: Vec<(String, &str)> = vec![
        (patient("a", "A", &json!({"birthDate": "1984-03"})), ""),
        ("{".into(), "not-json"),
        ("\u{feff}{}".into(), "not-json"),
        ("[".repeat(100_000), "not-json"),
        (json!({"resourceType": "Observation"}).to_string(), "unknown-resource"),
        (json!({"resourceType": "Patient", "identifier": 7}).to_string(), "malformed-resource"),
        (json!({"resourceType": "Patient", "id": "x"}).to_string(), "missing-health-id"),
        (patient("x", "A/B", &json!({})), "bad-health-id"),
        (patient("x/y", "B", &json!({})), "malformed-resource"),
        (patient("x", "", &twice), "ambiguous-identifier"),
        (patient("x", "C", &cnie("123")), "bad-national-number"),
        (patient("x", "D", &json!({"birthDate": "1984-02-30"})), "bad-birth-date"),
        (patient("x", "A", &json!({})), "duplicate-health-id"),
        (patient("a", "E", &json!({})), "duplicate-resource-id"),
        (patient("f", "F", &json!({})), "patient-without-coverage"),
        (String::new(), ""),
        (patient("gone", "G", &json!({"active": false})), ""),
        (coverage(&named("a"), "tns", "2027-01-31T00:00:00Z"), ""),
        (coverage(&named("a"), "amo-tadamon", "2028-01-31"), ""),
        (coverage(&named("gone"), "tns", "2027-01-31"), "coverage-without-patient"),
        (
            coverage(
                &json!({"identifier": {"system": format!("{SID}identifiant-sante"), "value": "Z"}}),
                "tns",
                "2027-01-31",
            ),
            "coverage-without-patient",
        ),
        (coverage(&json!({}), "tns", "2027-01-31"), "bad-reference"),
        (coverage(&named("a"), "cnops", "2027-01-31"), "unknown-scheme"),
        (coverage(&named("a"), "tns", "2027-13-31"), "bad-end-of-cover"),
        (coverage(&named("a"), "tns", "").replace("\"end\":\"\"", ""), "missing-end-of-cover"),
        (patient("k", "K", &guardian("child", "Patient/a")), ""),
        (coverage(&named("k"), "tns", "2027-01-31"), ""),
        (patient("l", "L", &guardian("child", "Patient/nobody")), "guardian-unknown"),
        (coverage(&named("l"), "tns", "2027-01-31"), ""),
        (patient("m", "M", &guardian("child", "Patient/m")), "guardian-of-oneself"),
        (coverage(&named("m"), "tns", "2027-01-31"), ""),
        (patient("n", "N", &guardian("cousin", "Patient/a")), "unknown-relationship"),
        (patient("o", "O", &json!({"photo": "x".repeat(1 << 20)})), "line-too-long"),
    ];
    let text: Vec<&str> = lines.iter().map(|(line, _)| line.as_str()).collect();
    // The last line has no line break, as files that were cut have none.
    let file = desk.file("all.ndjson", text.join("\r\n"));
    let report = desk.root().join("bad.csv");
    let words = ["--replace", &file, "--report", report.to_str().expect("UTF-8"), "--max-bad", "90%"];
    let told = desk.imported(&words);
    let expected = (1..).zip(&lines).filter(|(_, (_, reason))| !reason.is_empty());
    let expected: String = expected.map(|(line, (_, reason))| format!("{file},{line},{reason}\n")).collect();
    assert_eq!(std::fs::read_to_string(&report).expect("a report"), format!("file,line,reason\n{expected}"));
    assert_eq!(
        (told["patients"].as_u64(), told["guardianships"].as_u64(), told["left_out"].as_u64()),
        (Some(4), Some(1), Some(1))
    );
    let amina =
        desk.rows().await.patients.into_values().find(|row| row.1 == Some(1984)).expect("the first line");
    assert_eq!(
        (amina.2.as_str(), amina.3.as_str()),
        ("amo-tadamon", "2028-01-31"),
        "the longer cover counts"
    );
}

#[tokio::test]
async fn every_bad_row_of_csv_has_its_number_and_its_reason() {
    let desk = Desk::new().await;
    let rows = [
        ("A,AB1,1984-03-12,tns,2027-01-31,,", ""),
        ("B,AB1,,tns,2027-01-31,,", "duplicate-national-number"),
        ("\"C\",,\"1990\",tns,2027-01-31,A,child", ""),
        ("D,,,tns,2027-01-31", "not-csv"),
        ("E,,,tns,\"2027-01-31,,", "not-csv"),
        (",,,tns,2027-01-31,,", "missing-health-id"),
        ("F,,,,2027-01-31,,", "unknown-scheme"),
        ("G,,,tns,,,", "missing-end-of-cover"),
        ("H,,,tns,31/01/2027,,", "bad-end-of-cover"),
        ("I,ab1,,tns,2027-01-31,,", "bad-national-number"),
        ("J,,12.3.1984,tns,2027-01-31,,", "bad-birth-date"),
        ("K,,,tns,2027-01-31,A,", "unknown-relationship"),
        ("L,,,tns,2027-01-31,A B,ward", "guardian-unknown"),
        ("M,,,tns,2027-01-31,A!,ward", "bad-reference"),
    ];
    let text: String = rows.iter().map(|(row, _)| format!("{row}\n")).collect();
    let file = desk.file("all.csv", format!("{HEADER}\n{text}"));
    let report = desk.root().join("bad.csv");
    let words = ["--replace", &file, "--report", report.to_str().expect("UTF-8")];
    let refused = desk.import(&[&words[..], &["--max-bad", "10"]].concat());
    assert_eq!((refused.code, refused.json["in_force"].as_bool()), (1, Some(false)), "{}", refused.json);
    let before = desk.rows().await;
    assert!(before.patients.len() > 12, "the registry of the kingdom is still there");
    let expected = (2..).zip(rows).filter(|(_, (_, reason))| !reason.is_empty());
    let expected: String = expected.map(|(line, (_, reason))| format!("{file},{line},{reason}\n")).collect();
    assert_eq!(std::fs::read_to_string(&report).expect("a report"), format!("file,line,reason\n{expected}"));
    desk.imported(&[&words[..], &["--max-bad", "12", "--resume"]].concat());
    let after = desk.rows().await;
    assert_eq!((after.patients.len(), after.guardianships.len()), (3, 2));

    for header in
        ["health_id,scheme", "health_id,scheme,open_until,name", "health_id,health_id,scheme,open_until", ""]
    {
        let said = desk.import(&["--replace", &desk.file("head.csv", header), "--restart"]);
        assert!(said.code == 1 && said.stderr.contains("header-unusable"), "{header}: {}", said.stderr);
    }
    assert_eq!(desk.import(&["--replace", "/nowhere.csv", "--restart"]).code, 74);
}

#[test]
fn every_reason_has_a_code_of_its_own() {
    for reason in Reason::ALL {
        assert_eq!(Reason::parse(reason.code()), Some(reason));
    }
    let codes = Reason::ALL.map(Reason::code);
    assert!(codes.is_sorted() && codes.windows(2).all(|two| two[0] != two[1]));
}

struct Silent;

impl Progress for Silent {
    fn at(&mut self, _: Step) {}
}

#[derive(Clone, Debug)]
struct Someone {
    number: Option<u32>,
    born: Option<i32>,
    scheme: usize,
    until: i32,
    guardians: Vec<prop::sample::Index>,
}

const SCHEMES: [CoverageScheme; 4] =
    [CoverageScheme::CnssSalarie, CoverageScheme::Tns, CoverageScheme::Tadamon, CoverageScheme::Achamil];

fn someone() -> impl Strategy<Value = Someone> {
    let guardians = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let born = prop::option::of(1900..2027_i32);
    (prop::option::of(0..99_999_999_u32), born, 0..4_usize, 2_460_000..2_465_000_i32, guardians).prop_map(
        |(number, born, scheme, until, guardians)| Someone { number, born, scheme, until, guardians },
    )
}

fn until(one: &Someone) -> Date {
    Date::from_julian_day(one.until).expect("a date")
}

async fn registry(store: &Store, signer: &Arc<dyn Signer>) -> Registry {
    let issuer = "https://localhost".to_owned();
    let tokens = Arc::new(Tokens::new(signer.clone(), issuer.clone(), issuer));
    Registry::open(store.clone(), signer.clone(), tokens, SUBJECT_AUDIENCE.to_owned())
        .await
        .expect("a registry")
}

async fn one_by_one(folder: &std::path::Path, signer: &Arc<dyn Signer>, people: &[Someone]) -> Rows {
    let path = folder.join("one.db");
    let database = Store::open(&StorePlace::Sqlite(path.clone())).await.expect("a database");
    let registry = registry(&database, signer).await;
    let mut subjects = Vec::new();
    for (place, one) in people.iter().enumerate() {
        let patient = NewPatient {
            national_number: one.number.and_then(|number| NationalNumber::parse(&format!("Z{number}"))),
            health_id: HealthId::parse(&format!("IS-{place}")).expect("an identifier"),
            coverage: Coverage { scheme: SCHEMES[one.scheme], open_until: until(one) },
            birth_year: one.born,
        };
        subjects.push(registry.enrol(&patient).await.expect("enrolled"));
    }
    for (place, one) in people.iter().enumerate() {
        for guardian in one.guardians.iter().map(|guardian| guardian.index(people.len())) {
            if guardian != place {
                let linked =
                    registry.link_guardian(&subjects[guardian], &subjects[place], Relationship::Ward);
                linked.await.expect("linked");
            }
        }
    }
    database.close().await;
    rows(&path).await
}

async fn all_at_once(
    folder: &std::path::Path,
    signer: &Arc<dyn Signer>,
    people: &[Someone],
    mode: Mode,
) -> Rows {
    let path = folder.join("all.db");
    let database = Store::open(&StorePlace::Sqlite(path.clone())).await.expect("a database");
    let registry = registry(&database, signer).await;
    let mut text = format!("{HEADER}\n");
    for (place, one) in people.iter().enumerate() {
        let number = one.number.map(|number| format!("Z{number}")).unwrap_or_default();
        let born = one.born.map(|year| year.to_string()).unwrap_or_default();
        let guardians: Vec<String> =
            one.guardians.iter().map(|it| format!("IS-{}", it.index(people.len()))).collect();
        let scheme = SCHEMES[one.scheme].as_str();
        text += &format!("IS-{place},{number},{born},{scheme},{},{},ward\n", until(one), guardians.join(" "));
    }
    let file = folder.join("people");
    std::fs::write(&file, text).expect("a writable folder");
    let options = ImportOptions {
        files: vec![file],
        format: Some(Format::Csv),
        mode,
        max_bad: MaxBad::Percent(100.0),
        report: None,
        staging: folder.join("staging"),
        start: Start::New,
        alone_in_process: false,
    };
    let target = Target::new(database.clone());
    let report = import(registry.sealer(), &target, &options, &mut Silent).await.expect("an import");
    assert!(report.in_force && report.bad == report.reasons.values().sum::<u64>());
    assert_eq!(report.patients, people.len() as u64);
    for (place, one) in people.iter().enumerate() {
        let health_id = HealthId::parse(&format!("IS-{place}")).expect("an identifier");
        let subject = registry.sealer().subject(&health_id).expect("a subject");
        let patient = registry.patient_by_subject(&subject).await.expect("an answer").expect("a patient");
        assert_eq!((patient.health_id.expose(), patient.birth_year), (health_id.expose(), one.born));
    }
    database.close().await;
    rows(&path).await
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn an_import_is_as_enrolling_one_by_one(mut people in prop::collection::vec(someone(), 1..40), merged: bool) {
        let mut numbers = std::collections::HashSet::new();
        for one in &mut people {
            one.number = one.number.filter(|number| numbers.insert(*number));
        }
        let signer: Arc<dyn Signer> = Arc::new(SoftwareKeys::generate(OffsetDateTime::UNIX_EPOCH).expect("keys"));
        let folder = tempfile::tempdir().expect("a folder");
        let mode = if merged { Mode::Merge } else { Mode::Replace };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let enrolled = runtime.block_on(one_by_one(folder.path(), &signer, &people));
        prop_assert_eq!(runtime.block_on(all_at_once(folder.path(), &signer, &people, mode)), enrolled);
    }
}
