//! How do all gateways learn that a key is in other hands, also those with a key file of their own?

use super::super::output::Output;
use super::super::place::Place;
use super::super::registry::withdraw::withdraw as write_down;
use super::super::{Exit, Failure, runtime, store};
use super::which::Which;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::store::StorePlace;
use crate::withdrawal::Withdrawn;

/// Octets of a key's name: a SHA-256 in base64url has 43.
const KID_OCTETS: usize = 128;

/// Everything that this key ever signed dies.
pub(super) fn withdraw(kid: &str, place: &Place, yes: bool, output: Output) -> Result<(), Failure> {
    let of_base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if kid.is_empty() || kid.len() > KID_OCTETS || !kid.chars().all(of_base64url) {
        return Err(Failure::new(Exit::Usage, "that is no name of a key")
            .remedy("bawaba keys list shows the names of the keys that sign"));
    }
    if !yes {
        return Err(Failure::new(Exit::Usage, "everything that the key signed dies: add --yes")
            .remedy("a key that is only old is replaced with bawaba keys rotate, and nothing dies"));
    }
    record(&place.config()?, &[kid.to_owned()])?;
    output.answer(&serde_json::json!({ "withdrawn": kid }), || {
        format!("Every gateway refuses what {kid} signed. Replace it: bawaba keys rotate ROLE --now --yes")
    })
}

/// The keys that verifiers meet now; none where only a key file is named and no gateway.
pub(super) fn published(which: &Which) -> Result<Vec<String>, Failure> {
    let Some(config) = which.config()? else { return Ok(Vec::new()) };
    let published = super::published(&config, SystemClock.now())?;
    Ok(published.iter().map(|key| key.key.kid().to_owned()).collect())
}

/// Those of `before` that are published no more: gateways that still have them are told.
pub(super) fn gone(which: &Which, before: &[String]) -> Result<(), Failure> {
    let (false, Some(config)) = (before.is_empty(), which.config()?) else { return Ok(()) };
    if matches!(&config.store, StorePlace::Sqlite(path) if !path.exists()) {
        // No gateway ever ran on it: there is nobody to tell.
        return Ok(());
    }
    let after = published(which)?;
    let gone: Vec<String> = before.iter().filter(|kid| !after.contains(kid)).cloned().collect();
    record(&config, &gone).map_err(|failure| {
        let told = gone.iter().map(|kid| format!("bawaba keys withdraw {kid} --yes"));
        failure.remedy(format!(
            "the key is replaced here, other gateways are not told: {}",
            told.collect::<Vec<_>>().join("; ")
        ))
    })
}

fn record(config: &Config, kids: &[String]) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let store = store::open(config).await?;
        for kid in kids {
            write_down(&store, Withdrawn::Key(kid.clone()), "key-compromised").await?;
        }
        store.close().await;
        Ok(())
    })
}
