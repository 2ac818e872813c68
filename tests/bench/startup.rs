//! How soon is it ready, and how much memory does it hold when nobody asks?

use std::time::Duration;

use anyhow::Result;
use bawaba_tests::harness::Harness;

use crate::process::{median, resident_mib};

/// Prints start-up time and memory.
pub(crate) async fn table() -> Result<()> {
    let mut town = Harness::new().start_as_program().await;
    let mut times = Vec::new();
    for _ in 0..5 {
        town.kill();
        times.push(town.restart().await.as_secs_f64() * 1e3);
    }
    // The memory in which the passphrase was stretched goes back to the system about four seconds after the start.
    tokio::time::sleep(Duration::from_secs(6)).await;
    println!("\nStart to ready: {:.0} ms (median of five, database of one demonstration)", median(times));
    println!("Resident memory when idle: {:.0} MiB", resident_mib(town.program_id()));
    Ok(())
}
