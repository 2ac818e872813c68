//! Is this certificate believed, and if not, why?

use std::path::{Path, PathBuf};

use clap::Args;
use pki::{PkiError, UntrustedCertificate};
use serde::Serialize;
use time::OffsetDateTime;

use super::super::output::{Output, moment};
use super::super::place::Place;
use super::super::{Exit, Failure};
use super::read;
use crate::clock::{Clock, SystemClock};
use crate::config::TrustConfig;
use crate::trust;

#[derive(Debug, Args)]
#[command(
    after_help = "A document signer is followed to its country signer, at this moment and with the revocation lists at hand.\n\
    A country signer is believed if it is in the store. Exit code 0: believed; 1: not.\n\n\
    Example:\n  bawaba pki verify --config /etc/bawaba/gateway.toml signer.der"
)]
pub(crate) struct Arguments {
    /// PEM or DER
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Judged {
    file: PathBuf,
    serial: String,
    country: Option<String>,
    kind: Kind,
    believed: bool,
    /// Why not: the stable name of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sentence: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
}

#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    DocumentSigner,
    CountrySigner,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let at = SystemClock.now();
    let config = arguments.place.config()?.trust;
    let judged: Vec<Judged> = read(&arguments.file)?
        .iter()
        .map(|der| judge(&arguments.file, der, &config, at))
        .collect::<Result<_, _>>()?;
    output.answer(&judged, || judged.iter().map(text).collect::<Vec<_>>().join("\n"))?;
    match judged.iter().all(|judged| judged.believed) {
        true => Ok(()),
        false => Err(Failure::new(Exit::Failed, "not believed")),
    }
}

fn judge(file: &Path, der: &[u8], config: &TrustConfig, at: OffsetDateTime) -> Result<Judged, Failure> {
    let certificate = UntrustedCertificate::from_der(der).map_err(|error| {
        Failure::new(Exit::Failed, format!("{}: no certificate: {error}", file.display()))
    })?;
    let (serial, country) = (hex::encode(certificate.serial()), certificate.country());
    let (kind, verdict) = match certificate.csca_kind() {
        Ok(_) => (Kind::CountrySigner, country_signer(der, &certificate, config, at)?),
        Err(_) => (Kind::DocumentSigner, document_signer(certificate, config, at)?),
    };
    Ok(Judged {
        file: file.to_owned(),
        serial,
        country,
        kind,
        believed: verdict.is_ok(),
        reason: verdict.err().map(|error| error.code()),
        sentence: verdict.err().map(|error| error.to_string()),
        at,
    })
}

fn document_signer(
    certificate: UntrustedCertificate,
    config: &TrustConfig,
    at: OffsetDateTime,
) -> Result<Result<(), PkiError>, Failure> {
    let store = trust::documents(config).map_err(unusable)?;
    Ok(store.verify_document_signer(certificate, at).map(|_| ()))
}

fn country_signer(
    der: &[u8],
    certificate: &UntrustedCertificate,
    config: &TrustConfig,
    at: OffsetDateTime,
) -> Result<Result<(), PkiError>, Failure> {
    for path in &config.csca {
        if trust::certificates(path).map_err(unusable)?.iter().any(|known| known.as_ref() == der) {
            let valid = certificate.not_before() <= at && at <= certificate.not_after();
            return Ok(if valid { Ok(()) } else { Err(PkiError::Expired) });
        }
    }
    Ok(Err(PkiError::Untrusted))
}

fn unusable(error: trust::TrustError) -> Failure {
    Failure::new(Exit::Config, error.to_string()).remedy("bawaba doctor --config FILE says what is wrong")
}

fn text(judged: &Judged) -> String {
    let kind = match judged.kind {
        Kind::DocumentSigner => "document signer",
        Kind::CountrySigner => "country signer",
    };
    let verdict = match (&judged.reason, &judged.sentence) {
        (Some(reason), Some(sentence)) => format!("NOT BELIEVED: {sentence} ({reason})"),
        _ => "believed".to_owned(),
    };
    format!(
        "file         {}\nserial       {}\ncountry      {}\nkind         {kind}\nat           {}\nverdict      {verdict}\n",
        judged.file.display(),
        judged.serial,
        judged.country.as_deref().unwrap_or("-"),
        moment(judged.at),
    )
}
