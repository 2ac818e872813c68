//! When are the counts written down? Every two seconds, and once more at the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How much of a statistic a killed process may lose.
const EVERY: Duration = Duration::from_secs(2);

/// Writes down what is new until `stop`, and then what is left.
pub(crate) async fn watch(app: Arc<App>, stop: CancellationToken) {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let last = tokio::select! {
            () = stop.cancelled() => true,
            _ = tick.tick() => false,
        };
        if let Err(error) = app.tally.write_down(app.clock.now()).await {
            tracing::warn!(code = error.code(), "counts not written down yet");
        }
        if last {
            return;
        }
    }
}
