//! `bawaba-counter`: what does a counter need to turn a card on its reader into a session?
//!
//! One program: the page for the counter's staff, and subcommands for operators and scripts.

mod args;
mod can;
mod cards;
mod failure;
mod open;
mod output;
mod page;
mod pin;
mod read;
mod readers;
mod simulate;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use args::{Command, CounterArgs};
use failure::Failure;

fn main() -> ExitCode {
    let args = match CounterArgs::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let asked_for_help = error.exit_code() == 0;
            let _ = error.print();
            return ExitCode::from(if asked_for_help { 0 } else { failure::USAGE });
        }
    };
    // Logs go to stderr and never hold a CAN, a name or a payload; stdout is for answers.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            EnvFilter::try_from_env("BAWABA_LOG")
                .unwrap_or_else(|_| EnvFilter::new("warn,bawaba_counter=info")),
        )
        .with_target(false)
        .init();
    let (language, json) = (args.lang, args.json());
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report(language, json);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(args: CounterArgs) -> Result<(), Failure> {
    match args.command {
        Some(Command::Readers(readers)) => readers::run(&readers),
        Some(Command::Read(read)) => read::run(&read, args.lang),
        Some(Command::Cards(cards)) => cards::run(&cards),
        Some(Command::Simulate(simulate)) => simulate::run(&simulate),
        Some(Command::Open(open)) => runtime()?.block_on(open::run(&open, args.lang)),
        Some(Command::Serve(serve)) => runtime()?.block_on(page::run(serve)),
        None => runtime()?.block_on(page::run(args.serve)),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::Internal(error.to_string()))
}
