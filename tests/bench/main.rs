//! The first table: what does the gateway cost, next to the same back-end called directly and to HAProxy?
//!
//! `make bench`. Every row of a table is measured in the same run, repetitions interleaved (A B C, A B C, …), medians
//! shown. Nothing is asserted: a machine that is busy gives worse figures, and the table says how busy it was.

mod flows;
mod hot_list;
mod load;
mod oauth;
mod passive;
mod peers;
mod process;
mod requests;
mod signing;
mod startup;

fn main() -> anyhow::Result<()> {
    if signing::is_child() {
        return signing::measure();
    }
    let seconds = std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3.0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!("Bawaba, measured on this machine: {}", process::machine());
    println!(
        "One core for the proxy, the other for load and back-end; {seconds} s a cell, median of three.\n"
    );
    runtime.block_on(async {
        requests::table(seconds).await?;
        flows::sessions(seconds).await?;
        flows::audit(seconds).await?;
        flows::policy()?;
        passive::table()?;
        hot_list::table()?;
        oauth::table().await?;
        signing::table()?;
        startup::table().await
    })?;
    println!("\n{}", process::noise());
    Ok(())
}
