//! What in the trust store will fail, or has failed, and what can be done about it?

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use pki::{UntrustedCertificate, UntrustedCrl};
use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::super::output::{Output, moment};
use super::super::{Exit, Failure};
use super::store_place::StorePlace;
use crate::clock::{Clock, SystemClock};
use crate::trust::store::Snapshot;
use crate::trust::store::snapshot::ObjectKind;
use crate::trust::store::standing::{Known, Standing};

/// A country signer's successor is announced at least this long before (Doc 9303-12 §4.3: 90 days).
const SOON: Duration = Duration::days(90);
/// Publishers issue a master list at least that often.
const OLD_SOURCE: Duration = Duration::days(120);

/// Findings of one kind that the text names one by one.
const NAMED: usize = 8;

#[derive(Debug, Args)]
#[command(
    after_help = "Looks, and changes nothing. Exit code 0: nothing failed; 1: at least one check failed.\n\n\
    Examples:\n  bawaba pki doctor --trust ./trust\n  bawaba pki doctor --config /etc/bawaba/gateway.toml --country MA --json"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    store: StorePlace,
    /// Of this country alone, two letters
    #[arg(long, value_name = "CC")]
    country: Option<String>,
}

/// What one check found (constat).
#[derive(Serialize)]
struct Finding {
    check: &'static str,
    standing: &'static str,
    country: String,
    detail: String,
    remedy: &'static str,
}

#[derive(Serialize)]
struct Diagnosis {
    healthy: bool,
    believed: usize,
    findings: Vec<Finding>,
}

/// A believed country signer, read.
struct Csca<'a> {
    known: &'a Known<'a>,
    certificate: UntrustedCertificate,
    country: String,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let at = SystemClock.now();
    let (_, snapshot) = arguments.store.snapshot()?;
    let known = snapshot.known();
    let cscas: Vec<Csca<'_>> = known
        .values()
        .filter(|one| one.kind.is_csca() && one.standing.is_believed())
        .filter_map(|one| {
            let certificate = UntrustedCertificate::from_der(&snapshot.der(one.fingerprint)?).ok()?;
            Some(Csca { known: one, country: certificate.country()?, certificate })
        })
        .collect();
    let mut findings = ends(&cscas, at);
    findings.extend(forms(&cscas));
    findings.extend(revocation(&snapshot, &known, &cscas, at));
    findings.extend(standings(&snapshot, &known, at));
    let wanted = arguments.country.as_ref().map(|country| country.to_ascii_uppercase());
    findings.retain(|finding| wanted.as_ref().is_none_or(|country| finding.country == *country));
    findings.sort_by(|one, other| (one.standing, &one.country).cmp(&(other.standing, &other.country)));
    let healthy = findings.iter().all(|finding| finding.standing != "failed");
    let diagnosis = Diagnosis { healthy, believed: cscas.len(), findings };
    output.answer(&diagnosis, || text(&diagnosis))?;
    match healthy {
        true => Ok(()),
        false => Err(Failure::new(Exit::Failed, "at least one check failed")),
    }
}

