//! How old is what waits for review, and who is told when it is too old?

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::review::rows;
use crate::app::App;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::limits::EMERGENCY_LOOK;
use crate::registry::RegistryError;

/// Looks at the queue until `stop`: its ages for the metrics, and an event for each access whose review became overdue.
pub(crate) async fn watch(app: Arc<App>, stop: CancellationToken) {
    let mut tick = interval(EMERGENCY_LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = look(&app, app.clock.now()).await {
            tracing::warn!(code = error.code(), "the emergency queue cannot be read");
        }
    }
}

async fn look(app: &App, at: OffsetDateTime) -> Result<(), RegistryError> {
    let waiting = rows::waiting(&app.store, at).await?;
    let oldest = waiting.oldest.map_or(0.0, |oldest| (at - oldest).as_seconds_f64().max(0.0));
    app.metrics.emergency_queue(waiting.waiting, waiting.overdue, oldest);
    for (id, establishment, reason) in rows::escalate(&app.store, at).await? {
        let mut event =
            AuditEvent::new(EventKind::EmergencyReviewed, Outcome::Refused, "emergency-review-overdue", at);
        event.client = Some(establishment);
        event.detail = Some(format!("emergency {id}, reason {reason}"));
        if let Err(error) = app.audit.record(event).await {
            tracing::warn!(code = error.code(), "an overdue review is not on record");
        }
    }
    Ok(())
}
