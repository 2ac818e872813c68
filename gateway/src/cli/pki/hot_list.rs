//! Cards reported lost, stolen or withdrawn: how is the list made, handed to a gateway, and asked?

mod apply;
mod build;
mod check;
mod show;

use clap::Subcommand;
use hsm_config::Signer;
use std::sync::Arc;

use super::super::output::Output;
use super::super::place::Place;
use super::super::{Exit, Failure};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, HotListConfig};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a base or a delta from lines STATE,NUMBER,REASON,DATE, and sign it
    Build(build::Arguments),
    /// Check files against what is in force, and put them into the gateway's folder
    Apply(apply::Arguments),
    /// Show what is in force, how old it is, how much memory it takes, and which files are not used
    Show(show::Arguments),
    /// Ask whether the card on standard input (STATE,NUMBER) is listed
    Check(check::Arguments),
}

pub(super) fn run(command: &Command, output: Output) -> Result<(), Failure> {
    match command {
        Command::Build(arguments) => build::run(arguments, output),
        Command::Apply(arguments) => apply::run(arguments, output),
        Command::Show(arguments) => show::run(arguments, output),
        Command::Check(arguments) => check::run(arguments, output),
    }
}

/// The gateway that is meant, with its keys.
fn gateway(place: &Place) -> Result<(Config, Arc<dyn Signer>), Failure> {
    let config = place.config()?;
    let keys = hsm_config::open(&config.keys, SystemClock.now()).map_err(key_failure)?;
    Ok((config, keys.signer))
}

/// A gateway that keeps a hot list.
struct Keeper {
    config: HotListConfig,
    key_check: [u8; 8],
    signer: Arc<dyn Signer>,
}

/// The same, where it keeps a hot list.
fn with_list(place: &Place) -> Result<Keeper, Failure> {
    let (config, signer) = gateway(place)?;
    let config = config.trust.hot_list.ok_or_else(|| {
        Failure::new(Exit::Config, "this gateway keeps no hot list")
            .remedy("add [trust.hot_list] with certificate and dir to its configuration")
    })?;
    let key_check = crate::trust::hot_list::key_check(signer.as_ref()).map_err(key_failure)?;
    Ok(Keeper { config, key_check, signer })
}

fn key_failure(error: hsm_config::HsmError) -> Failure {
    Failure::new(Exit::Unavailable, format!("the registry index key: {error}"))
}
