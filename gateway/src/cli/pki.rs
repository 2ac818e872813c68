//! Certificates: what does this one say, and how is one taken back?

use std::path::{Path, PathBuf};

use clap::Subcommand;
use pki::{ClientCertificate, UntrustedCertificate};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde::Serialize;
use time::OffsetDateTime;

use super::output::{Output, moment};
use super::{Exit, Failure};
use crate::clock::{Clock, SystemClock};
use crate::demo::authority::Authority;
use crate::demo::folder::StateFolder;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show a certificate: whose, from when to when, under which authority
    #[command(after_help = "Example:\n  bawaba pki show ./var/demo/clients/pharmacy-1/cert.pem")]
    Show {
        /// PEM or DER
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Revoke a client of a demonstration: its authority signs a new revocation list, which a running gateway takes over
    #[command(
        after_help = "Works on folders of `bawaba demo` alone: a real authority revokes by its own means, and the\n\
        gateway reads its list (tls.client_crl).\n\n\
        Example:\n  bawaba pki revoke-client --state ./var/demo pharmacy-2"
    )]
    RevokeClient {
        /// The client's registered id
        client: String,
        /// A folder made by `bawaba demo`
        #[arg(long, value_name = "DIR")]
        state: PathBuf,
    },
}

#[derive(Serialize)]
struct Shown {
    file: PathBuf,
    serial: String,
    country: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    valid_now: bool,
    self_issued: bool,
    subject_key: Option<String>,
    authority_key: Option<String>,
    /// X.520 serialNumber of the subject: the registered id of a client.
    client: Option<String>,
    /// RFC 8705 `x5t#S256`, for client certificates.
    thumbprint: Option<String>,
}

#[derive(Serialize)]
struct Revoked {
    client: String,
    serial: String,
    crl: PathBuf,
}

pub(super) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Show { file } => show(file, *output),
        Command::RevokeClient { client, state } => revoke(client, state, *output),
    }
}

fn show(file: &Path, output: Output) -> Result<(), Failure> {
    let shown: Vec<Shown> =
        read(file)?.iter().map(|der| describe(file, der, SystemClock.now())).collect::<Result<_, _>>()?;
    output.answer(&shown, || shown.iter().map(text).collect::<Vec<_>>().join("\n"))
}

/// The certificates of a PEM or DER file.
pub(super) fn read(file: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let bytes = std::fs::read(file).map_err(|error| Failure::io(file.display(), &error))?;
    let pem: Vec<_> =
        CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).map(|der| der.to_vec()).collect();
    Ok(if pem.is_empty() { vec![bytes] } else { pem })
}

fn describe(file: &Path, der: &[u8], at: OffsetDateTime) -> Result<Shown, Failure> {
    let certificate = UntrustedCertificate::from_der(der).map_err(|error| {
        Failure::new(Exit::Failed, format!("{}: no certificate: {error}", file.display()))
    })?;
    let client = ClientCertificate::from_der(der).ok();
    Ok(Shown {
        file: file.to_owned(),
        serial: hex::encode(certificate.serial()),
        country: certificate.country(),
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        valid_now: certificate.not_before() <= at && at <= certificate.not_after(),
        self_issued: certificate.is_self_issued(),
        subject_key: certificate.subject_key_identifier().map(hex::encode),
        authority_key: certificate.authority_key_identifier().map(hex::encode),
        client: client.as_ref().map(|client| client.subject_serial_number().to_owned()),
        thumbprint: client.as_ref().map(|client| client.thumbprint().to_owned()),
    })
}

fn text(shown: &Shown) -> String {
    let optional = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let standing = if shown.valid_now { "valid now" } else { "NOT VALID NOW" };
    format!(
        "file           {}\nserial         {}\ncountry        {}\nvalid          {} to {} ({standing})\n\
         self-issued    {}\nsubject key    {}\nauthority key  {}\nclient         {}\nthumbprint     {}\n",
        shown.file.display(),
        shown.serial,
        optional(&shown.country),
        moment(shown.not_before),
        moment(shown.not_after),
        shown.self_issued,
        optional(&shown.subject_key),
        optional(&shown.authority_key),
        optional(&shown.client),
        optional(&shown.thumbprint),
    )
}

fn revoke(client: &str, state: &Path, output: Output) -> Result<(), Failure> {
    let folder = StateFolder::open(state).map_err(|error| {
        Failure::io(state.display(), &error).remedy("give the folder of a `bawaba demo --state`")
    })?;
    if !folder.ca_key().exists() {
        let message = format!("{} holds no authority", folder.root().display());
        return Err(
            Failure::new(Exit::Unavailable, message).remedy("run bawaba demo --once --state DIR first")
        );
    }
    let at = SystemClock.now();
    let serial = Authority::load_or_create(&folder, at)?.revoke_client(client, at)?;
    let revoked = Revoked { client: client.to_owned(), serial, crl: folder.client_crl() };
    output.answer(&revoked, || {
        format!("{client} is revoked (serial {}); the list is {}", revoked.serial, revoked.crl.display())
    })
}
