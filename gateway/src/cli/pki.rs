//! Certificates: who is believed, why or why not, and how is one taken back?

mod crl;
mod doctor;
mod hot_list;
mod import;
mod list;
mod pin;
mod report;
mod revoke_client;
mod show;
mod store_place;
mod verify;
mod verify_path;

use std::path::Path;

use clap::Subcommand;
use pki::PkiError;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, pem::PemObject};

use super::output::Output;
use super::{Exit, Failure};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take over master lists, certificates, LDIF and revocation lists into the trust store, every entry judged by name
    Import(import::Arguments),
    /// Show the trust store, country by country: key, end of validity, algorithm, source, state
    List(list::Arguments),
    /// Vouch for a country signer, whatever lists say
    Pin(pin::PinArguments),
    /// Believe a country signer no more, nor what only it vouches for
    Distrust(pin::DistrustArguments),
    /// Look for what will fail: ends of validity, broken links, stale revocation lists; each finding with its remedy
    Doctor(doctor::Arguments),
    /// Show a certificate: whose, from when to when, under which authority
    Show(show::Arguments),
    /// Follow a certificate to those who are believed, for a document, a professional or an establishment, and say why not
    Verify(verify::Arguments),
    /// Show revocation lists: from when, until when, how many for which reason; of a gateway, also where from
    Crl(crl::Arguments),
    /// Cards reported lost, stolen or withdrawn: make, hand over, show and ask the list
    #[command(subcommand)]
    HotList(hot_list::Command),
    /// Revoke a client of a demonstration: its authority signs a new revocation list, which a running gateway takes over
    RevokeClient(revoke_client::Arguments),
}

pub(super) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Import(arguments) => import::run(arguments, *output),
        Command::List(arguments) => list::run(arguments, *output),
        Command::Pin(arguments) => pin::pin(arguments, *output),
        Command::Distrust(arguments) => pin::distrust(arguments, *output),
        Command::Doctor(arguments) => doctor::run(arguments, *output),
        Command::Show(arguments) => show::run(arguments, *output),
        Command::Verify(arguments) => verify::run(arguments, *output),
        Command::Crl(arguments) => crl::run(arguments, *output),
        Command::HotList(command) => hot_list::run(command, *output),
        Command::RevokeClient(arguments) => revoke_client::run(arguments, *output),
    }
}

/// The certificates of a PEM or DER file.
pub(super) fn read(file: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let bytes = std::fs::read(file).map_err(|error| Failure::io(file.display(), &error))?;
    let pem: Vec<_> =
        CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).map(|der| der.to_vec()).collect();
    Ok(if pem.is_empty() { vec![bytes] } else { pem })
}

/// The revocation lists of a PEM or DER file.
fn read_lists(file: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let bytes = std::fs::read(file).map_err(|error| Failure::io(file.display(), &error))?;
    let pem: Vec<_> = CertificateRevocationListDer::pem_slice_iter(&bytes)
        .filter_map(Result::ok)
        .map(|der| der.to_vec())
        .collect();
    Ok(if pem.is_empty() { vec![bytes] } else { pem })
}

/// A file whose content is not accepted.
fn refused(file: &Path, error: PkiError) -> Failure {
    Failure::new(Exit::Failed, format!("{}: {error} ({})", file.display(), error.code()))
}
