//! How do policies become a signed bundle?

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::output::{Output, moment};
use super::super::{Exit, Failure};
use super::Which;
use crate::clock::{Clock, SystemClock};
use crate::decisions::{Bundle, Edition};

#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "A gateway with [policies] bundle and signers takes a new file over within a second, whole or not at all. It never\n\
    goes back: to return to older rules, sign them again under a greater version.\n\n\
    Example:\n  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out security.key\n  \
    bawaba policies sign --dir policies --key security.key --version 8 --out policies.jws --public security.jwk"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// The signing key: PKCS#8 over P-256, PEM or DER
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The number of this bundle: greater than that of the one before
    #[arg(long, value_name = "N")]
    version: u64,
    /// From when on it counts, RFC 3339; without it, at once
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    from: Option<OffsetDateTime>,
    /// Where to write the bundle
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where to write the public key, for the gateways' [policies] signers
    #[arg(long, value_name = "FILE")]
    public: Option<PathBuf>,
}

#[derive(Serialize)]
struct Signed {
    file: PathBuf,
    version: u64,
    counts_from: String,
    hash: String,
    /// RFC 7638 thumbprint.
    signer: String,
    signer_jwk: String,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let set = arguments.which.load()?;
    let key = std::fs::read(&arguments.key).map_err(|error| Failure::io(arguments.key.display(), &error))?;
    let key = zeroize::Zeroizing::new(key);
    // Whole seconds, as the bundle says it; a gateway whose clock is a little behind waits for it.
    let not_before = arguments.from.unwrap_or_else(|| SystemClock.now());
    let edition = Edition { version: arguments.version, not_before };
    let (text, public) = Bundle::sign(&set, edition, &key).ok_or_else(|| {
        let message = format!("{}: not a PKCS#8 key over P-256", arguments.key.display());
        Failure::new(Exit::Config, message)
            .remedy("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 makes one")
    })?;
    let jwk = public.to_jwk();
    write(&arguments.out, &text)?;
    if let Some(path) = &arguments.public {
        write(path, &jwk)?;
    }
    let signed = Signed {
        file: arguments.out.clone(),
        version: arguments.version,
        counts_from: moment(not_before),
        hash: set.hash().to_owned(),
        signer: public.thumbprint().to_owned(),
        signer_jwk: jwk,
    };
    output.answer(&signed, || {
        format!(
            "{}: version {}, counts from {}, hash {}\nsigned by {}\n{}",
            signed.file.display(),
            signed.version,
            signed.counts_from,
            signed.hash,
            signed.signer,
            signed.signer_jwk
        )
    })
}

/// Beside it first: a gateway that looks now sees the old file or the new one.
fn write(path: &std::path::Path, text: &str) -> Result<(), Failure> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    std::fs::write(&new, format!("{text}\n"))
        .and_then(|()| std::fs::rename(&new, path))
        .map_err(|error| Failure::io(path.display(), &error))
}

fn parse_time(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "write it as 2026-12-01T00:00:00Z".to_owned())
}
