//! What does a registry of national size cost: to bring in, to keep, to ask?
//!
//! `BENCH_PATIENTS` invented people (default one million; the figure of the README is for five) come in as CSV over a
//! fifth of themselves. Five million take less than 3 GB beside the programs. Then people present their cards, none twice: with the file's pages
//! gone from memory, and again with them there.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bawaba_tests::population::{self, Invented};
use bawaba_tests::postgres::Postgres;
use card_reader::simulated::{CardFile, ChipMethods, Person, Sex};
use card_reader::{Can, CardProfile, Conversation, NationalNumber, PresenceProof};
use gateway::clock::{Clock as _, SystemClock};
use gateway::registry::import::{
    Format, ImportOptions, ImportReport, MaxBad, Mode, Progress, Start, Step, Target, import,
};
use gateway::registry::{HealthId, Registry, SUBJECT_AUDIENCE};
use gateway::store::{Store, StorePlace};
use gateway::token::Tokens;
use hsm_config::{Signer, SoftwareKeys};
use pki::issuing::{CertificateProfile, CountrySigner, DocumentSigner, SignatureScheme};
use pki::{TrustStore, UntrustedCertificate, UntrustedCrl};
use time::OffsetDateTime;
use time::macros::date;

use crate::load::Cell;
use crate::process::cpu_seconds;

/// Cards that are presented, and subjects asked for: enough for a p99.
const ASKED: u64 = 2_000;
const CAN: &str = "272504";

/// Imports, then looks up.
pub(crate) async fn table() -> Result<()> {
    let people = std::env::var("BENCH_PATIENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let at = SystemClock.now();
    let signer: Arc<dyn Signer> = Arc::new(SoftwareKeys::generate(at)?);
    // On the disk where the program is: /tmp may be memory.
    let folder = tempfile::tempdir_in(std::env::current_exe()?.parent().context("a folder")?)?;
    let (database, file) = (folder.path().join("bawaba.db"), folder.path().join("people.csv.gz"));
    println!("\nRegistry of {people} invented people, SQLite; both cores for an import");
    println!(
        "{:<22} {:>9} {:>9} {:>9} {:>13} {:>13}",
        "import", "people", "seconds", "rows/s", "CPU µs a row", "file, octets"
    );
    // A fifth first, so that a laptop has room for both and for what is between them.
    for (name, people) in [("into an empty one", people / 5), ("over the one in force", people)] {
        write(&file, people)?;
        let (start, before) = (Instant::now(), cpu_seconds(std::process::id()));
        let report = bring_in(&StorePlace::Sqlite(database.clone()), &signer, &file).await?;
        let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds(std::process::id()) - before);
        ensure!(report.patients == people && report.bad == 0, "{report:?}");
        println!(
            "{name:<22} {people:>9} {seconds:>9.1} {:>9.0} {:>13.1} {:>13}",
            people as f64 / seconds,
            cpu * 1e6 / people as f64,
            std::fs::metadata(&database)?.len()
        );
    }
    std::fs::remove_file(&file)?;
    ask(&StorePlace::Sqlite(database.clone()), Some(&database), &signer, people, at).await?;
    std::fs::remove_file(&database)?;
    // A machine without PostgreSQL still gets its other tables.
    if let Err(error) = postgres(&file, &signer, people / 5, at).await {
        println!("PostgreSQL: not measured: {error:#}");
    }
    Ok(())
}

/// A fifth of them in PostgreSQL on this machine, whose own cache is small: most pages come from the system's.
async fn postgres(file: &Path, signer: &Arc<dyn Signer>, people: u64, at: OffsetDateTime) -> Result<()> {
    let server = Postgres::start();
    server.migrate().await;
    println!("\nRegistry of {people} invented people, PostgreSQL on this machine");
    write(file, people)?;
    let start = Instant::now();
    // By the owner of the schema, who may exchange its tables.
    let report = bring_in(&StorePlace::Postgres(server.owner_place()), signer, file).await?;
    ensure!(report.patients == people && report.bad == 0, "{report:?}");
    println!("import: {:.1} s", start.elapsed().as_secs_f64());
    std::fs::remove_file(file)?;
    ask(&StorePlace::Postgres(server.place()), None, signer, people, at).await
}

