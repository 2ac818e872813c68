//! What ends before its time at an operator's word? Cards, clients, patients' sessions; every one of them on record.

use std::io::{IsTerminal as _, Read as _, stderr, stdin};

use clap::{Args, ValueEnum};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::output::Output;
use super::super::place::Place;
use super::super::{Exit, Failure, store};
use super::{Opened, unavailable};
use crate::audit::{AuditEvent, Batch, EncodedEvent, EventKind, Outcome};
use crate::fraud::replay::Replay;
use crate::fraud::{self, uses};
use crate::limits::{MAX_SESSION_LIFETIME, WITHDRAWAL_KEPT};
use crate::registry::CardReport;
use crate::store::Store;
use crate::withdrawal::{self, Withdrawn};

/// Octets of a document number that are read: ICAO 9303-5 has 9, or up to 22 where it goes on in the optional data.
const DOCUMENT_NUMBER_OCTETS: u64 = 64;

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportCard {
    /// What happened to it
    #[arg(long, value_enum)]
    reason: Reason,
    /// Since when its holder misses it (RFC 3339): sessions opened with it since then become a case of fraud
    #[arg(long, value_name = "TIME", value_parser = moment)]
    missing_since: Option<OffsetDateTime>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Reason {
    Lost,
    Stolen,
    /// Taken back by the authority
    Withdrawn,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct EndSessions {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Whose {
    /// Those of this patient, by the subject in the gateway's session tokens and audit events
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    /// Those that this establishment opened; with --subject, only that patient's there
    #[arg(long, value_name = "CLIENT")]
    establishment: Option<String>,
    /// This one alone
    #[arg(long, value_name = "ID", conflicts_with_all = ["subject", "establishment"])]
    session: Option<Uuid>,
}

/// The number is read, never an argument, which every user of the machine can see.
pub(super) async fn report_card(asked: &ReportCard, output: Output) -> Result<(), Failure> {
    let number = document_number()?;
    let opened = Opened::at(&asked.place).await?;
    let (report, reason) = match asked.reason {
        Reason::Lost => (CardReport::Lost, "card-lost"),
        Reason::Stolen => (CardReport::Stolen, "card-stolen"),
        Reason::Withdrawn => (CardReport::Withdrawn, "card-withdrawn"),
    };
    let at = opened.store.now().await.map_err(|error| unavailable(&error.into()))?;
    // First it opens no more sessions, then those that it has opened end: none slips in between.
    let card = opened.registry.report_card(&number, report, at).await.map_err(|error| unavailable(&error))?;
    withdraw(&opened.store, Withdrawn::Card(card.clone()), reason).await?;
    let used = match asked.missing_since {
        Some(since) => used_before(&opened, (&card, since), at).await?,
        None => false,
    };
    output.answer(&json!({ "reported": report.as_str(), "used_since_missing": used }), || {
        let more = if used { " It was used since it is missing: bawaba fraud cases." } else { "" };
        format!("The card is reported {}: it opens nothing, and its sessions end now.{more}", report.as_str())
    })
}

/// Whether it was used between loss and report; then that is a case.
async fn used_before(
    opened: &Opened,
    (card, since): (&str, OffsetDateTime),
    at: OffsetDateTime,
) -> Result<bool, Failure> {
    let replay = Replay::new(&opened.registry).map_err(|error| unavailable(&error))?;
    let audit = opened.store.audit();
    let found = uses::before_report(audit.as_ref(), (&opened.registry, &replay), (card, since), at).await;
    let found = found.map_err(|error| {
        Failure::new(Exit::Unavailable, format!("it is reported; its uses cannot be read: {error}"))
            .remedy("do it again when the audit log can be read")
    })?;
    let Some(found) = found else { return Ok(false) };
    fraud::store::record(&opened.store, &found).await.map_err(|error| {
        Failure::new(Exit::Unavailable, format!("it is reported; its case cannot be written: {error}"))
            .remedy("do it again when the database takes writes")
    })?;
    Ok(true)
}

fn moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "write it as 2026-11-22T10:00:00Z".to_owned())
}

pub(super) async fn end_sessions(asked: &EndSessions, output: Output) -> Result<(), Failure> {
    let what = match &asked.whose {
        Whose { session: Some(id), .. } => Withdrawn::Session(*id),
        Whose { subject: Some(subject), establishment: Some(establishment), .. } => {
            Withdrawn::Consent { subject: known(subject)?, establishment: known(establishment)? }
        }
        Whose { subject: Some(subject), .. } => Withdrawn::Patient(known(subject)?),
        Whose { establishment: Some(establishment), .. } => Withdrawn::Client(known(establishment)?),
        _ => return Err(Failure::new(Exit::Usage, "no session is named")),
    };
    let store = store::open(&asked.place.config()?).await?;
    let kind = what.kind();
    withdraw(&store, what, "ended-by-operator").await?;
    output.answer(&json!({ "ended": kind }), || "These sessions end now, on every gateway.".to_owned())
}

/// Writes it down, with its event, by the database's clock: what the gateways count by where they share one.
pub(in crate::cli) async fn withdraw(
    store: &Store,
    what: Withdrawn,
    reason: &'static str,
) -> Result<(), Failure> {
    let at = store.now().await.map_err(|error| unavailable(&error.into()))?;
    let mut event = AuditEvent::new(EventKind::Withdrawn, Outcome::Permit, reason, at);
    event.detail = Some(format!("{}, by an operator", what.kind()));
    match &what {
        Withdrawn::Session(id) => event.session = Some(*id),
        Withdrawn::Client(client) => event.client = Some(client.clone()),
        Withdrawn::Patient(subject) => event.subject = Some(subject.clone()),
        Withdrawn::Consent { subject, establishment } => {
            (event.subject, event.client) = (Some(subject.clone()), Some(establishment.clone()));
        }
        Withdrawn::Card(_) | Withdrawn::Key(_) => {}
    }
    let lives = Duration::seconds(MAX_SESSION_LIFETIME) + WITHDRAWAL_KEPT;
    let expires_at = if matches!(what, Withdrawn::Key(_)) { at + KEY_KEPT } else { at + lives };
    withdrawal::write_down(store, what, reason, expires_at, at).await.map_err(|error| unavailable(&error))?;
    let event = EncodedEvent::new(&event)
        .map_err(|error| Failure::new(Exit::Internal, format!("no event: {error}")))?;
    let batch = Batch { id: Uuid::new_v4(), events: vec![event] };
    store.audit().append(&batch).await.map(drop).map_err(|error| {
        Failure::new(Exit::Unavailable, format!("it was done, but is not on record: {error}"))
            .remedy("do it again when the audit log takes events")
    })
}

/// A key in other hands is never believed again; longer than anybody could keep a key file that still has it.
const KEY_KEPT: Duration = Duration::days(3_653);

/// A name as it stands in tokens: no space, no length without end.
fn known(name: &str) -> Result<String, Failure> {
    let sound = (1..=256).contains(&name.len()) && name.chars().all(|c| c.is_ascii_graphic());
    if sound { Ok(name.to_owned()) } else { Err(Failure::new(Exit::Usage, "that is no name of a token")) }
}

fn document_number() -> Result<Zeroizing<String>, Failure> {
    let mut said = Zeroizing::new(String::new());
    if stdin().is_terminal() {
        use std::io::Write as _;
        // Nothing can be done about a closed terminal.
        let _ = write!(stderr(), "Number of the document, as printed on the card: ");
        stdin().read_line(&mut said).map_err(|error| unread(&error))?;
    } else {
        stdin().take(DOCUMENT_NUMBER_OCTETS).read_to_string(&mut said).map_err(|error| unread(&error))?;
    }
    let number: String =
        said.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    let number = Zeroizing::new(number);
    let sound = (1..=22).contains(&number.len()) && number.chars().all(|c| c.is_ascii_alphanumeric());
    if sound {
        Ok(number)
    } else {
        Err(Failure::new(Exit::Usage, "that is no number of a document")
            .remedy("letters and digits, at most 22, one number on standard input"))
    }
}

fn unread(error: &std::io::Error) -> Failure {
    Failure::new(Exit::Io, format!("standard input: {error}"))
}
