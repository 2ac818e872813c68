//! The first table: what does the gateway cost, next to the same back-end called directly and to HAProxy?
//!
//! `make bench`. Every row of a table is measured in the same run, repetitions interleaved (A B C, A B C, …), medians
//! shown. Nothing is asserted: a machine that is busy gives worse figures, and the table says how busy it was.
//! `BENCH_ONLY=tokens,registry` measures those alone.

mod decision;
mod flows;
mod fraud;
mod hot_list;
mod load;
mod oauth;
mod passive;
mod peers;
mod process;
mod registry;
mod requests;
mod signing;
mod startup;
mod tokens;
mod withdrawals;

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
    let only = std::env::var("BENCH_ONLY").ok();
    let wanted = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|one| one == name));
    runtime.block_on(async {
        if wanted("requests") {
            requests::table(seconds).await?;
        }
        if wanted("flows") {
            flows::sessions(seconds).await?;
            flows::audit(seconds).await?;
            decision::decisions()?;
        }
        if wanted("passive") {
            passive::table()?;
        }
        if wanted("hot-list") {
            hot_list::table()?;
        }
        if wanted("oauth") {
            oauth::table().await?;
        }
        if wanted("signing") {
            signing::table()?;
        }
        if wanted("tokens") {
            tokens::table().await?;
        }
        if wanted("fraud") {
            fraud::table();
        }
        if wanted("registry") {
            registry::table().await?;
        }
        if wanted("withdrawals") {
            withdrawals::table().await?;
        }
        if wanted("startup") {
            startup::table().await?;
        }
        anyhow::Ok(())
    })?;
    println!("\n{}", process::noise());
    Ok(())
}
