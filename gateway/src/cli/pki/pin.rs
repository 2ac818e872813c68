//! What does the operator decide against all lists? Pins and distrusts, which every later import leaves alone.

use std::path::PathBuf;

use clap::Args;
use pki::UntrustedCertificate;
use pki::csca::{Judgement, judge};
use serde::Serialize;

use super::super::output::Output;
use super::super::{Exit, Failure};
use super::store_place::StorePlace;
use super::{list, read};
use crate::clock::{Clock, SystemClock};
use crate::trust::store::snapshot::{Action, Decision, ObjectKind};
use crate::trust::store::{Snapshot, sha256};

#[derive(Debug, Args)]
#[command(after_help = "You vouch for this country signer, whatever lists say or stop saying.\n\n\
    Examples:\n  bawaba pki pin MA_CSCA.cer --trust ./trust --reason \"handed over by the passport office, 2026-11-02\"\n  \
    bawaba pki pin 0a1b2c3d --trust ./trust --undo")]
pub(crate) struct PinArguments {
    #[command(flatten)]
    which: Which,
    /// Why, for whoever reads the store later
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Its key is not believed any more, in whatever certificate, nor is what only it vouches for: link certificates\n\
    below it, and master lists whose signer stands below it. Running gateways take this over within a second or two.\n\n\
    Examples:\n  bawaba pki distrust 0a1b2c3d --trust ./trust --reason \"key compromise announced 2026-11-20\"\n  \
    bawaba pki distrust 0a1b2c3d --trust ./trust --undo"
)]
pub(crate) struct DistrustArguments {
    #[command(flatten)]
    which: Which,
    /// Why, for whoever reads the store later
    #[arg(long, value_name = "TEXT", required_unless_present = "undo")]
    reason: Option<String>,
}

#[derive(Debug, Args)]
struct Which {
    /// A certificate file, or the beginning of a fingerprint as `bawaba pki list` shows it
    #[arg(value_name = "CERT|FINGERPRINT")]
    certificate: String,
    #[command(flatten)]
    store: StorePlace,
    /// Take the decision back
    #[arg(long)]
    undo: bool,
}

#[derive(Serialize)]
struct Decided {
    action: Action,
    undone: bool,
    fingerprint: String,
    key: String,
    /// All entries whose state changed, as they stand now.
    changed: Vec<list::Told>,
}

pub(super) fn pin(arguments: &PinArguments, output: Output) -> Result<(), Failure> {
    decide(Action::Pin, &arguments.which, arguments.reason.as_ref(), output)
}

pub(super) fn distrust(arguments: &DistrustArguments, output: Output) -> Result<(), Failure> {
    decide(Action::Distrust, &arguments.which, arguments.reason.as_ref(), output)
}

fn decide(action: Action, which: &Which, reason: Option<&String>, output: Output) -> Result<(), Failure> {
    let folder = which.store.required()?;
    let at = SystemClock.now();
    let decided = folder.update(at, |snapshot| -> Result<Decided, Failure> {
        let (der, fingerprint) = find(snapshot, &which.certificate)?;
        let (kind, key) = country_signer(&der, at)?;
        let before = standings(snapshot);
        let known = snapshot.decisions.len();
        // A decision on a key replaces the one before on the same key.
        snapshot
            .decisions
            .retain(|decision| decision.key != key || (which.undo && decision.action != action));
        if which.undo && snapshot.decisions.len() == known {
            return Err(Failure::new(Exit::Failed, format!("{fingerprint}: no such decision to take back")));
        }
        if !which.undo {
            snapshot.keep(&fingerprint, &der);
            let decision = Decision {
                action,
                fingerprint: fingerprint.clone(),
                key: key.clone(),
                kind,
                reason: reason.cloned(),
                at,
            };
            snapshot.decisions.push(decision);
        }
        let changed = snapshot
            .known()
            .values()
            .filter(|known| before.get(known.fingerprint) != Some(&known.standing.code()))
            .map(|known| list::tell(snapshot, known, at))
            .collect();
        Ok(Decided { action, undone: which.undo, fingerprint, key, changed })
    })?;
    output.answer(&decided, || text(&decided))
}

fn standings(snapshot: &Snapshot) -> std::collections::BTreeMap<String, &'static str> {
    let known = snapshot.known();
    known.values().map(|known| (known.fingerprint.to_owned(), known.standing.code())).collect()
}

/// The certificate of a file, or the one of the store whose fingerprint begins so.
fn find(snapshot: &Snapshot, given: &str) -> Result<(Vec<u8>, String), Failure> {
    let path = PathBuf::from(given);
    if path.exists() {
        let mut ders = read(&path)?;
        return match (ders.pop(), ders.is_empty()) {
            (Some(der), true) => {
                let fingerprint = sha256(&der);
                Ok((der, fingerprint))
            }
            _ => Err(Failure::new(Exit::Usage, format!("{given}: more than one certificate"))
                .remedy("give one certificate, or its fingerprint")),
        };
    }
    let wanted = given.to_ascii_lowercase().replace(':', "");
    let known = snapshot.known();
    let mut found = known.keys().filter(|fingerprint| wanted.len() >= 8 && fingerprint.starts_with(&wanted));
    match (found.next(), found.next()) {
        (Some(fingerprint), None) => {
            let der = snapshot.der(fingerprint).ok_or_else(|| {
                Failure::new(Exit::Internal, format!("{fingerprint} is not in the snapshot"))
            })?;
            Ok((der, (*fingerprint).to_owned()))
        }
        (Some(_), Some(_)) => {
            Err(Failure::new(Exit::Usage, format!("{given}: more than one fingerprint begins so")))
        }
        (None, _) => Err(Failure::new(
            Exit::Failed,
            format!("{given}: neither a file nor a fingerprint of the store"),
        )
        .remedy("bawaba pki list shows fingerprints; give at least 8 digits of one, or a certificate file")),
    }
}

fn country_signer(der: &[u8], at: time::OffsetDateTime) -> Result<(ObjectKind, String), Failure> {
    let refuse = |why: &str| {
        Failure::new(Exit::Failed, format!("this is no country signer that could be believed or not: {why}"))
    };
    match judge(der, at) {
        Judgement::Accepted(accepted) if accepted.kind.is_csca() => {
            let kind = match accepted.issuers.is_empty() && is_root(&accepted.certificate) {
                true => ObjectKind::SelfSigned,
                false => ObjectKind::Link,
            };
            Ok((kind, accepted.key.to_string()))
        }
        Judgement::Accepted(_) => {
            Err(refuse("it is a document signer; its country signer can be distrusted"))
        }
        Judgement::Refused(refused) => Err(refuse(refused.reason.sentence())),
    }
}

fn is_root(certificate: &UntrustedCertificate) -> bool {
    certificate.csca_kind() == Ok(pki::CscaKind::SelfSigned)
}

fn text(decided: &Decided) -> String {
    let action = match (decided.action, decided.undone) {
        (Action::Pin, false) => "pinned",
        (Action::Pin, true) => "pinned no more",
        (Action::Distrust, false) => "distrusted",
        (Action::Distrust, true) => "distrusted no more",
    };
    let mut text = format!("{}: {action}\n", decided.fingerprint);
    for told in &decided.changed {
        let fingerprint: String = told.fingerprint.chars().take(16).collect();
        text += &format!("  now {}: {} {} {}\n", told.state, fingerprint, told.kind, told.subject);
    }
    text
}
