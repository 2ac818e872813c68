//! How do the gateway's keys change while it runs?
//!
//! The times that decide it stand in the key file, so that every process on the same file does the same without
//! talking to the others; here are only how long keys overlap, and the watch on the file.

mod aside;
mod neighbours;
mod standing;

use std::sync::Arc;

use hsm_config::{HsmError, KeyRole, LiveKeys, Schedule, Signer};
use time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::limits::{
    KEY_CLOCK_SKEW, KEY_LEAD, MAX_BACK_END_LIFETIME, MAX_SESSION_LIFETIME, RECEIPT_KEY_LIFETIME,
};
use crate::token::Tokens;
pub(crate) use aside::WaitingAside;
pub(crate) use neighbours::{HEARD_AFTER, Neighbourhood};
pub use standing::KeysStanding;

/// How often the file's date is looked at: a withdrawn key is out of use within a second of the file's arrival.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// How often a module is asked for new keys and delegates are renewed: far more often than either happens.
const MAINTAIN: std::time::Duration = std::time::Duration::from_secs(5);

/// Looks after which nothing of the opening of a key file is under way any more.
const LOOKS_UNTIL_QUIET: u32 = 4;

/// How long the keys of a role overlap (*calendrier de rotation*).
#[must_use]
pub const fn schedule(role: KeyRole) -> Schedule {
    let life = match role {
        KeyRole::TokenSigning => MAX_SESSION_LIFETIME,
        KeyRole::BackendTokenSigning => MAX_BACK_END_LIFETIME,
        // Both are verified as long as somebody may ask whether the patient was there.
        KeyRole::ReceiptSigning | KeyRole::CheckpointSigning => RECEIPT_KEY_LIFETIME,
        // Never published: there is nothing to keep.
        KeyRole::PairwiseSubject
        | KeyRole::RegistryIndex
        | KeyRole::RegistrySealing
        | KeyRole::StateSealing => 0,
    };
    Schedule {
        lead: Duration::seconds(KEY_LEAD),
        keep: Duration::seconds(life + KEY_CLOCK_SKEW),
        skew: Duration::seconds(KEY_CLOCK_SKEW),
    }
}

/// Follows the key file until `stop`: when it changes, and on SIGHUP.
pub async fn watch(keys: Arc<LiveKeys>, tokens: Arc<Tokens>, stop: CancellationToken) {
    let mut hangup = signal(SignalKind::hangup()).ok();
    let mut tick = interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut looks = 0_u32;
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => false,
            () = hung_up(&mut hangup) => true,
        };
        looks = looks.saturating_add(1);
        if looks == LOOKS_UNTIL_QUIET {
            give_memory_back();
        }
        if !asked && !keys.has_changed() {
            continue;
        }
        looks = 0;
        let taken = tokio::task::spawn_blocking({
            let keys = keys.clone();
            move || if asked { keys.reload().map(|()| true) } else { keys.refresh() }
        });
        match taken.await {
            Ok(Ok(true)) => {
                tokens.keys_changed();
                tracing::info!(revision = keys.revision(), "key file taken");
            }
            Ok(Ok(false)) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, code = error.code(), "key file not taken, the old keys stay");
            }
            Err(_) => tracing::error!("key file not taken, reading it failed"),
        }
    }
}

/// Makes delegates in time and sees what another process changed in the module, until `stop`.
pub async fn maintain(
    signer: Arc<dyn Signer>,
    standing: Arc<KeysStanding>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut tick = interval(MAINTAIN);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut said = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let (keys, at) = (signer.clone(), clock.now());
        let looked =
            tokio::task::spawn_blocking(move || (keys.maintain(at), standing::probe(&*keys, at))).await;
        let (code, fault) = match looked {
            Ok((maintained, usable)) => (fault_of(&maintained), fault_of(&usable)),
            Err(_) => (Some("key-maintenance-failed"), Some("key-maintenance-failed")),
        };
        standing.found(fault);
        // Once when it begins and once when it ends: it is tried every few seconds.
        if code != said {
            match code {
                Some(code) => {
                    tracing::error!(code, "keys not maintained, those at hand go on as long as they may")
                }
                None if said.is_some() => tracing::info!("keys maintained again"),
                None => {}
            }
            said = code;
        }
    }
}

fn fault_of(result: &Result<(), HsmError>) -> Option<&'static str> {
    result.as_ref().err().map(HsmError::code)
}

/// Lets go of the 64 MiB in which the passphrase was stretched. The allocator keeps what was freed for about a second,
/// and gives it back to the system only when somebody frees something large after that; an idle gateway never does.
fn give_memory_back() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(4 << 20)));
}

/// The next SIGHUP; never, where signals cannot be had.
async fn hung_up(hangup: &mut Option<tokio::signal::unix::Signal>) {
    match hangup {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{CLOCK_LEEWAY, JWKS_MAX_AGE};

    #[test]
    fn every_verifier_has_fetched_the_next_key_before_it_signs() {
        for role in KeyRole::ALL {
            assert!(schedule(role).lead >= Duration::seconds(JWKS_MAX_AGE + KEY_CLOCK_SKEW), "{role}");
            assert!(schedule(role).skew >= Duration::seconds(CLOCK_LEEWAY), "{role}");
        }
    }

    #[test]
    fn no_key_goes_before_the_last_token_that_it_signed() {
        let keep = |role| schedule(role).keep.whole_seconds();
        assert!(keep(KeyRole::TokenSigning) >= MAX_SESSION_LIFETIME + KEY_CLOCK_SKEW);
        assert!(keep(KeyRole::BackendTokenSigning) >= MAX_BACK_END_LIFETIME + KEY_CLOCK_SKEW);
        assert!(schedule(KeyRole::ReceiptSigning).keep >= Duration::days(3_652));
    }
}
