//! What can an operator type?

mod audit;
mod demo;
mod doctor;
mod emergency;
mod failure;
mod fraud;
mod keys;
mod migrate;
mod output;
mod pki;
mod place;
mod policies;
mod progress;
mod registry;
mod serve;
mod store;
mod token;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

pub use failure::{Exit, Failure};
use output::Output;

/// Bawaba (بوابة): a card on a reader becomes an access that can be proven afterwards.
#[derive(Debug, Parser)]
#[command(name = "bawaba", version, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Start here:\n  bawaba demo                          the whole story on this machine, with invented patients\n  \
    bawaba serve --config gateway.toml   the gateway\n  bawaba doctor --config gateway.toml  what is wrong, and what to do about it\n\n\
    Exit codes: 0 done, 1 a check failed, 64 usage, 69 unavailable, 70 internal, 74 input or output, 78 configuration."
)]
struct Cli {
    /// Answer with one JSON document on standard output
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway until SIGTERM or Ctrl-C, then drain
    Serve(serve::Arguments),
    /// Run the whole story on this machine: gateway, sample back-ends, simulated cards
    Demo(demo::Arguments),
    /// Bring the schema in PostgreSQL up to date, beside running gateways
    Migrate(migrate::Arguments),
    /// Check files, permissions, expiry, ports, database, reader service; each finding with its remedy
    Doctor(doctor::Arguments),
    /// Certificates: show, verify against the trust store, look into revocation lists
    #[command(subcommand)]
    Pki(pki::Command),
    /// The gateway's own keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Who is registered: clients, and the import of all patients
    #[command(subcommand)]
    Registry(registry::Command),
    /// The rules: check policy files, print the decision table
    #[command(subcommand)]
    Policies(policies::Command),
    /// What happened: list and show audit events
    #[command(subcommand)]
    Audit(audit::Command),
    /// What looked wrong: cases, notes, labels, what each signal is worth
    #[command(subcommand)]
    Fraud(fraud::Command),
    /// Who broke the glass: what waits for review, one access whole, what the review found
    #[command(subcommand)]
    Emergency(emergency::Command),
    /// Look into a token or a receipt, verify it against the gateway's keys
    #[command(subcommand)]
    Token(token::Command),
}

/// Runs what was typed and says how it ended (sysexits).
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be done about a closed terminal.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
                _ => Exit::Usage.into(),
            };
        }
    };
    let output = Output::new(cli.json);
    let done = match cli.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments, &output),
        Command::Migrate(arguments) => migrate::run(&arguments, &output),
        Command::Doctor(arguments) => doctor::run(&arguments, &output),
        Command::Pki(command) => pki::run(&command, &output),
        Command::Keys(command) => keys::run(&command, &output),
        Command::Registry(command) => registry::run(&command, &output),
        Command::Policies(command) => policies::run(&command, &output),
        Command::Audit(command) => audit::run(&command, &output),
        Command::Fraud(command) => fraud::run(&command, &output),
        Command::Emergency(command) => emergency::run(&command, &output),
        Command::Token(command) => token::run(&command, &output),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit.into()
        }
    }
}

/// A runtime for the one asynchronous thing a subcommand does.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Internal, format!("no runtime: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_is_sound_and_teaches() {
        Cli::command().debug_assert();
        let mut bare = Vec::new();
        visit(&Cli::command(), &mut |command| {
            if command.get_about().is_none() {
                bare.push(command.get_name().to_owned());
            }
        });
        assert!(bare.is_empty(), "no help: {bare:?}");
    }

    fn visit(command: &clap::Command, seen: &mut impl FnMut(&clap::Command)) {
        seen(command);
        command.get_subcommands().for_each(|sub| visit(sub, seen));
    }

    #[test]
    fn a_token_is_never_an_argument() {
        let refused = Cli::try_parse_from(["bawaba", "token", "decode", "--token", "eyJ"]);
        assert!(refused.is_err());
    }
}
