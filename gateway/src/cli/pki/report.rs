//! What is said of an import? Every entry with its outcome, and the counts by name.

use std::collections::BTreeMap;

use pki::UntrustedCertificate;
use pki::csca::{Judgement, algorithm_of};
use serde::Serialize;
use time::OffsetDateTime;

use super::super::output::{moment, table};
use crate::trust::import::{Change, Import, Judged};
use crate::trust::store::sha256;
use crate::trust::store::snapshot::{List, Voucher};

/// Refused entries that the text names one by one; JSON names them all.
const NAMED: usize = 40;
/// Characters of a subject in a table.
const SHOWN: usize = 60;

/// The answer of `bawaba pki import`.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) accepted: usize,
    pub(super) refused: usize,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// The file, if it was one.
    source: Option<String>,
    /// Who signed its master list.
    signer: Option<List>,
    files: Vec<FileTold>,
    /// The folder that it was kept in; none: nothing was kept.
    pub(super) kept_in: Option<String>,
    pub(super) changes: Vec<Change>,
    /// Accepted country signers by country.
    countries: BTreeMap<String, usize>,
    kinds: BTreeMap<&'static str, usize>,
    deviations: BTreeMap<&'static str, usize>,
    reasons: BTreeMap<&'static str, usize>,
    entries: Vec<Told>,
    #[serde(skip)]
    sentences: BTreeMap<&'static str, &'static str>,
}

#[derive(Serialize)]
struct FileTold {
    file: String,
    source: String,
    sha256: String,
    accepted: usize,
    refused: usize,
    lists: Vec<List>,
}

#[derive(Serialize, Default)]
struct Told {
    outcome: &'static str,
    kind: &'static str,
    country: Option<String>,
    subject: Option<String>,
    fingerprint: Option<String>,
    key_id: Option<String>,
    serial: Option<String>,
    not_before: Option<String>,
    not_after: Option<String>,
    algorithm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vouched_by: Option<&'static str>,
    deviations: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sentence: Option<&'static str>,
    /// Of a refused certificate: whether its key is accepted from another one, so that no card is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_accepted_elsewhere: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dn: Option<String>,
}

impl Report {
    pub(super) fn of(imports: &[Import], at: OffsetDateTime) -> Self {
        let one = match imports {
            [only] => Some(only),
            _ => None,
        };
        let mut report = Self {
            accepted: 0,
            refused: 0,
            at,
            source: one.map(|import| import.file.clone()),
            signer: imports.iter().find_map(|import| import.lists.first().cloned()),
            files: imports.iter().map(FileTold::of).collect(),
            kept_in: None,
            changes: Vec::new(),
            countries: BTreeMap::new(),
            kinds: BTreeMap::new(),
            deviations: BTreeMap::new(),
            reasons: BTreeMap::new(),
            entries: Vec::new(),
            sentences: BTreeMap::new(),
        };
        let judged = || imports.iter().flat_map(|import| &import.entries);
        let keys: std::collections::HashSet<_> = judged().filter_map(accepted_key).collect();
        for entry in judged() {
            report.count(entry);
            let mut told = told(entry);
            if let Judged::Certificate(Judgement::Refused(refused), _) = entry {
                told.key_accepted_elsewhere = refused.key.map(|key| keys.contains(&key));
            }
            report.entries.push(told);
        }
        report
    }

    fn count(&mut self, entry: &Judged) {
        match entry.reason() {
            Some(reason) => {
                self.refused += 1;
                *self.reasons.entry(reason.code()).or_default() += 1;
                self.sentences.insert(reason.code(), reason.sentence());
            }
            None => self.accepted += 1,
        }
        match entry {
            Judged::Certificate(Judgement::Accepted(accepted), _) => {
                *self.kinds.entry(accepted.kind.code()).or_default() += 1;
                if let Some(country) = accepted.certificate.country().filter(|_| accepted.kind.is_csca()) {
                    *self.countries.entry(country).or_default() += 1;
                }
                for deviation in &accepted.deviations {
                    *self.deviations.entry(deviation.code()).or_default() += 1;
                    self.sentences.insert(deviation.code(), deviation.sentence());
                }
            }
            Judged::Crl(_) => *self.kinds.entry("crl").or_default() += 1,
            Judged::Certificate(Judgement::Refused(_), _) | Judged::Refused(_) => {}
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            text += &format!("{}: {} accepted, {} refused\n", file.file, file.accepted, file.refused);
            for list in &file.lists {
                let signed = list.signed_at.map(|at| format!(" on {}", moment(at))).unwrap_or_default();
                text += &format!("  signed{signed} by {}\n  under the anchor {}\n", list.signer, list.anchor);
            }
        }
        let kinds = self.kinds.iter().map(|(kind, count)| format!("{count} {kind}"));
        text += &format!(
            "\naccepted  {} ({}) of {} countries\nrefused   {}\n",
            self.accepted,
            kinds.collect::<Vec<_>>().join(", "),
            self.countries.len(),
            self.refused
        );
        text += &self.counts("ACCEPTED WITH", &self.deviations);
        text += &self.counts("REFUSED FOR", &self.reasons);
        text += &self.refusals();
        for change in &self.changes {
            text += &format!(
                "\n{}: {} came, {} went, {} unchanged\n",
                change.source,
                change.came.len(),
                change.went.len(),
                change.unchanged
            );
        }
        text + &match &self.kept_in {
            Some(folder) => format!("\nkept in {folder}\n"),
            None => "\nnothing was kept: name a store with --trust DIR, --state DIR or --config FILE, without --dry-run\n".to_owned(),
        }
    }

