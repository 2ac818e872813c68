//! For how many of its patients did each establishment read the chip?

use clap::Args;
use serde::Serialize;
use time::Duration;

use super::super::Failure;
use super::super::output::{Output, table};
use super::super::place::Place;
use super::{Opened, unavailable};
use crate::clock::{Clock as _, SystemClock};
use crate::tally::{EstablishmentCounts, Tally, day};

#[derive(Debug, Args)]
#[command(
    after_help = "The share of patients whose chip was read, of all who were served with a card or without; and of claims \
    with a sound receipt.\nCounts of a running gateway are at most two seconds old. A low share is a question, no proof.\n\n\
    Example:\n  bawaba registry chip-reads --days 30 --below 90 --state ./var/demo"
)]
pub(crate) struct Arguments {
    /// How many days, today included
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3660))]
    days: u16,
    /// Only establishments that read fewer chips than this, in percent
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u64).range(1..=100))]
    below: Option<u64>,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    counts: EstablishmentCounts,
    /// Percent; none where nobody was served.
    chip_read_percent: Option<u64>,
}

pub(super) async fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let opened = Opened::at(&arguments.place).await?;
    let today = day(SystemClock.now());
    let first = today.saturating_sub(Duration::days(i64::from(arguments.days) - 1));
    let counts = Tally::new(opened.store.clone()).between(first, today).await;
    let counts = counts.map_err(|error| unavailable(&error))?.into_iter();
    let shown = counts.map(|counts| Shown { chip_read_percent: counts.chip_read_percent(), counts });
    let below = |one: &Shown| match (arguments.below, one.chip_read_percent) {
        (Some(below), Some(percent)) => percent < below,
        (Some(_), None) => false,
        (None, _) => true,
    };
    let shown: Vec<Shown> = shown.filter(below).collect();
    output.answer(&shown, || {
        let head = ["ID", "CHIP", "SESSIONS", "MANUAL", "BREAK-GLASS", "CLAIMS", "WITH RECEIPT"];
        table(&head, &shown.iter().map(row).collect::<Vec<_>>())
    })
}

fn row(Shown { counts, chip_read_percent }: &Shown) -> Vec<String> {
    let chip = chip_read_percent.map_or("-".to_owned(), |percent| format!("{percent} %"));
    let numbers =
        [counts.sessions, counts.manual, counts.break_glass, counts.claims, counts.claims_with_receipt];
    [counts.client.clone(), chip].into_iter().chain(numbers.map(|number| number.to_string())).collect()
}
