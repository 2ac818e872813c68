//! Who is to be believed from now on? Master lists, certificates, LDIF and revocation lists into the trust store.

use std::path::PathBuf;

use clap::Args;
use pki::UntrustedCertificate;
use pki::csca::{KeyFingerprint, Refusal};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::output::Output;
use super::super::progress::Bar;
use super::super::{Exit, Failure};
use super::read;
use super::report::Report;
use super::store_place::StorePlace;
use crate::clock::{Clock, SystemClock};
use crate::trust::import::{Against, Import, KeepError, judge_file, keep};
use crate::trust::store::{Snapshot, StoreFolder};

#[derive(Debug, Args)]
#[command(
    after_help = "Takes master lists (ICAO, BSI, ...), certificates and revocation lists in DER or PEM, several in one\n\
    file too, and LDIF of the ICAO PKD. Every entry is accepted, with what is odd about it by name, or refused with a\n\
    named reason; one bad entry never loses the rest. A new import of a source replaces what it said before; what the\n\
    operator pinned or distrusts stays. A master list counts only under an anchor: its publisher's country signer,\n\
    which you fetched from a second place and compared. Certificates without a list stand on you who import them.\n\n\
    Without a store (--trust, --state, --config) it judges, prints, and keeps nothing.\n\
    Exit code 0: taken, refused entries are named; 1: a file brought nothing that could be accepted.\n\n\
    Examples:\n  bawaba pki import DE_ML.ml --anchor DE_CSCA.cer\n  \
    bawaba pki import DE_ML.ml --anchor DE_CSCA.cer --config /etc/bawaba/gateway.toml\n  \
    bawaba pki import icaopkd-001-complete.ldif icaopkd-002-complete.ldif --anchor UN_CSCA.cer --trust ./trust --json"
)]
pub(crate) struct Arguments {
    /// Master lists, certificates, revocation lists, LDIF
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Whom you believe above the signers of master lists: PEM or DER; may be given several times
    #[arg(long = "anchor", value_name = "CERT")]
    anchors: Vec<PathBuf>,
    #[command(flatten)]
    store: StorePlace,
    /// Judge and print, keep nothing
    #[arg(long)]
    dry_run: bool,
    /// Take a list that was signed before the one in the store: whoever replays an old list revives what was withdrawn
    #[arg(long)]
    allow_older: bool,
    /// The name of the source, of which the store keeps the newest import; by default made from list or file name
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Judge as of this moment (RFC 3339) instead of now: for archived lists
    #[arg(long, value_name = "MOMENT", value_parser = parse_moment)]
    at: Option<OffsetDateTime>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let now = SystemClock.now();
    let at = arguments.at.unwrap_or(now);
    let folder = arguments.store.folder()?;
    let snapshot = folder.as_ref().map_or(Ok(None), StoreFolder::load)?;
    let known = snapshot.as_ref().map(Snapshot::believed_cscas).unwrap_or_default();
    let anchors = anchors(&arguments.anchors, snapshot.as_ref())?;
    let imports = judge(arguments, &anchors, known, at, output)?;
    let mut report = Report::of(&imports, at);
    if let Some(folder) = folder.filter(|_| !arguments.dry_run && report.accepted > 0) {
        report.changes = keep(&folder, &imports, arguments.allow_older, now).map_err(not_kept)?;
        report.kept_in = Some(folder.root().display().to_string());
    }
    output.answer(&report, || report.text())?;
    match imports.iter().find(|import| import.accepted() == 0) {
        Some(import) => Err(nothing(import)),
        None => Ok(()),
    }
}

fn judge(
    arguments: &Arguments,
    anchors: &[UntrustedCertificate],
    mut known: Vec<UntrustedCertificate>,
    at: OffsetDateTime,
    output: Output,
) -> Result<Vec<Import>, Failure> {
    let mut bar = Bar::new(output.is_json());
    let mut imports = Vec::new();
    for file in &arguments.files {
        let against = Against { anchors, known: &known, at };
        let judged = judge_file(file, &against, &mut |what, done, of| bar.at(what, done, of, "entries"));
        let mut import = judged.map_err(|(path, error)| Failure::io(path.display(), &error))?;
        if let (Some(name), [_]) = (&arguments.source, arguments.files.as_slice()) {
            import.source.clone_from(name);
        }
        known.extend(import.cscas());
        imports.push(import);
    }
    bar.end();
    Ok(imports)
}

fn anchors(files: &[PathBuf], snapshot: Option<&Snapshot>) -> Result<Vec<UntrustedCertificate>, Failure> {
    let distrusted = snapshot.map(Snapshot::distrusted_keys).unwrap_or_default();
    let mut anchors = Vec::new();
    for file in files {
        for der in read(file)? {
            let anchor = UntrustedCertificate::from_der(&der).map_err(|error| {
                Failure::new(Exit::Failed, format!("{}: no anchor: {error}", file.display()))
                    .remedy("give the certificate of the publisher's country signer, PEM or DER")
            })?;
            let key = KeyFingerprint::of_certificate(&anchor).map(|key| key.to_string());
            if key.is_some_and(|key| distrusted.contains(key.as_str())) {
                let message = format!("{}: you distrust this anchor", file.display());
                return Err(Failure::new(Exit::Failed, message)
                    .remedy("bawaba pki distrust CERT --undo takes the decision back"));
            }
            anchors.push(anchor);
        }
    }
    Ok(anchors)
}

fn parse_moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| format!("{text}: write it like 2025-12-01T00:00:00Z"))
}

fn not_kept(error: KeepError) -> Failure {
    match error {
        KeepError::Store(error) => error.into(),
        KeepError::Older { .. } => Failure::new(Exit::Failed, error.to_string())
            .remedy("fetch the current list; --allow-older takes this one all the same"),
        KeepError::Full => Failure::new(Exit::Failed, error.to_string())
            .remedy("import the document signers of the countries whose cards leave theirs out"),
    }
}

/// Why a file brought nothing, by the first reason found.
fn nothing(import: &Import) -> Failure {
    let first = import.entries.iter().find_map(|entry| entry.reason());
    let (code, sentence) = first.map_or(("", "it is empty"), |reason| (reason.code(), reason.sentence()));
    let message = format!("{}: nothing could be accepted: {sentence} ({code})", import.file);
    let remedy = match first {
        Some(Refusal::NoAnchor) => {
            "give its publisher's country signer with --anchor CERT; fetch that from a second place and compare its fingerprint"
        }
        Some(Refusal::ListNotAnchored) => {
            "give the country signer of this list's publisher with --anchor; after its key change, the new one"
        }
        Some(Refusal::ListSignatureDoesNotHold | Refusal::MalformedList) => {
            "fetch the file again from its publisher: it was cut or changed on the way"
        }
        Some(Refusal::ListSignerExpired | Refusal::AnchorExpired) => {
            "fetch the current list and anchor; an archived list is judged with --at MOMENT"
        }
        Some(Refusal::CrlWithoutAuthority) => "import the country signer first, then its revocation list",
        _ => "the table above names every entry",
    };
    Failure::new(Exit::Failed, message).remedy(remedy)
}
