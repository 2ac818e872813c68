//! How does a list of cards become a signed file?

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal as _};
use std::path::PathBuf;

use clap::Args;
use pki::hot_list::{HotListKind, HotListWriter};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::super::super::output::{Output, moment};
use super::super::super::place::Place;
use super::super::super::{Exit, Failure};
use super::{gateway, key_failure};
use crate::clock::{Clock, SystemClock};
use crate::trust::hot_list::{entries, key_check, signed};

/// Between two words about progress.
const EVERY: usize = 100_000;

#[derive(Debug, Args)]
#[command(
    after_help = "Lines: STATE,NUMBER,REASON,DATE. Reasons: lost, stolen, holder-dead, withdrawn; in a delta also\n\
    STATE,NUMBER,off. Numbers never stand in the file, only their digests under the gateway's registry index key.\n\n\
    Example:\n  bawaba pki hot-list build --config gateway.toml --key hot-list.key --sequence 7 --out 7.bwhl cards.csv"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The signing key: PKCS#8 over P-256, PEM or DER
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The number of this file: one more than that of the file before
    #[arg(long, value_name = "N")]
    sequence: u64,
    /// Only what changed since the file before
    #[arg(long)]
    delta: bool,
    /// In how many hours the next file is promised
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    hours: u32,
    /// Where to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The cards; - is standard input
    #[arg(value_name = "CARDS")]
    input: PathBuf,
}

#[derive(Serialize)]
struct Built {
    file: PathBuf,
    kind: &'static str,
    sequence: u64,
    entries: usize,
    octets: usize,
    #[serde(with = "time::serde::rfc3339")]
    next_at: OffsetDateTime,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let (_, signer) = gateway(&arguments.place)?;
    let input: Box<dyn BufRead> = if arguments.input.as_os_str() == "-" {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        let file = File::open(&arguments.input);
        Box::new(BufReader::new(file.map_err(|error| Failure::io(arguments.input.display(), &error))?))
    };
    let loud = std::io::stderr().is_terminal();
    let progress = |line: usize| {
        if loud && line.is_multiple_of(EVERY) {
            eprintln!("{line} lines");
        }
    };
    let read = entries(input, signer.as_ref(), arguments.delta, progress)
        .map_err(|error| Failure::new(Exit::Failed, format!("{}: {error}", arguments.input.display())))?;
    let (kind, name) =
        if arguments.delta { (HotListKind::Delta, "delta") } else { (HotListKind::Base, "base") };
    let made_at = SystemClock.now();
    let next_at = made_at + Duration::hours(i64::from(arguments.hours));
    let check = key_check(signer.as_ref()).map_err(key_failure)?;
    let count = read.len();
    let writer = HotListWriter::new(kind, arguments.sequence, (made_at, next_at), check, read);
    let key = std::fs::read(&arguments.key).map_err(|error| Failure::io(arguments.key.display(), &error))?;
    let key = zeroize::Zeroizing::new(key);
    let pem = PrivateKeyDer::from_pem_slice(&key).ok();
    let file =
        signed(writer, pem.as_ref().map_or(key.as_slice(), |key| key.secret_der())).ok_or_else(|| {
            Failure::new(Exit::Failed, format!("{} is no key that can sign this", arguments.key.display()))
                .remedy("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out hot-list.key")
        })?;
    std::fs::write(&arguments.out, &file).map_err(|error| Failure::io(arguments.out.display(), &error))?;
    let built = Built {
        file: arguments.out.clone(),
        kind: name,
        sequence: arguments.sequence,
        entries: count,
        octets: file.len(),
        next_at,
    };
    output.answer(&built, || {
        let Built { file, kind, sequence, entries, next_at, .. } = &built;
        format!("{}: {kind} {sequence}, {entries} lines, next {}\n", file.display(), moment(*next_at))
    })
}
