//! What does this revocation list say, and is it fresh?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pki::{RevokedEntry, UntrustedCrl};
use rustls::pki_types::{CertificateRevocationListDer, pem::PemObject};
use serde::Serialize;
use time::OffsetDateTime;

use super::super::super::output::{Output, moment};
use super::super::super::{Exit, Failure};
use crate::clock::{Clock, SystemClock};

#[derive(Serialize)]
struct Shown {
    file: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    this_update: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    next_update: OffsetDateTime,
    freshness: Freshness,
    revoked: usize,
    by_reason: BTreeMap<&'static str, usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    serial: String,
    #[serde(with = "time::serde::rfc3339")]
    revoked_at: OffsetDateTime,
    reason: &'static str,
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    invalid_since: Option<OffsetDateTime>,
}

/// Whether the list still says anything (fraîcheur).
#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Freshness {
    Fresh,
    Stale,
    FromTheFuture,
}

pub(super) fn run(file: &Path, entries: bool, output: Output) -> Result<(), Failure> {
    let bytes = std::fs::read(file).map_err(|error| Failure::io(file.display(), &error))?;
    let der = CertificateRevocationListDer::from_pem_slice(&bytes).map_or(bytes, |list| list.to_vec());
    let list = UntrustedCrl::from_der(&der).map_err(|error| {
        let message = format!("{}: {error} ({})", file.display(), error.code());
        Failure::new(Exit::Failed, message)
            .remedy("give a complete list, PEM or DER; bawaba pki show reads certificates")
    })?;
    let mut shown = describe(file.to_owned(), &list, SystemClock.now());
    if entries {
        shown.entries = list.entries().map(Entry::from).collect();
    }
    output.answer(&shown, || text(&shown))
}

fn describe(file: PathBuf, list: &UntrustedCrl, at: OffsetDateTime) -> Shown {
    let (this_update, next_update) = (list.this_update(), list.next_update());
    let freshness = match () {
        () if this_update > at => Freshness::FromTheFuture,
        () if next_update < at => Freshness::Stale,
        () => Freshness::Fresh,
    };
    let by_reason = list.by_reason().into_iter().map(|(reason, count)| (reason.as_str(), count)).collect();
    let number = list.number().map(hex::encode);
    Shown {
        file,
        number,
        this_update,
        next_update,
        freshness,
        revoked: list.len(),
        by_reason,
        entries: Vec::new(),
    }
}

impl From<RevokedEntry> for Entry {
    fn from(entry: RevokedEntry) -> Self {
        Self {
            serial: hex::encode(&entry.serial),
            revoked_at: entry.revoked_at,
            reason: entry.reason.as_str(),
            invalid_since: entry.invalid_since,
        }
    }
}

fn text(shown: &Shown) -> String {
    let freshness = match shown.freshness {
        Freshness::Fresh => "fresh",
        Freshness::Stale => "STALE: fetch the next one",
        Freshness::FromTheFuture => "FROM THE FUTURE: check this machine's clock",
    };
    let mut text = format!(
        "file         {}\nnumber       {}\nmade         {}\nnext         {} ({freshness})\nrevoked      {}\n",
        shown.file.display(),
        shown.number.as_deref().unwrap_or("-"),
        moment(shown.this_update),
        moment(shown.next_update),
        shown.revoked,
    );
    for (reason, count) in &shown.by_reason {
        text += &format!("  {count} {reason}\n");
    }
    for entry in &shown.entries {
        let since = entry.invalid_since.map(|since| format!(", invalid since {}", moment(since)));
        let (serial, at) = (&entry.serial, moment(entry.revoked_at));
        text += &format!("  {serial}  {at}  {}{}\n", entry.reason, since.unwrap_or_default());
    }
    text
}
