//! How does an operator bring a country in?

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use hsm_config::SecretSource;
use uuid::Uuid;

use super::super::output::{Output, table};
use super::super::place::Place;
use super::super::progress::Bar;
use super::super::{Exit, Failure, keys, store};
use super::unavailable;
use crate::audit::{AuditEvent, Batch, EncodedEvent, EventKind, Outcome};
use crate::registry::import::{
    Format, ImportError, ImportOptions, ImportReport, MaxBad, Mode, Progress, Start, Step, Target, import,
};
use crate::registry::{Registry, SUBJECT_AUDIENCE};
use crate::store::{Store, StorePlace};
use crate::token::Tokens;

#[derive(Debug, Args)]
#[command(
    after_help = "FHIR R4, one resource a line, Patient and Coverage in any order and any number of files:\n\
    \x20 Patient.identifier   system https://bawaba.example/fhir/sid/identifiant-sante (required)\n\
    \x20                      system https://bawaba.example/fhir/sid/cnie (none: has no card)\n\
    \x20 Patient.birthDate    its year is kept; Patient.active false: left out\n\
    \x20 Patient.extension    https://bawaba.example/fhir/StructureDefinition/guardian\n\
    \x20                      parts relationship (valueCode child|ward), guardian (valueReference)\n\
    \x20 Coverage.beneficiary by identifier (identifiant sante) or reference Patient/ID\n\
    \x20 Coverage.class plan  cnss-salarie | tns | amo-tadamon | amo-achamil; or Coverage.type, system\n\
    \x20                      https://bawaba.example/fhir/CodeSystem/amo-scheme\n\
    \x20 Coverage.period.end  last day; of several covers the one that lasts longest counts\n\
    CSV, one row a line, a header with these columns in any order:\n\
    \x20 health_id,national_number,birth_date,scheme,open_until,guardian,relationship\n\
    Files may be compressed by gzip; - is standard input (FHIR unless --format csv; cannot be resumed).\n\n\
    Counters go on meanwhile: they see the old registry whole, then the new one whole, within a second.\n\
    Clients, card reports, withdrawals and sessions stay. A killed import goes on with --resume.\n\
    A line that is bad is left out, counted by reason, and named in the report by file and number, never by content;\n\
    with more of them than --max-bad nothing changes (exit code 1): look at the report, then either mend the files and\n\
    --restart, or --resume with another --max-bad.\n\
    Room while it runs: 350 octets a patient in --staging, and the database holds both registries, 220 a patient each.\n\n\
    Examples:\n  bawaba registry import --replace patients.ndjson.gz coverages.ndjson.gz --report bad.csv --config gateway.toml\n\
    \x20 bawaba registry import --replace patients.ndjson.gz coverages.ndjson.gz --resume --max-bad 0.1% --config gateway.toml\n\
    \x20 zcat today.csv.gz | bawaba registry import --merge --format csv - --state ./var/demo --json"
)]
pub(crate) struct Arguments {
    /// NDJSON or CSV, in this order; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    mode: ModeArgument,
    /// By default .csv and .csv.gz are CSV, all else is FHIR
    #[arg(long, value_enum)]
    format: Option<FormatArgument>,
    /// How many bad lines are borne: a number, or a share such as 0.5%
    #[arg(long, value_name = "N|P%", default_value = "0")]
    max_bad: MaxBad,
    /// Where to name the bad lines, as CSV: file,line,reason; 1,000 of each reason
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Go on with the import that was interrupted
    #[arg(long, conflicts_with = "restart")]
    resume: bool,
    /// Throw the import that was interrupted away
    #[arg(long)]
    restart: bool,
    /// Where an import keeps what it has read, hashed and sealed; by default registry-import beside the database or,
    /// for PostgreSQL, beside the configuration
    #[arg(long, value_name = "DIR")]
    staging: Option<PathBuf>,
    /// PostgreSQL: as this role, which owns the schema and may exchange its tables; see bawaba migrate
    #[arg(long, value_name = "ROLE", requires = "password")]
    role: Option<String>,
    /// Where that role's password is: env:NAME, fd:N, credential:NAME or file:PATH
    #[arg(long, value_name = "SOURCE", requires = "role")]
    password: Option<SecretSource>,
}

/// What becomes of those who are in the registry already.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct ModeArgument {
    /// The files are the registry: who is not in them is not in it
    #[arg(long)]
    replace: bool,
    /// Bring up to date who is in the files, remove nobody
    #[arg(long)]
    merge: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArgument {
    Csv,
    Fhir,
}

pub(super) async fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let owner = arguments.role.as_ref().zip(arguments.password.as_ref());
    let goal = goal(&arguments.place, owner).await?;
    let options = ImportOptions {
        files: arguments.files.clone(),
        format: arguments.format.map(|format| match format {
            FormatArgument::Csv => Format::Csv,
            FormatArgument::Fhir => Format::Fhir,
        }),
        mode: if arguments.mode.merge { Mode::Merge } else { Mode::Replace },
        max_bad: arguments.max_bad,
        report: arguments.report.clone(),
        staging: arguments.staging.clone().unwrap_or(goal.beside),
        start: match (arguments.resume, arguments.restart) {
            (true, _) => Start::Resume,
            (_, true) => Start::Again,
            _ => Start::New,
        },
        alone_in_process: true,
    };
    let mut shown = Shown(Bar::new(output.is_json()));
    // No log, no import.
    let mode = options.mode.as_str();
    record(&goal.store, Outcome::Permit, "import-begun", mode.to_owned()).await?;
    let done = import(goal.registry.sealer(), &goal.target, &options, &mut shown).await;
    shown.0.end();
    let (outcome, reason, detail) = match &done {
        Ok(report) => (
            if report.in_force { Outcome::Permit } else { Outcome::Refused },
            if report.in_force { "import-in-force" } else { "import-too-many-bad-lines" },
            format!("{mode}, {} patients of {} lines, {} bad", report.patients, report.lines, report.bad),
        ),
        Err(error) => (Outcome::Error, error.code(), mode.to_owned()),
    };
    let recorded = record(&goal.store, outcome, reason, detail).await;
    let report = done.map_err(failure)?;
    recorded?;
    output.answer(&report, || text(&report))?;
    match report.in_force {
        true => Ok(()),
        false => Err(Failure::new(Exit::Failed, "too many bad lines: the registry is what it was")
            .remedy("--report FILE names them; --resume --max-bad N|P% takes the rest")),
    }
}

