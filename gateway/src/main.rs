//! `bawaba`, the operator program.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let ended = gateway::cli::run(std::env::args_os());
    gateway::telemetry::flush();
    ended
}
