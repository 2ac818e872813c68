//! Is this certificate believed, and if not, why?

use std::path::{Path, PathBuf};

use clap::Args;
use pki::{PkiError, RevocationPolicy, TrustStore, UntrustedCertificate, UntrustedCrl};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::output::{Output, moment};
use super::super::place::{config_file, load};
use super::super::{Exit, Failure};
use super::verify_path::{self, Profile, Question, Status};
use super::{read, read_lists, refused};
use crate::clock::{Clock, SystemClock};
use crate::config::TrustConfig;
use crate::trust;

#[derive(Debug, Args)]
#[command(
    after_help = "A document signer is followed to its country signer, at this moment and with the revocation lists at hand.\n\
    A country signer is believed if it is in the store. A professional's or establishment's certificate needs a path to an\n\
    anchor that is valid by RFC 5280, and its registered numbers. Exit code 0: believed; 1: not.\n\n\
    Examples:\n  bawaba pki verify --config /etc/bawaba/gateway.toml signer.der\n  \
    bawaba pki verify card.pem --profile professional --anchor root.pem --intermediate ca.pem --crl root.crl --crl ca.crl"
)]
pub(crate) struct Arguments {
    /// PEM or DER
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What the certificate is needed for
    #[arg(long, value_enum, default_value_t = Profile::DocumentSigner)]
    profile: Profile,
    /// A certificate to believe, in place of the gateway's; repeatable
    #[arg(long = "anchor", value_name = "CERT", required_unless_present_any = ["state", "config"])]
    anchors: Vec<PathBuf>,
    /// A certificate that may lie between; repeatable
    #[arg(long = "intermediate", value_name = "FILE")]
    intermediates: Vec<PathBuf>,
    /// A revocation list; repeatable
    #[arg(long = "crl", value_name = "FILE", requires = "anchors")]
    lists: Vec<PathBuf>,
    /// Report an unknown revocation status instead of refusing it
    #[arg(long)]
    report_unknown: bool,
    /// The moment of the check, RFC 3339; now, if not given
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    at: Option<OffsetDateTime>,
    /// Policies (dotted) of which one must hold along the path; repeatable
    #[arg(long = "policy", value_name = "OID")]
    policies: Vec<String>,
    /// A folder made by `bawaba demo`, for example ./var/demo
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "anchors"])]
    state: Option<PathBuf>,
    /// The gateway's configuration file
    #[arg(long, value_name = "FILE", conflicts_with = "anchors")]
    config: Option<PathBuf>,
}

fn parse_moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|error| format!("not RFC 3339: {error}"))
}

#[derive(Serialize)]
struct Judged {
    file: PathBuf,
    serial: String,
    country: Option<String>,
    kind: Kind,
    believed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation: Option<Status>,
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
    let at = arguments.at.unwrap_or_else(|| SystemClock.now());
    let config = match arguments.anchors.is_empty() {
        true => Some(load(&config_file(arguments.state.as_ref(), arguments.config.as_ref()))?),
        false => None,
    };
    if arguments.profile != Profile::DocumentSigner {
        // A gateway's client authorities are the anchors of those whom it lets in.
        let (anchors, lists) = match config {
            Some(config) => (vec![config.tls.client_ca], vec![config.tls.client_crl]),
            None => (arguments.anchors.clone(), arguments.lists.clone()),
        };
        return verify_path::run(&question(arguments, &anchors, &lists, at), output);
    }
    let store = match &config {
        Some(config) => Store::of_gateway(&config.trust)?,
        None => Store::of_files(&arguments.anchors, &arguments.lists)?,
    };
    let mut judged = Vec::new();
    for file in &arguments.files {
        for der in read(file)? {
            judged.push(judge(file, &der, &store, arguments.report_unknown, at)?);
        }
    }
    output.answer(&judged, || judged.iter().map(text).collect::<Vec<_>>().join("\n"))?;
    match judged.iter().all(|judged| judged.believed) {
        true => Ok(()),
        false => Err(Failure::new(Exit::Failed, "not believed")),
    }
}

fn judge(
    file: &Path,
    der: &[u8],
    store: &Store,
    report_unknown: bool,
    at: OffsetDateTime,
) -> Result<Judged, Failure> {
    let certificate = UntrustedCertificate::from_der(der).map_err(|error| refused(file, error))?;
    let (serial, country) = (hex::encode(certificate.serial()), certificate.country());
    let (kind, verdict) = match certificate.csca_kind() {
        Ok(_) => (Kind::CountrySigner, store.country_signer(&certificate, at)),
        Err(_) => (Kind::DocumentSigner, store.document_signer(certificate, report_unknown, at)),
    };
    Ok(Judged {
        file: file.to_owned(),
        serial,
        country,
        kind,
        believed: verdict.is_ok(),
        revocation: verdict.ok(),
        reason: verdict.err().map(|error| error.code()),
        sentence: verdict.err().map(|error| error.to_string()),
        at,
    })
}

fn question<'a>(
    arguments: &'a Arguments,
    anchors: &'a [PathBuf],
    lists: &'a [PathBuf],
    at: OffsetDateTime,
) -> Question<'a> {
    Question {
        files: &arguments.files,
        profile: arguments.profile,
        anchors,
        intermediates: &arguments.intermediates,
        lists,
        policies: &arguments.policies,
        report_unknown: arguments.report_unknown,
        at,
    }
}

/// Whom documents are judged by.
struct Store(TrustStore);

impl Store {
    fn of_gateway(config: &TrustConfig) -> Result<Self, Failure> {
        trust::documents(config).map(Self).map_err(unusable)
    }

    fn of_files(anchors: &[PathBuf], lists: &[PathBuf]) -> Result<Self, Failure> {
        let (mut cscas, mut crls) = (Vec::new(), Vec::new());
        for path in anchors {
            for der in read(path)? {
                cscas.push(UntrustedCertificate::from_der(&der).map_err(|error| refused(path, error))?);
            }
        }
        for path in lists {
            for der in read_lists(path)? {
                crls.push(UntrustedCrl::from_der(&der).map_err(|error| refused(path, error))?);
            }
        }
        let store = TrustStore::new(cscas, crls)
            .map_err(|error| Failure::new(Exit::Failed, format!("anchors and lists: {error}")))?;
        Ok(Self(store.with_revocation_policy(RevocationPolicy::Report)))
    }

    fn document_signer(
        &self,
        certificate: UntrustedCertificate,
        report_unknown: bool,
        at: OffsetDateTime,
    ) -> Result<Status, PkiError> {
        let verified = self.0.verify_document_signer(certificate, at)?;
        let status = Status::of(verified.revocation(), at);
        if status == Status::Good || report_unknown { Ok(status) } else { Err(PkiError::RevocationUnknown) }
    }

    fn country_signer(
        &self,
        certificate: &UntrustedCertificate,
        at: OffsetDateTime,
    ) -> Result<Status, PkiError> {
        if !self.0.is_pinned(certificate) {
            return Err(PkiError::Untrusted);
        }
        let valid = certificate.not_before() <= at && at <= certificate.not_after();
        if valid { Ok(Status::Anchor) } else { Err(PkiError::Expired) }
    }
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
        _ => format!("believed; {}", judged.revocation.map_or("", Status::sentence)),
    };
    format!(
        "file         {}\nserial       {}\ncountry      {}\nkind         {kind}\nat           {}\nverdict      {verdict}\n",
        judged.file.display(),
        judged.serial,
        judged.country.as_deref().unwrap_or("-"),
        moment(judged.at),
    )
}