/// A country whose last key ends soon has no card judged after that day.
fn ends(cscas: &[Csca<'_>], at: OffsetDateTime) -> Vec<Finding> {
    let mut last: BTreeMap<&str, OffsetDateTime> = BTreeMap::new();
    for csca in cscas {
        let end = last.entry(&csca.country).or_insert(csca.certificate.not_after());
        *end = (*end).max(csca.certificate.not_after());
    }
    let remedy = "fetch a newer list, or the state's new country signer; its link certificate vouches for it";
    last.into_iter()
        .filter(|(_, end)| *end - at < SOON)
        .map(|(country, end)| {
            let (check, standing) =
                if end < at { ("country-expired", "failed") } else { ("country-expires-soon", "warning") };
            finding(check, standing, country, format!("its last key ends on {}", end.date()), remedy)
        })
        .collect()
}

/// What was noted at the import and weakens the chain.
fn forms(cscas: &[Csca<'_>]) -> Vec<Finding> {
    let told = |deviation: &str| match deviation {
        "link-without-issuer" => Some((
            "unknown-parent",
            "the key that signed this link certificate is not in the store",
            "nothing to do while a list vouches for it; else import the older country signer",
        )),
        "link-loop" => Some((
            "broken-link-chain",
            "its links lead back to itself and to no root",
            "ask the publisher of the list; pin the root if you have it from the state",
        )),
        "sha1-signature" => Some((
            "weak-algorithm",
            "signed with SHA-1",
            "nothing to do for a root; replace it when the state's next key is published",
        )),
        "duplicate-key-identifier" => Some((
            "duplicate-key-identifier",
            "another key bears the same key identifier",
            "nothing to do: signatures decide; tell the state",
        )),
        "no-subject-key-identifier" => Some((
            "no-key-identifier",
            "cards find it by name alone",
            "nothing to do: signatures decide; tell the state",
        )),
        _ => None,
    };
    let mut findings = Vec::new();
    for csca in cscas {
        for (check, what, remedy) in csca.known.deviations.iter().filter_map(|deviation| told(deviation)) {
            let detail =
                format!("{what}: {} {}", short(csca.known.fingerprint), csca.certificate.subject_text());
            findings.push(finding(check, "warning", &csca.country, detail, remedy));
        }
    }
    findings
}

/// Doc 9303-12 §7.2: a list at least every 90 days.
fn revocation(
    snapshot: &Snapshot,
    known: &BTreeMap<&str, Known<'_>>,
    cscas: &[Csca<'_>],
    at: OffsetDateTime,
) -> Vec<Finding> {
    let country_of: BTreeMap<&str, &str> =
        cscas.iter().map(|csca| (csca.known.key, csca.country.as_str())).collect();
    let mut newest: BTreeMap<&str, OffsetDateTime> = BTreeMap::new();
    for list in known.values().filter(|one| one.kind == ObjectKind::Crl && one.standing.is_believed()) {
        let read = snapshot.der(list.fingerprint).and_then(|der| UntrustedCrl::from_der(&der).ok());
        if let (Some(country), Some(read)) = (country_of.get(list.key), read) {
            let next = newest.entry(country).or_insert(read.next_update());
            *next = (*next).max(read.next_update());
        }
    }
    let countries: BTreeSet<&str> = cscas.iter().map(|csca| csca.country.as_str()).collect();
    countries
        .into_iter()
        .filter_map(|country| match newest.get(country) {
            None => Some(finding(
                "crl-absent",
                "warning",
                country,
                "the store has no revocation list of this country".to_owned(),
                "import its list (ICAO PKD, or the address in its certificates), or name it under [trust] crl",
            )),
            Some(next) if *next < at => Some(finding(
                "crl-stale",
                "warning",
                country,
                format!("a newer revocation list was due on {}", moment(*next)),
                "fetch and import it; until then policy decides what an old list is good for",
            )),
            Some(_) => None,
        })
        .collect()
}

fn standings(snapshot: &Snapshot, known: &BTreeMap<&str, Known<'_>>, at: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Vec::new();
    for one in known.values().filter(|one| one.kind.is_csca()) {
        let country = snapshot
            .der(one.fingerprint)
            .and_then(|der| UntrustedCertificate::from_der(&der).ok()?.country())
            .unwrap_or_else(|| "-".to_owned());
        match one.standing {
            Standing::Fallen => findings.push(finding(
                "nobody-vouches",
                "warning",
                &country,
                format!(
                    "{} is not believed: only somebody distrusted vouches for it",
                    short(one.fingerprint)
                ),
                "import a list that names it, or pin it if you have it from the state",
            )),
            Standing::Distrusted => findings.push(finding(
                "distrusted",
                "note",
                &country,
                format!("{} is distrusted by your decision", short(one.fingerprint)),
                "nothing to do; --undo takes the decision back",
            )),
            Standing::Believed | Standing::Pinned => {}
        }
    }
    for (name, source) in &snapshot.sources {
        let dated = source.lists.iter().filter_map(|list| list.signed_at).max().unwrap_or(source.imported_at);
        if at - dated > OLD_SOURCE {
            let detail = format!("{name} is of {}", dated.date());
            findings.push(finding("old-source", "warning", "-", detail, "fetch and import its current file"));
        }
    }
    if !known.values().any(|one| one.kind.is_csca() && one.standing.is_believed()) {
        let detail = "no country signer is believed: every card is refused".to_owned();
        findings.push(finding(
            "nobody-believed",
            "failed",
            "-",
            detail,
            "bawaba pki import LIST --anchor CERT",
        ));
    }
    findings
}

fn finding(
    check: &'static str,
    standing: &'static str,
    country: &str,
    detail: String,
    remedy: &'static str,
) -> Finding {
    Finding { check, standing, country: country.to_owned(), detail, remedy }
}

fn short(fingerprint: &str) -> &str {
    fingerprint.get(..16).unwrap_or(fingerprint)
}

/// Findings of one kind together, the remedy once.
fn text(diagnosis: &Diagnosis) -> String {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<String>> = BTreeMap::new();
    for one in &diagnosis.findings {
        let detail = format!("{}  {}", one.country, one.detail);
        groups.entry((one.standing, one.check, one.remedy)).or_default().push(detail);
    }
    let mut text = format!("country signers believed: {}\n", diagnosis.believed);
    for ((standing, check, remedy), details) in groups {
        text += &format!("\n{standing}  {check}: {}\n", details.len());
        for detail in details.iter().take(NAMED) {
            text += &format!("    {detail}\n");
        }
        if details.len() > NAMED {
            text += &format!("    and {} more; --json names them all\n", details.len() - NAMED);
        }
        text += &format!("    remedy: {remedy}\n");
    }
    text
}
