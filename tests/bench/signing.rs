//! How many signatures a second, with the key in a file, in memory for a module, and in the module itself?
//!
//! SoftHSM2 computes in this process: its rate is an upper bound for what PKCS#11 costs here, not a figure of a hardware module.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bawaba_tests::soft_hsm::{self, SoftHsm};
use gateway::clock::{Clock as _, SystemClock};
use hsm_config::{KeyRole, Places, Profile, Signer, SoftwareKeys, TokenKeys, installed};

use crate::process::median;

/// Set for the process that measures: a module reads its configuration from the environment when it is loaded.
const LIBRARY: &str = "BENCH_SIGNING_LIBRARY";
const ROLE: KeyRole = KeyRole::BackendTokenSigning;
const SLICE: Duration = Duration::from_millis(500);
const ROUNDS: usize = 3;
const STAGING: &str = include_str!("../../hsm-config/profiles/staging.toml");
const PRODUCTION: &str = include_str!("../../hsm-config/profiles/production.toml");

/// The table, measured in a process of its own.
pub(crate) fn table() -> Result<()> {
    let Some(hsm) = SoftHsm::new() else { return Ok(()) };
    let mut child = Command::new(std::env::current_exe()?);
    let ran = hsm.environment(&mut child).env(LIBRARY, hsm.library()).status()?;
    ensure!(ran.success(), "signing rates: {ran}");
    Ok(())
}

/// Whether this is the process that measures.
pub(crate) fn is_child() -> bool {
    std::env::var_os(LIBRARY).is_some()
}

/// Measures and prints.
pub(crate) fn measure() -> Result<()> {
    let library = PathBuf::from(std::env::var_os(LIBRARY).context("no library")?);
    let at = SystemClock.now();
    let place = soft_hsm::place(&library);
    let (staging, production) = (Profile::parse(STAGING)?, Profile::parse(PRODUCTION)?);
    TokenKeys::provision(&place, &staging, at)?;
    TokenKeys::provision(&place, &production, at)?;
    let file = SoftwareKeys::generate(at)?;
    let direct = TokenKeys::open(&place, &staging)?;
    let places = Places { file: None, token: Some(place), node: "bench".to_owned() };
    let delegated = installed::open(&production, places, at)?;
    let rows: [(&str, &dyn Signer, usize); 6] = [
        ("key file, 1 thread", &file, 1),
        ("delegate of SoftHSM2, 1 thread", &delegated, 1),
        ("delegate of SoftHSM2, 2 threads", &delegated, 2),
        ("SoftHSM2 directly, 1 thread", &direct, 1),
        ("SoftHSM2 directly, 2 threads", &direct, 2),
        ("SoftHSM2 directly, 8 threads", &direct, 8),
    ];
    let mut rates = vec![Vec::new(); rows.len()];
    for _ in 0..ROUNDS {
        for ((_, signer, threads), rates) in rows.iter().zip(&mut rates) {
            let kid = signer.current(ROLE, at)?.kid().to_owned();
            rates.push(rate(*signer, &kid, *threads)?);
        }
    }
    println!("\n| ES256 signatures of 600 bytes | per second |\n|---|---:|");
    for ((name, _, _), rates) in rows.iter().zip(rates) {
        println!("| {name} | {:.0} |", median(rates));
    }
    Ok(())
}

/// Signatures a second of all threads together.
fn rate(signer: &dyn Signer, kid: &str, threads: usize) -> Result<f64> {
    let (stop, count, failed) = (AtomicBool::new(false), AtomicU64::new(0), AtomicBool::new(false));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    match signer.sign(ROLE, kid, &[0x2e; 600]) {
                        Ok(_) => count.fetch_add(1, Ordering::Relaxed),
                        Err(_) => return failed.store(true, Ordering::Relaxed),
                    };
                }
            });
        }
        std::thread::sleep(SLICE);
        stop.store(true, Ordering::Relaxed);
    });
    ensure!(!failed.load(Ordering::Relaxed), "a signature failed");
    Ok(count.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64())
}