    fn counts(&self, head: &str, counts: &BTreeMap<&'static str, usize>) -> String {
        if counts.is_empty() {
            return String::new();
        }
        let row = |(name, count): (&&'static str, &usize)| {
            let sentence = self.sentences.get(name).copied().unwrap_or_default();
            vec![(*name).to_owned(), count.to_string(), sentence.to_owned()]
        };
        format!("\n{}", table(&[head, "COUNT", "MEANING"], &counts.iter().map(row).collect::<Vec<_>>()))
    }

    fn refusals(&self) -> String {
        let refused = || self.entries.iter().filter(|told| told.reason.is_some());
        if refused().next().is_none() {
            return String::new();
        }
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let row = |told: &Told| {
            let subject = || told.subject.as_ref().map(|subject| subject.chars().take(SHOWN).collect());
            let place = told.line.map(|line| format!("line {line}")).or_else(subject);
            let elsewhere = match told.key_accepted_elsewhere {
                Some(true) => "its key is accepted from another certificate",
                Some(false) => "its key is not accepted",
                None => "",
            };
            let reason = told.reason.unwrap_or_default();
            vec![or_dash(&told.country), or_dash(&place), reason.to_owned(), elsewhere.to_owned()]
        };
        let rows: Vec<_> = refused().take(NAMED).map(row).collect();
        let more = match self.refused.saturating_sub(NAMED) {
            0 => String::new(),
            more => format!("and {more} more; --json names them all\n"),
        };
        format!("\n{}{more}", table(&["COUNTRY", "REFUSED", "FOR", ""], &rows))
    }
}

impl FileTold {
    fn of(import: &Import) -> Self {
        let accepted = import.accepted();
        Self {
            file: import.file.clone(),
            source: import.source.clone(),
            sha256: import.sha256.clone(),
            accepted,
            refused: import.entries.len() - accepted,
            lists: import.lists.clone(),
        }
    }
}

fn accepted_key(entry: &Judged) -> Option<pki::csca::KeyFingerprint> {
    match entry {
        Judged::Certificate(judgement, _) => judgement.accepted().map(|accepted| accepted.key),
        Judged::Crl(_) | Judged::Refused(_) => None,
    }
}

fn told(entry: &Judged) -> Told {
    match entry {
        Judged::Certificate(Judgement::Accepted(accepted), voucher) => Told {
            outcome: "accepted",
            kind: accepted.kind.code(),
            vouched_by: Some(match voucher {
                Voucher::Operator => "operator",
                Voucher::List(_) => "list",
                Voucher::Issuer => "issuer",
            }),
            deviations: accepted.deviations.iter().map(|one| one.code()).collect(),
            ..described(&accepted.certificate)
        },
        Judged::Certificate(Judgement::Refused(refused), _) => Told {
            outcome: "refused",
            kind: "certificate",
            reason: Some(refused.reason.code()),
            sentence: Some(refused.reason.sentence()),
            ..refused.certificate.as_ref().map(described).unwrap_or_default()
        },
        Judged::Crl(crl) => Told {
            outcome: "accepted",
            kind: "crl",
            fingerprint: Some(sha256(&crl.der)),
            not_before: Some(moment(crl.list.this_update())),
            not_after: Some(moment(crl.list.next_update())),
            ..Told::default()
        },
        Judged::Refused(damage) => Told {
            outcome: "refused",
            kind: damage.kind,
            reason: Some(damage.reason.code()),
            sentence: Some(damage.reason.sentence()),
            line: damage.line,
            dn: damage.dn.clone(),
            ..Told::default()
        },
    }
}

fn described(certificate: &UntrustedCertificate) -> Told {
    Told {
        country: certificate.country(),
        subject: Some(certificate.subject_text()),
        fingerprint: Some(sha256(certificate.der())),
        key_id: certificate.subject_key_identifier().map(hex::encode),
        serial: Some(hex::encode(certificate.serial())),
        not_before: Some(moment(certificate.not_before())),
        not_after: Some(moment(certificate.not_after())),
        algorithm: Some(algorithm_of(certificate)),
        ..Told::default()
    }
}
