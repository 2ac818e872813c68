//! How is a client of a demonstration taken back?

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::super::output::Output;
use super::super::{Exit, Failure};
use crate::clock::{Clock, SystemClock};
use crate::demo::authority::Authority;
use crate::demo::folder::StateFolder;

#[derive(Debug, Args)]
#[command(
    after_help = "Works on folders of `bawaba demo` alone: a real authority revokes by its own means, and the\n\
    gateway reads its list (tls.client_crl).\n\n\
    Example:\n  bawaba pki revoke-client --state ./var/demo pharmacy-2"
)]
pub(crate) struct Arguments {
    /// The client's registered id
    client: String,
    /// A folder made by `bawaba demo`
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
}

#[derive(Serialize)]
struct Revoked {
    client: String,
    serial: String,
    crl: PathBuf,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let Arguments { client, state } = arguments;
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
    let revoked = Revoked { client: client.clone(), serial, crl: folder.client_crl() };
    output.answer(&revoked, || {
        format!("{client} is revoked (serial {}); the list is {}", revoked.serial, revoked.crl.display())
    })
}
