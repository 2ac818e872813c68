//! How do the lists follow what is withdrawn?

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::limits::{MAX_WITHDRAWALS, STATUS_LOOK, STATUS_LOOK_AGAIN, WITHDRAWAL_POLL, WITHDRAWAL_SWEEP};
use crate::withdrawal::Withdrawal;

/// A withdrawal whose sessions are sought, and when.
struct Sought {
    withdrawal: Withdrawal,
    due: Instant,
    /// Whether an opening may still be on its way to the log at that time.
    again: bool,
}

/// Marks what was withdrawn until `stop`. Apart from the withdrawals themselves: a long search delays no refusal.
pub(crate) async fn watch(app: Arc<App>, stop: CancellationToken) {
    let mut tick = interval(WITHDRAWAL_POLL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut looked, mut swept) = (Instant::now(), Instant::now());
    let mut sought = VecDeque::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        take(&app, &mut sought);
        tokio::select! {
            () = stop.cancelled() => return,
            () = seek(&app, &mut sought) => {}
        }
        if looked.elapsed() >= STATUS_LOOK {
            looked = Instant::now();
            if let Err(error) = app.status.look().await {
                tracing::warn!(code = error.code(), "status lists not looked at");
            }
        }
        if swept.elapsed() >= WITHDRAWAL_SWEEP {
            swept = Instant::now();
            app.status.sweep(app.clock.now());
        }
    }
}

/// What names its place is marked at once, the rest is sought.
fn take(app: &App, sought: &mut VecDeque<Sought>) {
    let now = Instant::now();
    for withdrawal in app.withdrawals.news() {
        match withdrawal.place {
            Some(place) => app.status.mark(place, withdrawal.expires_at, withdrawal.issued_before),
            None if sought.len() < MAX_WITHDRAWALS => {
                sought.push_back(Sought { withdrawal, due: now, again: true });
            }
            None => tracing::error!("too many withdrawals are sought in the log"),
        }
    }
}

/// Seeks all that is due; what fails is tried again later.
async fn seek(app: &App, sought: &mut VecDeque<Sought>) {
    for _ in 0..sought.len() {
        let Some(next) = sought.pop_front() else { return };
        if next.due > Instant::now() {
            sought.push_back(next);
            continue;
        }
        let found = app.status.mark_meant(&next.withdrawal).await;
        if let Err(error) = &found {
            tracing::warn!(code = error.code(), "sessions of a withdrawal not found yet");
        }
        if next.again || found.is_err() {
            let pause = if found.is_err() { Duration::from_secs(1) } else { STATUS_LOOK_AGAIN };
            let again = next.again && found.is_err();
            sought.push_back(Sought { due: Instant::now() + pause, again, ..next });
        }
    }
}
