//! How does a node hear what was withdrawn, and who is cut for it?

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use time::OffsetDateTime;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::Withdrawn;
use super::store::Withdrawal;
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::limits::{
    WITHDRAWAL_CUT, WITHDRAWAL_POLL, WITHDRAWAL_POLL_TIMEOUT, WITHDRAWAL_STALE, WITHDRAWAL_SWEEP,
};

/// Reads on until `stop`, and cuts what runs of a session that has ended.
pub(crate) async fn watch(app: Arc<App>, stop: CancellationToken) {
    let mut tick = interval(WITHDRAWAL_POLL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut swept = Instant::now();
    let mut said = None;
    let mut nudged = app.state.nudged();
    loop {
        let look = tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => true,
            // Another node has written something; that may get lost, and then the next tick comes.
            _ = nudged.changed() => true,
            // This node's own: in memory already, only what runs must be looked at.
            () = app.withdrawals.changed.notified() => false,
        };
        if app.withdrawals.written.swap(false, Relaxed) {
            app.state.nudge();
        }
        let at = app.clock.now();
        if look {
            let fault = read(&app, at).await;
            if fault != said {
                match fault {
                    Some(code) => tracing::error!(code, "what was withdrawn cannot be read"),
                    None => tracing::info!("what was withdrawn is read again"),
                }
                said = fault;
            }
        }
        cut(&app, at);
        if swept.elapsed() >= WITHDRAWAL_SWEEP {
            swept = Instant::now();
            if let Ok(Err(error)) = timeout(WITHDRAWAL_POLL_TIMEOUT, app.withdrawals.sweep(at)).await {
                tracing::warn!(code = error.code(), "expired withdrawals not swept");
            }
        }
    }
}

/// For a request that comes to a node which has not heard for too long, such as a machine that slept: it asks once before
/// it says that it does not know.
pub(crate) async fn hear(app: &App) {
    if app.withdrawals.unheard_for() > WITHDRAWAL_STALE {
        // What went wrong is said by the watch, and to the request by its session.
        let _ = read(app, app.clock.now()).await;
    }
}

/// One reading; the code of what went wrong.
async fn read(app: &App, at: OffsetDateTime) -> Option<&'static str> {
    let heard = |now: i64, asked: Instant, took| {
        let told = OffsetDateTime::from_unix_timestamp_nanos(i128::from(now) * 1_000);
        if let (Some(clock), Ok(told)) = (&app.shared_clock, told) {
            clock.heard(told, asked.into_std(), took);
            app.metrics.clock_offset(clock.offset());
        }
    };
    let news = match timeout(WITHDRAWAL_POLL_TIMEOUT, app.withdrawals.read_on(at, heard)).await {
        Ok(Ok(news)) => news,
        Ok(Err(error)) => return Some(error.code()),
        Err(_elapsed) => return Some("withdrawals-timeout"),
    };
    let of_client = |withdrawal: &Withdrawal| matches!(withdrawal.what, Withdrawn::Client(_));
    if news.iter().any(of_client)
        && let Err(error) = app.registry.refresh().await
    {
        tracing::warn!(code = error.code(), "registry snapshot not refreshed");
    }
    None
}

/// Cuts what runs of sessions that ended, and records each cut; who waits for the answer learns it from the line.
fn cut(app: &App, at: OffsetDateTime) {
    let unheard = app.withdrawals.unheard_for();
    for followed in app.withdrawals.followed() {
        let reason = if unheard > WITHDRAWAL_CUT { Some(UNHEARD) } else { followed.ended(app, at) };
        let Some(reason) = reason else { continue };
        if !followed.cut(reason) {
            continue;
        }
        app.metrics.stream_cut();
        let mut event = AuditEvent { kind: EventKind::StreamCut, at, ..AuditEvent::clone(&followed.event) };
        event.outcome = if reason == UNHEARD { Outcome::Error } else { Outcome::Refused };
        event.code = reason.into();
        // Nobody waits for it: there is no answer to withhold.
        if let Err(error) = app.audit.begin(&event) {
            tracing::warn!(code = error.code(), "cut stream not recorded");
        }
    }
}

/// Why a stream is cut when nobody can say whether its session goes on.
const UNHEARD: &str = "withdrawals-unheard";
