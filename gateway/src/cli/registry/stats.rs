//! How large is the registry?

use clap::Args;

use super::super::Failure;
use super::super::output::Output;
use super::super::place::Place;
use super::{Opened, unavailable};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bawaba registry stats --state ./var/demo")]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let opened = Opened::at(&arguments.place).await?;
    let stats = opened.registry.stats().await.map_err(|error| unavailable(&error))?;
    output.answer(&stats, || {
        format!(
            "patients        {}\nwith a card     {}\nguardianships   {}\ncard reports    {}\nclients         {}\n\
             lines sealed    {} by all imports; one key of registry-sealing may 4294967296: bawaba keys rotate\n",
            stats.patients,
            stats.with_card,
            stats.guardianships,
            stats.card_reports,
            stats.clients,
            stats.sealed
        )
    })
}