/// Compressed, so that it hardly counts among what a laptop has to have room for.
fn write(file: &Path, people: u64) -> Result<()> {
    let out = std::fs::File::create(file)?;
    let mut gzip = Command::new("gzip").arg("-1").stdin(Stdio::piped()).stdout(out).spawn()?;
    let mut input = gzip.stdin.take().context("a pipe")?;
    writeln!(input, "{}", population::HEADER)?;
    let mut text = String::new();
    for number in 0..people {
        Invented(number).csv(&mut text);
        if text.len() > 1 << 16 {
            input.write_all(text.as_bytes())?;
            text.clear();
        }
    }
    input.write_all(text.as_bytes())?;
    drop(input);
    ensure!(gzip.wait()?.success(), "gzip");
    Ok(())
}

async fn registry(store: &Store, signer: &Arc<dyn Signer>) -> Result<Registry> {
    let issuer = "https://localhost".to_owned();
    let tokens = Arc::new(Tokens::new(signer.clone(), issuer.clone(), issuer));
    Ok(Registry::open(store.clone(), signer.clone(), tokens, SUBJECT_AUDIENCE.to_owned()).await?)
}

async fn bring_in(place: &StorePlace, signer: &Arc<dyn Signer>, file: &Path) -> Result<ImportReport> {
    let store = Store::open(place).await?;
    let options = ImportOptions {
        files: vec![file.to_owned()],
        format: Some(Format::Csv),
        mode: Mode::Replace,
        max_bad: MaxBad::Lines(0),
        report: None,
        staging: file.with_file_name("import"),
        start: Start::New,
        alone_in_process: true,
    };
    let registry = registry(&store, signer).await?;
    let mut steps = Steps { start: Instant::now(), last: None };
    let report = import(registry.sealer(), &Target::new(store.clone()), &options, &mut steps).await?;
    steps.next(None);
    store.close().await;
    Ok(report)
}

/// How long each step took, where somebody wants to know.
struct Steps {
    start: Instant,
    last: Option<&'static str>,
}

impl Steps {
    fn next(&mut self, name: Option<&'static str>) {
        if self.last != name {
            if let Some(last) = self.last.filter(|_| std::env::var_os("BENCH_STEPS").is_some()) {
                println!("  {last}: {:.1} s", self.start.elapsed().as_secs_f64());
            }
            (self.start, self.last) = (Instant::now(), name);
        }
    }
}

impl Progress for Steps {
    fn at(&mut self, step: Step) {
        self.next(Some(match step {
            Step::Reading { .. } => "reading",
            Step::Judging { .. } => "joining",
            Step::Loading { .. } => "loading",
            Step::Cleaning => "cleaning",
        }));
    }
}

/// `file`: whose pages can be made to leave the memory.
async fn ask(
    place: &StorePlace,
    file: Option<&Path>,
    signer: &Arc<dyn Signer>,
    people: u64,
    at: OffsetDateTime,
) -> Result<()> {
    // Spread over the whole country, each with a card.
    let asked: Vec<Invented> = (0..ASKED).map(|n| Invented(n * (people / ASKED) / 10 * 10)).collect();
    let proofs = proofs(&asked, at)?;
    println!("{:<34} {:>9} {:>9} {:>9}", "look-up", "p50 µs", "p99 µs", "max µs");
    let cold = file.map(|_| "pages not in memory");
    for what in cold.into_iter().chain(["pages in memory"]) {
        let store = Store::open(place).await?;
        let registry = registry(&store, signer).await?;
        let subjects = asked
            .iter()
            .map(|one| Ok(registry.sealer().subject(&HealthId::parse(&one.health_id()).context("an id")?)?))
            .collect::<Result<Vec<_>>>()?;
        if let Some(file) = file.filter(|_| Some(what) == cold) {
            forget(file)?;
        }
        let mut times = Vec::new();
        for subject in &subjects {
            let start = Instant::now();
            ensure!(registry.patient_by_subject(subject).await?.is_some(), "nobody");
            times.push(start.elapsed());
        }
        row("by subject", what, times);
        if let Some(file) = file.filter(|_| Some(what) == cold) {
            forget(file)?;
        }
        let mut times = Vec::new();
        for proof in &proofs {
            let start = Instant::now();
            ensure!(registry.presented(proof).await?.holder.is_some(), "nobody");
            times.push(start.elapsed());
        }
        row("by card", what, times);
        store.close().await;
    }
    Ok(())
}

