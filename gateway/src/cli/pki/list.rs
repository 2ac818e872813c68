//! Who is in the trust store? Country by country.

use clap::Args;
use pki::UntrustedCertificate;
use pki::csca::algorithm_of;
use serde::Serialize;
use time::OffsetDateTime;

use super::super::Failure;
use super::super::output::{Output, moment, table};
use super::store_place::StorePlace;
use crate::clock::{Clock, SystemClock};
use crate::trust::store::Snapshot;
use crate::trust::store::snapshot::ObjectKind;
use crate::trust::store::standing::Known;

#[derive(Debug, Args)]
#[command(
    after_help = "Shows the country signers; --all adds document signers and revocation lists. STATE: believed (a source vouches\n\
    for it), pinned (you do), distrusted (you decided so), fallen (only somebody distrusted vouches for it), and expired.\n\n\
    Examples:\n  bawaba pki list --trust ./trust\n  bawaba pki list --config /etc/bawaba/gateway.toml --country MA --json"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    store: StorePlace,
    /// Of this country alone, two letters
    #[arg(long, value_name = "CC")]
    country: Option<String>,
    /// Document signers and revocation lists too
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Listed {
    snapshot_made_at: String,
    sources: Vec<SourceTold>,
    entries: Vec<Told>,
}

#[derive(Serialize)]
struct SourceTold {
    name: String,
    file: String,
    imported_at: String,
    signed_at: Option<String>,
    signer: Option<String>,
    entries: usize,
    refused: usize,
}

/// One object of the store as the commands tell it.
#[derive(Serialize, Clone)]
pub(super) struct Told {
    pub(super) country: String,
    pub(super) subject: String,
    pub(super) kind: &'static str,
    pub(super) fingerprint: String,
    pub(super) key: String,
    pub(super) key_id: Option<String>,
    pub(super) not_after: Option<String>,
    pub(super) algorithm: Option<String>,
    pub(super) state: &'static str,
    pub(super) expired: bool,
    pub(super) sources: Vec<String>,
    pub(super) deviations: Vec<String>,
    pub(super) reason: Option<String>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let (_, snapshot) = arguments.store.snapshot()?;
    let wanted = arguments.country.as_ref().map(|country| country.to_ascii_uppercase());
    let mut entries: Vec<Told> = snapshot
        .known()
        .values()
        .filter(|known| arguments.all || known.kind.is_csca())
        .map(|known| tell(&snapshot, known, SystemClock.now()))
        .filter(|told| wanted.as_ref().is_none_or(|country| told.country == *country))
        .collect();
    entries.sort_by(|one, other| {
        let order = |told: &Told| (told.country.clone(), told.kind, told.not_after.clone());
        order(one).cmp(&order(other))
    });
    let listed = Listed {
        snapshot_made_at: moment(snapshot.made_at),
        sources: snapshot.sources.iter().map(|(name, source)| source_told(name, source)).collect(),
        entries,
    };
    output.answer(&listed, || text(&listed))
}

pub(super) fn tell(snapshot: &Snapshot, known: &Known<'_>, at: OffsetDateTime) -> Told {
    let certificate = match known.kind {
        ObjectKind::Crl => None,
        _ => snapshot.der(known.fingerprint).and_then(|der| UntrustedCertificate::from_der(&der).ok()),
    };
    Told {
        country: certificate
            .as_ref()
            .and_then(UntrustedCertificate::country)
            .unwrap_or_else(|| "-".to_owned()),
        subject: certificate.as_ref().map_or_else(|| "-".to_owned(), UntrustedCertificate::subject_text),
        kind: known.kind.code(),
        fingerprint: known.fingerprint.to_owned(),
        key: known.key.to_owned(),
        key_id: certificate
            .as_ref()
            .and_then(|certificate| certificate.subject_key_identifier().map(hex::encode)),
        not_after: certificate.as_ref().map(|certificate| moment(certificate.not_after())),
        algorithm: certificate.as_ref().map(algorithm_of),
        state: known.standing.code(),
        expired: certificate.is_some_and(|certificate| certificate.not_after() < at),
        sources: known.sources.iter().map(|source| (*source).to_owned()).collect(),
        deviations: known.deviations.iter().map(|deviation| (*deviation).to_owned()).collect(),
        reason: known.decision.and_then(|decision| decision.reason.clone()),
    }
}

fn source_told(name: &str, source: &crate::trust::store::snapshot::Source) -> SourceTold {
    let list = source.lists.first();
    SourceTold {
        name: name.to_owned(),
        file: source.file.clone(),
        imported_at: moment(source.imported_at),
        signed_at: list.and_then(|list| list.signed_at).map(moment),
        signer: list.map(|list| list.signer.clone()),
        entries: source.entries.len(),
        refused: source.refused.values().sum(),
    }
}

fn text(listed: &Listed) -> String {
    let row = |told: &Told| {
        let state = if told.expired { format!("{}, expired", told.state) } else { told.state.to_owned() };
        vec![
            told.country.clone(),
            told.kind.to_owned(),
            told.key_id.as_deref().unwrap_or("-").chars().take(16).collect(),
            told.not_after.as_deref().unwrap_or("-").chars().take(10).collect(),
            told.algorithm.clone().unwrap_or_default(),
            state,
            told.sources.join(" "),
            told.fingerprint.chars().take(16).collect(),
        ]
    };
    let head = ["COUNTRY", "KIND", "KEY ID", "NOT AFTER", "ALGORITHM", "STATE", "SOURCE", "FINGERPRINT"];
    let mut text = table(&head, &listed.entries.iter().map(row).collect::<Vec<_>>());
    text += &format!("\nsnapshot of {}\n", listed.snapshot_made_at);
    for source in &listed.sources {
        let signed = source.signed_at.as_ref().map(|at| format!(", signed {at}")).unwrap_or_default();
        text += &format!(
            "{}: {} entries, {} refused, from {}, imported {}{signed}\n",
            source.name, source.entries, source.refused, source.file, source.imported_at
        );
    }
    text
}
