//! Is this card listed?

use clap::Args;
use pki::hot_list::Listing;
use serde::Serialize;
use time::OffsetDateTime;

use super::super::super::output::{Output, moment};
use super::super::super::place::Place;
use super::super::super::{Exit, Failure};
use super::{Keeper, key_failure, with_list};
use crate::clock::{Clock, SystemClock};
use crate::trust::hot_list::{card_digest, read};

#[derive(Debug, Args)]
#[command(
    after_help = "The card is read from standard input, so that its number stands in no list of processes.\n\
    Exit code 0: not listed; 1: listed.\n\n\
    Example:\n  echo MAR,XY1234567 | bawaba pki hot-list check --config gateway.toml"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Checked {
    listed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    since: Option<OffsetDateTime>,
    sequence: u64,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let Keeper { config, key_check: check, signer } = with_list(&arguments.place)?;
    let mut line = zeroize::Zeroizing::new(String::new());
    std::io::stdin().read_line(&mut line).map_err(|error| Failure::io("standard input", &error))?;
    let (state, number) = line
        .trim()
        .split_once(',')
        .ok_or_else(|| Failure::new(Exit::Usage, "write STATE,NUMBER on standard input"))?;
    let card = card_digest(signer.as_ref(), state, number).map_err(key_failure)?;
    let folder = read(&config, check, None, SystemClock.now());
    let Some(current) = folder.in_force else {
        return Err(Failure::new(Exit::Unavailable, "no hot list is in force")
            .remedy("bawaba pki hot-list show says why"));
    };
    let found: Option<Listing> =
        current.find(&card).map_err(|error| Failure::new(Exit::Io, format!("{error} ({})", error.code())))?;
    let checked = Checked {
        listed: found.is_some(),
        reason: found.map(|listing| listing.reason.as_str()),
        since: found.map(|listing| listing.since),
        sequence: current.list.newest().sequence,
    };
    output.answer(&checked, || match found {
        Some(listing) => format!("LISTED: {} since {}\n", listing.reason.as_str(), moment(listing.since)),
        None => "not listed\n".to_owned(),
    })?;
    match checked.listed {
        true => Err(Failure::new(Exit::Failed, "the card is listed")),
        false => Ok(()),
    }
}