fn row(by: &str, what: &str, times: Vec<Duration>) {
    let most = times.iter().max().copied().unwrap_or_default();
    let cell = Cell::of(times, Duration::from_secs(1));
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!(
        "{:<34} {:>9.0} {:>9.0} {:>9.0}",
        format!("{by}, {what}"),
        micros(cell.p50),
        micros(cell.p99),
        micros(most)
    );
}

/// Asks the system to let go of a file's pages: `dd` with `nocache` and nothing to copy.
fn forget(file: &Path) -> Result<()> {
    let synced = Command::new("sync").arg(file).status()?;
    let input = format!("if={}", file.display());
    let gone = Command::new("dd").args([&input, "iflag=nocache", "count=0", "status=none"]).status()?;
    ensure!(synced.success() && gone.success(), "dd");
    Ok(())
}

/// Everybody's card, made, read and proven, on all cores.
fn proofs(asked: &[Invented], at: OffsetDateTime) -> Result<Vec<PresenceProof>> {
    let profile = |name: &str| CertificateProfile {
        country: "MA".to_owned(),
        common_name: name.to_owned(),
        scheme: SignatureScheme::EcdsaP256,
        not_before: at - time::Duration::DAY,
        not_after: at + time::Duration::days(3_650),
    };
    let csca = CountrySigner::create(&profile("CSCA"))?;
    let signer = csca.issue_document_signer(&profile("DS"))?;
    let crl = csca.issue_crl(&[], at - time::Duration::DAY, at + time::Duration::DAY)?;
    let trust = TrustStore::new(
        vec![UntrustedCertificate::from_der(csca.certificate())?],
        vec![UntrustedCrl::from_der(&crl)?],
    )?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let running: Vec<_> = asked
            .chunks(asked.len().div_ceil(cores))
            .map(|part| {
                scope.spawn(|| {
                    part.iter().map(|one| proof(*one, &signer, &trust, at)).collect::<Result<Vec<_>>>()
                })
            })
            .collect();
        let mut all = Vec::new();
        for part in running {
            all.extend(part.join().map_err(|_| anyhow::anyhow!("a thread ended"))??);
        }
        Ok(all)
    })
}

fn proof(
    one: Invented,
    signer: &DocumentSigner,
    trust: &TrustStore,
    at: OffsetDateTime,
) -> Result<PresenceProof> {
    let number = one.national_number().context("no card")?;
    let person = Person {
        surname: "INVENTE".to_owned(),
        given_names: "NUMERO".to_owned(),
        birth_date: date!(1984 - 03 - 09),
        sex: Sex::Female,
        national_number: NationalNumber::parse(&number).context("a number")?,
        document_number: format!("X{:08}", one.0),
        expires_on: date!(2035 - 12 - 31),
    };
    let mut card = CardFile::personalise(&person, CAN, ChipMethods::Active, signer)?.insert()?;
    let can = Can::parse(CAN).context("a CAN")?;
    let mut conversation = Conversation::open(&mut card, &can, CardProfile::Cnie2020)?;
    let challenge = conversation.read_transcript()?.authenticate(trust, at)?.challenge()?;
    let responses = conversation.run(challenge.commands())?;
    Ok(challenge.prove(&responses, at)?)
}
