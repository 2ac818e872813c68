//! What does this certificate say?

use std::path::{Path, PathBuf};

use clap::Args;
use pki::{ClientCertificate, UntrustedCertificate};
use serde::Serialize;
use time::OffsetDateTime;

use super::super::output::{Output, moment};
use super::super::{Exit, Failure};
use super::read;
use crate::clock::{Clock, SystemClock};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bawaba pki show ./var/demo/clients/pharmacy-1/cert.pem")]
pub(crate) struct Arguments {
    /// PEM or DER
    #[arg(value_name = "FILE")]
    file: PathBuf,
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

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let file = &arguments.file;
    let shown: Vec<Shown> =
        read(file)?.iter().map(|der| describe(file, der, SystemClock.now())).collect::<Result<_, _>>()?;
    output.answer(&shown, || shown.iter().map(text).collect::<Vec<_>>().join("\n"))
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
