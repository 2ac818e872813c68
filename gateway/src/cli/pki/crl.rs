//! Which revocation lists are there, what do they say, and are they fresh?

mod file;
mod gateway;

use std::path::PathBuf;

use clap::Args;

use super::super::Failure;
use super::super::output::Output;

#[derive(Debug, Args)]
#[command(
    after_help = "With a file: what it says; its signature is not checked, for that needs a trust store.\n\
    With a gateway: every list that it would use, checked, where they come from, and what failed last.\n\n\
    Examples:\n  bawaba pki crl ./var/demo/pki/clients.crl.pem\n  bawaba pki crl --entries csca.crl --json\n  \
    bawaba pki crl --config /etc/bawaba/gateway.toml"
)]
pub(crate) struct Arguments {
    /// PEM or DER
    #[arg(value_name = "FILE", required_unless_present_any = ["state", "config"])]
    file: Option<PathBuf>,
    /// Name every entry of the file
    #[arg(long, requires = "file")]
    entries: bool,
    /// A folder made by `bawaba demo`
    #[arg(long, value_name = "DIR", conflicts_with_all = ["file", "config"])]
    state: Option<PathBuf>,
    /// The gateway's configuration file
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    match &arguments.file {
        Some(file) => file::run(file, arguments.entries, output),
        None => gateway::run(arguments.state.as_ref(), arguments.config.as_ref(), output),
    }
}