/// The registry of a gateway, and where its import keeps what it has read.
struct Goal {
    registry: Registry,
    store: Store,
    target: Target,
    beside: PathBuf,
}

/// Writes down what an operator did.
async fn record(
    store: &Store,
    outcome: Outcome,
    reason: &'static str,
    detail: String,
) -> Result<(), Failure> {
    let at = store.now().await.map_err(|error| unavailable(&error.into()))?;
    let mut event = AuditEvent::new(EventKind::RegistryImported, outcome, reason, at);
    event.detail = Some(detail);
    let event = EncodedEvent::new(&event)
        .map_err(|error| Failure::new(Exit::Internal, format!("no event: {error}")))?;
    let batch = Batch { id: Uuid::new_v4(), events: vec![event] };
    store.audit().append(&batch).await.map(drop).map_err(|error| {
        Failure::new(Exit::Unavailable, format!("{reason} is not on record: {error}")).remedy(
            "bawaba audit list shows whether an import was begun; bawaba doctor looks at the database",
        )
    })
}

/// As another role of PostgreSQL, where that matters.
async fn goal(place: &Place, role: Option<(&String, &SecretSource)>) -> Result<Goal, Failure> {
    let mut config = place.config()?;
    if let (StorePlace::Postgres(place), Some((role, password))) = (&mut config.store, role) {
        place.hosts.iter_mut().for_each(|host| host.user.clone_from(role));
        place.password = Some(password.clone());
    }
    let store = store::open(&config).await?;
    let signer = keys::load(&config)?;
    let tokens = Arc::new(Tokens::new(signer.clone(), config.issuer.clone(), config.issuer.clone()));
    let registry = Registry::open(store.clone(), signer, tokens, SUBJECT_AUDIENCE.to_owned()).await;
    let registry = registry.map_err(|error| unavailable(&error))?;
    let neighbour = match &config.store {
        StorePlace::Sqlite(path) => path.clone(),
        StorePlace::Postgres(_) => place.file(),
    };
    let beside = neighbour.with_file_name("registry-import");
    Ok(Goal { registry, target: Target::new(store.clone()), store, beside })
}

/// The steps of an import, on a bar.
struct Shown(Bar);

impl Progress for Shown {
    fn at(&mut self, step: Step) {
        match step {
            Step::Reading { file, done, of: Some(of), .. } => {
                self.0.at(&format!("reading {}", file.display()), done, Some(of), "octets");
            }
            Step::Reading { file, lines, of: None, .. } => {
                self.0.at(&format!("reading {}", file.display()), lines, None, "lines");
            }
            Step::Judging { done, of } => {
                self.0.at("joining", done.unsigned_abs(), Some(of.unsigned_abs()), "steps");
            }
            Step::Loading { done, of } => self.0.at("loading", done, Some(of), "rows"),
            Step::Cleaning => self.0.at("in force; removing the old tables", 0, None, "rows"),
        }
    }
}

fn text(report: &ImportReport) -> String {
    let state = if report.in_force { "in force" } else { "NOT in force" };
    let mut text = format!(
        "{} patients, {} guardianships, of {} lines ({} left out, {} bad): {state}\n",
        report.patients, report.guardianships, report.lines, report.left_out, report.bad
    );
    if report.coverages_alone > 0 {
        text += &format!("{} covers of known patients brought up to date\n", report.coverages_alone);
    }
    if !report.reasons.is_empty() {
        let rows: Vec<_> =
            report.reasons.iter().map(|(code, count)| vec![(*code).to_owned(), count.to_string()]).collect();
        text += &table(&["REASON", "LINES"], &rows);
    }
    text
}

fn failure(error: ImportError) -> Failure {
    let message = format!("{error} ({})", error.code());
    let failed = |remedy: &str| Failure::new(Exit::Failed, &message).remedy(remedy);
    match &error {
        ImportError::Registry(error) => unavailable(error),
        ImportError::AnotherImport => failed("give the same files to --resume, or --restart with these"),
        ImportError::Unfinished => failed("--resume goes on with it, --restart throws it away"),
        ImportError::Header { .. } => failed("bawaba registry import --help shows the columns"),
        ImportError::Overtaken => failed("--resume builds it again from what was read"),
        ImportError::NotOwner => Failure::new(Exit::Unavailable, message).remedy(
            "--role ROLE --password SOURCE name the schema's owner, as for bawaba migrate; then --resume",
        ),
        ImportError::Running => Failure::new(Exit::Unavailable, message)
            .remedy("wait for its end; two imports into one registry would undo each other"),
        ImportError::StagingDatabase(_) => {
            Failure::new(Exit::Unavailable, message).remedy("is there room where --staging is?")
        }
        ImportError::File { .. } | ImportError::Staging { .. } => Failure::new(Exit::Io, message),
    }
}
