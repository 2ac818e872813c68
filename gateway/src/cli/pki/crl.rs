//! What does this revocation list say, and is it fresh?

use std::path::PathBuf;

use clap::Args;
use pki::UntrustedCrl;
use rustls::pki_types::{CertificateRevocationListDer, pem::PemObject};
use serde::Serialize;
use time::OffsetDateTime;

use super::super::output::{Output, moment};
use super::super::{Exit, Failure};
use crate::clock::{Clock, SystemClock};

#[derive(Debug, Args)]
#[command(
    after_help = "The list's signature is not checked here: `bawaba pki doctor` and the gateway do, against the trust store.\n\n\
    Example:\n  bawaba pki crl ./var/demo/pki/clients.crl.pem"
)]
pub(crate) struct Arguments {
    /// PEM or DER
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Serialize)]
struct Shown {
    file: PathBuf,
    #[serde(with = "time::serde::rfc3339")]
    this_update: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    next_update: OffsetDateTime,
    freshness: Freshness,
    revoked: usize,
}

/// Whether the list still says anything (fraîcheur).
#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Freshness {
    Fresh,
    Stale,
    FromTheFuture,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let file = &arguments.file;
    let bytes = std::fs::read(file).map_err(|error| Failure::io(file.display(), &error))?;
    let der = CertificateRevocationListDer::from_pem_slice(&bytes).map_or(bytes, |list| list.to_vec());
    let list = UntrustedCrl::from_der(&der).map_err(|error| {
        Failure::new(Exit::Failed, format!("{}: no revocation list: {error}", file.display()))
            .remedy("give a complete list, PEM or DER; bawaba pki show reads certificates")
    })?;
    let shown = describe(file.clone(), &list, SystemClock.now());
    output.answer(&shown, || text(&shown))
}

fn describe(file: PathBuf, list: &UntrustedCrl, at: OffsetDateTime) -> Shown {
    let (this_update, next_update) = (list.this_update(), list.next_update());
    let freshness = match () {
        () if this_update > at => Freshness::FromTheFuture,
        () if next_update < at => Freshness::Stale,
        () => Freshness::Fresh,
    };
    Shown { file, this_update, next_update, freshness, revoked: list.len() }
}

fn text(shown: &Shown) -> String {
    let freshness = match shown.freshness {
        Freshness::Fresh => "fresh",
        Freshness::Stale => "STALE: fetch the next one",
        Freshness::FromTheFuture => "FROM THE FUTURE: check this machine's clock",
    };
    format!(
        "file         {}\nmade         {}\nnext         {} ({freshness})\nrevoked      {}\n",
        shown.file.display(),
        moment(shown.this_update),
        moment(shown.next_update),
        shown.revoked,
    )
}
